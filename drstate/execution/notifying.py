"""Tells people of an execution while it goes on. It never delays or stops it.

The recorder hands over each event; what is worth telling goes to one courier for each topic of the
scope file. Every delivery, and everything that was held back or given up, is journaled: a process
that takes over tells what the one before had not told, and nothing twice that is known to have
arrived. A topic in the region that is left behind is not used at all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Self

from drstate.aws.clock import Clock
from drstate.errors import DrstateError, InternalError
from drstate.execution.couriers import Courier, Publish, Told
from drstate.execution.gates import TellToken
from drstate.execution.recorder import OnEvent, Recorder
from drstate.execution.services import Services
from drstate.journal.port import Journal
from drstate.model import events as e
from drstate.model.events import Event, ExecutionStatus
from drstate.model.notify import Kind, Notifications, Topic
from drstate.model.plan import Plan
from drstate.model.scope import Scope, ScopeKey
from drstate.report.notification import Notification
from drstate.report.pacing import lets_of
from drstate.report.telling import TOLD, About, deciding_note, notifications, token_note
from drstate.report.view import ExecutionView

#: how long the end of a process waits for what is not delivered yet
LAST_SECONDS = 10.0
#: what happened longer ago is no news any more to whoever takes over
STALE = timedelta(hours=1)
_SETTLED = ("notification_delivered", "notification_failed", "notification_held")
_READ = ("site_changed", "gate_decided")


class Teller:
    """Tells the scope's topics of one execution. A context: its end waits for the last words."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        execution: str,
        people: Notifications,
        publish: Publish,
        *,
        used: Callable[[Plan], tuple[Topic, ...]],
        priorities: Callable[[], Mapping[str, str]] = dict,
        last_seconds: float = LAST_SECONDS,
    ) -> None:
        """``priorities``: of each resource; asked where a rule is about them."""
        self._journal = journal
        self._clock = clock
        self._execution = execution
        self._people = people
        lets = lets_of(people)
        self._couriers = [Courier(one, publish, self._record, clock, lets) for one in people.topics]
        self._priorities_of = priorities
        #: stage -> priorities of what it works on; empty where no rule asks
        self._priorities: dict[str, tuple[str, ...]] = {}
        #: which of the topics an execution of that plan may use
        self._used = used
        self._open: list[Courier] = []
        self._last_seconds = last_seconds
        self._recorder: Recorder | None = None
        self._about: About | None = None
        #: the last event that opened a gate, or replaced its token
        self._gate: Event | None = None
        self._seq = 0
        #: (topic, kind, event) of what was delivered or given up by a process before this one
        self._settled: set[tuple[str, Kind, int]] = set()
        self._warned: set[str] = set()

    @property
    def decides(self) -> bool:
        """Whether any topic gets tokens."""
        return any(courier.topic.tokens for courier in self._couriers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def beside(self, other: OnEvent | None) -> OnEvent:
        """Hears of each event before ``other`` does."""

        def on_event(event: Event) -> None:
            self(event)
            if other is not None:
                other(event)

        return on_event

    def attach(self, recorder: Recorder) -> None:
        """Tell what has happened so far and was not told, and from now on what happens."""
        if not self._couriers:
            return
        self._recorder = recorder
        story = self._journal.events(self._execution, kinds={*TOLD, *_SETTLED, *_READ})
        decided = {row.payload.stage for row in story if isinstance(row.payload, e.GateDecided)}
        for event in story:
            row = event.payload
            if isinstance(row, (e.NotificationDelivered, e.NotificationFailed)):
                self._settled.add((row.topic, row.kind, row.about))
            for courier in self._couriers:
                courier.recall(row, event.at)
        for event in story:
            row = event.payload
            # nobody is asked any more for what was decided meanwhile
            if not isinstance(row, (e.GateOpened, e.GateReminded)) or row.stage not in decided:
                self(event)

    def attach_to_failed(self, recorder: Recorder) -> None:
        """The attempt could not begin: tell what it has journaled of that, if anything."""
        with suppress(DrstateError):
            self.attach(recorder)

    def __call__(self, event: Event) -> None:
        """Hear of an event. Never raises, never waits for anybody."""
        if self._recorder is None or event.seq <= self._seq:
            return
        self._seq = event.seq
        try:
            self._hear(event, self._recorder)
        except Exception as error:  # noqa: BLE001 - telling people never stops a recovery
            self._give_up(event, error)

    def tokens(self, other: TellToken | None) -> TellToken | None:
        """Tells a gate's token to ``other`` and to the topics that get tokens. After ``attach``.

        None: there is nobody to tell. A token is in the message alone: not journaled, not logged.
        """
        if not any(courier.topic.tokens for courier in self._open):
            return other

        def tell(execution: str, stage: str, token: str) -> None:
            if other is not None:
                other(execution, stage, token)
            if self._about is not None and self._gate is not None:
                self._tell_deciders(token_note(self._about, self._gate, stage, token))

        return tell

    def tell_ways(self, stage: str, ways: tuple[str, ...], holds: str) -> None:
        """Tell the topics that get tokens how the open gate is decided. After ``attach``."""
        if self._about is not None and self._gate is not None:
            self._tell_deciders(deciding_note(self._about, self._gate, stage, ways, holds))

    def _tell_deciders(self, note: Notification) -> None:
        for courier in self._open:
            if courier.topic.tokens and courier.topic.wants(note.kind, note.severity):
                courier.take(note)

    def close(self) -> None:
        """Wait for what is not delivered yet, not for long; then give it up.

        What is held back is told now, unless somebody goes on with the execution.
        """
        goes_on = self._recorder is not None and self._recorder.state.status in _GOES_ON
        for courier in self._couriers:
            courier.closing(flush=not goes_on)
        end = self._clock.monotonic() + self._last_seconds
        try:
            for courier in self._couriers:
                courier.wait(end - self._clock.monotonic())
        finally:
            # a second Ctrl-C gets here as well: nobody waits any longer
            for courier in self._couriers:
                courier.leave()

    def said(self, view: ExecutionView) -> ExecutionView:
        """The view, with what did not arrive at the end either. After ``close``."""
        if self._recorder is None:
            return view
        try:
            self._recorder.catch_up()
        except DrstateError:
            return view
        return view.model_copy(update={"warnings": self._recorder.view().warnings})

    def _hear(self, event: Event, recorder: Recorder) -> None:
        payload = event.payload
        if isinstance(payload, e.ExecutionCreated):
            self._about = About.of(event.execution, payload)
        if self._about is None:
            return
        self._about = self._about.after(payload)
        if isinstance(payload, (e.GateOpened, e.GateReminded)):
            self._gate = event
        if isinstance(payload, (e.ExecutionCreated, e.ExecutionPlanned)):
            self._plan(payload.plan)
        if not self._open:
            return
        stale = event.at < self._clock.now() - STALE
        for note in notifications(event, self._about, recorder.view):
            self._hand_over(self._ranked(note), stale=stale)

    def _plan(self, plan: Plan) -> None:
        """Whom an execution of the plan may tell, through which topics."""
        used = self._used(plan)
        self._open = [courier for courier in self._couriers if courier.topic in used]
        for courier in self._open:
            courier.reaches(self._people.readers(courier.topic, used))
        if any(rule.priorities for rule in self._people.rules):
            known = self._priorities_of()
            self._priorities = {
                stage.id: tuple(
                    sorted({known[key] for shard in stage.shards for key in shard.resources
                            if key in known})
                )
                for stage in plan.stages
            }  # fmt: skip

    def _ranked(self, note: Notification) -> Notification:
        found = self._priorities.get(note.where)
        return note.model_copy(update={"priorities": found}) if found else note

    def _hand_over(self, note: Notification, *, stale: bool) -> None:
        if note.kind in _SAID_ONCE:
            if note.what in self._warned:
                return
            self._warned.add(note.what)
        for courier in self._open:
            if (courier.topic.arn, note.kind, note.about) in self._settled:
                courier.remember(note)
            elif not stale and courier.topic.wants(note.kind, note.severity):
                courier.take(note)

    def _give_up(self, event: Event, error: Exception) -> None:
        """Nobody can be told what cannot be put into words; that much is written."""
        payload = event.payload
        kind = _KINDS.get(payload.type, Kind.WARNING)
        if isinstance(payload, e.ExecutionFinished):
            kind = _ENDS.get(payload.status, Kind.FAILED)
        for courier in self._open:
            courier.give_up(event.seq, kind, error)

    def _record(self, found: Told) -> None:
        self._journal.append(self._execution, found, None)


#: the same words are told once
_SAID_ONCE = (Kind.WARNING, Kind.CAPACITY, Kind.MAINTENANCE, Kind.SYSTEM_HEALTH)
#: another process, or another task of the same run, tells the rest
_GOES_ON = (ExecutionStatus.PENDING, ExecutionStatus.RUNNING)
#: what an event would have been told as
_KINDS = {
    "execution_created": Kind.STARTED,
    "stage_finished": Kind.WAVE_COMPLETED,
    "phase_finished": Kind.PHASE_COMPLETED,
    "gate_opened": Kind.APPROVAL_REQUIRED,
}
_ENDS = {
    ExecutionStatus.COMPLETED: Kind.COMPLETED,
    ExecutionStatus.CANCELLED: Kind.CANCELLED,
}


def teller(services: Services, scope: Scope | None, execution: str) -> Teller:
    """Who tells the scope's topics of the execution. Makes no call and no thread yet.

    None: the scope file cannot be read, and nobody is told.
    """

    def used(plan: Plan) -> tuple[Topic, ...]:
        from drstate.planning.topics import usable  # noqa: PLC0415 loaded when it is needed

        return usable(scope, plan.serving, plan.phases) if scope else ()

    def priorities() -> Mapping[str, str]:
        catalog = services.journal.load_catalog(scope.key) if scope else None
        entries = catalog.entries if catalog else ()
        return {entry.key: str(entry.resource.tags.priority) for entry in entries}

    def publish(topic: Topic, note: Notification, *, patient: bool) -> str:
        if scope is None:
            raise InternalError("a topic of no scope", why="it was taken from a scope file")
        with making:
            if not made:
                from drstate.execution.channels.registry import Channels  # noqa: PLC0415 the same

                made.append(Channels(services, scope, f"drstate-tell-{execution}"))
        return made[0](topic, note, patient=patient)

    made: list[Publish] = []
    making = threading.Lock()
    people = scope.notifications if scope else Notifications()
    return Teller(
        services.journal,
        services.clock,
        execution,
        people,
        publish,
        used=used,
        priorities=priorities,
    )


def teller_of(services: Services, key: ScopeKey, execution: str) -> Teller:
    """The same, for who needs nothing else of the scope file and must not fail for its mistakes."""
    try:
        scope = services.scope(key.customer, str(key.environment))
    except DrstateError:
        return teller(services, None, execution)
    return teller(services, scope, execution)


def untold(services: Services, scope: Scope) -> str | None:
    """That nobody is told of the scope's executions; said once, and then None for ever."""
    if scope.notifications.topics:
        return None
    key = f"told/no-topics/{scope.key}"
    if services.journal.cache_get(key) is not None:
        return None
    services.journal.cache_put(key, True)
    return (
        f"nobody is told of executions of {scope.key}: notifications.topics in "
        f"{scope.key.file} names no SNS topic (said once)"
    )
