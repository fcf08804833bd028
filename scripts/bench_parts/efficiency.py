"""Recovery efficiency: the makespan of a run against what no order of the same work can beat.

The bound of a plan is, stage by stage along its critical path, the longest chain of dependent work
or all work shared out evenly to the slots, whichever is more. Estates are mixed by technology, over
five accounts, with dependencies; durations are those of ``durations``, drawn with a fixed seed.
"""

from __future__ import annotations

import gc
import random
import sys
import time

from bench_parts.durations import ACTION, ESTATE, HEALTH, STACK
from bench_parts.measuring import ROOT
from bench_parts.report import hold, title

#: resources, and how many are worked on at once
SIZES = ((10, 10), (100, 20), (1_000, 50), (10_000, 100))
EFFICIENCY_BOUND = 0.95
#: what the machinery costs for a resource may grow this much from 100 to 10,000 resources
FLAT_BOUND = 2.0


def section() -> None:
    """Measure and print."""
    sys.path.insert(0, str(ROOT / "tests" / "planning"))
    gc.set_threshold(50_000, 20, 20)
    title("recovery efficiency on a virtual clock, ACTIVATE, five accounts")
    print(f"  {'resources':>10}{'slots':>7}{'waves':>10}{'bound':>10}{'makespan':>10}"
          f"{'efficiency':>12}{'per resource':>14}{'events':>9}")  # fmt: skip
    costs: dict[int, float] = {}
    for count, slots in SIZES:
        for overlap in (False, True):
            bound, took, seconds, events = measured(count, slots, overlap=overlap)
            ratio = bound / took
            costs[count] = seconds / count
            print(
                f"  {count:>10,}{slots:>7}{'overlap' if overlap else 'in turn':>10}{bound:>8.0f} s"
                f"{took:>8.0f} s{ratio:>12.3f}{1000 * seconds / count:>11.2f} ms{events:>9,}",
                flush=True,
            )
            words = "overlapping" if overlap else "in turn"
            hold(f"efficiency, {count:,} resources, waves {words}", ratio, EFFICIENCY_BOUND,
                 "%", least=True)  # fmt: skip
    hold("machinery per resource: 10,000 over 100", costs[10_000] / costs[100], FLAT_BOUND, "x")


def measured(count: int, slots: int, *, overlap: bool) -> tuple[float, float, float, int]:
    """Bound and makespan in virtual seconds, processor time of the run, events."""
    from bench_parts.virtual import makespan
    from drstate.execution.assembly import order_for

    plan, catalog = planned(count, slots, overlap=overlap)
    order = order_for(plan, catalog)
    gc.collect()
    begun = time.process_time()
    took, events, ended = makespan(plan, catalog, order, slots)
    seconds = time.process_time() - begun
    if ended != "COMPLETED":
        sys.exit(f"the run ended with {ended}")
    return bound_of(plan, order.dependencies, slots), took, seconds, events


def planned(count: int, slots: int, *, overlap: bool):  # noqa: ANN201 - a plan and a catalog
    """A plan of ACTIVATE for a mixed estate."""
    import planning_estate as estate

    from drstate.model.phases import Operation, Phase
    from drstate.model.plan import ActionSpec, Call
    from drstate.model.tags import Priority
    from drstate.planning.compiling import compile_plan
    from drstate.planning.requests import PlanRequest
    from drstate.planning.work import PlannedWork, WorkRequest

    draw = random.Random(count)  # noqa: S311 - a fixed seed is the point
    accounts = [f"2111111111{number:02d}" for number in range(1, 6)]
    names = [name for name, (_, share) in ESTATE.items() for _ in range(round(share * count) or 1)]
    entries, below = [], {wave: [] for wave in range(6)}
    for index, technology in enumerate(names[:count]):
        wave = ESTATE[technology][0]
        account = accounts[index % 5]
        found = list(below[wave - 1])
        needs = tuple(draw.sample(found, min(2, len(found))))
        entry = estate.entry(
            f"{technology}-{index}", technology=technology, account=account, wave=wave,
            needs=needs, priority=draw.choice(list(Priority)),
            declared=(estate.WEST,) if technology != "route53" else (),
        )  # fmt: skip
        below[wave].append(entry.key)
        entries.append(entry)

    class Work(estate.ScriptedWork):
        def work(self, request: WorkRequest) -> PlannedWork:
            key, technology = request.entry.key, request.entry.resource.technology
            when, least, most = ACTION[technology]
            seconds = random.Random(key).randint(least, most)  # noqa: S311 - the same
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
    whole = sum(_work(stage, None) for stage in plan.stages)
    # where waves overlap they share the slots
    return max(schedule(plan.stages, least).seconds, whole / slots)


def _least(stage, dependencies, slots: int) -> float:  # noqa: ANN001
    """Seconds that the stage takes at least, if all slots were its own.

    Its longest shard; all work shared out; and, since what stands after a stack cannot begin
    before the first stack is up, that moment and all such work shared out.
    """
    from drstate.model.plan import When

    before, after = [], []
    for shard in stage.shards:
        seconds = {
            when: {a.resource: a.estimate_seconds for a in shard.actions if a.when is when}
            for when in When
        }
        stack = STACK if shard.stack else 0
        before.append(_chain(seconds[When.BEFORE], dependencies) + stack)
        after.append(_chain(seconds[When.AFTER], dependencies))
    return max(
        *(one + two for one, two in zip(before, after, strict=True)),
        _work(stage, None) / slots,
        min(before) + _work(stage, When.AFTER) / slots,
    )


def _work(stage, when) -> float:  # noqa: ANN001
    """Seconds of slots; what one call does at once takes one slot."""
    total = 0.0
    for shard in stage.shards:
        here = [a for a in shard.actions if when in (None, a.when)]
        total += sum(a.estimate_seconds for a in here if a.batch_key is None)
        total += max((a.estimate_seconds for a in here if a.batch_key is not None), default=0)
        total += STACK if shard.stack and when is None else 0
    return total


def _chain(seconds: dict[str, int], dependencies) -> float:  # noqa: ANN001
    """The longest chain of dependent work among these."""
    ends: dict[str, float] = {}

    def end(key: str) -> float:
        if key not in ends:
            before = [end(one) for one in dependencies.get(key, ()) if one in seconds]
            ends[key] = seconds[key] + max(before, default=0.0)
        return ends[key]

    return max((end(key) for key in seconds), default=0.0)
