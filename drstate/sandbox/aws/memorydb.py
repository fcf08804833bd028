"""MemoryDB: multi-region clusters, and what can be found by its tags.

The rules are in memorydb_clusters, memorydb_regions (members of multi-region clusters),
memorydb_snapshots and memorydb_acls.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from moto.core.resource_tagging import TaggableResourcesMixin, TaggedResource
from moto.core.responses import ActionResult
from moto.memorydb.models import MemoryDBBackend, MemoryDBCluster
from moto.memorydb.responses import MemoryDBResponse

from . import memorydb_acls as acls
from . import memorydb_clusters as clusters
from . import memorydb_regions as regions
from . import memorydb_snapshots as snapshots
from . import runtime
from .extend import extend
from .modelled import Refusal, checked, unsupported
from .pages import page

_create_cluster = MemoryDBResponse.create_cluster
_update_cluster = MemoryDBResponse.update_cluster
_delete_cluster = MemoryDBResponse.delete_cluster
_to_dict = MemoryDBCluster.to_dict
_tag_resource = MemoryDBBackend.tag_resource
# These are the multi-region cluster's business, for its members.
_GLOBAL_ONLY = ("NodeType", "EngineVersion", "ShardConfiguration", "ParameterGroupName")


def _bad_token() -> Refusal:
    return Refusal("InvalidParameterValueException", "The value of NextToken is not valid.")


def _multi(cluster: regions.MultiRegion) -> ActionResult:
    return ActionResult({"MultiRegionCluster": cluster.shown()})


class _Responses:
    def create_multi_region_cluster(self: Any) -> ActionResult:
        """A multi-region cluster without members."""
        return _multi(regions.create(self.current_account, self.params))

    def describe_multi_region_clusters(self: Any) -> ActionResult:
        """The same from every region."""
        params, account = self.params, self.current_account
        name = params.get("MultiRegionClusterName")
        found = [regions.find(account, name)] if name else [*regions.store(account).values()]
        limit = int(params.get("MaxResults") or 50)
        part, token = page(found, limit, params.get("NextToken"), _bad_token)
        members_too = bool(params.get("ShowClusterDetails"))
        shown = [one.shown(members_too) for one in part]
        return ActionResult({"MultiRegionClusters": shown, "NextToken": token})

    def update_multi_region_cluster(self: Any) -> ActionResult:
        """Change all members alike."""
        return _multi(regions.update(self.current_account, self.params))

    def delete_multi_region_cluster(self: Any) -> ActionResult:
        """Delete one without members."""
        name = self.params["MultiRegionClusterName"]
        return _multi(regions.delete(self.current_account, name))

    def create_cluster(self: Any) -> ActionResult:
        """A cluster of its own, or a member."""
        backend, params = self.memorydb_backend, self.params
        subnets = params.get("SubnetGroupName") or "default"
        if subnets not in backend.subnet_groups:
            raise Refusal("SubnetGroupNotFoundFault", f"Subnet group {subnets} not found.")
        acls.find(backend, params["ACLName"])
        if not params.get("MultiRegionClusterName"):
            engine, version = clusters.accept(params)
            snapshots.require_restorable(backend, params)
            _create_cluster(self)
            alone = backend.clusters[params["ClusterName"]]
            clusters.shape(alone, params, engine, version)
            alone.status = "creating"
            runtime.clock().after(regions.CREATE_SECONDS, partial(regions.member_ready, alone))
            return ActionResult({"Cluster": alone.to_dict()})
        unsupported("memorydb", "CreateCluster in a multi-region cluster", params,
                    "SnapshotName", "SnapshotArns", "DataTiering")  # fmt: skip
        multi = regions.accept(self.current_account, self.region, params)
        _create_cluster(self)
        cluster = backend.clusters[params["ClusterName"]]
        clusters.shape(cluster, params, "valkey", multi.version)
        regions.join(multi, self.region, cluster)
        return ActionResult({"Cluster": cluster.to_dict()})

    def update_cluster(self: Any) -> ActionResult:
        """Change what is the cluster's own."""
        name = self.params["ClusterName"]
        multi = regions.of_member(self.current_account, self.region, name)
        wrong = [one for one in _GLOBAL_ONLY if self.params.get(one) is not None]
        if multi is not None and wrong:
            raise Refusal(
                "InvalidParameterCombinationException",
                f"Cluster {name} belongs to Multi-Region cluster {multi.name}: "
                f"{', '.join(wrong)} can be changed through UpdateMultiRegionCluster only.",
            )
        cluster = clusters.find(self.memorydb_backend, name)
        clusters.require_available(cluster)
        if self.params.get("ACLName"):
            acls.find(self.memorydb_backend, self.params["ACLName"])
        _update_cluster(self)
        clusters.changed(cluster, self.params)
        return ActionResult({"Cluster": cluster.to_dict()})

    def create_snapshot(self: Any) -> ActionResult:
        """Begin a snapshot of an available cluster."""
        made = snapshots.create(self.memorydb_backend, self.params)
        return ActionResult({"Snapshot": made.to_dict()})

    def delete_snapshot(self: Any) -> ActionResult:
        """Its tags go with it."""
        backend = self.memorydb_backend
        gone = backend.delete_snapshot(snapshot_name=self.params["SnapshotName"])
        backend.tagger.delete_all_tags_for_resource(gone.arn)
        return ActionResult({"Snapshot": gone.to_dict()})

    def copy_snapshot(self: Any) -> ActionResult:
        """Copy within the region, or export to a bucket."""
        made = snapshots.copy(self.memorydb_backend, self.params)
        return ActionResult({"Snapshot": made.to_dict()})

    def create_acl(self: Any) -> ActionResult:
        """A list of users."""
        backend = self.memorydb_backend
        return ActionResult({"ACL": acls.create(backend, self.params).shown(backend)})

    def describe_ac_ls(self: Any) -> ActionResult:
        """Pages of lists."""
        backend, name = self.memorydb_backend, self.params.get("ACLName")
        found = [acls.find(backend, name)] if name else [*acls.of(backend).values()]
        limit = int(self.params.get("MaxResults") or 50)
        part, token = page(found, limit, self.params.get("NextToken"), _bad_token)
        shown = [one.shown(backend) for one in part]
        return ActionResult({"ACLs": shown, "NextToken": token})

    def delete_acl(self: Any) -> ActionResult:
        """Delete a list that no cluster uses."""
        shown = acls.delete(self.memorydb_backend, self.params["ACLName"])
        return ActionResult({"ACL": shown})

    def delete_cluster(self: Any) -> ActionResult:
        """A member leaves, and is gone in a while."""
        backend, name = self.memorydb_backend, self.params["ClusterName"]
        multi = regions.of_member(self.current_account, self.region, name)
        if multi is None:
            arn = clusters.find(backend, name).arn
            gone: ActionResult = _delete_cluster(self)
            backend.tagger.delete_all_tags_for_resource(arn)
            return gone
        final = self.params.get("FinalSnapshotName")
        unsupported("memorydb", "DeleteCluster of a member", self.params,
                    "MultiRegionClusterName")  # fmt: skip
        regions.leave(multi, self.region)
        if final:
            backend.create_snapshot(cluster_name=name, snapshot_name=final)
        clock, region = runtime.clock(), self.region
        clock.after(regions.DELETE_SECONDS, partial(backend.clusters.pop, name, None))
        clock.after(regions.DELETE_SECONDS, partial(regions.left, multi, region))
        return ActionResult({"Cluster": backend.clusters[name].to_dict()})


class _Cluster:
    def to_dict(self: Any) -> dict[str, Any]:
        """With the multi-region cluster that it belongs to."""
        shown: dict[str, Any] = _to_dict(self)
        shown["AvailabilityMode"] = str(shown["AvailabilityMode"]).lower()
        shown["Engine"] = clusters.engine(self)
        shown |= clusters.addresses(self)
        name = getattr(self, regions.BELONGS_TO, "")
        if name:
            shown["MultiRegionClusterName"] = name
        return shown

    def get_shard_details(self: Any) -> list[dict[str, Any]]:
        """The same ones every time."""
        return clusters.shards(self)


class _Backend:
    SERVICE_NAMESPACE = "memorydb"

    def tag_resource(self: Any, resource_arn: str, tags: Any) -> list[dict[str, str]]:
        """Tags as MemoryDB gives them, or as the tagging API does."""
        if isinstance(tags, dict):
            tags = [{"Key": key, "Value": value} for key, value in tags.items()]
        kept: list[dict[str, str]] = _tag_resource(self, resource_arn, tags or [])
        return kept

    def iter_tagged_resources(self: Any) -> Iterator[TaggedResource]:
        """Everything that carries tags, under the names of Resource Explorer."""
        kinds = {
            "memorydb:cluster": self.clusters,
            "memorydb:snapshot": self.snapshots,
            "memorydb:subnetgroup": _without_default(self.subnet_groups),
            "memorydb:user": _without_default(self.users),
        }
        for kind, items in kinds.items():
            for one in items.values():
                tags = self.tagger.get_tag_dict_for_resource(one.arn)
                yield TaggedResource(one.arn, tags, kind, {"include_untagged": True})


def _without_default(items: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in items.items() if name != "default"}


def install() -> None:
    """Correct moto's MemoryDB."""
    extend(
        MemoryDBResponse,
        _Responses,
        replaces=frozenset(
            {
                "create_cluster",
                "update_cluster",
                "delete_cluster",
                "create_snapshot",
                "delete_snapshot",
            }
        ),
    )
    extend(MemoryDBCluster, _Cluster, replaces=frozenset({"to_dict", "get_shard_details"}))
    extend(MemoryDBBackend, _Backend, replaces=frozenset({"tag_resource"}))
    if not issubclass(MemoryDBBackend, TaggableResourcesMixin):
        # What the tagging API and Resource Explorer look for.
        MemoryDBBackend.__bases__ = (*MemoryDBBackend.__bases__, TaggableResourcesMixin)
    checked(MemoryDBResponse)
