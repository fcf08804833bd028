"""The recorder: the one way in which a running execution says something.

An event is first made durable, then reduced, then shown. Appends are serialised, so that the
journal, the reducer's state and the status fold always tell the same story in the same order,
whichever thread speaks. Commands that fall due go to the runner's queue.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from datetime import datetime
from queue import SimpleQueue

from drstate.aws.clock import Clock
from drstate.errors import LeaseLostError
from drstate.execution.commands import Command
from drstate.execution.progress import RunState
from drstate.execution.reducer import reduce
from drstate.journal.port import Journal
from drstate.model import events as e
from drstate.model.events import Event, Payload
from drstate.model.notify import Kind, Severity
from drstate.model.words import span
from drstate.report.status import StatusFold
from drstate.report.view import ExecutionView

#: (stage, shard) that the current thread works for, so that a retried call can be told where
WHERE: contextvars.ContextVar[tuple[str, str]] = contextvars.ContextVar("where", default=("", ""))

OnEvent = Callable[[Event], None]
#: what the time of day may be off between two events without a word
JUMP_SECONDS = 60.0


class Recorder:
    """Appends events of one execution under one lease. Safe from any thread."""

    def __init__(
        self,
        journal: Journal,
        execution: str,
        fence: int,
        clock: Clock,
        queue: SimpleQueue[Command],
        on_event: OnEvent | None = None,
    ) -> None:
        self.execution = execution
        self._journal = journal
        self._fence = fence
        self._clock = clock
        self._queue = queue
        self._on_event = on_event
        self._lock = threading.RLock()
        self._state = RunState()
        self._fold = StatusFold()
        self._begun: dict[str, datetime] = {}
        #: number of the last event taken in
        self._seq = 0
        #: the time of day, and the monotonic time, when the last event was recorded here
        self._looked_at: tuple[datetime, float] | None = None

    @property
    def state(self) -> RunState:
        """How far the execution has come."""
        return self._state

    def load(self) -> None:
        """Take in what the journal holds already. Commands of the past are not given again."""
        for event in self._journal.events(self.execution):
            self._take(event)

    def append(self, payload: Payload) -> Event:
        """Make the event durable, then act on it. Raises JournalError where the lease is lost."""
        with self._lock:
            self._tell_jump()
            event = self._journal.append(self.execution, payload, self._fence)
            if event.seq > self._seq + 1:
                # people speak from other processes: what they said came before this
                self._hear(until=event.seq)
            self._tell(event)
            return event

    def _tell_jump(self) -> None:
        """Warn where the time of day has jumped: events are told by it, budgets are not."""
        now, passed = self._clock.now(), self._clock.monotonic()
        last, self._looked_at = self._looked_at, (now, passed)
        if last is None:
            return
        jump = (now - last[0]).total_seconds() - (passed - last[1])
        if abs(jump) < JUMP_SECONDS:
            return
        way = "forward" if jump > 0 else "back"
        self.warn(
            f"the time of day of this machine jumped {way} by {span(abs(jump))}: durations and "
            "recovery times that span it are off by as much",
            "it was set, or the machine slept; steps' own durations, budgets and deadlines are not "
            "measured by it",
        )

    def catch_up(self) -> None:
        """Take in what other processes have said since (a decision, a request).

        Raises LeaseLostError where another runner goes on with the execution: what it says is not
        this one's to act on, nor its success this one's.
        """
        with self._lock:
            self._hear()

    def _hear(self, until: int | None = None) -> None:
        for event in self._journal.events(self.execution, self._seq):
            if until is not None and event.seq >= until:
                return
            self._require_ours(event.payload)
            self._tell(event)

    def _require_ours(self, payload: Payload) -> None:
        if isinstance(payload, e.RunnerAttached) and payload.fence > self._fence:
            raise LeaseLostError(
                f"the lease of execution {self.execution} is lost; nothing was written",
                why=f"process {payload.pid} on {payload.host} goes on with it",
                hint=f"watch it: drstate watch {self.execution}",
            )

    def _tell(self, event: Event) -> None:
        for command in self._take(event):
            self._queue.put(command)
        if self._on_event is not None:
            self._on_event(event)

    def warn(
        self,
        text: str,
        hint: str = "",
        *,
        kind: Kind = Kind.WARNING,
        severity: Severity = Severity.WARNING,
    ) -> None:
        """Tell people something, once."""
        self.append(e.Warned(text=text, hint=hint, kind=kind, severity=severity))

    def seconds_since(self, what: str) -> float:
        """Seconds since ``what`` began: ``execution``, a phase, a stage, ``stage/shard``."""
        begun = self._begun.get(what)
        return 0.0 if begun is None else max(0.0, (self._clock.now() - begun).total_seconds())

    def view(self) -> ExecutionView:
        """The picture of the execution now."""
        with self._lock:
            return self._fold.view(self._clock.now())

    @property
    def fold(self) -> StatusFold:
        """The status fold over everything recorded so far."""
        return self._fold

    def _take(self, event: Event) -> tuple[Command, ...]:
        self._state, commands = reduce(self._state, event.payload)
        self._fold.feed(event)
        self._seq = event.seq
        match event.payload:
            case e.ExecutionCreated():
                self._begun["execution"] = event.at
            case e.PhaseStarted(phase=phase):
                self._begun.setdefault(str(phase), event.at)
            case e.StageStarted(stage=stage):
                self._begun.setdefault(stage, event.at)
            case e.GateDecided() | e.RunnerAttached() if self._state.revalidating:
                self._begun[f"again {self._state.revalidating}"] = event.at
            case e.ShardStarted(stage=stage, shard=shard):
                self._begun.setdefault(f"{stage}/{shard}", event.at)
            case _:
                pass
        return commands
