"""A bucket's configuration as a spec: what is carried over, and the names of what is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.s3 import reading
from drstate.adapters.s3.routes import HOME
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.s3.spec import HOST, AccessPoint, S3Spec, access_point_name

#: setting -> operation, member of its answer, code where it is not set
_SETTINGS: dict[str, tuple[str, str, str]] = {
    "cors": ("get_bucket_cors", "CORSRules", "NoSuchCORSConfiguration"),
    "lifecycle": (
        "get_bucket_lifecycle_configuration",
        "Rules",
        "NoSuchLifecycleConfiguration",
    ),
    "logging": ("get_bucket_logging", "LoggingEnabled", ""),
    "policy": ("get_bucket_policy", "Policy", "NoSuchBucketPolicy"),
    "website": ("get_bucket_website", "IndexDocument", "NoSuchWebsiteConfiguration"),
}
_NOTIFIED = (
    "TopicConfigurations",
    "QueueConfigurations",
    "LambdaFunctionConfigurations",
    "EventBridgeConfiguration",
)
_BLOCKS = (
    ("block_public_acls", "BlockPublicAcls"),
    ("block_public_policy", "BlockPublicPolicy"),
    ("ignore_public_acls", "IgnorePublicAcls"),
    ("restrict_public_buckets", "RestrictPublicBuckets"),
)
_DEFAULT_OWNERSHIP = "BucketOwnerEnforced"


def capture(resource: Resource, at: At, now: datetime) -> S3Spec:
    """Read the bucket. Raises OperationError where S3 could not replicate it."""
    bucket = resource.name
    _refuse(resource, at, bucket)
    encryption = _encryption(at, bucket)
    config = reading.configuration(at, bucket)
    return S3Spec(
        region=at.region,
        captured_at=now,
        endpoints={HOST: f"{bucket}.s3.{at.region}.amazonaws.com"},
        bucket=bucket,
        arn=resource.arn,
        replication_role=reading.others_role(config),
        not_carried=tuple(sorted(_not_carried(at, bucket))),
        access_point=_access_point(at, bucket),
        **encryption,
        **_public_access(at, bucket),
    )


def _refuse(resource: Resource, at: At, bucket: str) -> None:
    versions = reading.versioning(at, bucket)
    if versions is None:
        raise OperationError(
            f"{resource.key}: there is no bucket {bucket} in {at.region}",
            why="S3 does not know it",
            hint="drstate discover --refresh; or take its tag dr:enabled off",
        )
    if versions != reading.ENABLED:
        raise OperationError(
            f"{resource.key}: the bucket keeps no versions ({versions})",
            why="S3 replicates buckets with versioning only",
            hint=f"turn versioning on in the code that owns {bucket}, then capture it again",
        )
    lock = at.find(
        "s3",
        "get_object_lock_configuration",
        "ObjectLockConfigurationNotFoundError",
        Bucket=bucket,
    )
    if (lock.get("ObjectLockConfiguration") or {}).get("ObjectLockEnabled") == reading.ENABLED:
        raise OperationError(
            f"{resource.key}: the bucket has Object Lock",
            why="locked objects need a destination that was made with Object Lock, and a token "
            "from AWS for the way back",
            hint="replicate it by its owner's code, or take its tag dr:enabled off",
        )


def _encryption(at: At, bucket: str) -> dict[str, Any]:
    answer = at.find(
        "s3",
        "get_bucket_encryption",
        "ServerSideEncryptionConfigurationNotFoundError",
        Bucket=bucket,
    )
    rules = (answer.get("ServerSideEncryptionConfiguration") or {}).get("Rules") or [{}]
    default = rules[0].get("ApplyServerSideEncryptionByDefault") or {}
    return {
        "encryption": default.get("SSEAlgorithm") or "AES256",
        "kms_key": default.get("KMSMasterKeyID") or None,
        "bucket_key": bool(rules[0].get("BucketKeyEnabled")),
    }


def _public_access(at: At, bucket: str) -> dict[str, bool]:
    answer = at.find(
        "s3", "get_public_access_block", "NoSuchPublicAccessBlockConfiguration", Bucket=bucket
    )
    found = answer.get("PublicAccessBlockConfiguration") or {}
    return {name: bool(found.get(member)) for name, member in _BLOCKS}


def _not_carried(at: At, bucket: str) -> list[str]:
    """Names of settings that the recovery bucket will not have by itself."""
    names = [
        name
        for name, (operation, member, absent) in _SETTINGS.items()
        if at.find("s3", operation, absent, Bucket=bucket).get(member)
    ]
    notified = at.call("s3", "get_bucket_notification_configuration", Bucket=bucket)
    if any(member in notified for member in _NOTIFIED):
        names.append("notifications")
    controls = at.find(
        "s3", "get_bucket_ownership_controls", "OwnershipControlsNotFoundError", Bucket=bucket
    )
    rules = (controls.get("OwnershipControls") or {}).get("Rules") or []
    if any(one.get("ObjectOwnership") != _DEFAULT_OWNERSHIP for one in rules):
        names.append("ownership")
    return names


def _access_point(at: At, bucket: str) -> AccessPoint | None:
    """The multi-region access point of somebody else's that has this bucket."""
    home = At(at.aws, at.account, HOME)
    own = access_point_name(bucket)
    for found in _access_points(home):
        buckets = {str(one["Region"]): str(one["Bucket"]) for one in found.get("Regions", [])}
        if bucket in buckets.values() and found["Name"] != own:
            return AccessPoint(name=found["Name"], alias=found["Alias"], buckets=buckets)
    return None


def _access_points(home: At) -> Iterator[dict[str, Any]]:
    """Every access point of the account; botocore has no pages for them."""
    more: dict[str, str] = {}
    while True:
        answer = home.call(
            "s3control", "list_multi_region_access_points", AccountId=home.account, **more
        )
        yield from answer.get("AccessPoints", [])
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}
