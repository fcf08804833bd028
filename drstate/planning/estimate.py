"""Predicted times, in seconds, and what they mean for budgets and recovery time objectives.

The resources of a shard are worked on at once, each one's actions one after another, around the
shard's stack; a stage takes as long as its slowest shard; stages run one after another, or as soon
as those end that they wait for (``model.schedule``). Gates, where people wait, take no time here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from drstate.model.catalog import CatalogEntry
from drstate.model.phases import Phase
from drstate.model.plan import ActionSpec, Stage, When
from drstate.model.schedule import Schedule, schedule

#: what a stack update takes before and after its resources
STACK_SECONDS = 15
#: what the health check of a stage takes when all is well
HEALTH_SECONDS = 5
#: resources that a warning names, of those that it concerns
_NAMED = 3


def shard_seconds(
    actions: Iterable[ActionSpec],
    declare_seconds: Iterable[int],
    *,
    has_stack: bool,
    dependencies: Mapping[str, Sequence[str]] | None = None,
    parallel: int = 10,
) -> int:
    """Actions before, the stack, actions after.

    A resource's actions follow each other, resources that do not depend on each other are worked on
    at once, ``parallel`` of them. The stack's resources are made side by side.
    """
    stack = STACK_SECONDS + max(declare_seconds, default=0) if has_stack else 0
    known = list(actions)
    return stack + sum(
        _together([one for one in known if one.when is when], dependencies or {}, parallel)
        for when in When
    )


def _together(
    actions: Sequence[ActionSpec], dependencies: Mapping[str, Sequence[str]], parallel: int
) -> int:
    chains: dict[str, int] = {}
    work = 0
    batches: dict[str, int] = {}
    for action in actions:
        chains[action.resource] = chains.get(action.resource, 0) + action.estimate_seconds
        if action.batch_key is None:
            work += action.estimate_seconds
        else:
            held = batches.get(action.batch_key, 0)
            batches[action.batch_key] = max(held, action.estimate_seconds)
    ends: dict[str, int] = {}

    def end(resource: str, above: tuple[str, ...] = ()) -> int:
        if resource not in ends:
            before = [
                end(one, (*above, resource))
                for one in dependencies.get(resource, ())
                if one in chains and one not in above and one != resource
            ]
            ends[resource] = chains[resource] + max(before, default=0)
        return ends[resource]

    longest = max((end(resource) for resource in chains), default=0)
    return max(longest, -(-(work + sum(batches.values())) // parallel))


def stage_seconds(shards: Iterable[int]) -> int:
    """The slowest shard, then the health check."""
    return max(shards, default=0) + HEALTH_SECONDS


def budgets(phase: Phase, estimates: Sequence[int]) -> list[int]:
    """The phase's time, shared out to its stages by what each is predicted to take."""
    total = sum(estimates)
    whole = phase.budget_minutes * 60
    if total == 0:
        return [whole for _ in estimates]
    return [max(1, whole * one // total) for one in estimates]


def predicted(stages: Sequence[Stage]) -> Schedule:
    """When each stage begins and ends, if it takes what is predicted."""
    return schedule(stages, {stage.id: float(stage.estimate_seconds) for stage in stages})


def budget_warnings(stages: Sequence[Stage], times: Schedule) -> list[str]:
    """Phases that are predicted to take longer than they may."""
    warnings: list[str] = []
    for phase in dict.fromkeys(stage.phase for stage in stages):
        ids = [stage.id for stage in stages if stage.phase is phase]
        begin = min(times.begins[one] for one in ids)
        predicted = round(max(times.ends[one] for one in ids) - begin)
        if predicted > phase.budget_minutes * 60:
            warnings.append(
                f"{phase} is predicted to take {minutes(predicted)}, its budget is "
                f"{phase.budget_minutes} min"
            )
    return warnings


def rto_warnings(
    stages: Sequence[Stage],
    entries: Mapping[str, CatalogEntry],
    times: Schedule | None = None,
) -> list[str]:
    """Resources that are predicted to serve later than their dr:rto-target.

    The time counts from the plan's start to the end of the resource's stage of ACTIVATE. Those of
    a stage that share a target are one line: what needs a person must not drown in forty others.
    """
    warnings: list[str] = []
    times = times or predicted(stages)
    for stage in stages:
        passed = round(times.ends[stage.id])
        if stage.phase is not Phase.ACTIVATE:
            continue
        late: dict[int, list[str]] = {}
        for key in dict.fromkeys(key for shard in stage.shards for key in shard.resources):
            target = entries[key].resource.tags.rto_minutes
            if target is not None and target * 60 < passed:
                late.setdefault(target, []).append(key)
        for target, keys in sorted(late.items()):
            whose = "its" if len(keys) == 1 else "their"
            warnings.append(
                f"{_named(keys, stage.id)}: predicted to serve after {minutes(passed)}, later than "
                f"{whose} dr:rto-target of {target} min"
            )
    return warnings


def _named(keys: Sequence[str], stage: str) -> str:
    """The keys, as many as a line bears."""
    left = len(keys) - _NAMED
    return ", ".join(keys[:_NAMED]) + (f" and {left} more in {stage}" if left > 0 else "")


def minutes(seconds: int) -> str:
    """A time as people read it."""
    whole, rest = divmod(seconds, 60)
    return f"{whole} min {rest} s" if rest else f"{whole} min"
