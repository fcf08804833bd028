"""What CreateReplicationGroup accepts, and how ModifyReplicationGroup changes a group.

Standalone groups, members of a global datastore, and groups restored from a snapshot.
Migrating a cache cluster (PrimaryClusterId), serverless snapshots and outposts are
refused by name.
"""

from __future__ import annotations

import re
from typing import Any

from moto.elasticache.models import ElastiCacheBackend

from . import elasticache_global as datastores
from . import elasticache_groups as groups
from . import elasticache_snapshots as snapshots
from . import runtime
from .elasticache_groups import Group
from .modelled import Refusal, unsupported

_NAME = re.compile(r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{0,38}[a-zA-Z0-9]|[a-zA-Z]")
_VERSIONS = {"redis": "7.1", "valkey": "8.0"}
# A member of a global datastore takes these from its primary.
_INHERITED = (
    "CacheNodeType", "Engine", "EngineVersion", "NumNodeGroups", "AuthToken",
    "AtRestEncryptionEnabled", "TransitEncryptionEnabled", "SnapshotArns", "SnapshotName",
    "CacheParameterGroupName", "ClusterMode",
)  # fmt: skip
_KEPT = (
    "AtRestEncryptionEnabled", "AutoMinorVersionUpgrade", "CacheSubnetGroupName", "IpDiscovery",
    "KmsKeyId", "LogDeliveryConfigurations", "NetworkType", "NotificationTopicArn",
    "PreferredMaintenanceWindow", "SecurityGroupIds", "SnapshotRetentionLimit",
    "SnapshotWindow", "TransitEncryptionEnabled", "TransitEncryptionMode", "UserGroupIds",
)  # fmt: skip
_DEFAULTS: dict[str, Any] = {
    "AtRestEncryptionEnabled": False,
    "AutoMinorVersionUpgrade": True,
    "DataTiering": "disabled",
    "IpDiscovery": "ipv4",
    "NetworkType": "ipv4",
    "SnapshotRetentionLimit": 0,
    "SnapshotWindow": "05:00-06:00",
    "TransitEncryptionEnabled": False,
}


def _value(message: str) -> Refusal:
    return Refusal("InvalidParameterValue", message)


def _combination(message: str) -> Refusal:
    return Refusal("InvalidParameterCombination", message)


def create(backend: ElastiCacheBackend, params: Any) -> Group:
    """A new group, available in a while, or the refusal of AWS."""
    made = built(backend, params)
    groups.become(made, "creating", groups.CREATE_SECONDS)
    return made


def built(backend: ElastiCacheBackend, params: Any) -> Group:
    """A new group that nothing has been scheduled for."""
    unsupported("elasticache", "CreateReplicationGroup", params, "PrimaryClusterId",
                "CacheSecurityGroupNames", "ServerlessCacheSnapshotName",
                "Durability")  # fmt: skip
    name = str(params["ReplicationGroupId"]).lower()
    if _NAME.fullmatch(name) is None:
        raise _value(
            "The parameter ReplicationGroupId is not valid: 1 to 40 letters, digits and single "
            "hyphens, beginning with a letter and not ending with a hyphen."
        )
    if name in backend.replication_groups:
        raise Refusal("ReplicationGroupAlreadyExists", f"Replication group {name} already exists.")
    subnet_group = params.get("CacheSubnetGroupName")
    if subnet_group and subnet_group not in backend.cache_subnet_groups:
        raise Refusal(
            "CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {subnet_group} does not exist."
        )
    if params.get("GlobalReplicationGroupId"):
        made = _member(backend, name, params)
    else:
        made = _standalone(backend, name, params)
    backend.replication_groups[name] = made
    if params.get("Tags"):
        backend.tagging_service.tag_resource(made.arn, params["Tags"])
    return made


def _settings(params: Any) -> dict[str, Any]:
    given = {name: params[name] for name in _KEPT if params.get(name) is not None}
    if params.get("DataTieringEnabled"):
        given["DataTiering"] = "enabled"
    return {**_DEFAULTS, **given, "AuthTokenEnabled": bool(params.get("AuthToken"))}


def _replicas(params: Any) -> int:
    clusters, replicas = params.get("NumCacheClusters"), params.get("ReplicasPerNodeGroup")
    if clusters is not None and (replicas is not None or params.get("NumNodeGroups") is not None):
        raise _combination(
            "NumCacheClusters cannot be used together with NumNodeGroups or ReplicasPerNodeGroup."
        )
    if replicas is None:
        replicas = int(clusters) - 1 if clusters is not None else 0
    if not 0 <= int(replicas) <= groups.MOST_REPLICAS:
        raise _value(f"The number of replicas must be between 0 and {groups.MOST_REPLICAS}.")
    return int(replicas)


def _standalone(backend: ElastiCacheBackend, name: str, params: Any) -> Group:
    params = {**snapshots.defaults(backend, params), **params}
    engine = str(params.get("Engine") or "redis").lower()
    if engine not in _VERSIONS:
        raise _value(f"Engine {engine} does not support replication groups; use redis or valkey.")
    if not params.get("CacheNodeType"):
        raise _value("The parameter CacheNodeType must be provided and must not be null.")
    if params.get("AuthToken") and not params.get("TransitEncryptionEnabled"):
        raise _combination("An AuthToken needs TransitEncryptionEnabled.")
    layout = params.get("NodeGroupConfiguration") or []
    shards = int(params.get("NumNodeGroups") or len(layout) or 1)
    parameter_group = params.get("CacheParameterGroupName")
    clustered = (
        params.get("ClusterMode") == "enabled"
        or shards > 1
        or str(parameter_group or "").endswith(".cluster.on")
    )
    if clustered and params.get("ClusterMode") == "disabled":
        raise _combination("A replication group with more than one shard needs cluster mode.")
    version = str(params.get("EngineVersion") or _VERSIONS[engine])
    family = f"{engine}{version.split('.', 1)[0]}"
    made = Group(
        id=name,
        description=params["ReplicationGroupDescription"],
        account=backend.account_id,
        region=backend.region_name,
        node_type=params["CacheNodeType"],
        engine=engine,
        version=version,
        clustered=clustered,
        port=int(params.get("Port") or 6379),
        automatic_failover=bool(params.get("AutomaticFailoverEnabled")),
        multi_az=bool(params.get("MultiAZEnabled")),
        created_at=runtime.clock().now(),
        parameter_group=parameter_group or f"default.{family}{'.cluster.on' if clustered else ''}",
        settings=_settings(params),
    )
    if clustered and params.get("AutomaticFailoverEnabled") is None:
        made.automatic_failover = True
    groups.make_shards(made, shards, _replicas(params), layout)
    require_consistent(made)
    return made


def require_consistent(group: Group) -> None:
    """Refuse a combination of failover, zones and nodes that AWS refuses."""
    smallest = min(len(shard.nodes) for shard in group.shards)
    if group.clustered and not group.automatic_failover:
        raise _combination("Automatic failover cannot be disabled in cluster mode.")
    if group.automatic_failover and not group.clustered and smallest < 2:
        raise _value("Automatic failover needs a replication group with at least 2 cache clusters.")
    if group.multi_az and not (group.automatic_failover and smallest > 1):
        raise _combination("Multi-AZ needs automatic failover and at least one replica per shard.")


def _member(backend: ElastiCacheBackend, name: str, params: Any) -> Group:
    wrong = [one for one in _INHERITED if params.get(one) not in (None, [], "")]
    if wrong:
        raise _combination(
            f"{', '.join(wrong)} cannot be given for a member of a global datastore: they are "
            "those of its primary."
        )
    store = datastores.find(backend.account_id, params["GlobalReplicationGroupId"])
    primary = datastores.ready_for(store, backend.region_name)
    layout = params.get("NodeGroupConfiguration") or []
    if layout and len(layout) != len(primary.shards):
        raise _value("A member of a global datastore has as many shards as its primary.")
    inherited = {
        key: primary.settings.get(key)
        for key in ("AtRestEncryptionEnabled", "TransitEncryptionEnabled", "AuthTokenEnabled",
                    "TransitEncryptionMode")
        if primary.settings.get(key) is not None
    }  # fmt: skip
    made = Group(
        id=name,
        description=params["ReplicationGroupDescription"],
        account=backend.account_id,
        region=backend.region_name,
        node_type=primary.node_type,
        engine=primary.engine,
        version=primary.version,
        clustered=primary.clustered,
        port=int(params.get("Port") or primary.port),
        automatic_failover=primary.automatic_failover,
        multi_az=primary.multi_az,
        created_at=runtime.clock().now(),
        parameter_group=f"global-datastore-{store.id}-{primary.parameter_group}",
        settings={**_settings(params), **inherited},
    )
    groups.make_shards(made, len(primary.shards), _replicas(params), layout)
    require_consistent(made)
    datastores.join(store, made)
    return made


_CHANGED = (
    "AutoMinorVersionUpgrade", "IpDiscovery", "NotificationTopicArn",
    "PreferredMaintenanceWindow", "SecurityGroupIds", "SnapshotRetentionLimit",
    "SnapshotWindow", "TransitEncryptionEnabled", "TransitEncryptionMode",
    "LogDeliveryConfigurations",
)  # fmt: skip
# In a global datastore these belong to the datastore.
_GLOBAL_ONLY = ("CacheNodeType", "EngineVersion", "AutomaticFailoverEnabled", "Engine")


def modify(backend: ElastiCacheBackend, params: Any) -> Group:
    """Change what is given."""
    unsupported("elasticache", "ModifyReplicationGroup", params, "PrimaryClusterId",
                "SnapshottingClusterId", "NodeGroupId", "CacheSecurityGroupNames", "AuthToken",
                "UserGroupIdsToAdd", "UserGroupIdsToRemove", "RemoveUserGroups", "ClusterMode",
                "Durability", "NotificationTopicStatus")  # fmt: skip
    group = groups.find(backend, params["ReplicationGroupId"])
    groups.require_available(group)
    if group.global_id:
        wrong = [name for name in _GLOBAL_ONLY if params.get(name) is not None]
        if wrong:
            raise _value(
                f"Replication group {group.id} belongs to global datastore {group.global_id}: "
                f"{', '.join(wrong)} can be changed through ModifyGlobalReplicationGroup only."
            )
    before = (group.automatic_failover, group.multi_az)
    if params.get("AutomaticFailoverEnabled") is not None:
        group.automatic_failover = bool(params["AutomaticFailoverEnabled"])
    if params.get("MultiAZEnabled") is not None:
        group.multi_az = bool(params["MultiAZEnabled"])
    try:
        require_consistent(group)
    except Refusal:
        group.automatic_failover, group.multi_az = before
        raise
    if params.get("ReplicationGroupDescription") is not None:
        group.description = params["ReplicationGroupDescription"]
    group.node_type = params.get("CacheNodeType") or group.node_type
    group.engine = params.get("Engine") or group.engine
    group.version = params.get("EngineVersion") or group.version
    group.parameter_group = params.get("CacheParameterGroupName") or group.parameter_group
    for name in _CHANGED:
        if params.get(name) is not None:
            group.settings[name] = params[name]
    groups.become(group, "modifying", groups.CHANGE_SECONDS)
    return group
