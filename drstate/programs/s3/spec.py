"""A bucket as it is captured at its source, and what its owner may choose."""

from __future__ import annotations

from pydantic import Field

from drstate.model.base import Value
from drstate.model.spec import Spec

#: names of endpoints: the bucket's own host, and the access point's
HOST, ACCESS_POINT = "host", "access_point"


def access_point_name(bucket: str) -> str:
    """Name of the access point that is declared over a bucket and its counterpart."""
    return bucket.replace(".", "-")[:50].strip("-")


class AccessPoint(Value):
    """A multi-region access point that somebody else owns and that has this bucket."""

    name: str
    alias: str
    #: region -> bucket
    buckets: dict[str, str]


class S3Spec(Spec):
    """A bucket as captured at its source."""

    bucket: str
    arn: str
    #: AES256, aws:kms or aws:kms:dsse; the key only where one is named
    encryption: str = "AES256"
    kms_key: str | None = None
    bucket_key: bool = False
    block_public_acls: bool = True
    block_public_policy: bool = True
    ignore_public_acls: bool = True
    restrict_public_buckets: bool = True
    #: role of a replication configuration that was there before ours
    replication_role: str | None = None
    #: settings that are not carried over, in alphabetical order
    not_carried: tuple[str, ...] = ()
    #: one that spans both sites already
    access_point: AccessPoint | None = None

    @property
    def own_access_point(self) -> str:
        """Name of the access point that is declared where nobody else has one."""
        return access_point_name(self.bucket)

    @property
    def uses_kms(self) -> bool:
        """Whether replicas need a key of the other region."""
        return self.encryption.startswith("aws:kms")


class S3Policy(Value):
    """Choices for the buckets of a scope."""

    #: the role that S3 replicates with; one for the way back may stand in the site map's roles
    replication_role: str | None = Field(
        default=None, pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$"
    )
    #: 99.99 % of new objects within 15 minutes, and metrics that measure it
    time_control: bool = True
    #: deletions are replicated, too
    delete_markers: bool = True
    #: declare a multi-region access point over both buckets
    access_point: bool = False
    #: settings that the buckets' owner makes at the recovery bucket (lifecycle, policy, ...)
    left_to_owner: tuple[str, ...] = ()
