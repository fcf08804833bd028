"""Clusters of MemoryDB as they were asked for: moto forgets engine, version and no replicas.

Slots are divided over the shards, zones given in turn: nothing is drawn by lot.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from moto.memorydb.models import MemoryDBBackend, MemoryDBCluster

from . import runtime
from .modelled import Refusal

CHANGE_SECONDS = 10.0
SLOTS = 16384
AVAILABLE = "available"
_VERSIONS = {"redis": ("6.2", "7.0", "7.1"), "valkey": ("7.2", "7.3")}
_ENGINE, _ADDRESSES = "_drstate_engine", "_drstate_addresses"
#: which kinds of addresses a cluster has: as asked for
ADDRESSES = ("IpDiscovery", "NetworkType")


def engine(cluster: MemoryDBCluster) -> str:
    """What it runs."""
    found: str = getattr(cluster, _ENGINE, "redis")
    return found


def addresses(cluster: MemoryDBCluster) -> dict[str, str]:
    """The kinds of addresses that it was asked to have; empty where nobody said."""
    found: dict[str, str] = getattr(cluster, _ADDRESSES, {})
    return found


def accept(params: Any) -> tuple[str, str]:
    """Engine and version that a new cluster is to have, or the refusal."""
    name = str(params.get("Engine") or "redis").lower()
    known = _VERSIONS.get(name)
    if known is None:
        raise _value(f"Engine {name} is not supported; use redis or valkey.")
    version = str(params.get("EngineVersion") or known[-1])
    if not any(version == one or version.startswith(f"{one}.") for one in known):
        raise _value(f"Engine version {version} of {name} is not supported; use {known[-1]}.")
    return name, ".".join(version.split(".")[:2])


def shape(cluster: MemoryDBCluster, params: Any, name: str, version: str) -> None:
    """Give a new cluster what it was asked for."""
    setattr(cluster, _ENGINE, name)
    cluster.engine_version, cluster.engine_patch_version = version, f"{version}.0"
    if not params.get("ParameterGroupName"):
        cluster.parameter_group_name = f"default.memorydb-{name}{version.partition('.')[0]}"
    if params.get("NumReplicasPerShard") is not None:
        cluster.num_replicas_per_shard = int(params["NumReplicasPerShard"])
    addresses = {name: params[name] for name in ADDRESSES if params.get(name)}
    setattr(cluster, _ADDRESSES, addresses)
    cluster.availability_mode = "multiaz" if cluster.num_replicas_per_shard else "singleaz"
    cluster.shards = cluster.get_shard_details()


def changed(cluster: MemoryDBCluster, params: Any) -> None:
    """What moto's update leaves undone, and the time that it takes."""
    if params.get("SecurityGroupIds") is not None:
        cluster.security_groups = [
            {"SecurityGroupId": one, "Status": "active"} for one in params["SecurityGroupIds"]
        ]
    cluster.availability_mode = "multiaz" if cluster.num_replicas_per_shard else "singleaz"
    cluster.status = "updating"
    runtime.clock().after(CHANGE_SECONDS, partial(_settle, cluster))


def require_available(cluster: MemoryDBCluster) -> None:
    """Refuse to change or to snapshot what is busy."""
    if cluster.status != AVAILABLE:
        raise Refusal(
            "InvalidClusterStateFault",
            f"Cluster {cluster.cluster_name} has status {cluster.status}, which is not valid for "
            "this operation.",
        )


def find(backend: MemoryDBBackend, name: str) -> MemoryDBCluster:
    """A cluster by name, or the refusal that there is none."""
    found: MemoryDBCluster | None = backend.clusters.get(name)
    if found is None:
        raise Refusal("ClusterNotFoundFault", f"Cluster {name} not found.")
    return found


def shards(cluster: MemoryDBCluster) -> list[dict[str, Any]]:
    """The shards with their nodes."""
    width, now = SLOTS // cluster.num_shards, runtime.clock().now()
    return [
        _shard(cluster, number, width, now, last=number == cluster.num_shards)
        for number in range(1, cluster.num_shards + 1)
    ]


def _shard(
    cluster: MemoryDBCluster, number: int, width: int, now: Any, *, last: bool
) -> dict[str, Any]:
    name, count = f"{number:04d}", cluster.num_replicas_per_shard + 1
    end = SLOTS - 1 if last else number * width - 1
    tail = f"{cluster.cluster_name}.sandbx.memorydb.{cluster.region}.amazonaws.com"
    nodes = [f"{cluster.cluster_name}-{name}-{node:03d}" for node in range(1, count + 1)]
    return {
        "Name": name,
        "Status": AVAILABLE,
        "Slots": f"{(number - 1) * width}-{end}",
        "NumberOfNodes": count,
        "Nodes": [
            {
                "Name": node,
                "Status": AVAILABLE,
                "AvailabilityZone": f"{cluster.region}{'abc'[place % 3]}",
                "CreateTime": now,
                "Endpoint": {"Address": f"{node}.{tail}", "Port": cluster.port},
            }
            for place, node in enumerate(nodes)
        ],
    }


def _settle(cluster: MemoryDBCluster) -> None:
    if cluster.status != "deleting":
        cluster.status = AVAILABLE


def _value(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message)
