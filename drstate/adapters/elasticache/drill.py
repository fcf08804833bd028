"""A drill's copy of a replication group: its secondary's snapshot, restored without replicas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.cache_copies import CacheCluster, Caches, CacheSnapshot, Place
from drstate.adapters.confining import SubnetGroups
from drstate.adapters.drilling import Copy, Found
from drstate.adapters.elasticache import reading
from drstate.adapters.elasticache.snapshots import ElasticacheSnapshots
from drstate.model.grant import Grant

#: of production's group, not of a copy that lives for an hour
_NOT_OF_A_COPY = (
    "LogDeliveryConfigurations",
    "NotificationTopicArn",
    "PreferredMaintenanceWindow",
    "SnapshotRetentionLimit",
    "SnapshotWindow",
)

GRANTS = (
    Grant(
        "copy a group for a drill, and remove the copy",
        (
            "elasticache:AddTagsToResource",
            "elasticache:CreateReplicationGroup",
            "elasticache:CreateSnapshot",
            "elasticache:DeleteReplicationGroup",
            "elasticache:DeleteSnapshot",
            "elasticache:DescribeCacheSubnetGroups",
            "elasticache:DescribeSnapshots",
        ),
        (
            "arn:aws:elasticache:*:*:parametergroup:*",
            "arn:aws:elasticache:*:*:replicationgroup:*",
            "arn:aws:elasticache:*:*:snapshot:*",
            "arn:aws:elasticache:*:*:subnetgroup:*",
            "arn:aws:elasticache:*:*:usergroup:*",
        ),
        uncalled="only in a drill",
    ),
)


class Elasticache(Caches):
    """ElastiCache's calls."""

    service = reading.SERVICE
    snapshot_calls = ("DescribeSnapshots", "CreateSnapshot", "DeleteSnapshot")
    cluster_calls = (
        "DescribeReplicationGroups",
        "CreateReplicationGroup",
        "DeleteReplicationGroup",
    )
    tag_call = "ListTagsForResource"

    def snapshot_status(self, found: Found) -> str:
        """See ``Caches.snapshot_status``."""
        return str(found.get("SnapshotStatus"))

    def take(self, at: At, cluster: str, name: str, tags: list[dict[str, str]]) -> None:
        """See ``Caches.take``."""
        at.call(
            self.service,
            "create_snapshot",
            ReplicationGroupId=cluster,
            SnapshotName=name,
            Tags=tags,
        )

    def drop(self, at: At, name: str) -> None:
        """See ``Caches.drop``."""
        gone = ("SnapshotNotFoundFault", "InvalidSnapshotState")
        at.find(self.service, "delete_snapshot", *gone, SnapshotName=name)

    def cluster(self, at: At, name: str) -> Found | None:
        """See ``Caches.cluster``."""
        return reading.group(at, name)

    def make(self, at: At, request: Mapping[str, Any]) -> None:
        """See ``Caches.make``."""
        at.call(self.service, "create_replication_group", **request)

    def delete(self, at: At, name: str) -> None:
        """See ``Caches.delete``."""
        at.find(
            self.service,
            "delete_replication_group",
            "ReplicationGroupNotFoundFault",
            "InvalidReplicationGroupState",
            ReplicationGroupId=name,
        )

    def tags(self, at: At, arn: str) -> list[dict[str, Any]]:
        """See ``Caches.tags``."""
        gone = (
            "ReplicationGroupNotFoundFault",
            "SnapshotNotFoundFault",
            "InvalidReplicationGroupState",
        )
        answer = at.find(self.service, "list_tags_for_resource", *gone, ResourceName=arn)
        found: list[dict[str, Any]] = answer.get("TagList", [])
        return found


SUBNET_GROUPS = SubnetGroups(
    reading.SERVICE,
    "describe_cache_subnet_groups",
    "CacheSubnetGroupName",
    "CacheSubnetGroups",
    "CacheSubnetGroupNotFoundFault",
)


def copies(store: ElasticacheSnapshots, *, carried: bool) -> tuple[Copy, ...]:
    """The copies of a group. ``carried``: nothing replicates here, exports are carried over."""
    site, spec = store.site, store.spec
    place = Place(store.entry, site.region, site.drill, spec.identifier, Elasticache())

    def request(at: At) -> dict[str, Any]:
        like = store.request(at, place.name, replicas=0)
        plain = {key: value for key, value in like.items() if key not in _NOT_OF_A_COPY}
        # a single node has nothing to fail over to
        return {**plain, "AutomaticFailoverEnabled": spec.cluster_mode, "MultiAZEnabled": False}

    if carried:
        return (CacheCluster(place, request, carried=store),)
    token = (("secretsmanager", "GetSecretValue"),) if spec.auth_token else ()
    cluster = CacheCluster(place, request)
    cluster.others = token
    return CacheSnapshot(place, spec.member(site.region)), cluster
