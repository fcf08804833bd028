"""Questions asked beside one another, each with a time limit; one that does not end is left behind.

A call that hangs cannot be ended from outside. So each question has a thread of its own that
nobody waits for: when its time is up it is told that it was left, and whatever it finds later is
thrown away. It never keeps the process alive.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from drstate.aws.clock import Clock

AnswerT = TypeVar("AnswerT")
#: how often the limits are looked at while questions are under way
LOOK_SECONDS = 0.05


class Ticket:
    """What a question knows of whoever asked it. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = False

    def leave(self) -> None:
        """Nobody waits any more. What is being told right now is told first."""
        with self._lock:
            self._left = True

    def tell(self, say: Callable[[], None]) -> None:
        """Call ``say``, unless nobody waits any more."""
        with self._lock:
            if not self._left:
                say()


@dataclass(frozen=True)
class Ended(Generic[AnswerT]):
    """A question that has ended, or whose time is up (``late``)."""

    key: str
    answer: AnswerT | None = None
    error: Exception | None = None
    late: bool = False


@dataclass(frozen=True)
class _UnderWay:
    ticket: Ticket
    deadline: float


class InTime(Generic[AnswerT]):
    """Up to ``at_once`` questions under way. As a context: what is open at its end is left."""

    def __init__(self, clock: Clock, at_once: int) -> None:
        self._clock = clock
        self._at_once = max(1, at_once)
        self._open: dict[str, _UnderWay] = {}
        self._answers: queue.SimpleQueue[tuple[Ticket, Ended[AnswerT]]] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for asked in self._open.values():
            asked.ticket.leave()
        self._open.clear()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._open

    @property
    def free(self) -> bool:
        """Whether one more question may be asked."""
        return len(self._open) < self._at_once

    def asks(self, key: str) -> bool:
        """Whether the question of this key is under way."""
        return key in self._open

    def start(self, key: str, question: Callable[[Ticket], AnswerT], seconds: float) -> None:
        """Ask; the answer comes from ``ended``. One question a key at a time."""
        ticket = Ticket()
        self._open[key] = _UnderWay(ticket, self._clock.monotonic() + seconds)

        def run() -> None:
            try:
                ended = Ended(key, answer=question(ticket))
            except Exception as error:  # noqa: BLE001 - handed to whoever asked
                ended = Ended(key, error=error)
            self._answers.put((ticket, ended))

        threading.Thread(target=run, name=f"asks {key}", daemon=True).start()

    def ended(self) -> list[Ended[AnswerT]]:
        """What has ended, or is late, by now; waits a moment where nothing has."""
        found: list[Ended[AnswerT]] = []
        try:
            answered = self._answers.get(timeout=LOOK_SECONDS)
            while True:
                self._take(*answered, found)
                answered = self._answers.get_nowait()
        except queue.Empty:
            pass
        now = self._clock.monotonic()
        for key in [key for key, asked in self._open.items() if now >= asked.deadline]:
            self._open.pop(key).ticket.leave()
            found.append(Ended(key, late=True))
        return found

    def _take(self, ticket: Ticket, ended: Ended[AnswerT], found: list[Ended[AnswerT]]) -> None:
        asked = self._open.get(ended.key)
        # an answer to a question that was left belongs to nobody
        if asked is not None and asked.ticket is ticket:
            del self._open[ended.key]
            found.append(ended)
