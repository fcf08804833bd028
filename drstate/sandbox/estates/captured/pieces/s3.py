"""Buckets, with settings, a few objects, and what their specs know of only by name.

A setting that is not carried over is in a spec as a name: here stands one of that kind, so that the
recovery's owner is asked for it as at the real site. The access point of somebody else, and its
other buckets, are at the site as captured.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.s3.spec import AccessPoint, S3Policy, S3Spec
from drstate.sandbox import aws
from drstate.sandbox.access import PARTITION
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured

_OBJECTS = 3


def build(site: Captured, entry: CatalogEntry) -> None:
    """The bucket in its region; at the other site nothing, unless an access point has one there."""
    aws.correct("s3")
    spec = S3Spec.model_validate(entry.spec)
    account, region = entry.resource.account, spec.region
    if spec.kms_key is not None and ":key/" in spec.kms_key:
        site.kms_key(spec.kms_key)
    policy = site.scope.policies.of("s3", S3Policy)
    for role in (spec.replication_role, policy.replication_role):
        if role:
            site.role(role)
    backend = _bucket(site, account, region, spec.bucket, site.tags(entry))
    backend.put_bucket_encryption(spec.bucket, _encryption(spec))
    backend.put_public_access_block(
        spec.bucket,
        {
            "BlockPublicAcls": str(spec.block_public_acls).lower(),
            "BlockPublicPolicy": str(spec.block_public_policy).lower(),
            "IgnorePublicAcls": str(spec.ignore_public_acls).lower(),
            "RestrictPublicBuckets": str(spec.restrict_public_buckets).lower(),
        },
    )
    for number in range(_OBJECTS):
        backend.put_object(spec.bucket, f"captured/{number}.txt", f"object {number}".encode())
    if spec.replication_role:
        _replicated(site, account, spec)
    for name in spec.not_carried:
        if name not in _SETTINGS:
            raise cannot(entry.key, f"not_carried: {name}", "the sandbox's buckets have no such")
        _SETTINGS[name](backend, spec.bucket)
    if spec.access_point is not None:
        _access_point(site, account, spec.access_point)


def _bucket(site: Captured, account: str, region: str, name: str, tags: dict[str, str]) -> Any:
    """A versioned bucket, made once; moto's backend that it is in."""
    from moto.s3.models import s3_backends  # noqa: PLC0415 - after its correction

    backend: Any = s3_backends[account][PARTITION]
    if site.first(str(SiteMapTable.BUCKETS), account, region, name):
        backend.create_bucket(name, region)
        backend.put_bucket_versioning(name, "Enabled")
    backend.put_bucket_tagging(name, tags)
    return backend


def _encryption(spec: S3Spec) -> dict[str, Any]:
    """As moto reads it from a request."""
    default = {"SSEAlgorithm": spec.encryption}
    if spec.kms_key is not None:
        default["KMSMasterKeyID"] = spec.kms_key
    return {
        "Rule": {
            "ApplyServerSideEncryptionByDefault": default,
            "BucketKeyEnabled": str(spec.bucket_key).lower(),
        }
    }


def _replicated(site: Captured, account: str, spec: S3Spec) -> None:
    """Somebody's rule that was there before: of a part of the bucket, to another one here."""
    target = f"{spec.bucket[:50].strip('-.')}-captured"
    backend = _bucket(site, account, spec.region, target, site.own_tags())
    backend.put_bucket_replication(
        spec.bucket,
        {
            "Role": spec.replication_role,
            "Rules": [
                {
                    "ID": "owner",
                    "Priority": 1000,
                    "Filter": {"Prefix": "captured/"},
                    "Status": "Enabled",
                    "DeleteMarkerReplication": {"Status": "Disabled"},
                    "Destination": {"Bucket": f"arn:{PARTITION}:s3:::{target}"},
                }
            ],
        },
    )


def _cors(backend: Any, bucket: str) -> None:
    backend.put_bucket_cors(bucket, [{"AllowedMethod": "GET", "AllowedOrigin": "*"}])


def _lifecycle(backend: Any, bucket: str) -> None:
    rule = {"ID": "owner", "Filter": {"Prefix": ""}, "Status": "Enabled"}
    backend.put_bucket_lifecycle_configuration(bucket, [{**rule, "Expiration": {"Days": "3650"}}])


def _logging(backend: Any, bucket: str) -> None:
    # to itself: whose bucket the logs are in is not known, and moto would ask for its access list
    backend.get_bucket(bucket).logging = {"TargetBucket": bucket, "TargetPrefix": "logs/"}


def _policy(backend: Any, bucket: str) -> None:
    statement = {
        "Sid": "OnlyEncrypted",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObjectTorrent",
        "Resource": f"arn:{PARTITION}:s3:::{bucket}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    backend.put_bucket_policy(bucket, json.dumps(document).encode())


def _website(backend: Any, bucket: str) -> None:
    content = "<IndexDocument><Suffix>index.html</Suffix></IndexDocument>"
    space = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    text = f"<WebsiteConfiguration {space}>{content}</WebsiteConfiguration>"
    backend.put_bucket_website(bucket, text.encode())


def _notifications(backend: Any, bucket: str) -> None:
    # of an event that does not happen: whom it tells is not known, and nobody is there
    from moto.s3.models import NotificationConfiguration  # noqa: PLC0415 - after its correction

    found = backend.get_bucket(bucket)
    topic = f"arn:{PARTITION}:sns:{found.region_name}:{backend.account_id}:captured"
    told = [{"Id": "owner", "Topic": topic, "Event": ["s3:ReducedRedundancyLostObject"]}]
    found.notification_configuration = NotificationConfiguration(topic=told)


def _ownership(backend: Any, bucket: str) -> None:
    rule = {"Rule": {"ObjectOwnership": "ObjectWriter"}}
    backend.put_bucket_ownership_controls(bucket, rule)


#: what a spec calls a setting that is not carried over -> has a bucket have one
_SETTINGS: dict[str, Callable[[Any, str], None]] = {
    "cors": _cors,
    "lifecycle": _lifecycle,
    "logging": _logging,
    "notifications": _notifications,
    "ownership": _ownership,
    "policy": _policy,
    "website": _website,
}


def _access_point(site: Captured, account: str, spec: AccessPoint) -> None:
    """Somebody else's access point over this bucket and others; they are routed to alike."""
    aws.correct("s3control")
    from moto.s3control.models import (  # noqa: PLC0415 - few scopes have one
        MultiRegionAccessPoint,
        s3control_backends,
    )

    if not site.first("access-point", account, site.serving, spec.name):
        return
    own = {entry.spec.get("bucket") for entry in site.entries("s3")}
    regions = []
    for region, bucket in sorted(spec.buckets.items()):
        if bucket not in own:
            _bucket(site, account, region, bucket, site.own_tags())
        regions.append({"Bucket": bucket, "Region": region, "BucketAccountId": account})
    point: Any = MultiRegionAccessPoint(spec.name, {}, regions)
    point.alias = spec.alias
    backend = s3control_backends[account][PARTITION]
    backend.multi_region_access_points[account][spec.name] = point
