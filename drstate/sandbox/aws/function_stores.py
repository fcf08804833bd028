"""What a function inside an emulated VPC reaches of databases, caches, searches and file systems.

Only services that are in use are asked: a process that has never loaded one has nothing of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

_NFS = 2049
_PORTS = {"LUSTRE": [988], "OPENZFS": [_NFS], "ONTAP": [_NFS], "WINDOWS": [445]}
_HTTPS = 443
_AVAILABLE = "available"


def names(region: str) -> dict[str, dict[str, Any]]:
    """Name -> ``{"ports": [...]}`` of everything of these kinds in a region."""
    return {host.lower(): {"ports": ports} for host, ports in _hosts(region)}


def _hosts(region: str) -> Iterator[tuple[str, list[int]]]:
    """Host name and open ports; no port is open while the store is being made."""
    for service, found in (
        ("rds", _instances),
        ("elasticache", _caches),
        ("memorydb", _memories),
        ("opensearch", _domains),
        ("efs", _shares),
        ("fsx", _systems),
    ):
        module = sys.modules.get(f"moto.{service}.models")
        if module is None:
            continue
        for _, place, backend in getattr(module, f"{service}_backends").iter_backends():
            if place == region:
                yield from found(backend)


def _instances(backend: Any) -> Iterator[tuple[str, list[int]]]:
    for one in backend.databases.values():
        there = one.status == _AVAILABLE and one.port
        yield one.address, [int(one.port)] if there else []


def _caches(backend: Any) -> Iterator[tuple[str, list[int]]]:
    groups = import_module(f"{__package__}.elasticache_groups")
    for one in backend.replication_groups.values():
        for role in ("clustercfg",) if one.clustered else ("master", "replica"):
            yield (
                groups.endpoint(one, role)["Address"],
                [one.port] if one.status == _AVAILABLE else [],
            )


def _memories(backend: Any) -> Iterator[tuple[str, list[int]]]:
    for one in backend.clusters.values():
        there = one.status == _AVAILABLE
        yield one.cluster_endpoint["Address"], [int(one.cluster_endpoint["Port"])] if there else []


def _domains(backend: Any) -> Iterator[tuple[str, list[int]]]:
    for one in backend.domains.values():
        for host in (one.endpoint, *(one.endpoints or {}).values()):
            if host:
                yield host, [_HTTPS]


def _shares(backend: Any) -> Iterator[tuple[str, list[int]]]:
    mounted = {one.file_system_id for one in backend.mount_targets_by_id.values()}
    for name in backend.file_systems_by_id:
        host = f"{name}.efs.{backend.region_name}.amazonaws.com"
        yield host, [_NFS] if name in mounted else []


def _systems(backend: Any) -> Iterator[tuple[str, list[int]]]:
    for one in backend.file_systems.values():
        there = one.lifecycle == "AVAILABLE"
        yield one.shown()["DNSName"], _PORTS[one.file_system_type] if there else []
    for one in vars(backend).get("storage_virtual_machines", {}).values():
        yield one.shown()["Endpoints"]["Nfs"]["DNSName"], [_NFS]
