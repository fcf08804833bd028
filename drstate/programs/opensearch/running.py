"""What runs of a search domain, and what CLEANUP leaves of it."""

from __future__ import annotations

from drstate.model.cost import Running, Usage
from drstate.programs.levels import Level
from drstate.programs.opensearch.spec import OpenSearchSpec
from drstate.programs.opensearch.values import nodes_at
from drstate.programs.running import At, kept, usage


def runs(spec: OpenSearchSpec, at: At) -> Running:
    """Data, manager and warm nodes, and their volumes; a declared standby may be smaller."""
    level = Level.STANDBY if at.retired and at.declared else Level.PRODUCTION
    nodes = nodes_at(spec, at.policy, level)
    usages = [_nodes(nodes.instance_count, nodes.instance_type)]
    unknown: tuple[str, ...] = ()
    if nodes.manager_count and nodes.manager_type:
        usages.append(_nodes(nodes.manager_count, nodes.manager_type))
    if nodes.warm_count and nodes.warm_type:
        usages.append(_nodes(nodes.warm_count, nodes.warm_type))
        unknown += ("what warm nodes store",)
    if nodes.cold_storage:
        unknown += ("cold storage",)
    volume = spec.volume
    if volume is not None and volume.size_gib:
        kind = volume.type or "gp2"
        what = f"{volume.size_gib} GiB {kind} storage"
        price = f"opensearch-storage/{kind}"
        usages.append(usage(nodes.instance_count, what, price, volume.size_gib))
    return Running(
        usages=tuple(usages),
        unknown=unknown,
        done="made smaller, kept as the secondary" if nodes != spec.nodes else kept(at),
    )


def _nodes(count: int, kind: str) -> Usage:
    return usage(count, kind, f"opensearch/{kind}")
