"""ElastiCache: replication groups with members, rules and time; global datastores.

The rules are in elasticache_groups (nodes and states), elasticache_create (what is
accepted), elasticache_global (datastores) and elasticache_snapshots. Cache clusters that
are in no group stay moto's, but for their states.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult
from moto.elasticache.models import CacheCluster, ElastiCacheBackend, elasticache_backends
from moto.elasticache.responses import ElastiCacheResponse

from . import elasticache_create as creation
from . import elasticache_global as datastores
from . import elasticache_groups as groups
from . import elasticache_snapshots as snapshots
from . import runtime
from .extend import extend
from .modelled import Refusal, checked, unsupported
from .pages import page

_create_cache_cluster = ElastiCacheBackend.create_cache_cluster
_create_snapshot = ElastiCacheResponse.create_snapshot


def _bad_marker() -> Refusal:
    return Refusal("InvalidParameterValue", "The value of Marker is not valid.")


def _paged(response: Any, key: str, items: list[Any]) -> ActionResult:
    limit = int(response.params.get("MaxRecords") or 100)
    if not 20 <= limit <= 100:
        raise Refusal("InvalidParameterValue", "MaxRecords must be between 20 and 100.")
    part, marker = page(items, limit, response.params.get("Marker"), _bad_marker)
    return ActionResult({key: part, "Marker": marker})


def _one(group: groups.Group) -> ActionResult:
    return ActionResult({"ReplicationGroup": group.shown()})


def _datastore(datastore: datastores.Datastore) -> ActionResult:
    return ActionResult({"GlobalReplicationGroup": datastore.shown(members_too=True)})


class _Responses:
    def create_replication_group(self: Any) -> ActionResult:
        """Create; available in a while."""
        return _one(creation.create(self.elasticache_backend, self.params))

    def describe_replication_groups(self: Any) -> ActionResult:
        """Pages of groups."""
        backend, name = self.elasticache_backend, self.params.get("ReplicationGroupId")
        found = [groups.find(backend, name)] if name else backend.replication_groups.values()
        return _paged(self, "ReplicationGroups", [one.shown() for one in found])

    def modify_replication_group(self: Any) -> ActionResult:
        """Change what is given."""
        return _one(creation.modify(self.elasticache_backend, self.params))

    def delete_replication_group(self: Any) -> ActionResult:
        """Delete a group that is in no global datastore, after a final snapshot if asked."""
        unsupported("elasticache", "DeleteReplicationGroup", self.params, "RetainPrimaryCluster")
        backend = self.elasticache_backend
        group = groups.find(backend, self.params["ReplicationGroupId"])
        groups.require_available(group)
        if group.global_id:
            raise Refusal(
                "InvalidReplicationGroupState",
                f"Replication group {group.id} is part of global datastore {group.global_id}: "
                "disassociate it, or delete the datastore.",
            )
        final = self.params.get("FinalSnapshotIdentifier")
        if final:
            snapshots.of_group(backend, final, group, {})
        groups.remove(backend, group)
        return _one(group)

    def increase_replica_count(self: Any) -> ActionResult:
        """More replicas in every shard, or in those that are named."""
        return _one(_resize(self, grow=True))

    def decrease_replica_count(self: Any) -> ActionResult:
        """Fewer replicas in every shard, or in those that are named."""
        return _one(_resize(self, grow=False))

    def describe_cache_clusters(self: Any) -> ActionResult:
        """Members of groups, and clusters of their own."""
        backend, params = self.elasticache_backend, self.params
        nodes_too = bool(params.get("ShowCacheNodeInfo"))
        alone: list[Any] = list(backend.cache_clusters.values())
        members = [
            groups.shown_cluster(group, node, nodes_too)
            for group in backend.replication_groups.values()
            for node in group.nodes()
        ]
        name = params.get("CacheClusterId")
        if name:
            found = [one for one in alone if one.cache_cluster_id == name]
            found += [one for one in members if one["CacheClusterId"] == name]
            if not found:
                raise _no_cluster(name)
            return _paged(self, "CacheClusters", found)
        if params.get("ShowCacheClustersNotInReplicationGroups"):
            return _paged(self, "CacheClusters", alone)
        return _paged(self, "CacheClusters", [*members, *alone])

    def delete_cache_cluster(self: Any) -> ActionResult:
        """Delete a cluster of its own; it is gone in a while."""
        backend, name = self.elasticache_backend, self.params["CacheClusterId"]
        unsupported("elasticache", "DeleteCacheCluster", self.params, "FinalSnapshotIdentifier")
        for group in backend.replication_groups.values():
            if any(node.id == name for node in group.nodes()):
                raise Refusal(
                    "InvalidCacheClusterState",
                    f"Cache cluster {name} is a member of {group.id}; use DecreaseReplicaCount.",
                )
        cluster = backend.cache_clusters.get(name)
        if cluster is None:
            raise _no_cluster(name)
        cluster.cache_cluster_status = "deleting"
        clock = runtime.clock()
        clock.after(groups.DELETE_SECONDS, partial(backend.cache_clusters.pop, name, None))
        return ActionResult({"CacheCluster": cluster})

    def create_global_replication_group(self: Any) -> ActionResult:
        """A datastore around a group of this region."""
        return _datastore(datastores.create(self.current_account, self.region, self.params))

    def describe_global_replication_groups(self: Any) -> ActionResult:
        """Pages of datastores, the same from every region."""
        name, account = self.params.get("GlobalReplicationGroupId"), self.current_account
        found = [datastores.find(account, name)] if name else datastores.store(account).values()
        members_too = bool(self.params.get("ShowMemberInfo"))
        shown = [one.shown(members_too) for one in found]
        return _paged(self, "GlobalReplicationGroups", shown)

    def failover_global_replication_group(self: Any) -> ActionResult:
        """Give the primary role to a secondary."""
        return _datastore(datastores.failover(self.current_account, self.params))

    def disassociate_global_replication_group(self: Any) -> ActionResult:
        """Make a secondary a group of its own."""
        return _datastore(datastores.disassociate(self.current_account, self.params))

    def modify_global_replication_group(self: Any) -> ActionResult:
        """Change all members alike."""
        return _datastore(datastores.modify(self.current_account, self.params))

    def delete_global_replication_group(self: Any) -> ActionResult:
        """Delete a datastore without secondaries."""
        return _datastore(datastores.delete(self.current_account, self.params))

    def create_snapshot(self: Any) -> ActionResult:
        """Begin a snapshot of a group; clusters of their own are moto's."""
        name = self.params.get("ReplicationGroupId")
        if name and not self.params.get("CacheClusterId"):
            backend = self.elasticache_backend
            made = snapshots.of_group(
                backend, self.params["SnapshotName"], groups.find(backend, name), self.params
            )
            return ActionResult({"Snapshot": made})
        shown: ActionResult = _create_snapshot(self)
        return shown

    def delete_snapshot(self: Any) -> ActionResult:
        """Its tags go with it."""
        backend = self.elasticache_backend
        gone = backend.delete_snapshot(snapshot_name=self.params["SnapshotName"])
        backend.tagging_service.delete_all_tags_for_resource(gone.arn)
        return ActionResult({"Snapshot": gone})

    def copy_snapshot(self: Any) -> ActionResult:
        """Copy within the region, or export to a bucket."""
        return ActionResult({"Snapshot": snapshots.copy(self.elasticache_backend, self.params)})

    def delete_cache_subnet_group(self: Any) -> ActionResult:
        """Delete a subnet group that nothing uses."""
        backend, name = self.elasticache_backend, self.params["CacheSubnetGroupName"]
        if name not in backend.cache_subnet_groups:
            raise Refusal(
                "CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {name} does not exist."
            )
        used = [
            one.id
            for one in backend.replication_groups.values()
            if one.settings.get("CacheSubnetGroupName") == name
        ]
        if used:
            raise Refusal(
                "CacheSubnetGroupInUse", f"Cache Subnet Group {name} is used by {used[0]}."
            )
        del backend.cache_subnet_groups[name]
        return ActionResult({})


def _no_cluster(name: str) -> Refusal:
    return Refusal("CacheClusterNotFound", f"CacheCluster {name} not found.")


def _resize(response: Any, *, grow: bool) -> groups.Group:
    params = response.params
    group = groups.find(response.elasticache_backend, params["ReplicationGroupId"])
    operation = "IncreaseReplicaCount" if grow else "DecreaseReplicaCount"
    unsupported("elasticache", operation, params, "ReplicasToRemove")
    if not params["ApplyImmediately"]:
        raise Refusal("InvalidParameterValue", "ApplyImmediately must be true.")
    groups.require_available(group)
    wishes = {one["NodeGroupId"]: one for one in params.get("ReplicaConfiguration") or []}
    count = params.get("NewReplicaCount")
    if bool(wishes) == (count is not None):
        raise Refusal(
            "InvalidParameterCombination",
            "Give either NewReplicaCount or ReplicaConfiguration.",
        )
    unknown = sorted(set(wishes) - {shard.id for shard in group.shards})
    if unknown:
        raise Refusal("InvalidParameterValue", f"There is no node group {unknown[0]}.")
    targets = [
        (shard, int(count if count is not None else wishes[shard.id]["NewReplicaCount"]))
        for shard in group.shards
        if count is not None or shard.id in wishes
    ]
    for shard, wanted in targets:
        _require_step(group, len(shard.nodes) - 1, wanted, grow=grow)
    for shard, wanted in targets:
        del shard.nodes[1 + wanted :]
        groups.add_nodes(group, shard, 1 + wanted)
    groups.become(group, "modifying", groups.CHANGE_SECONDS)
    return group


def _require_step(group: groups.Group, current: int, wanted: int, *, grow: bool) -> None:
    if wanted == current:
        raise Refusal("NoOperationFault", f"The shard already has {current} replicas.")
    least = 1 if group.multi_az or (group.automatic_failover and not group.clustered) else 0
    fits = current < wanted <= groups.MOST_REPLICAS if grow else least <= wanted < current
    if not fits:
        bounds = f"{current + 1} to {groups.MOST_REPLICAS}" if grow else f"{least} to {current - 1}"
        raise Refusal(
            "InvalidParameterValue", f"The number of replicas must be {bounds}, not {wanted}."
        )


class _Backend:
    def create_cache_cluster(self: Any, **given: Any) -> CacheCluster:
        """A cluster of its own; available in a while."""
        made = _create_cache_cluster(self, **given)
        made.cache_cluster_status = "creating"
        runtime.clock().after(groups.CREATE_SECONDS, partial(_created, made))
        return made

    def iter_tagged_resources(self: Any) -> Iterator[TaggedResource]:
        """Everything that carries tags, under the names of Resource Explorer."""
        kinds = {
            "elasticache:cluster": self.cache_clusters,
            "elasticache:subnetgroup": self.cache_subnet_groups,
            "elasticache:replicationgroup": self.replication_groups,
            "elasticache:snapshot": self.snapshots,
            "elasticache:user": {k: v for k, v in self.users.items() if k != "default"},
        }
        for kind, items in kinds.items():
            for one in items.values():
                tags = self.tagging_service.get_tag_dict_for_resource(one.arn)
                yield TaggedResource(one.arn, tags, kind, {"include_untagged": True})


def _created(cluster: CacheCluster) -> None:
    if cluster.cache_cluster_status == "creating":
        cluster.cache_cluster_status = "available"


def install() -> None:
    """Correct moto's ElastiCache."""
    extend(
        ElastiCacheResponse,
        _Responses,
        replaces=frozenset(
            {
                "create_replication_group",
                "describe_replication_groups",
                "modify_replication_group",
                "delete_replication_group",
                "describe_cache_clusters",
                "delete_cache_cluster",
                "create_snapshot",
                "delete_snapshot",
            }
        ),
    )
    extend(
        ElastiCacheBackend,
        _Backend,
        replaces=frozenset({"create_cache_cluster", "iter_tagged_resources"}),
    )
    checked(ElastiCacheResponse)


__all__ = ["elasticache_backends", "install"]
