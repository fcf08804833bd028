"""One courier for each topic: a thread that delivers what it is given, in order, or gives it up.

Whoever hands something over never waits, and nothing that goes wrong here comes back to them. A
topic that hangs holds up its own courier only; after it was given up once, what follows is tried
once each, until it answers again. The queue is bounded: the oldest is given up for what is new.
What a recipient is to get later is journaled as held, and told when its digest is due.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from drstate.aws.clock import Clock
from drstate.errors import AwsCallError, DrstateError, OperationError, Retry
from drstate.execution.errorinfo import error_info
from drstate.model import events as e
from drstate.model.notify import Kind, Recipient, Topic
from drstate.report.notification import Notification
from drstate.report.pacing import Lets, Pacing

#: what waits for one topic at most
WAITING = 100

#: what became of a delivery
Told = e.NotificationDelivered | e.NotificationFailed | e.NotificationHeld
#: writes it; raises DrstateError where that cannot be written
Record = Callable[[Told], None]


class Publish(Protocol):
    """Sends to a topic; the message's id. Raises DrstateError."""

    def __call__(self, topic: Topic, note: Notification, *, patient: bool) -> str:
        """``patient``: tries again after 1, 2 and 4 seconds what passes by itself."""
        ...


class Courier:
    """Delivers to one topic, from a thread of its own that is begun when there is something."""

    def __init__(
        self, topic: Topic, publish: Publish, record: Record, clock: Clock, lets: Lets
    ) -> None:
        self.topic = topic
        #: asked under the lock only
        self._pacing = Pacing(topic.arn, lets)
        self._publish = publish
        self._record = record
        self._clock = clock
        self._queue: deque[Notification] = deque()
        self._crowded_out: deque[Notification] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._at_hand: Notification | None = None
        self._closing = False
        self._flush = False
        self._left = False
        #: false from the first that was given up until the next that arrives
        self._patient = True

    def take(self, note: Notification) -> None:
        """Deliver it, some time soon. Never waits; after ``close`` nothing is taken."""
        with self._changed:
            if self._closing:
                return
            if len(self._queue) >= WAITING:
                self._crowded_out.append(self._queue.popleft())
            self._queue.append(note)
            self._begin()

    def reaches(self, readers: Sequence[Recipient]) -> None:
        """Who is told through the topic from now on."""
        with self._changed:
            self._pacing.readers = tuple(readers)

    def recall(self, payload: e.Payload, at: datetime) -> None:
        """Take in what the journal says of the topic. Before anything is taken."""
        with self._changed:
            self._pacing.recall(payload, at)

    def remember(self, note: Notification) -> None:
        """What was settled before; where it is held for somebody, it is told when that is due."""
        with self._changed:
            self._pacing.remember(note)
            if self._pacing.next_due() is not None:
                self._begin()

    def closing(self, *, flush: bool = True) -> None:
        """Nothing more is taken; what waits is still delivered.

        ``flush``: also what is held for a digest; else it is left to whoever goes on.
        """
        with self._changed:
            self._closing, self._flush = True, flush
            if flush and self._pacing.next_due() is not None:
                self._begin()
            self._changed.notify()

    def _begin(self) -> None:
        """There is something to do. Under the lock."""
        if self._thread is None:
            name = f"courier-{self.topic.name}"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()
        self._changed.notify()

    def wait(self, seconds: float) -> None:
        """Until all is delivered or given up, for so many seconds at most."""
        if self._thread is not None:
            self._thread.join(max(0.0, seconds))

    def leave(self) -> None:
        """Give up what is not delivered by now."""
        with self._changed:
            self._left = True
            at_hand = [self._at_hand] if self._at_hand else []
            due = self._pacing.due(self._clock.now(), all_of_them=True) if self._flush else ()
            left = [*at_hand, *self._crowded_out, *self._queue, *due]
            self._queue.clear()
            self._crowded_out.clear()
            self._changed.notify()
        for note in left:
            self._write(_failed(self.topic, note, _ENDED))

    def give_up(self, about: int, kind: Kind, error: Exception) -> None:
        """Write that an event cannot be told."""
        info = error_info(error)
        self._write(e.NotificationFailed(topic=self.topic.arn, kind=kind, about=about, error=info))

    def _run(self) -> None:
        while True:
            with self._changed:
                self._at_hand = None
                if self._left:
                    return
                crowded = self._crowded_out.popleft() if self._crowded_out else None
                self._at_hand, held = (None, ()) if crowded else self._next()
                note = self._at_hand
                if crowded is None and note is None:
                    if self._closing:
                        return
                    self._changed.wait(self._seconds())
                    continue
            for row in held:
                self._write(row)
            if crowded is not None:
                self._write(_failed(self.topic, crowded, _FULL))
            elif note is not None:
                self._write(self._deliver(note))

    def _next(self) -> tuple[Notification | None, tuple[e.NotificationHeld, ...]]:
        """What is to be delivered now, and what is to be written as held. Under the lock."""
        now = self._clock.now()
        if self._queue:
            return self._pacing.split(self._queue.popleft(), now)
        all_of_them = self._closing and self._flush
        return next(iter(self._pacing.due(now, all_of_them=all_of_them)), None), ()

    def _seconds(self) -> float | None:
        """Until the next digest is due; None: nobody waits for one. Under the lock."""
        due = self._pacing.next_due()
        return None if due is None else max(0.0, (due - self._clock.now()).total_seconds())

    def _deliver(self, note: Notification) -> e.NotificationDelivered | e.NotificationFailed | None:
        try:
            message = self._publish(self.topic, note, patient=self._patient)
        except Exception as error:  # noqa: BLE001 - nothing that happens here stops a recovery
            self._patient = False
            found: e.NotificationDelivered | e.NotificationFailed = _failed(self.topic, note, error)
        else:
            self._patient = True
            found = e.NotificationDelivered(
                topic=self.topic.arn,
                kind=note.kind,
                about=note.about,
                message=message,
                delay_seconds=max(0.0, (self._clock.now() - note.at).total_seconds()),
                recipients=note.recipients,
                covers=note.covers,
            )
        with self._changed:
            self._at_hand = None
            # who left has written that it is not known
            return None if self._left else found

    def _write(self, found: Told | None) -> None:
        if found is None:
            return
        try:
            self._record(found)
        except DrstateError:
            return  # the journal's own users meet what ails it, and tell


def _failed(topic: Topic, note: Notification, error: Exception) -> e.NotificationFailed:
    info = error_info(error)
    if info.retry == Retry.TRANSIENT or info.code == AwsCallError.__name__.removesuffix("Error"):
        # what is said of calls of the recovery itself (mend, resume) does not hold here
        keep = info.hint if info.retry == Retry.NEEDS_PERSON else _LOOK
        info = info.model_copy(update={"hint": keep})
    return e.NotificationFailed(
        topic=topic.arn,
        kind=note.kind,
        about=note.about,
        error=info,
        recipients=note.recipients,
        covers=note.covers,
    )


_LOOK = "see that the topic is there and that its region answers; the execution goes on without it"


_ENDED = OperationError(
    "it was not delivered before the process ended",
    why="the topic had not answered by then; it may have arrived all the same",
    hint="look whether the topic's region answers, and whether its subscribers have it",
)
_FULL = OperationError(
    f"{WAITING} others were waiting for the topic",
    why="it does not answer, or not fast enough",
    hint="look whether the topic's region answers",
)
