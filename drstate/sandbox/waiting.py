"""Calls that wait for something to happen, and hold up nobody meanwhile.

A long poll is served; where what it asks for is not there, the operation says so (`NotYet`),
the request lets go of everything and is served again after the next thing that happened, until
its time is over. Time is the sandbox's: a poll of 20 s takes 20 s times the scale, and ends
when the clock is pushed past its end. The same bell wakes what the emulation itself does in
threads.
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable

# Real seconds after which those who wait look again, though nobody rang.
LOOK_AGAIN = 1.0


class NotYet(Exception):  # noqa: N818 - no malfunction: the call is served again
    """There is nothing to answer yet; wait for it, at most this many nominal seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"nothing yet; waits at most {seconds} s")
        self.seconds = seconds


class Bell:
    """Rings whenever something may have changed."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._turn = 0

    @property
    def turn(self) -> int:
        """Which ring was the last one."""
        return self._turn

    def ring(self) -> None:
        """Wake all who wait."""
        with self._condition:
            self._turn += 1
            self._condition.notify_all()

    def wait(self, turn: int, seconds: float) -> None:
        """Until it has rung after `turn`, for at most so many real seconds."""
        with self._condition:
            self._condition.wait_for(lambda: self._turn != turn, min(seconds, LOOK_AGAIN))

    def wait_until(self, over: Callable[[], bool], left: Callable[[], float]) -> None:
        """Until it is over, or no time is left (`left`: real seconds)."""
        while not over():
            turn = self._turn
            seconds = left()
            if seconds <= 0 or over():
                return
            self.wait(turn, seconds)

    def renew(self) -> None:
        """In a copy of the process: whoever held it is not there."""
        self._condition = threading.Condition()


#: the one of this process
bell = Bell()


def gone(connection: socket.socket) -> bool:
    """Whether the caller has closed its connection: an answer would be lost."""
    readable, _, _ = select.select([connection], [], [], 0)
    if not readable:
        return False
    try:
        return not connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return True
