"""Which recipients of a topic get a notification at once, and who gets it in a digest. No I/O.

What is held back is never lost: it is told in the recipient's next digest, and the end of a run
sends every digest. A recipient without a limit gets everything at once; what a person has to act on
now is held back for nobody.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from drstate.model import events as e
from drstate.model.notify import Kind, Notifications, Recipient, Severity
from drstate.model.words import counted
from drstate.report.notification import Notification, Trouble

#: of what was held back, this much is listed; the rest is counted
LISTED = 20
_WAVE = re.compile(r"\.w(\d+)")

#: one thing that is told: its kind, and the number of its event
Key = tuple[Kind, int]
#: whether the rules let a notification through to a recipient
Lets = Callable[[Recipient, Notification], bool]


def lets_of(people: Notifications) -> Lets:
    """The rules of a scope, for notifications."""

    def lets(recipient: Recipient, note: Notification) -> bool:
        wave = _WAVE.search(note.where)
        return people.lets(
            recipient,
            note.kind,
            note.severity,
            priorities=note.priorities,
            wave=int(wave[1]) if wave else None,
            drill=bool(note.drill),
        )

    return lets


@dataclass
class _Recipient:
    """What one recipient has had, and what waits for it."""

    sent: deque[datetime] = field(default_factory=deque)
    #: None: it was held back by a process before this one, which has not said yet what it is
    held: dict[Key, Notification | None] = field(default_factory=dict)
    until: datetime | None = None


class Pacing:
    """The recipients of one topic. Feed it in the order in which things happened."""

    def __init__(self, topic: str, lets: Lets) -> None:
        self._topic = topic
        self._lets = lets
        #: who is told through the topic
        self.readers: Sequence[Recipient] = ()
        self._of: dict[str, _Recipient] = {}

    def recall(self, payload: e.Payload, at: datetime) -> None:
        """Take in what a process before this one has journaled."""
        match payload:
            case e.NotificationHeld(topic=self._topic):
                found = self._state(payload.recipient)
                found.held[payload.kind, payload.about] = None
                found.until = min(found.until or payload.until, payload.until)
            case (
                e.NotificationDelivered(topic=self._topic) | e.NotificationFailed(topic=self._topic)
            ):
                for name in payload.recipients:
                    found = self._state(name)
                    found.sent.append(at)
                    for key in payload.covers:
                        found.held.pop(key, None)
                    if not found.held:
                        found.until = None
            case _:
                pass

    def remember(self, note: Notification) -> None:
        """What was held back by a process before this one, in words."""
        for found in self._of.values():
            if (note.kind, note.about) in found.held:
                found.held[note.kind, note.about] = note

    def split(
        self, note: Notification, now: datetime
    ) -> tuple[Notification, tuple[e.NotificationHeld, ...]]:
        """The notification with those who get it at once, and what to write of the others."""
        names: list[str] = []
        held: list[e.NotificationHeld] = []
        for one in self.readers:
            if not self._lets(one, note):
                continue
            found = self._state(one.name)
            waits = self._waits(one, found, note, now)
            if waits is None:
                names.append(one.name)
                found.sent.append(now)
                continue
            why, until = waits
            found.until = until
            found.held[note.kind, note.about] = note
            held.append(
                e.NotificationHeld(
                    topic=self._topic,
                    recipient=one.name,
                    kind=note.kind,
                    about=note.about,
                    until=until,
                    why=why,
                )
            )
        return note.model_copy(update={"recipients": tuple(names)}), tuple(held)

    def next_due(self) -> datetime | None:
        """When the next digest is to be sent; None: nothing waits."""
        return min((one.until for one in self._of.values() if one.until), default=None)

    def due(self, now: datetime, *, all_of_them: bool = False) -> Iterator[Notification]:
        """The digests that are due, each once; or all, due or not."""
        for name, found in self._of.items():
            if found.until is None or not (all_of_them or found.until <= now):
                continue
            told = _digest(name, found.held, now)
            found.held, found.until = {}, None
            if told is not None:
                found.sent.append(now)
                yield told

    def _state(self, name: str) -> _Recipient:
        return self._of.setdefault(name, _Recipient())

    def _waits(
        self, one: Recipient, found: _Recipient, note: Notification, now: datetime
    ) -> tuple[Literal["digest", "rate"], datetime] | None:
        if not one.holds(note.kind, note.severity):
            return None
        if one.digest_minutes is not None:
            return "digest", found.until or now + timedelta(minutes=one.digest_minutes)
        if one.at_most is None:
            return None
        window = timedelta(minutes=one.per_minutes)
        while found.sent and found.sent[0] <= now - window:
            found.sent.popleft()
        if found.until is None and len(found.sent) < one.at_most:
            return None
        # what comes later stays behind what waits already
        return "rate", found.until or found.sent[-one.at_most] + window


def _digest(name: str, held: dict[Key, Notification | None], now: datetime) -> Notification | None:
    notes = [note for note in held.values() if note is not None]
    if not notes:
        return None
    kinds = Counter(str(kind) for kind, _ in held)
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    first, last = notes[0], notes[-1]
    rows = tuple(
        Trouble(resource=f"{note.at:%H:%M:%S} {note.kind}", what=note.what, hint=note.remedy)
        for note in notes[-LISTED:]
    )
    return last.model_copy(
        update={
            "kind": Kind.DIGEST,
            "severity": max((note.severity for note in notes), key=lambda one: Severity(one).rank),
            "at": now,
            "where": "",
            "what": f"{counted(len(held), 'notification')} since {first.at:%H:%M} UTC: {counts}",
            "why": "",
            "troubles": rows,
            "more": len(held) - len(rows),
            "remedy": "",
            "recipients": (name,),
            "covers": tuple(held),
        }
    )
