"""Recovery efficiency: the makespan of a run against what no order of the same work can beat.

The bound of a plan is, stage by stage along its critical path, the longest chain of dependent work
or what is left to do at some moment, shared out evenly to the slots, whichever is most. It knows of
no priorities, to which a run keeps: with few slots the longest of the least urgent work begins late
and holds the wave up. What that takes is shown by the same estates with one priority for all, and
what ``policies.order: backfill`` gets back of it by a run with that.
Estates are mixed by technology, over five accounts, with dependencies; durations are those of
``durations``. One estate is chance: several are drawn for each size, the same ones every time, and
their median is held to the bound; the least is printed beside it.
"""

from __future__ import annotations

import gc
import random
import sys
import time
from statistics import median
from typing import Any

from bench_parts.durations import ACTION, ESTATE, HEALTH, STACK
from bench_parts.measuring import ROOT
from bench_parts.report import hold, title

#: resources, how many are worked on at once, and how many estates are drawn
SIZES = (
    (10, 10, 9),
    (100, 10, 9),
    (100, 20, 9),
    (1_000, 10, 5),
    (1_000, 50, 5),
    (10_000, 100, 3),
)
EFFICIENCY_BOUND = 0.95
#: the least favourable: four priorities in three rounds of slots. With the order by priority alone
#: it is under the bound, and stands there as it is; see ADR 0069
FEW_SLOTS = (100, 10)
#: how they are run. Overlapping: waves begin as soon as what they wait for has ended
RUNS: dict[str, dict[str, Any]] = {
    "in turn": {},
    "overlapping": {"overlap": True},
    "backfill": {"order": "backfill"},
}
LESS: dict[str, dict[str, Any]] = {"one priority": {"ranked": False}}
#: what the machinery costs for a resource may grow this much from 100 to 10,000 resources
FLAT_BOUND = 2.0


def section() -> None:
    """Measure and print."""
    sys.path.insert(0, str(ROOT / "tests" / "planning"))
    gc.set_threshold(50_000, 20, 20)
    title("recovery efficiency on a virtual clock, ACTIVATE, five accounts; medians of n estates")
    print(f"  {'resources':>10}{'slots':>7}{'n':>3}{'waves':>14}{'bound':>9}{'makespan':>10}"
          f"{'efficiency':>12}{'least':>7}{'per resource':>14}{'events':>9}")  # fmt: skip
    costs: dict[int, float] = {}
    for count, slots, draws in SIZES:
        few = (count, slots) == FEW_SLOTS
        for words, given in (RUNS | LESS if few else RUNS).items():
            found = [measured(count, slots, draw=draw, **given) for draw in range(draws)]
            ratios = [bound / took for bound, took, _, _ in found]
            bound, took, seconds, events = map(median, zip(*found, strict=True))
            costs[count] = seconds / count
            print(
                f"  {count:>10,}{slots:>7}{draws:>3}{words:>14}{bound:>7.0f} s{took:>8.0f} s"
                f"{median(ratios):>12.3f}{min(ratios):>7.3f}{1000 * seconds / count:>11.2f} ms"
                f"{events:>9,.0f}",
                flush=True,
            )
            hold(f"efficiency, {count:,} resources, {slots} slots, {words}", median(ratios),
                 EFFICIENCY_BOUND, "%", least=True)  # fmt: skip
    hold("machinery per resource: 10,000 over 100", costs[10_000] / costs[100], FLAT_BOUND, "x")


def measured(
    count: int,
    slots: int,
    *,
    overlap: bool = False,
    ranked: bool = True,
    order: str = "priority",
    draw: int = 0,
) -> tuple[float, float, float, int]:
    """Bound and makespan in virtual seconds, processor time of the run, events.

    ``ranked``: with all priorities, or one for all. ``order``: as the scope file's policy.
    ``draw``: which of the estates of this size.
    """
    from bench_parts.virtual import makespan
    from drstate.execution.assembly import order_for
    from drstate.model.scope import WaveOrder

    plan, catalog = planned(count, slots, overlap=overlap, ranked=ranked, number=draw)
    found = order_for(plan, catalog, slots, WaveOrder(order))
    gc.collect()
    begun = time.process_time()
    took, events, ended = makespan(plan, catalog, found, slots)
    seconds = time.process_time() - begun
    if ended != "COMPLETED":
        sys.exit(f"the run ended with {ended}")
    return bound_of(plan, found.dependencies, slots), took, seconds, events


def planned(  # noqa: ANN201 - a plan and a catalog
    count: int, slots: int, *, overlap: bool, ranked: bool, number: int
):
    """A plan of ACTIVATE for a mixed estate; the arguments are those of ``measured``."""
    import planning_estate as estate

    from drstate.model.phases import Operation, Phase
    from drstate.model.plan import ActionSpec, Call
    from drstate.model.tags import Priority
    from drstate.planning.compiling import compile_plan
    from drstate.planning.requests import PlanRequest
    from drstate.planning.work import PlannedWork, WorkRequest

    draw = random.Random(f"{count}.{number}")  # noqa: S311 - a fixed seed is the point
    accounts = [f"2111111111{number:02d}" for number in range(1, 6)]
    names = [name for name, (_, share) in ESTATE.items() for _ in range(round(share * count) or 1)]
    entries, below = [], {wave: [] for wave in range(6)}
    for index, technology in enumerate(names[:count]):
        wave = ESTATE[technology][0]
        account = accounts[index % 5]
        found = list(below[wave - 1])
        needs = tuple(draw.sample(found, min(2, len(found))))
        priority = draw.choice(list(Priority))
        entry = estate.entry(
            f"{technology}-{index}", technology=technology, account=account, wave=wave,
            needs=needs, priority=priority if ranked else Priority.HIGH,
            declared=(estate.WEST,) if technology != "route53" else (),
        )  # fmt: skip
        below[wave].append(entry.key)
        entries.append(entry)

    class Work(estate.ScriptedWork):
        def work(self, request: WorkRequest) -> PlannedWork:
            key, technology = request.entry.key, request.entry.resource.technology
            when, least, most = ACTION[technology]
            seconds = random.Random(f"{key}.{number}").randint(least, most)  # noqa: S311 - the same
            made = ActionSpec(
                id=f"{key}#recover", resource=key, technology=technology, title="recover",
                when=when, calls=(Call(service="x", operation="y", region=estate.WEST),),
                estimate_seconds=seconds, deadline_seconds=3600,
                # servers are launched by jobs, many at once
                batch_key="job" if technology == "drs" else None,
            )  # fmt: skip
            return PlannedWork(actions=(made,), declare_seconds=0)

    scope = estate.SCOPE.model_dump(mode="json", by_alias=True)
    for account, name in zip(accounts, "abcde", strict=True):
        if all(row["id"] != account for row in scope["accounts"]):
            scope["accounts"].append(
                {
                    "id": account,
                    "name": name,
                    "role_arn": f"arn:aws:iam::{account}:role/drstate",
                    "external_id": "outside",
                }
            )
    scope["waves"] = {"overlap": overlap}
    scope["policies"] = {"parallel": slots, "approval": "automatic"}
    from drstate.model.scope import Scope

    catalog = estate.catalog(*entries)
    request = PlanRequest(Operation.PHASE, (Phase.ACTIVATE,))
    return compile_plan(request, catalog, Scope.model_validate(scope), Work()), catalog


def bound_of(plan, dependencies, slots: int) -> float:  # noqa: ANN001 - as ``planned`` gives them
    """Seconds that no order of the plan's work can beat, with so many slots."""
    from drstate.model.schedule import schedule

    least = {stage.id: _least(stage, dependencies, slots) + HEALTH for stage in plan.stages}
    whole = sum(_work(stage) for stage in plan.stages)
    # where waves overlap they share the slots
    return max(schedule(plan.stages, least).seconds, whole / slots)


def _least(stage, dependencies, slots: int) -> float:  # noqa: ANN001
    """Seconds that the stage takes at least, if all slots were its own, in whatever order.

    Its longest shard. And, from any moment on, what cannot have been done until then, shared out to
    all slots: until t a piece of work has had at most t seconds, one that stands after a stack at
    most what is left of t once the shard's longest chain before it and the stack are over, and all
    of them together no more than all slots had. So much work is left at t at the least, and takes
    its time after t. (At 0 that is all work shared out.) Priorities are not known here: an order
    that has to keep to them may not reach this.
    """
    from drstate.model.plan import When

    begins, chains = [], []
    for shard in stage.shards:
        seconds = {
            when: {a.resource: a.estimate_seconds for a in shard.actions if a.when is when}
            for when in When
        }
        begins.append(_chain(seconds[When.BEFORE], dependencies))
        stack = STACK if shard.stack else 0
        chains.append(begins[-1] + stack + _chain(seconds[When.AFTER], dependencies))
    pieces = [
        (begin, seconds)
        for shard, before in zip(stage.shards, begins, strict=True)
        for begin, seconds in _pieces(shard, before)
    ]
    work = sum(seconds for _, seconds in pieces)

    def ends(moment: float) -> float:
        done = sum(min(seconds, max(0.0, moment - begin)) for begin, seconds in pieces)
        return moment + (work - min(done, slots * moment)) / slots

    return max(*chains, *map(ends, {0.0, *(begin for begin, _ in pieces)}))


def _pieces(shard, before: float) -> list[tuple[float, float]]:  # noqa: ANN001
    """When each piece of a shard's work can begin at the earliest, and how long it takes a slot."""
    from drstate.model.plan import When

    stack = STACK if shard.stack else 0
    found = [(before, float(stack))] if stack else []
    for when, begin in ((When.BEFORE, 0.0), (When.AFTER, before + stack)):
        here = [a for a in shard.actions if a.when is when]
        found += [(begin, float(a.estimate_seconds)) for a in here if a.batch_key is None]
        together = [float(a.estimate_seconds) for a in here if a.batch_key is not None]
        found += [(begin, max(together))] if together else []
    return found


def _work(stage) -> float:  # noqa: ANN001
    """Seconds of slots; what one call does at once takes one slot."""
    return sum(seconds for shard in stage.shards for _, seconds in _pieces(shard, 0.0))


def _chain(seconds: dict[str, int], dependencies) -> float:  # noqa: ANN001
    """The longest chain of dependent work among these."""
    ends: dict[str, float] = {}

    def end(key: str) -> float:
        if key not in ends:
            before = [end(one) for one in dependencies.get(key, ()) if one in seconds]
            ends[key] = seconds[key] + max(before, default=0.0)
        return ends[key]

    return max((end(key) for key in seconds), default=0.0)
