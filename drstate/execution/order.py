"""Who goes first inside a wave: urgent shards; inside a shard, what is depended on.

Worked out once per run from the plan and the catalog; pure. Shards of a wave do not wait for each
other: that is what waves are for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

from drstate.model.catalog import Catalog
from drstate.model.plan import Plan

_LAST = 99


@dataclass(frozen=True)
class Order:
    """Priorities and dependencies of a plan's shards."""

    #: key -> keys that it depends on; without cycles
    dependencies: Mapping[str, Collection[str]]
    #: keys whose failure makes a wave unhealthy
    essential: frozenset[str]
    #: (stage, shard) -> rank of its most urgent resource
    ranks: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def rank(self, stage: str, shard: str) -> int:
        """0 is admitted first."""
        return self.ranks.get((stage, shard), _LAST)

    def levels(self, keys: tuple[str, ...]) -> list[list[str]]:
        """The keys in levels: those of a level depend on earlier levels only; order is kept."""
        inside = set(keys)
        sorter = TopologicalSorter(
            {key: sorted(inside & set(self.dependencies.get(key, ()))) for key in keys}
        )
        sorter.prepare()
        levels: list[list[str]] = []
        while sorter.is_active():
            ready = set(sorter.get_ready())
            levels.append([key for key in keys if key in ready])
            sorter.done(*ready)
        return levels


def order_of(
    plan: Plan,
    catalog: Catalog,
    dependencies: Mapping[str, Collection[str]],
    essential: frozenset[str],
) -> Order:
    """The order for a plan."""
    rank_of = {entry.key: entry.resource.tags.priority.rank for entry in catalog.entries}
    ranks = {
        (stage.id, str(shard.id)): min(
            (rank_of.get(key, _LAST) for key in shard.resources), default=_LAST
        )
        for stage in plan.stages
        for shard in stage.shards
    }
    return Order(dependencies=dependencies, essential=essential, ranks=ranks)
