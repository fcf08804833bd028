"""Multi-region clusters of MemoryDB: one definition, at most one member in every region.

All members take writes; there is no primary and no failover. They belong to an account and
are seen from each of its regions. The engine, the node type, the shards and the encryption
are those of the multi-region cluster, and a member that is given others is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.memorydb.models import MemoryDBCluster

from drstate.sandbox.access import PARTITION

from . import runtime
from .modelled import Refusal, unsupported

CREATE_SECONDS = 10.0
CHANGE_SECONDS = 10.0
DELETE_SECONDS = 10.0
MOST_MEMBERS = 5
MOST_SHARDS = 500
AVAILABLE = "available"
#: attribute of a cluster with the name of its multi-region cluster
BELONGS_TO = "_drstate_multi_region"
_VERSIONS = ("7.3",)


@dataclass
class MultiRegion:
    """A multi-region cluster."""

    name: str
    account: str
    description: str
    node_type: str
    version: str
    shards: int
    tls: bool
    parameter_group: str
    tags: list[dict[str, str]]
    status: str = "creating"
    # By region.
    members: dict[str, MemoryDBCluster] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """A global ARN: without region."""
        return f"arn:aws:memorydb::{self.account}:multiregioncluster/{self.name}"

    def shown(self, members_too: bool = True) -> dict[str, Any]:
        """As DescribeMultiRegionClusters shows it."""
        shown: dict[str, Any] = {
            "MultiRegionClusterName": self.name,
            "Description": self.description,
            "Status": self.status,
            "NodeType": self.node_type,
            "Engine": "valkey",
            "EngineVersion": self.version,
            "NumberOfShards": self.shards,
            "MultiRegionParameterGroupName": self.parameter_group,
            "TLSEnabled": self.tls,
            "ARN": self.arn,
        }
        if members_too:
            shown["Clusters"] = [
                {
                    "ClusterName": one.cluster_name,
                    "Region": region,
                    "Status": one.status,
                    "ARN": one.arn,
                }
                for region, one in sorted(self.members.items())
            ]
        return shown


class MultiRegionBackend(BaseBackend):  # type: ignore[misc]
    """An account's multi-region clusters."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.clusters: dict[str, MultiRegion] = {}


multi_region_backends = BackendDict(
    MultiRegionBackend,
    "memorydb-multi-region",
    use_boto3_regions=False,
    additional_regions=[PARTITION],
)


def store(account: str) -> dict[str, MultiRegion]:
    """The account's multi-region clusters by name."""
    found: dict[str, MultiRegion] = multi_region_backends[account][PARTITION].clusters
    return found


def find(account: str, name: str) -> MultiRegion:
    """A multi-region cluster by name, or the refusal that there is none."""
    found = store(account).get(name)
    if found is None:
        raise Refusal("MultiRegionClusterNotFoundFault", f"Multi-Region cluster {name} not found.")
    return found


def of_member(account: str, region: str, cluster: str) -> MultiRegion | None:
    """The multi-region cluster that a region's cluster is a member of."""
    for one in store(account).values():
        member = one.members.get(region)
        if member is not None and member.cluster_name == cluster:
            return one
    return None


def _value(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message)


def _require_available(cluster: MultiRegion) -> None:
    busy = [one.cluster_name for one in cluster.members.values() if one.status != AVAILABLE]
    if cluster.status != AVAILABLE or busy:
        raise Refusal(
            "InvalidMultiRegionClusterStateFault",
            f"Multi-Region cluster {cluster.name} has status {cluster.status}"
            + (f", and its member {busy[0]} is not available." if busy else "."),
        )


def create(account: str, params: Any) -> MultiRegion:
    """Begin; available in a while, without members."""
    made = built(account, params)
    runtime.clock().after(CREATE_SECONDS, partial(_ready, made))
    return made


def built(account: str, params: Any) -> MultiRegion:
    """A new one that nothing has been scheduled for."""
    suffix = params["MultiRegionClusterNameSuffix"]
    # AWS puts five letters in front that the caller does not choose.
    prefix = "".join(chr(97 + byte % 26) for byte in sha256(account.encode()).digest()[:5])
    name = f"{prefix}-{suffix}"
    if name in store(account):
        raise Refusal(
            "MultiRegionClusterAlreadyExistsFault", f"Multi-Region cluster {name} already exists."
        )
    engine = str(params.get("Engine") or "valkey").lower()
    version = str(params.get("EngineVersion") or _VERSIONS[0])
    if engine != "valkey" or version not in _VERSIONS:
        raise _value(f"Multi-Region clusters have engine valkey {', '.join(_VERSIONS)}.")
    _require_node_type(params["NodeType"])
    made = MultiRegion(
        name=name,
        account=account,
        description=params.get("Description") or "",
        node_type=params["NodeType"],
        version=version,
        shards=_shards(params.get("NumShards", 1)),
        tls=params.get("TLSEnabled") is not False,
        parameter_group=params.get("MultiRegionParameterGroupName")
        or "default.memorydb-valkey7.multiregion",
        tags=list(params.get("Tags") or []),
    )
    store(account)[name] = made
    return made


def _require_node_type(node_type: str) -> None:
    if not node_type.startswith("db.r7g."):
        raise _value(f"Node type {node_type} is not supported; Multi-Region takes db.r7g.")


def _shards(wanted: Any) -> int:
    count = int(wanted)
    if not 1 <= count <= MOST_SHARDS:
        raise _value(f"The number of shards must be between 1 and {MOST_SHARDS}.")
    return count


def _ready(cluster: MultiRegion) -> None:
    if cluster.status != "deleting":
        cluster.status = AVAILABLE


def _busy(cluster: MultiRegion, status: str) -> None:
    cluster.status = status
    runtime.clock().after(CHANGE_SECONDS, partial(_ready, cluster))


def update(account: str, params: Any) -> MultiRegion:
    """Change all members alike."""
    cluster = find(account, params["MultiRegionClusterName"])
    unsupported("memorydb", "UpdateMultiRegionCluster", params,
                "EngineVersion", "MultiRegionParameterGroupName")  # fmt: skip
    _require_available(cluster)
    shards = params.get("ShardConfiguration")
    wanted = _shards(shards["ShardCount"]) if shards else cluster.shards
    if params.get("NodeType"):
        _require_node_type(params["NodeType"])
        cluster.node_type = params["NodeType"]
    if params.get("Description") is not None:
        cluster.description = params["Description"]
    for member in cluster.members.values():
        member.node_type = cluster.node_type
        if wanted != cluster.shards:
            member.num_shards = wanted
            member.shards = member.get_shard_details()
        member.status = "updating"
        runtime.clock().after(CHANGE_SECONDS, partial(member_ready, member))
    cluster.shards = wanted
    _busy(cluster, "updating")
    return cluster


def delete(account: str, name: str) -> MultiRegion:
    """Delete one that has no members."""
    cluster = find(account, name)
    if cluster.members:
        region, member = next(iter(sorted(cluster.members.items())))
        raise Refusal(
            "InvalidMultiRegionClusterStateFault",
            f"Multi-Region cluster {name} still has member {member.cluster_name} in {region}; "
            "delete its members first.",
        )
    _require_available(cluster)
    cluster.status = "deleting"
    runtime.clock().after(DELETE_SECONDS, partial(_gone, account, name))
    return cluster


def _gone(account: str, name: str) -> None:
    store(account).pop(name, None)


def accept(account: str, region: str, params: Any) -> MultiRegion:
    """The multi-region cluster that a new cluster of this region may join."""
    cluster = find(account, params["MultiRegionClusterName"])
    _require_available(cluster)
    if region in cluster.members:
        raise _value(f"Multi-Region cluster {cluster.name} already has a member in {region}.")
    if len(cluster.members) >= MOST_MEMBERS:
        raise _value(f"Multi-Region cluster {cluster.name} has {MOST_MEMBERS} members already.")
    for wrong, given, own in _differences(cluster, params):
        raise Refusal(
            "InvalidParameterCombinationException",
            f"{wrong} is {given}; a member of {cluster.name} has {own}.",
        )
    return cluster


def _differences(cluster: MultiRegion, params: Any) -> Iterator[tuple[str, Any, Any]]:
    for name, own in (
        ("NodeType", cluster.node_type),
        ("NumShards", cluster.shards),
        ("Engine", "valkey"),
        ("EngineVersion", cluster.version),
        ("TLSEnabled", cluster.tls),
    ):
        given = params.get(name)
        if given is not None and given != own:
            yield name, given, own


def join(cluster: MultiRegion, region: str, member: MemoryDBCluster) -> None:
    """Make a cluster that has just been made a member, available in a while."""
    belong(cluster, region, member)
    member.status = "creating"
    runtime.clock().after(CREATE_SECONDS, partial(member_ready, member))
    _busy(cluster, "updating")


def belong(cluster: MultiRegion, region: str, member: MemoryDBCluster) -> None:
    """Make a cluster a member without anything being scheduled."""
    setattr(member, BELONGS_TO, cluster.name)
    member.num_shards = cluster.shards
    member.shards = member.get_shard_details()
    member.engine_version, member.engine_patch_version = cluster.version, f"{cluster.version}.0"
    member.tls_enabled = cluster.tls
    cluster.members[region] = member


def member_ready(member: MemoryDBCluster) -> None:
    """The member is available, unless it is going."""
    if member.status != "deleting":
        member.status = AVAILABLE


def leave(cluster: MultiRegion, region: str) -> None:
    """A member is being deleted."""
    _require_available(cluster)
    cluster.members[region].status = "deleting"
    _busy(cluster, "updating")


def left(cluster: MultiRegion, region: str) -> None:
    """It is gone."""
    cluster.members.pop(region, None)
