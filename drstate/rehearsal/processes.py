"""Processes of a rehearsal: forked from one that is loaded, or started plainly elsewhere.

Each is a real process that can be killed at any moment. It ends with whoever started it, and what
it says is kept in files, which nobody has to read while it runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from drstate.sandbox.forkserver.client import Forked, ForkServer, named
from drstate.sandbox.forkserver.wire import VARIABLE

_TARGET = "drstate.rehearsal.child"
#: how often it is asked whether a process that is waited for shall still go on
_LOOK_SECONDS = 0.25
#: what a process is told of this one's settings: which sandbox it works in is none of them
_HIDDEN = ("AWS_", "DRSTATE_", "PULUMI_")


@dataclass(frozen=True)
class Ended:
    """A process that has ended: its exit code, minus the signal that ended it, and its words."""

    returncode: int
    stdout: str
    stderr: str


class Child:
    """A process that runs, without an input."""

    def __init__(
        self, process: subprocess.Popen[bytes] | Forked, out: IO[bytes], err: IO[bytes]
    ) -> None:
        self.process = process
        self._out, self._err = out, err

    def end(self, seconds: float, stopped: Callable[[], bool] = lambda: False) -> Ended:
        """Wait for its end; it is killed after ``seconds``, or once ``stopped`` says so.

        Raises subprocess.TimeoutExpired after ``seconds``.
        """
        left = seconds
        try:
            while True:
                try:
                    code = self.process.wait(min(left, _LOOK_SECONDS))
                    break
                except subprocess.TimeoutExpired:
                    left -= _LOOK_SECONDS
                    if left <= 0:
                        raise
                    if stopped():
                        self.process.kill()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        with self._out, self._err:
            return Ended(code, _text(self._out), _text(self._err))


class Processes:
    """Where processes of a rehearsal come from. Close it, or use it as a context."""

    def __init__(self, address: Path | None = None, own: ForkServer | None = None) -> None:
        """``address``: a fork server that has loaded ``child.load``, or nobody's."""
        self.address = address
        self._own = own

    @classmethod
    def open(cls) -> Self:
        """Those of the environment's server, or of one of one's own; plain ones elsewhere."""
        known = named(os.environ)
        if known is not None or sys.platform != "linux":
            return cls(known)
        try:
            own = ForkServer([f"{_TARGET}:load"])
        except OSError:
            return cls()  # slower, and otherwise the same
        return cls(own.address, own)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End what still runs in a server of one's own."""
        if self._own is not None:
            self._own.close()
            self._own = None

    def begin(self, arguments: Sequence[str], *, target: str = _TARGET) -> Child:
        """Start ``target``'s ``main`` with these arguments. Raises OSError."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(_HIDDEN)}
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - kept open
        if self.address is None:
            command = [sys.executable, "-m", target, *arguments]
            return Child(
                subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
                    command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                    start_new_session=True,
                ),
                out,
                err,
            )  # fmt: skip
        env[VARIABLE] = str(self.address)
        with Path(os.devnull).open("rb") as nothing:
            streams = (nothing.fileno(), out.fileno(), err.fileno())
            forked = Forked(
                self.address, f"{target}:main", argv=arguments, env=env, streams=streams
            )
        return Child(forked, out, err)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", errors="replace")
