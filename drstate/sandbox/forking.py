"""A copy of the running server: fork, and nothing shared afterwards.

The copy gets a session and a log of its own, and none of the parent's open connections:
clients of the parent must see their connection end when the parent ends. Inherited file
numbers are pointed at /dev/null instead of being closed, so that late finalisers in the
copy cannot close a number that has been given out again.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path


class Fork:
    """One side of a fork. The parent reads the child's outcome, the child reports it."""

    def __init__(self, pid: int, pipe: int) -> None:
        self.is_child = pid == 0
        self._pid = pid
        self._pipe = pipe

    def report(self, text: str) -> None:
        """Child: tell the parent, once."""
        with os.fdopen(self._pipe, "w", encoding="utf-8") as stream:
            stream.write(text)

    def outcome(self) -> str:
        """Parent: wait for the child's report. Raises OSError where the child died."""
        with os.fdopen(self._pipe, encoding="utf-8") as stream:
            text = stream.read()
        if not text:
            raise OSError(f"the copy (process {self._pid}) ended before it was ready")
        return text


def fork(log_file: Path) -> Fork:
    """Fork the process. Call from the main thread while no request is served."""
    # Copies end on their own; nobody collects their exit status.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return Fork(pid, reader)
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.close(reader)
    log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDWR)
    for number in _open_files():
        if number > 2 and number not in (writer, log, null):
            os.dup2(null, number)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    return Fork(0, writer)


def _open_files() -> list[int]:
    for folder in (Path("/proc/self/fd"), Path("/dev/fd")):
        if folder.is_dir():
            numbers = [int(entry.name) for entry in folder.iterdir()]
            # The listing's own file number is closed by now.
            return [number for number in numbers if _is_open(number)]
    return []


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
