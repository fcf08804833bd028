"""Replication groups of ElastiCache: their nodes, their states, their endpoints.

Put in the place of moto's, whose groups have no member clusters, no rules and no time.
The members that DescribeCacheClusters lists are made from the groups when asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from moto.elasticache.models import ElastiCacheBackend

from . import runtime
from .modelled import Refusal

CREATE_SECONDS = 10.0
CHANGE_SECONDS = 5.0
DELETE_SECONDS = 5.0
SLOTS = 16384
MOST_REPLICAS = 5
PRIMARY = "PRIMARY"


@dataclass
class Node:
    """One cache node: a member cluster of a group."""

    id: str
    zone: str
    primary: bool
    created: datetime


@dataclass
class Shard:
    """A node group."""

    id: str
    slots: str
    nodes: list[Node]


@dataclass
class Group:
    """A replication group."""

    id: str
    description: str
    account: str
    region: str
    node_type: str
    engine: str
    version: str
    clustered: bool
    port: int
    automatic_failover: bool
    multi_az: bool
    created_at: datetime
    parameter_group: str
    settings: dict[str, Any]
    shards: list[Shard] = field(default_factory=list)
    status: str = "creating"
    global_id: str = ""
    role: str = ""
    #: role of an endpoint -> its host, where it is not made of the group's name
    hosts: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The group's ARN."""
        return f"arn:aws:elasticache:{self.region}:{self.account}:replicationgroup:{self.id}"

    @property
    def replication_group_id(self) -> str:
        """What moto's snapshots call it."""
        return self.id

    def nodes(self) -> list[Node]:
        """Every node, shard by shard."""
        return [node for shard in self.shards for node in shard.nodes]

    def number(self) -> str:
        """Six characters that are in every endpoint of the group."""
        return sha256(self.arn.encode()).hexdigest()[:6]

    def shown(self) -> dict[str, Any]:
        """As DescribeReplicationGroups shows it."""
        answer: dict[str, Any] = {
            "ReplicationGroupId": self.id,
            "Description": self.description,
            "GlobalReplicationGroupInfo": (
                {
                    "GlobalReplicationGroupId": self.global_id,
                    "GlobalReplicationGroupMemberRole": self.role,
                }
                if self.global_id
                else {}
            ),
            "Status": self.status,
            "PendingModifiedValues": {},
            "MemberClusters": [node.id for node in self.nodes()],
            "NodeGroups": [_shown_shard(self, shard) for shard in self.shards],
            "AutomaticFailover": "enabled" if self.automatic_failover else "disabled",
            "MultiAZ": "enabled" if self.multi_az else "disabled",
            "ClusterEnabled": self.clustered,
            "ClusterMode": "enabled" if self.clustered else "disabled",
            "CacheNodeType": self.node_type,
            "ARN": self.arn,
            "ReplicationGroupCreateTime": self.created_at,
            "Engine": self.engine,
            **{name: self.settings[name] for name in _SHOWN if name in self.settings},
        }
        if self.clustered and self.status != "creating":
            answer["ConfigurationEndpoint"] = endpoint(self, "clustercfg")
        if self.settings.get("LogDeliveryConfigurations"):
            answer["LogDeliveryConfigurations"] = [
                {
                    **{name: one[name] for name in one if name != "Enabled"},
                    "Status": "active",
                }
                for one in self.settings["LogDeliveryConfigurations"]
                if one.get("Enabled", True)
            ]
        if self.settings.get("SnapshotRetentionLimit"):
            answer["SnapshottingClusterId"] = self.nodes()[-1].id
        return answer


# Settings that are shown as they were given.
_SHOWN = (
    "SnapshotRetentionLimit",
    "SnapshotWindow",
    "AuthTokenEnabled",
    "TransitEncryptionEnabled",
    "TransitEncryptionMode",
    "AtRestEncryptionEnabled",
    "KmsKeyId",
    "UserGroupIds",
    "DataTiering",
    "AutoMinorVersionUpgrade",
    "NetworkType",
    "IpDiscovery",
)
_SHORT_REGION = {"us-east-1": "use1", "us-east-2": "use2", "us-west-1": "usw1", "us-west-2": "usw2"}


def endpoint(group: Group, role: str) -> dict[str, Any]:
    """An address of the group: `role` is clustercfg, master, replica or a node's id."""
    if role in group.hosts:
        return {"Address": group.hosts[role], "Port": group.port}
    region = _SHORT_REGION.get(group.region, group.region.replace("-", ""))
    tail = f"{group.number()}.{region}.cache.amazonaws.com"
    encrypted = bool(group.settings.get("TransitEncryptionEnabled"))
    if role in {"master", "replica"} and not encrypted:
        plain = group.id if role == "master" else f"{group.id}-ro"
        host = f"{plain}.{group.number()}.ng.0001.{region}.cache.amazonaws.com"
    else:
        host = f"{role}.{group.id}.{tail}"
    return {"Address": host, "Port": group.port}


def _shown_shard(group: Group, shard: Shard) -> dict[str, Any]:
    ready = group.status != "creating"
    shown: dict[str, Any] = {
        "NodeGroupId": shard.id,
        "Status": "available" if group.status == "available" else group.status,
        "NodeGroupMembers": [_shown_member(group, shard, node, ready) for node in shard.nodes],
    }
    if group.clustered:
        shown["Slots"] = shard.slots
    elif ready:
        shown["PrimaryEndpoint"] = endpoint(group, "master")
        shown["ReaderEndpoint"] = endpoint(group, "replica")
    return shown


def _shown_member(group: Group, shard: Shard, node: Node, ready: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "CacheClusterId": node.id,
        "CacheNodeId": "0001",
        "PreferredAvailabilityZone": node.zone,
    }
    # In cluster mode, clients learn the roles from the engine, not from the service.
    if not group.clustered and ready:
        shown["ReadEndpoint"] = endpoint(group, node.id)
        shown["CurrentRole"] = "primary" if node is shard.nodes[0] else "replica"
    return shown


def shown_cluster(group: Group, node: Node, nodes_too: bool) -> dict[str, Any]:
    """A node as DescribeCacheClusters shows it."""
    given = group.settings
    shown: dict[str, Any] = {
        "CacheClusterId": node.id,
        "CacheNodeType": group.node_type,
        "Engine": group.engine,
        "EngineVersion": group.version,
        "CacheClusterStatus": group.status,
        "NumCacheNodes": 1,
        "PreferredAvailabilityZone": node.zone,
        "CacheClusterCreateTime": node.created,
        "PendingModifiedValues": {},
        "CacheParameterGroup": {
            "CacheParameterGroupName": group.parameter_group,
            "ParameterApplyStatus": "in-sync",
            "CacheNodeIdsToReboot": [],
        },
        "SecurityGroups": [
            {"SecurityGroupId": one, "Status": "active"}
            for one in given.get("SecurityGroupIds") or []
        ],
        "ReplicationGroupId": group.id,
        "ARN": f"arn:aws:elasticache:{group.region}:{group.account}:cluster:{node.id}",
        **{name: given[name] for name in _SHOWN_BY_CLUSTER if given.get(name) is not None},
    }
    if given.get("NotificationTopicArn"):
        shown["NotificationConfiguration"] = {
            "TopicArn": given["NotificationTopicArn"],
            "TopicStatus": "active",
        }
    if nodes_too:
        shown["CacheNodes"] = [
            {
                "CacheNodeId": "0001",
                "CacheNodeStatus": group.status,
                "CacheNodeCreateTime": node.created,
                "Endpoint": endpoint(group, node.id),
                "ParameterGroupStatus": "in-sync",
                "CustomerAvailabilityZone": node.zone,
            }
        ]
    return shown


_SHOWN_BY_CLUSTER = (
    "AtRestEncryptionEnabled",
    "AuthTokenEnabled",
    "AutoMinorVersionUpgrade",
    "CacheSubnetGroupName",
    "IpDiscovery",
    "NetworkType",
    "PreferredMaintenanceWindow",
    "SnapshotRetentionLimit",
    "SnapshotWindow",
    "TransitEncryptionEnabled",
    "TransitEncryptionMode",
)


def make_shards(group: Group, shards: int, replicas: int, layout: list[dict[str, Any]]) -> None:
    """Give the group its nodes; `layout` is a NodeGroupConfiguration."""
    width = SLOTS // shards
    for number in range(shards):
        wish = layout[number] if number < len(layout) else {}
        last = SLOTS - 1 if number == shards - 1 else (number + 1) * width - 1
        shard = Shard(
            id=wish.get("NodeGroupId") or f"{number + 1:04d}",
            slots=wish.get("Slots") or f"{number * width}-{last}",
            nodes=[],
        )
        group.shards.append(shard)
        add_nodes(group, shard, 1 + int(wish.get("ReplicaCount", replicas)))


def add_nodes(group: Group, shard: Shard, wanted: int) -> None:
    """Add nodes until the shard has as many as wanted; the first is the primary."""
    prefix = f"{group.id}-{shard.id}" if group.clustered else group.id
    taken = {node.id for node in shard.nodes}
    number = 1
    while len(shard.nodes) < wanted:
        name = f"{prefix}-{number:03d}"
        if name not in taken:
            zone = f"{group.region}{'abc'[(number - 1) % 3]}"
            shard.nodes.append(Node(name, zone, not shard.nodes, runtime.clock().now()))
        number += 1


def find(backend: ElastiCacheBackend, name: str) -> Group:
    """A group by id, or the refusal that there is none."""
    found: Group | None = backend.replication_groups.get(name.lower())
    if found is None:
        raise Refusal("ReplicationGroupNotFoundFault", f"ReplicationGroup {name} not found.")
    return found


def require_available(group: Group) -> None:
    """Refuse to change a group that is busy."""
    if group.status != "available":
        raise Refusal(
            "InvalidReplicationGroupState",
            f"Replication group {group.id} has status {group.status} which is not valid for "
            "this operation. It must be available.",
        )


def _settle(group: Group) -> None:
    if group.status != "deleting":
        group.status = "available"


def become(group: Group, status: str, seconds: float) -> None:
    """Be in a state for a while, then available again."""
    group.status = status
    runtime.clock().after(seconds, partial(_settle, group))


def remove(backend: ElastiCacheBackend, group: Group) -> None:
    """Delete in a while."""
    group.status = "deleting"
    runtime.clock().after(DELETE_SECONDS, partial(_removed, backend, group))


def _removed(backend: ElastiCacheBackend, group: Group) -> None:
    backend.replication_groups.pop(group.id, None)
    backend.tagging_service.delete_all_tags_for_resource(group.arn)
