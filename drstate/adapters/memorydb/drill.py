"""A drill's copy of a MemoryDB cluster: its member's snapshot, restored without replicas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.cache_copies import CacheCluster, Caches, CacheSnapshot, Place
from drstate.adapters.confining import SubnetGroups
from drstate.adapters.drilling import Copy, Found
from drstate.adapters.memorydb import reading
from drstate.adapters.memorydb.snapshots import MemorydbSnapshots
from drstate.model.grant import Grant

#: of production's cluster, not of a copy that lives for an hour
_NOT_OF_A_COPY = ("MaintenanceWindow", "SnapshotRetentionLimit", "SnapshotWindow", "SnsTopicArn")

GRANTS = (
    Grant(
        "copy a cluster for a drill, and remove the copy",
        (
            "memorydb:CreateCluster",
            "memorydb:CreateSnapshot",
            "memorydb:DeleteCluster",
            "memorydb:DeleteSnapshot",
            "memorydb:DescribeSnapshots",
            "memorydb:DescribeSubnetGroups",
            "memorydb:ListTags",
            "memorydb:TagResource",
        ),
        (
            "arn:aws:memorydb:*:*:acl/*",
            "arn:aws:memorydb:*:*:cluster/*",
            "arn:aws:memorydb:*:*:parametergroup/*",
            "arn:aws:memorydb:*:*:snapshot/*",
            "arn:aws:memorydb:*:*:subnetgroup/*",
        ),
        uncalled="only in a drill",
    ),
)


class Memorydb(Caches):
    """MemoryDB's calls."""

    service = reading.SERVICE
    snapshot_calls = ("DescribeSnapshots", "CreateSnapshot", "DeleteSnapshot")
    cluster_calls = ("DescribeClusters", "CreateCluster", "DeleteCluster")
    tag_call = "ListTags"

    def snapshot_status(self, found: Found) -> str:
        """See ``Caches.snapshot_status``."""
        return str(found.get("Status"))

    def take(self, at: At, cluster: str, name: str, tags: list[dict[str, str]]) -> None:
        """See ``Caches.take``."""
        at.call(self.service, "create_snapshot", ClusterName=cluster, SnapshotName=name, Tags=tags)

    def drop(self, at: At, name: str) -> None:
        """See ``Caches.drop``."""
        gone = ("SnapshotNotFoundFault", "InvalidSnapshotStateFault")
        at.find(self.service, "delete_snapshot", *gone, SnapshotName=name)

    def cluster(self, at: At, name: str) -> Found | None:
        """See ``Caches.cluster``."""
        return reading.cluster(at, name)

    def make(self, at: At, request: Mapping[str, Any]) -> None:
        """See ``Caches.make``."""
        at.call(self.service, "create_cluster", **request)

    def delete(self, at: At, name: str) -> None:
        """See ``Caches.delete``."""
        gone = ("ClusterNotFoundFault", "InvalidClusterStateFault")
        at.find(self.service, "delete_cluster", *gone, ClusterName=name)

    def tags(self, at: At, arn: str) -> list[dict[str, Any]]:
        """See ``Caches.tags``."""
        gone = ("ClusterNotFoundFault", "SnapshotNotFoundFault", "InvalidARNFault")
        answer = at.find(self.service, "list_tags", *gone, ResourceArn=arn)
        found: list[dict[str, Any]] = answer.get("TagList", [])
        return found


SUBNET_GROUPS = SubnetGroups(
    reading.SERVICE,
    "describe_subnet_groups",
    "SubnetGroupName",
    "SubnetGroups",
    "SubnetGroupNotFoundFault",
)


def copies(store: MemorydbSnapshots, *, carried: bool) -> tuple[Copy, ...]:
    """The copies of a cluster. ``carried``: no member is here, exports are carried over."""
    site, spec = store.site, store.spec
    place = Place(store.entry, site.region, site.drill, spec.identifier, Memorydb())

    def request(_at: At) -> dict[str, Any]:
        like = store.request(place.name, replicas=0)
        return {key: value for key, value in like.items() if key not in _NOT_OF_A_COPY}

    if carried:
        return (CacheCluster(place, request, carried=store),)
    return CacheSnapshot(place, spec.member(site.region)), CacheCluster(place, request)
