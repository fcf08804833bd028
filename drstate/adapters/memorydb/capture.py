"""Reading a cluster's configuration into its spec, at the serving site."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.memorydb import reading
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.memorydb import MemorydbSpec

#: tag of what drstate declared or restored itself
MANAGED_TAG = "drstate:managed"


def capture(resource: Resource, at: At, now: datetime) -> MemorydbSpec:
    """The spec of the cluster at ``at.region``. Raises OperationError, AwsCallError."""
    found = reading.cluster(at, resource.name)
    if found is None:
        raise OperationError(
            f"{resource.key}: no MemoryDB cluster {resource.name} in {at.region}",
            why="DescribeClusters does not know it",
            hint="drstate discover --refresh shows what is there now",
        )
    status = str(found.get("Status"))
    if status not in (reading.AVAILABLE, "updating", "snapshotting"):
        raise OperationError(
            f"{resource.key}: the cluster is {status}",
            why="what is only being made or deleted must not become a spec",
            hint="capture when it is available; the last spec stays in use",
        )
    multi = found.get("MultiRegionClusterName") or None
    return MemorydbSpec(
        region=at.region,
        captured_at=now,
        endpoints=reading.endpoints(found),
        identifier=found["Name"],
        arn=found["ARN"],
        description=found.get("Description") or "",
        node_type=found["NodeType"],
        engine=str(found.get("Engine") or "redis"),
        engine_version=found["EngineVersion"],
        shards=int(found["NumberOfShards"]),
        replicas=reading.replicas(found),
        port=int((found.get("ClusterEndpoint") or {}).get("Port") or 6379),
        parameter_group=found.get("ParameterGroupName"),
        subnet_group=found.get("SubnetGroupName"),
        security_groups=tuple(
            sorted(one["SecurityGroupId"] for one in found.get("SecurityGroups", []))
        ),
        acl=found["ACLName"],
        tls=bool(found.get("TLSEnabled", True)),
        kms_key=found.get("KmsKeyId") or None,
        data_tiering=str(found.get("DataTiering")).lower() == "true",
        auto_minor_version_upgrade=bool(found.get("AutoMinorVersionUpgrade", True)),
        maintenance_window=found.get("MaintenanceWindow"),
        snapshot_window=found.get("SnapshotWindow"),
        snapshot_retention_days=int(found.get("SnapshotRetentionLimit") or 0),
        notification_topic=found.get("SnsTopicArn") or None,
        network_type=found.get("NetworkType"),
        ip_discovery=found.get("IpDiscovery"),
        multi_region=multi,
        members=_members(at, multi, found) if multi else {},
    )


def _members(at: At, name: str, found: dict[str, Any]) -> dict[str, str]:
    """The members elsewhere that are somebody else's: ours must not turn foreign later."""
    known = reading.multi_region(at, name)
    if known is None:
        return {}
    return {
        region: member
        for region, (member, _) in known.members.items()
        if region != at.region and not _ours(at, region, member, found["ARN"])
    }


def _ours(at: At, region: str, member: str, arn: str) -> bool:
    there = At(at.aws, at.account, region)
    folder = arn.replace(f":{at.region}:", f":{region}:", 1).rpartition("/")[0]
    answer = there.call(reading.SERVICE, "list_tags", ResourceArn=f"{folder}/{member}")
    return any(tag["Key"] == MANAGED_TAG for tag in answer.get("TagList", []))
