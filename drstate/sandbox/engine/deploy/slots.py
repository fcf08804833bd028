"""How many registrations are carried out at once, and who gives way to them.

The SDK's loop looks through everything that it waits for whenever something of it has come, which
costs the square of what is outstanding, and takes the processor from the next answer meanwhile. So
it is made to give way where it speaks to the engine: while every slot is taken, nothing that the
program could ask for would be begun anyway. It refuses to hold anybody up while a slot is free, or
for long.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

#: how long somebody gives way at most, seconds
LONGEST_SECONDS = 0.02


class Slots:
    """As a ``with`` block: one slot. Safe for use from several threads."""

    def __init__(self, count: int) -> None:
        lock = threading.Lock()
        self._free = count
        #: with fewer free ones it would be called back for too little
        self._enough = max(1, count // 2)
        self._wanted = threading.Condition(lock)
        self._watched = threading.Condition(lock)

    def __enter__(self) -> Self:
        with self._wanted:
            while self._free == 0:
                self._wanted.wait()
            self._free -= 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._wanted:
            self._free += 1
            self._wanted.notify()
            if self._free == self._enough:
                self._watched.notify_all()

    def give_way(self) -> None:
        """Where all slots are taken: return when half are free, or after ``LONGEST_SECONDS``."""
        with self._watched:
            if self._free == 0:
                self._watched.wait(LONGEST_SECONDS)
