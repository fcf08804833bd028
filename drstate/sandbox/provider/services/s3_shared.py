"""What the S3 types have in common: errors that mean "gone", and looks at a bucket's settings."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from drstate.sandbox.provider.problems import code_of
from drstate.sandbox.provider.resource import Call

_NOT_FOUND = frozenset(
    {
        "404",
        "NoSuchBucket",
        "NoSuchMultiRegionAccessPoint",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchTagSet",
        "ReplicationConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)


def gone(error: ClientError) -> bool:
    """Whether the error says that there is no such thing."""
    return code_of(error) in _NOT_FOUND


def look(call: Call, operation: str, bucket: str) -> dict[str, Any] | None:
    """The answer of a reading operation about a bucket, or None where there is no such thing."""
    try:
        return dict(getattr(call.client("s3"), operation)(Bucket=bucket))
    except ClientError as error:
        if gone(error):
            return None
        raise


def drop(call: Call, operation: str, bucket: str) -> None:
    """Call a deleting operation; what is gone already is no failure."""
    try:
        getattr(call.client("s3"), operation)(Bucket=bucket)
    except ClientError as error:
        if not gone(error):
            raise
