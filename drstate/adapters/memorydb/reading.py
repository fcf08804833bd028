"""Reading MemoryDB: clusters and the multi-region cluster over them. Tolerates "not there yet".

A multi-region cluster is read in the region that is acted on: it is told alike in every region.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drstate.adapters.at import At
from drstate.programs.memorydb import CLUSTER_ENDPOINT

AVAILABLE = "available"
SERVICE = "memorydb"


@dataclass(frozen=True)
class MultiRegion:
    """A multi-region cluster, as every region tells it."""

    name: str
    status: str
    node_type: str
    shards: int
    #: region -> (name of the member, its status)
    members: dict[str, tuple[str, str]]


def cluster(at: At, name: str) -> dict[str, Any] | None:
    """The cluster with its shards, or None where there is none."""
    answer = at.find(
        SERVICE,
        "describe_clusters",
        "ClusterNotFoundFault",
        ClusterName=name,
        ShowShardDetails=True,
    )
    found: list[dict[str, Any]] = answer.get("Clusters", [])
    return found[0] if found else None


def multi_region(at: At, name: str) -> MultiRegion | None:
    """The multi-region cluster, or None where there is none."""
    answer = at.find(
        SERVICE,
        "describe_multi_region_clusters",
        "MultiRegionClusterNotFoundFault",
        MultiRegionClusterName=name,
        ShowClusterDetails=True,
    )
    found = answer.get("MultiRegionClusters", [])
    if not found:
        return None
    one = found[0]
    return MultiRegion(
        name=one["MultiRegionClusterName"],
        status=one.get("Status", ""),
        node_type=one.get("NodeType", ""),
        shards=int(one.get("NumberOfShards") or 0),
        members={
            member["Region"]: (member["ClusterName"], member.get("Status", ""))
            for member in one.get("Clusters", [])
        },
    )


def acl(at: At, name: str) -> bool:
    """Whether the region has the access control list."""
    answer = at.find(SERVICE, "describe_acls", "ACLNotFoundFault", ACLName=name)
    return bool(answer.get("ACLs"))


def replicas(found: dict[str, Any]) -> int:
    """Replicas of the shard that has the fewest."""
    shards = found.get("Shards", [])
    return min((max(0, int(one["NumberOfNodes"]) - 1) for one in shards), default=0)


def endpoints(found: dict[str, Any]) -> dict[str, str]:
    """Endpoint name -> host, as far as AWS has made it."""
    host = (found.get("ClusterEndpoint") or {}).get("Address")
    return {CLUSTER_ENDPOINT: str(host)} if host else {}
