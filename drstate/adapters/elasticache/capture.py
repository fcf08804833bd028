"""Reading a replication group's configuration into its spec, at the serving site only.

It refuses a secondary (configuration comes from where writes are taken), and what cannot be carried
over: nodes on Outposts, a durability that only one region has.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.elasticache import reading
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.elasticache import ElasticacheSpec, LogDelivery

#: tag of what drstate declared or restored itself
MANAGED_TAG = "drstate:managed"


def capture(resource: Resource, at: At, now: datetime) -> ElasticacheSpec:
    """The spec of the group at ``at.region``. Raises OperationError, AwsCallError."""
    found = reading.group(at, resource.name)
    if found is None:
        raise OperationError(
            f"{resource.key}: no replication group {resource.name} in {at.region}",
            why="DescribeReplicationGroups does not know it",
            hint="drstate discover --refresh shows what is there now",
        )
    _refuse(resource, found)
    node = reading.node(at, found)
    if node is None:
        raise OperationError(
            f"{resource.key}: the replication group has no node in {at.region}",
            why="engine version, subnets and security groups are told by its nodes alone",
            hint="capture when it serves: drstate capture",
        )
    shards = reading.shards(found)
    clustered = bool(found.get("ClusterEnabled"))
    datastore, members = _datastore(resource, at, found)
    return ElasticacheSpec(
        region=at.region,
        captured_at=now,
        endpoints=reading.endpoints(found),
        identifier=found["ReplicationGroupId"],
        arn=found["ARN"],
        description=found.get("Description") or resource.name,
        node_type=found["CacheNodeType"],
        engine=str(found.get("Engine") or node["Engine"]),
        engine_version=node["EngineVersion"],
        cluster_mode=clustered,
        shards=len(shards),
        replicas=max(reading.replicas(found)),
        slots=tuple(str(one["Slots"]) for one in shards) if clustered else (),
        automatic_failover=found.get("AutomaticFailover") in ("enabled", "enabling"),
        multi_az=found.get("MultiAZ") == "enabled",
        port=_port(found),
        parameter_group=_parameter_group(node, reading.datastore_of(found)),
        subnet_group=node.get("CacheSubnetGroupName"),
        security_groups=tuple(
            sorted(one["SecurityGroupId"] for one in node.get("SecurityGroups", []))
        ),
        encrypted_at_rest=bool(found.get("AtRestEncryptionEnabled")),
        kms_key=found.get("KmsKeyId") or None,
        encrypted_in_transit=bool(found.get("TransitEncryptionEnabled")),
        transit_mode=found.get("TransitEncryptionMode"),
        auth_token=bool(found.get("AuthTokenEnabled")),
        user_groups=tuple(sorted(found.get("UserGroupIds") or [])),
        network_type=found.get("NetworkType"),
        ip_discovery=found.get("IpDiscovery"),
        data_tiering=found.get("DataTiering") == "enabled",
        auto_minor_version_upgrade=bool(found.get("AutoMinorVersionUpgrade", True)),
        maintenance_window=node.get("PreferredMaintenanceWindow"),
        snapshot_window=found.get("SnapshotWindow"),
        snapshot_retention_days=int(found.get("SnapshotRetentionLimit") or 0),
        notification_topic=(node.get("NotificationConfiguration") or {}).get("TopicArn"),
        logs=tuple(_log(one) for one in found.get("LogDeliveryConfigurations") or []),
        datastore=datastore,
        members=members,
    )


def _refuse(resource: Resource, found: dict[str, Any]) -> None:
    status = str(found.get("Status"))
    if status not in (reading.AVAILABLE, "modifying", "snapshotting"):
        raise OperationError(
            f"{resource.key}: the replication group is {status}",
            why="what is only being made or deleted must not become a spec",
            hint="capture when it is available; the last spec stays in use",
        )
    if any(found.get("MemberClustersOutpostArns") or []):
        raise OperationError(
            f"{resource.key}: its nodes are on an Outpost",
            why="there is no counterpart of an Outpost in the recovery region",
            hint=f"take the tag dr:enabled off {resource.arn}",
        )
    durability = found.get("EffectiveDurability") or found.get("Durability")
    if durability not in (None, "disabled", "default"):
        raise OperationError(
            f"{resource.key}: its durability is {durability}",
            why="drstate cannot declare that at the recovery site",
            hint=f"take the tag dr:enabled off {resource.arn}, and protect its data otherwise",
        )


def _datastore(
    resource: Resource, at: At, found: dict[str, Any]
) -> tuple[str | None, dict[str, str]]:
    """The datastore, and its members elsewhere, that are somebody else's.

    A datastore that we declared must not turn foreign at a later capture, nor a member.
    """
    info = found.get("GlobalReplicationGroupInfo") or {}
    name = reading.datastore_of(found)
    if name is None:
        return None, {}
    if info.get("GlobalReplicationGroupMemberRole") != "PRIMARY":
        raise OperationError(
            f"{resource.key}: the group in {at.region} is a secondary of {name}",
            why="another member takes the writes",
            hint="configuration is captured at the serving site; the last spec stays in use",
        )
    known = reading.topology(at, name)
    if known is None or known.description.startswith("drstate: "):
        return None, {}
    members = {
        one.region: one.group
        for one in known.members
        if one.region != at.region and not _ours(at, one, found["ARN"])
    }
    return name, members


def _ours(at: At, member: reading.Member, arn: str) -> bool:
    there = At(at.aws, at.account, member.region)
    name = arn.replace(f":{at.region}:", f":{member.region}:", 1).rpartition(":")[0]
    answer = there.call(
        "elasticache", "list_tags_for_resource", ResourceName=f"{name}:{member.group}"
    )
    return any(tag["Key"] == MANAGED_TAG for tag in answer.get("TagList", []))


def _port(found: dict[str, Any]) -> int:
    places = [found.get("ConfigurationEndpoint")]
    places += [one.get("PrimaryEndpoint") for one in reading.shards(found)]
    return next((int(one["Port"]) for one in places if one), 6379)


def _parameter_group(node: dict[str, Any], datastore: str | None) -> str | None:
    name = (node.get("CacheParameterGroup") or {}).get("CacheParameterGroupName")
    # a datastore wraps the group that it was made with: two captures have to be equal
    return str(name).removeprefix(f"global-datastore-{datastore}-") if name else None


def _log(found: dict[str, Any]) -> LogDelivery:
    details = found["DestinationDetails"]
    to_logs = found["DestinationType"] == "cloudwatch-logs"
    return LogDelivery(
        log_type=found["LogType"],
        destination_type=found["DestinationType"],
        destination=details["CloudWatchLogsDetails"]["LogGroup"]
        if to_logs
        else details["KinesisFirehoseDetails"]["DeliveryStream"],
        log_format=found["LogFormat"],
    )
