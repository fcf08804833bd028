"""Lock files of the file backend: who is updating a stack.

A lock stays until its holder removes it or somebody runs ``cancel``, as with the CLI: nothing is
guessed from a process id. It refuses to start beside any other lock, in the words by which the
Automation API recognises a concurrent update.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.files import remove, write_durably
from drstate.sandbox.engine.host import Host, rfc3339
from drstate.sandbox.engine.layout import Layout
from drstate.sandbox.engine.names import StackName

_acquiring = threading.Lock()


@dataclass(frozen=True)
class Holder:
    """What a lock file says about its holder."""

    path: Path
    user: str
    host: str
    pid: int
    time: str

    @property
    def described(self) -> str:
        """The line that people see."""
        return (
            f"  file://{self.path}?no_tmp_dir=true: created by {self.user}@{self.host} "
            f"(pid {self.pid}) at {self.time}"
        )

    def is_dead(self, host: Host) -> bool:
        """Whether the holder ran on this machine and is certainly gone."""
        if self.host != host.name() or self.pid <= 0:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


def _go_error(text: str) -> str:
    """What the CLI says about a lock file that is not JSON."""
    stripped = text.lstrip()
    if not stripped:
        return "unexpected end of JSON input"
    literals = {"n": "null", "t": "true", "f": "false"}
    literal = literals.get(stripped[0])
    if literal is None:
        if stripped[0] in '{["-0123456789':
            return "unexpected end of JSON input"
        return f"invalid character '{stripped[0]}' looking for beginning of value"
    for position, expected in enumerate(literal):
        if position >= len(stripped):
            return "unexpected end of JSON input"
        if stripped[position] != expected:
            return (
                f"invalid character '{stripped[position]}' in literal {literal} "
                f"(expecting '{expected}')"
            )
    return "invalid lock file"


def holders(layout: Layout, stack: StackName) -> list[Holder]:
    """The locks on a stack, by file name. Raises FailedCommandError for one that cannot be read."""
    folder = layout.locks(stack)
    found = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        try:
            data = json.loads(text)
            found.append(
                Holder(
                    path,
                    str(data["username"]),
                    str(data["hostname"]),
                    int(data["pid"]),
                    str(data["timestamp"]),
                )
            )
        except (ValueError, KeyError, TypeError) as error:
            raise FailedCommandError(_go_error(text)) from error
    return found


def refuse_if_locked(layout: Layout, stack: StackName, but: Path | None = None) -> None:
    """Raise FailedCommandError if anybody but the holder of ``but`` has a lock."""
    others = [one for one in holders(layout, stack) if one.path != but]
    if others:
        raise FailedCommandError(
            f"the stack is currently locked by {len(others)} lock(s). Either wait for the other "
            "process(es) to end or delete the lock file with `pulumi cancel`.\n"
            + "\n".join(one.described for one in others)
        )


def remove_locks(layout: Layout, stack: StackName) -> None:
    """Remove every lock, readable or not: what ``cancel`` does."""
    folder = layout.locks(stack)
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        remove(path)


class StackLock:
    """A lock of ours, held while the ``with`` block runs."""

    def __init__(self, layout: Layout, stack: StackName, host: Host) -> None:
        self._layout = layout
        self._stack = stack
        self._host = host
        self.run = host.new_id()
        self.path = layout.locks(stack) / f"{self.run}.json"

    def __enter__(self) -> Self:
        with _acquiring:
            refuse_if_locked(self._layout, self._stack)
            content = {
                "pid": self._host.pid(),
                "username": self._host.user(),
                "hostname": self._host.name(),
                "timestamp": rfc3339(self._host.now()),
            }
            write_durably(self.path, json.dumps(content, separators=(",", ":")).encode())
        try:
            refuse_if_locked(self._layout, self._stack, but=self.path)
        except BaseException:
            remove(self.path)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        remove(self.path)

    @property
    def is_ours(self) -> bool:
        """Whether the lock file is still there: nobody cancelled us."""
        return self.path.exists()
