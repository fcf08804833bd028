"""Reading an EFS file system's configuration into its spec, at the serving site only.

It refuses a file system that is the destination of a replication, one that is copied to a place
that is not the other site's, and what a recovery file system cannot be declared with (One Zone).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.efs import reading
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.efs import (
    DNS,
    FILE_SYSTEM_ID,
    EfsAccessPoint,
    EfsLifecycle,
    EfsMountTarget,
    EfsSpec,
)

#: tag of what drstate declared itself
MANAGED_TAG = "drstate:managed"
_LIFECYCLE = {
    "TransitionToIA": "to_infrequent_access",
    "TransitionToArchive": "to_archive",
    "TransitionToPrimaryStorageClass": "to_primary",
}


def capture(resource: Resource, at: At, now: datetime) -> EfsSpec:
    """The spec of the file system at ``at.region``. Raises OperationError, AwsCallError."""
    name = resource.name
    answer = at.find("efs", "describe_file_systems", "FileSystemNotFound", FileSystemId=name)
    if not answer.get("FileSystems"):
        raise OperationError(
            f"{resource.key}: no file system {name} in {at.region}",
            why="DescribeFileSystems does not know it",
            hint="drstate discover --refresh shows what is there now",
        )
    found = answer["FileSystems"][0]
    if found.get("AvailabilityZoneName"):
        raise OperationError(
            f"{resource.key}: a One Zone file system ({found['AvailabilityZoneName']})",
            why="its copy would have to be in one zone as well, and nothing says which",
            hint="create a regional file system and copy the data, or take dr:enabled off it",
        )
    policy = at.find("efs", "describe_file_system_policy", "PolicyNotFound", FileSystemId=name)
    backups = at.find("efs", "describe_backup_policy", "PolicyNotFound", FileSystemId=name)
    rules = at.call("efs", "describe_lifecycle_configuration", FileSystemId=name)
    points = _access_points(at, name)
    return EfsSpec(
        region=at.region,
        captured_at=now,
        endpoints={
            DNS: f"{name}.efs.{at.region}.amazonaws.com",
            FILE_SYSTEM_ID: name,
            **{point.endpoint: point.identifier for point in points},
        },
        identifier=name,
        arn=found["FileSystemArn"],
        replica=_replica(resource, at, found),
        performance_mode=found["PerformanceMode"],
        throughput_mode=found.get("ThroughputMode") or "bursting",
        provisioned_throughput=found.get("ProvisionedThroughputInMibps"),
        encrypted=bool(found.get("Encrypted")),
        kms_key=found.get("KmsKeyId") or None,
        lifecycle=_lifecycle(rules.get("LifecyclePolicies", [])),
        automatic_backups=str(backups.get("BackupPolicy", {}).get("Status")).startswith("ENABL"),
        policy=_normal(policy.get("Policy")),
        mount_targets=tuple(_mount_target(at, one) for one in reading.mount_targets(at, name)),
        access_points=points,
    )


def _replica(resource: Resource, at: At, found: dict[str, Any]) -> str | None:
    """Id of a destination that is somebody else's; ours must not turn foreign later."""
    name = str(found["FileSystemId"])
    known = reading.replication(at, name)
    if known is None:
        return None
    if known.destination == name:
        raise OperationError(
            f"{resource.key}: {name} is the destination of a replication, not its source",
            why=f"it is a read-only copy of {known.source} in {known.source_region}",
            hint="configuration is captured at the serving site; the last spec stays in use",
        )
    there = At(at.aws, at.account, known.destination_region)
    answer = there.find(
        "efs", "describe_file_systems", "FileSystemNotFound", FileSystemId=known.destination
    )
    copies = answer.get("FileSystems", [])
    if not copies:
        return None
    tags = {tag["Key"]: tag["Value"] for tag in copies[0].get("Tags", [])}
    return None if tags.get(MANAGED_TAG) == "true" else known.destination


def _lifecycle(rules: list[dict[str, str]]) -> EfsLifecycle:
    return EfsLifecycle.model_validate(
        {field: rule[name] for rule in rules for name, field in _LIFECYCLE.items() if name in rule}
    )


def _mount_target(at: At, found: dict[str, Any]) -> EfsMountTarget:
    groups = at.call(
        "efs", "describe_mount_target_security_groups", MountTargetId=found["MountTargetId"]
    )
    return EfsMountTarget(
        subnet=found["SubnetId"], security_groups=tuple(sorted(groups.get("SecurityGroups", [])))
    )


def _access_points(at: At, name: str) -> tuple[EfsAccessPoint, ...]:
    found = at.pages("efs", "describe_access_points", "AccessPoints", FileSystemId=name)
    points = (_access_point(one) for one in found)
    return tuple(sorted(points, key=lambda point: point.identifier))


def _access_point(found: dict[str, Any]) -> EfsAccessPoint:
    user = found.get("PosixUser") or {}
    root = found.get("RootDirectory") or {}
    creation = root.get("CreationInfo") or {}
    return EfsAccessPoint(
        identifier=found["AccessPointId"],
        path=root.get("Path") or "/",
        uid=user.get("Uid"),
        gid=user.get("Gid"),
        secondary_gids=tuple(user.get("SecondaryGids") or ()),
        owner_uid=creation.get("OwnerUid"),
        owner_gid=creation.get("OwnerGid"),
        permissions=creation.get("Permissions"),
        tags={
            tag["Key"]: tag["Value"]
            for tag in found.get("Tags", [])
            if not tag["Key"].startswith(("dr:", "aws:", "drstate:"))
        },
    )


def _normal(policy: str | None) -> str | None:
    """The policy with its keys sorted: AWS may give the same one in another order."""
    if not policy:
        return None
    return json.dumps(json.loads(policy), sort_keys=True)
