"""Who goes first inside a wave: urgent shards; inside a shard, what is depended on.

Of equally urgent ones the longest begins first, or the order that ``lookahead`` finds better.

Worked out once per run from the plan and the catalog; pure. Shards of a wave do not wait for each
other: that is what waves are for. In an emergency they do: the shards with the most urgent resource
end before the next ones begin, and so do the resources inside a shard.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from typing import Protocol, TypeVar

from drstate.execution.lookahead import turns
from drstate.execution.onpaper import wave_of
from drstate.execution.slots import Turn
from drstate.model.catalog import Catalog
from drstate.model.plan import Plan
from drstate.model.schedule import alone
from drstate.model.scope import WaveOrder

_LAST = 99


class Placed(Protocol):
    """Something that is to be done for a shard of a stage."""

    @property
    def stage(self) -> str:
        """The stage's id."""

    @property
    def shard(self) -> str:
        """The shard's id, as text."""


C = TypeVar("C", bound=Placed)


@dataclass(frozen=True)
class Order:
    """Priorities and dependencies of a plan's shards."""

    #: key -> keys that it depends on; without cycles
    dependencies: Mapping[str, Collection[str]]
    #: keys whose failure makes a wave unhealthy
    essential: frozenset[str]
    #: (stage, shard) -> rank of its most urgent resource
    ranks: Mapping[tuple[str, str], int] = field(default_factory=dict)
    #: key -> rank of the resource
    urgency: Mapping[str, int] = field(default_factory=dict)
    #: key -> seconds that its longest work in the plan is predicted to take; of equally urgent
    #: resources the longest begins first, so that the end of a wave does not wait for it alone
    seconds: Mapping[str, int] = field(default_factory=dict)
    #: stage -> key -> where it stands instead, where ``lookahead`` found a better order than that
    better: Mapping[str, Mapping[str, Turn]] = field(default_factory=dict)
    #: the stage whose better order holds here; see ``at``
    stage: str = ""
    #: an emergency: what is less urgent waits until the more urgent has ended
    barrier: bool = False

    def admit(self, waiting: Sequence[C], *, busy: bool) -> tuple[list[C], list[C]]:
        """Those that may begin now, the most urgent first, and those that go on waiting.

        ``busy``: shards admitted earlier are still at work.
        """
        ordered = sorted(waiting, key=lambda one: self.rank(one.stage, one.shard))
        if not self.barrier or not ordered:
            return ordered, []
        if busy:
            return [], ordered
        first = self.rank(ordered[0].stage, ordered[0].shard)
        now = [one for one in ordered if self.rank(one.stage, one.shard) == first]
        return now, ordered[len(now) :]

    def rank(self, stage: str, shard: str) -> int:
        """0 is admitted first."""
        return self.ranks.get((stage, shard), _LAST)

    def levels(self, keys: tuple[str, ...]) -> list[list[str]]:
        """The keys in levels: those of a level depend on earlier levels only; order is kept.

        Behind a barrier the more urgent come first, with all that they depend on.
        """
        if not self.barrier:
            return self._levels(keys)
        urgency = self._urgency_with_dependents(keys)
        return [
            level
            for rank in sorted(set(urgency.values()))
            for level in self._levels(tuple(key for key in keys if urgency[key] == rank))
        ]

    def _levels(self, keys: tuple[str, ...]) -> list[list[str]]:
        sorter = self._sorter(keys)
        sorter.prepare()
        levels: list[list[str]] = []
        while sorter.is_active():
            ready = set(sorter.get_ready())
            levels.append(sorted((key for key in keys if key in ready), key=self.turn))
            sorter.done(*ready)
        return levels

    def at(self, stage: str) -> Order:
        """The same, with the turns of this stage: a resource has work in several."""
        return replace(self, stage=stage)

    def turn(self, key: str) -> Turn:
        """Where it stands among those that may begin; equals keep the plan's order."""
        found = self.better.get(self.stage, {}).get(key)
        return found or (self.urgency.get(key, _LAST), -self.seconds.get(key, 0))

    def _urgency_with_dependents(self, keys: tuple[str, ...]) -> dict[str, int]:
        """What something urgent depends on is as urgent."""
        urgency = {key: self.urgency.get(key, _LAST) for key in keys}
        for key in reversed(tuple(self._sorter(keys).static_order())):
            for needed in self.dependencies.get(key, ()):
                if needed in urgency:
                    urgency[needed] = min(urgency[needed], urgency[key])
        return urgency

    def _sorter(self, keys: tuple[str, ...]) -> TopologicalSorter[str]:
        inside = set(keys)
        return TopologicalSorter(
            {key: sorted(inside & set(self.dependencies.get(key, ()))) for key in keys}
        )


def order_of(
    plan: Plan,
    catalog: Catalog,
    dependencies: Mapping[str, Collection[str]],
    essential: frozenset[str],
    slots: int | None = None,
    wanted: WaveOrder = WaveOrder.PRIORITY,
) -> Order:
    """The order for a plan. ``slots``: how many resources are worked on at once, where known."""
    rank_of = {entry.key: entry.resource.tags.priority.rank for entry in catalog.entries}
    ranks = {
        (stage.id, str(shard.id)): min(
            (rank_of.get(key, _LAST) for key in shard.resources), default=_LAST
        )
        for stage in plan.stages
        for shard in stage.shards
    }
    order = Order(
        dependencies=dependencies,
        essential=essential,
        ranks=ranks,
        urgency=rank_of,
        seconds=_seconds(plan),
        barrier=plan.emergency,
    )
    if slots is None or order.barrier:
        return order  # behind a barrier only equals wait for each other: the longest first
    return replace(order, better=_better(plan, order, slots, wanted))


def _better(plan: Plan, order: Order, slots: int, wanted: WaveOrder) -> dict[str, dict[str, Turn]]:
    found = {}
    undisturbed = alone(plan.stages)
    for stage in plan.stages:
        if sum(len(shard.actions) for shard in stage.shards) <= slots:
            continue  # nobody waits
        wave = wave_of(stage, order.levels, lambda key: order.urgency.get(key, _LAST), order.rank)
        # what is let in early could hold up a more urgent one of a wave beside this one
        free = wanted if stage.id in undisturbed else WaveOrder.PRIORITY
        found[stage.id] = turns(wave, slots, free)
    return found


def _seconds(plan: Plan) -> dict[str, int]:
    found: dict[str, int] = {}
    for stage in plan.stages:
        for shard in stage.shards:
            chains: dict[str, int] = {}
            for spec in shard.actions:
                chains[spec.resource] = chains.get(spec.resource, 0) + spec.estimate_seconds
            for key, whole in chains.items():
                found[key] = max(found.get(key, 0), whole)
    return found
