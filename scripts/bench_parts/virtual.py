"""The real runner, reducer, recorder and order of admission on a virtual clock; workers simulated.

No thread and no waiting: a shard is a generator that says what takes how long, and the clock jumps
from one end to the next. What is measured is how well the work is put in order, and what the
machinery itself costs, not AWS.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

from bench_parts.durations import HEALTH, STACK
from drstate.execution import commands as c
from drstate.execution.order import Order
from drstate.execution.progress import checked_resources
from drstate.execution.recorder import Recorder
from drstate.execution.runner import Runner
from drstate.execution.slots import FIRST, Turn
from drstate.execution.workbench import Stop
from drstate.model import events as e
from drstate.model.catalog import Catalog
from drstate.model.events import Event
from drstate.model.health import ResourceStatus
from drstate.model.phases import Operation
from drstate.model.plan import ActionSpec, Plan, ShardPlan, Stage, When

_BEGUN = datetime(2026, 3, 1, tzinfo=UTC)
#: what a worker asks for: ("slot", seconds) takes one of the slots that long, ("time", seconds)
#: takes none
Step = tuple[str, float]


class VirtualTime:
    """A clock and the work that hangs on it."""

    def __init__(self, slots: int) -> None:
        self._now = 0.0
        self._free = slots
        self._queue: list[tuple[Turn, int, float, Any]] = []
        self._ends: list[tuple[float, int, bool, Any]] = []
        self._count = itertools.count()

    def now(self) -> datetime:
        """The virtual time of day."""
        return _BEGUN + timedelta(seconds=self._now)

    def monotonic(self) -> float:
        """Seconds since the begin."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._now += max(0.0, seconds)

    def take(self, kind: str, seconds: float, then: Any, turn: Turn = FIRST) -> None:
        """Call ``then`` once a piece of work that takes so long has ended."""
        if kind == "slot" and self._free == 0:
            heapq.heappush(self._queue, (turn, next(self._count), seconds, then))
            return
        self._free -= kind == "slot"
        self._push(seconds, kind == "slot", then)

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Slots are handed out when all that is asked for inside the block is known."""
        held, self._free = self._free, 0
        yield
        self._free = held
        while self._free and self._queue:
            self._free -= 1
            _, _, seconds, waiting = heapq.heappop(self._queue)
            self._push(seconds, True, waiting)

    def _push(self, seconds: float, slot: bool, then: Any) -> None:
        heapq.heappush(self._ends, (self._now + seconds, next(self._count), slot, then))

    def step(self) -> None:
        """To the next end."""
        self._now, _, slot, then = heapq.heappop(self._ends)
        if slot and self._queue:
            _, _, seconds, waiting = heapq.heappop(self._queue)
            self._push(seconds, True, waiting)
        else:
            self._free += slot
        then()


class Story:
    """A journal that keeps nothing: what is folded is all that is needed."""

    def __init__(self, clock: VirtualTime) -> None:
        self._clock = clock
        self.count = 0

    def append(self, execution: str, payload: Any, _fence: int) -> Event:
        """The event, as a journal would number it."""
        self.count += 1
        return Event(execution=execution, seq=self.count, at=self._clock.now(), payload=payload)


class Keeper:
    """The catalog, kept in memory."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def update(self, change: Any) -> Catalog:
        """Apply the change."""
        self.catalog = change(self.catalog)
        return self.catalog


class Unlimited:
    """No budget: large estates take longer than a phase may, and are measured all the same."""

    def phase(self, _stage: Stage) -> None:
        """Always in time."""
        return

    def stage(self, _stage: Stage) -> None:
        """Always in time."""
        return


class VirtualRunner(Runner):
    """The runner with workers that only say how long they would take."""

    def __init__(self, bench: Any, queue: Any, order: Order, time: VirtualTime) -> None:
        nothing: Any = None
        interrupts: Any = nullcontext()
        interrupts.asked = False
        super().__init__(
            bench, queue, order,
            gates=nothing, mend=nothing, move=nothing, admission=nothing, cost=nothing,
            ending=nothing, interrupts=interrupts,
        )  # fmt: skip
        self._time = time
        self._order_of = order
        unlimited: Any = Unlimited()
        self._budgets = unlimited
        self._tokens = itertools.count()

    @property
    def threads(self) -> int:
        """How many of a shard's resources are asked for at once."""
        return self._bench.parallel

    def begun(self, token: Any) -> None:
        """Something is at work."""
        self._running.add(token)

    def over(self, token: Any) -> None:
        """It is at work no more."""
        self._running.discard(token)

    def say(self, payload: Any) -> None:
        """Record an event."""
        self._recorder.append(payload)

    def _admit(self, pool: ThreadPoolExecutor) -> None:  # noqa: ARG002 - nothing is pooled here
        now, self._waiting = self._order.admit(self._waiting, busy=bool(self._running))
        with self._time.gathering():
            for command in now:
                stage = self._stage(command.stage)
                shard = next(row for row in stage.shards if str(row.id) == command.shard)
                _Worker(self, self._time, stage, shard, self._order_of)

    def _check_health(self, stage: Stage) -> None:
        token: Any = next(self._tokens)
        self._running.add(token)

        def over() -> None:
            self._running.discard(token)
            known = self._recorder.state.health
            for key in checked_resources(stage):
                if (stage.id, key) not in known:
                    self._recorder.append(
                        e.HealthChecked(
                            stage=stage.id, resource=key, status=ResourceStatus.HEALTHY,
                            detail="simulated", duration_seconds=HEALTH,
                        )
                    )  # fmt: skip

        self._time.take("time", HEALTH, over)

    def _await_shard(self) -> None:
        while self._running and self._queue.empty():
            self._time.step()


class _Worker:
    """What ``ShardStep`` does, in its order, without doing it."""

    def __init__(
        self, runner: VirtualRunner, time: VirtualTime, stage: Stage, shard: ShardPlan, order: Order
    ) -> None:
        self._runner, self._time, self._stage, self._shard = runner, time, stage, shard
        self._order = order.at(stage.id)
        self._left = 0
        self._more: deque[tuple[list[ActionSpec], dict[str, str]]] = deque()
        self._token: Any = self
        runner.begun(self._token)
        self._steps = self._all()
        self._advance()

    def _say(self, payload: Any) -> None:
        self._runner.say(payload)

    def _advance(self) -> None:
        next(self._steps, None)

    def _all(self) -> Iterator[None]:
        where = {"stage": self._stage.id, "shard": str(self._shard.id)}
        self._say(e.ShardStarted(**where))
        yield from self._actions(When.BEFORE, where)
        if self._shard.stack is not None:
            self._say(e.StackStarted(**where, stack=self._shard.stack))
            self._time.take("slot", STACK, self._advance)
            yield
            self._say(
                e.StackFinished(
                    **where, stack=self._shard.stack, ok=True, ops=(), counts={}, duration_seconds=1
                )
            )
        yield from self._actions(When.AFTER, where)
        self._runner.over(self._token)
        self._say(e.ShardFinished(**where, ok=True, duration_seconds=1))

    def _actions(self, when: When, where: dict[str, str]) -> Iterator[None]:
        here = {spec.resource: spec for spec in self._shard.actions if spec.when is when}
        for level in self._order.levels(tuple(here)):
            batched = [here[key] for key in level if here[key].batch_key is not None]
            alone = [[here[key]] for key in level if here[key].batch_key is None]
            pieces = ([batched] if batched else []) + alone
            self._left = len(pieces)
            # a shard asks with so many threads, and one for each batch
            threads = self._runner.threads + bool(batched)
            self._more = deque((piece, where) for piece in pieces[threads:])
            for piece in pieces[:threads]:
                self._act(piece, where)
            yield

    def _act(self, piece: list[ActionSpec], where: dict[str, str]) -> None:
        """One action, or those that one call does at once."""
        told = [{**where, "action": spec.id, "resource": spec.resource} for spec in piece]
        for spec, what in zip(piece, told, strict=True):
            self._say(e.ActionIntended(**what, title=spec.title))

        def over() -> None:
            for what in told:
                self._say(e.ActionFinished(**what, already_done=False, duration_seconds=1))
            self._left -= 1
            if self._more:
                self._act(*self._more.popleft())
            if not self._left:
                self._advance()

        turn = min(self._order.turn(spec.resource) for spec in piece)
        seconds = float(max(spec.estimate_seconds for spec in piece))
        self._time.take("slot", seconds, over, turn)


def makespan(plan: Plan, catalog: Catalog, order: Order, slots: int) -> tuple[float, int, str]:
    """Seconds of virtual time that a run of the plan takes, its events, and how it ended."""
    time = VirtualTime(slots)
    queue: SimpleQueue[c.Command] = SimpleQueue()
    story = Story(time)
    journal: Any = story
    recorder = Recorder(journal, "virtual", 1, time, queue)
    bench: Any = SimpleNamespace(
        plan=plan, recorder=recorder, clock=time, parallel=slots, stop=Stop(),
        catalog=Keeper(catalog),
    )  # fmt: skip
    recorder.append(
        e.ExecutionCreated(
            scope=plan.scope, operation=Operation.PHASE, phases=plan.phases, plan=plan,
            plan_digest="", operator="bench", engine="none", drstate_version="0", sandbox=True,
        )
    )  # fmt: skip
    VirtualRunner(bench, queue, order, time).run(
        e.RunnerAttached(runner="r", host="h", pid=1, fence=1, resumed=False)
    )
    return time.monotonic(), story.count, str(recorder.state.status)
