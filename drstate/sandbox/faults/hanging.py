"""Calls that get no answer: held open without holding up others, and let go on demand.

A hanging call occupies its own thread and connection and no lock. It ends when its time is
over, when it is released, or when its caller has gone. Nothing here polls.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import threading

# Linux tells of a caller that has gone by a sign of its own.
_GONE = getattr(select, "POLLRDHUP", select.POLLIN) | select.POLLHUP | select.POLLERR


class Hangs:
    """The calls that hang in this process. Safe between threads, and after a fork."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._writers: set[int] = set()

    def _own(self) -> None:
        # A copy of the process: the calls that hung in the parent are not its own.
        if self._pid != os.getpid():
            self._begin()

    def __reduce__(self) -> tuple[type[Hangs], tuple[()]]:
        """Calls that hang belong to a process; a snapshot has none."""
        return (Hangs, ())

    def __len__(self) -> int:
        self._own()
        return len(self._writers)

    def wait(self, connection: socket.socket, seconds: float) -> str:
        """Hold a connection: "over" (its time), "released", or "gone" (the caller)."""
        self._own()
        reader, writer = os.pipe()
        with self._lock:
            self._writers.add(writer)
        try:
            poll = select.poll()
            poll.register(reader, select.POLLIN)
            poll.register(connection, _GONE)
            ready = poll.poll(seconds * 1000)
        finally:
            with self._lock:
                self._writers.discard(writer)
                os.close(writer)
            os.close(reader)
        if not ready:
            return "over"
        return "released" if any(number == reader for number, _ in ready) else "gone"

    def release(self) -> int:
        """Let all go. How many hung."""
        self._own()
        with self._lock:
            for writer in self._writers:
                os.write(writer, b".")
            return len(self._writers)


def cut(connection: socket.socket) -> None:
    """End a connection as one that nobody listens to: reset, without a byte of an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ours, other = socket.socketpair()
    other.close()
    # The caller's end is closed by this; the server finds the end of a stream in its place.
    os.dup2(ours.fileno(), connection.fileno(), inheritable=False)
    ours.close()
