"""Actions with one batch key are run by one call, and each is looked at and ended on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from drstate.adapters.actions import Action, Batched, Observation, RunContext, Told
from drstate.errors import OperationError
from drstate.execution.progress import RunState
from drstate.execution.shardstep import ShardStep
from drstate.execution.slots import Slots
from drstate.execution.states import StepState
from drstate.execution.workbench import SerialLocks, Stop, StoppedError, Workbench
from drstate.model import events as e
from drstate.model.phases import Operation, Phase
from drstate.model.plan import ActionSpec, ShardPlan
from drstate.planning.compiling import compile_plan
from drstate.planning.estimate import shard_seconds
from drstate.planning.requests import PlanRequest
from tests.aws.clocks import FakeClock
from tests.planning.planning_estate import SCOPE, ScriptedWork, action, catalog, entry

NAMES = ("a", "b", "c", "d")
ENTRIES = {one.key: one for one in (entry(f"shop/{name}", technology="ecs") for name in NAMES)}
KEYS = dict(zip(NAMES, ENTRIES, strict=True))


class Scripted(Action):
    """Does what the test says, and notes when."""

    def __init__(self, bench: Bench, spec: ActionSpec) -> None:
        self.bench, self.spec = bench, spec

    def observe(self, aws: Any) -> Observation:
        found = self.bench.seen.get(self.spec.id, Observation(False))
        if isinstance(found, Exception):
            raise found
        return found

    def run(self, aws: Any, run: RunContext) -> dict[str, Any]:
        self.bench.order.append(self.spec.id)
        return {}

    def run_batch(self, batch: Sequence[Batched], aws: Any, told: Told) -> None:
        self.bench.order.append(sorted(one.action.spec.id for one in batch))
        for one in batch:
            outcome = self.bench.ends.get(one.action.spec.id, {"did": one.action.spec.id})
            if isinstance(outcome, BaseException):
                if isinstance(outcome, OperationError):
                    told(one.action, outcome)
                    continue
                raise outcome
            if outcome is not None:
                told(one.action, outcome)


class Bench:
    """A shard of four resources with three actions each, the middle one in a batch."""

    def __init__(self) -> None:
        self.order: list[Any] = []
        self.seen: dict[str, Any] = {}
        self.ends: dict[str, Any] = {}
        self.told: list[Any] = []
        self.stop = Stop()
        plan = compile_plan(
            PlanRequest(operation=Operation.PHASE, phases=(Phase.ACTIVATE,)),
            catalog(*ENTRIES.values()),
            SCOPE,
            ScriptedWork(),
        )
        self.stage = plan.stages[0]
        self.actions = {
            spec.id: Scripted(self, spec)
            for one in ENTRIES.values()
            for spec in (
                action(one, "before", self.stage.region),
                action(one, "launch", self.stage.region).model_copy(update={"batch_key": "jobs"}),
                action(one, "after", self.stage.region),
            )
        }
        self.shard = ShardPlan(
            id=self.stage.shards[0].id,
            stack=None,
            site_state=self.stage.shards[0].site_state,
            resources=tuple(ENTRIES),
            declared=(),
            actions=tuple(one.spec for one in self.actions.values()),
            estimate_seconds=1,
        )
        self.bench = SimpleNamespace(
            plan=plan,
            clock=FakeClock(),
            stop=self.stop,
            serial=SerialLocks(),
            parallel=2,
            slots=Slots(2),
            bindings=lambda _: (),
            entry=lambda key: ENTRIES[key],
            adapter=lambda _: SimpleNamespace(action=lambda *rest: self.actions[rest[-1]]),
            aws_for=lambda *_: None,
            site=lambda *_: None,
            recorder=SimpleNamespace(
                state=RunState(plan=plan),
                append=self.told.append,
                seconds_since=lambda _: 0.0,
                fold=SimpleNamespace(changed_by_stack=lambda *_: False),
            ),
        )

    def run(self) -> Mapping[str, list[str]]:
        step = ShardStep(
            cast("Workbench", self.bench),
            self.stage,
            self.shard,
            levels=lambda keys: [list(keys)] if keys else [],
        )
        step.run()
        return {
            kind.__name__: [one.action for one in self.told if isinstance(one, kind)]
            for kind in (e.ActionIntended, e.ActionFinished, e.ActionFailed)
        }


def named(name: str, *letters: str) -> list[str]:
    return [f"{KEYS[letter]}#{name}" for letter in letters]


def test_what_has_one_key_is_run_by_one_call_between_what_has_none() -> None:
    bench = Bench()
    told = bench.run()
    assert sorted(bench.order[:4]) == named("before", *NAMES)
    assert bench.order[4] == named("launch", *NAMES)
    assert sorted(bench.order[5:]) == named("after", *NAMES)
    assert len(told["ActionFinished"]) == 12
    assert told["ActionFailed"] == []


def test_what_is_done_is_left_out_and_what_fails_stops_nobody_else() -> None:
    bench = Bench()
    done, blocked = named("launch", "a", "b")
    (failed,) = named("launch", "c")
    bench.seen = {done: Observation(True), blocked: Observation(False, {}, "in the way", "mend it")}
    bench.ends = {failed: OperationError("it failed", why="so", hint="try")}
    told = bench.run()
    assert named("launch", "c", "d") in bench.order
    assert told["ActionFailed"] == [blocked, failed]
    after = [one for one in bench.order if isinstance(one, str) and one.endswith("#after")]
    assert sorted(after) == named("after", "a", "d")
    shard = bench.told[-1]
    assert (shard.ok, shard.failed) == (False, tuple(sorted((KEYS["b"], KEYS["c"]))))


@pytest.mark.parametrize("end", [None, OSError("the line is cut")])
def test_what_is_not_told_has_failed(end: Exception | None) -> None:
    bench = Bench()
    (last,) = named("launch", "d")
    bench.ends = {last: end}
    told = bench.run()
    assert told["ActionFailed"] == [last]
    assert set(named("launch", "a", "b", "c")) <= set(told["ActionFinished"])


def test_a_stop_ends_the_batch_without_calling_anything_failed() -> None:
    bench = Bench()
    (first,) = named("launch", "a")
    bench.ends = {first: StoppedError("enough")}
    with pytest.raises(StoppedError):
        bench.run()
    assert [one for one in bench.told if isinstance(one, e.ActionFailed)] == []


def test_a_batch_is_predicted_to_take_as_long_as_its_longest() -> None:
    specs = [one.spec for one in Bench().actions.values()]
    batched = [spec for spec in specs if spec.batch_key is not None]
    alone = [spec for spec in specs if spec.batch_key is None]
    longest = batched[0].model_copy(update={"estimate_seconds": 500})
    seconds = shard_seconds([*alone, longest, *batched[1:]], (), has_stack=False)
    # resources are worked on at once: what counts is the one whose actions take longest
    own = [spec for spec in alone if spec.resource == longest.resource]
    assert seconds == 500 + sum(spec.estimate_seconds for spec in own)


def test_after_a_crash_what_is_found_done_is_not_asked_for_again() -> None:
    bench = Bench()
    done, again = named("launch", "a", "b")
    bench.seen = {done: Observation(True)}
    unknown = SimpleNamespace(
        actions={done: StepState.UNKNOWN, again: StepState.UNKNOWN},
        observed={again: {"first": "seen"}},
        state=StepState.RUNNING,
    )
    bench.bench.recorder.state = SimpleNamespace(shard=lambda *_: unknown, consents=frozenset())
    bench.run()
    assert named("launch", "b", "c", "d") in bench.order
    told = {one.step for one in bench.told if isinstance(one, e.StepUnknown)}
    assert told == {done, again}
    finished = {one.action: one for one in bench.told if isinstance(one, e.ActionFinished)}
    # it was this run that did it
    assert not finished[done].already_done
