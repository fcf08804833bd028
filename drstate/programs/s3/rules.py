"""Replication rules of ours, and the names, keys and roles that they are made of.

The rule that replicates *from* the source bucket belongs to a bucket of somebody else's, so an
action sets it; program and adapter take rules, names and keys from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drstate.model.scope import SiteMapTable
from drstate.model.translation import Translation
from drstate.programs.s3.spec import S3Policy, S3Spec

#: replication rules that begin so are ours
RULE_PREFIX = "drstate-to-"
#: S3's promise with replication time control
_MINUTES = 15
_ENABLED, _DISABLED = "Enabled", "Disabled"


@dataclass(frozen=True)
class Rule:
    """One replication rule of ours: everything of a bucket goes to ``destination``."""

    destination: str
    region: str
    kms_key: str | None
    time_control: bool
    delete_markers: bool

    @property
    def id(self) -> str:
        """The rule's id: one per destination region."""
        return f"{RULE_PREFIX}{self.region}"

    def as_api(self, priority: int) -> dict[str, Any]:
        """As PutBucketReplication takes it."""
        destination: dict[str, Any] = {
            "Bucket": f"arn:aws:s3:::{self.destination}",
            "Metrics": {"Status": _ENABLED},
        }
        if self.time_control:
            within = {"Minutes": _MINUTES}
            destination["ReplicationTime"] = {"Status": _ENABLED, "Time": within}
            destination["Metrics"]["EventThreshold"] = within
        # replicas of replicas' metadata are what makes two ways out of one
        criteria: dict[str, Any] = {"ReplicaModifications": {"Status": _ENABLED}}
        if self.kms_key:
            destination["EncryptionConfiguration"] = {"ReplicaKmsKeyID": self.kms_key}
            criteria["SseKmsEncryptedObjects"] = {"Status": _ENABLED}
        return {
            "ID": self.id,
            "Priority": priority,
            "Filter": {"Prefix": ""},
            "Status": _ENABLED,
            "SourceSelectionCriteria": criteria,
            "DeleteMarkerReplication": {"Status": _ENABLED if self.delete_markers else _DISABLED},
            "Destination": destination,
        }


def bucket_in(spec: S3Spec, region: str, translation: Translation) -> str | None:
    """The bucket's counterpart in a region, or None where the site map does not say."""
    if region == spec.region:
        return spec.bucket
    if spec.access_point is not None and region in spec.access_point.buckets:
        return spec.access_point.buckets[region]
    return translation.find(SiteMapTable.BUCKETS, spec.bucket)


def key_in(spec: S3Spec, region: str, account: str, translation: Translation) -> str | None:
    """The key that replicas are encrypted with in a region; None where they need none, or unmapped.

    AWS's own key has the same alias in every region.
    """
    if not spec.uses_kms:
        return None
    if spec.kms_key is None:
        return f"arn:aws:kms:{region}:{account}:alias/aws/s3"
    if region == spec.region:
        return spec.kms_key
    return translation.find(SiteMapTable.KMS_KEYS, spec.kms_key)


def role_in(spec: S3Spec, policy: S3Policy, region: str, translation: Translation) -> str | None:
    """The role that replicates out of the bucket in a region."""
    role = spec.replication_role or policy.replication_role
    if role is None or region == spec.region:
        return role
    return translation.find(SiteMapTable.ROLES, role) or policy.replication_role or role
