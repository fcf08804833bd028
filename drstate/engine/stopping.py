"""Ending engine commands early: first in good order, then by force.

One ``Stopping`` belongs to one run. Commands that are processes are told by signals, the embedded
engine asks it. While a run answers interrupts itself (``managed``), commands are kept out of the
terminal's reach: otherwise Ctrl-C would reach them twice, and a second one would kill them. Nothing
here decides when to stop, or what becomes of what was cut off.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: a command that was told twice may take so long to leave before it is killed, seconds
KILL_SECONDS = 2.0


class Stopping:
    """Whether engine commands are to end, and those that run as processes. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = False
        self._forced = False
        self._processes: set[subprocess.Popen[str]] = set()
        #: whether a run answers interrupts for its commands
        self.managed = False

    def asked(self) -> bool:
        """Whether commands are to end in good order."""
        return self._asked

    def forced(self) -> bool:
        """Whether commands are to end at once."""
        return self._forced

    def ask(self) -> None:
        """Have running commands end in good order. Asking again changes nothing."""
        with self._lock:
            if self._asked:
                return
            self._asked = True
            for process in self._processes:
                _signal(process, signal.SIGINT)

    def force(self) -> None:
        """Have running commands end at once; what does not go by itself is killed."""
        self.ask()
        with self._lock:
            if self._forced:
                return
            self._forced = True
            left = tuple(self._processes)
            for process in left:
                _signal(process, signal.SIGINT)
        if left:
            threading.Thread(target=_kill_all, args=(left,), name="kill", daemon=True).start()

    def reset(self) -> None:
        """Commands may run again."""
        with self._lock:
            self._asked = self._forced = False

    @contextmanager
    def watching(self, process: subprocess.Popen[str]) -> Iterator[None]:
        """Tell the process too, while the block runs."""
        with self._lock:
            self._processes.add(process)
            late = self._forced
        if late:
            kill_session(process)
        try:
            yield
        finally:
            with self._lock:
                self._processes.discard(process)


def kill_session(process: subprocess.Popen[str]) -> None:
    """Kill the process and whatever it started, provider plugins and language hosts included.

    They are in process groups of their own, but in its session, as long as it leads one.
    """
    if process.poll() is None:
        for pid in (*_members(process.pid), process.pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _kill_all(processes: tuple[subprocess.Popen[str], ...]) -> None:
    for process in processes:
        try:
            process.wait(KILL_SECONDS)
        except subprocess.TimeoutExpired:
            kill_session(process)


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)


def _members(session: int) -> tuple[int, ...]:
    """Processes of a session but its leader, where the system tells (Linux does)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        if int(fields[3]) == session and pid != session:
            found.append(pid)
    return tuple(found)
