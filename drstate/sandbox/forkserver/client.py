"""Starting a fork server, and processes in it.

A ``Forked`` has the part of subprocess.Popen's interface that is used here; streams are text in
UTF-8. ``named`` tells which server may be used: the one of the environment, and nobody's where the
system cannot fork or nothing listens there.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from . import wire
from .wire import VARIABLE, Request

_START_SECONDS = 60.0


class ForkServer:
    """A server of one's own. It ends with ``close``, or with this process."""

    def __init__(self, preload: Sequence[str], *, cwd: Path | None = None) -> None:
        """``preload``: functions, as ``module:function``, that load what processes will need.

        Raises OSError where it does not come up, with what it said.
        """
        #: gone with the server, however that ends: a place for what must not outlive it
        self.folder = Path(tempfile.mkdtemp(prefix="drstate-fork-"))
        self.address = self.folder / wire.SOCKET
        command = [sys.executable, "-m", f"{__package__}.server", "--folder", str(self.folder)]
        for one in preload:
            command += ["--preload", one]
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        if not self._ready():
            self.close()
            raise OSError("the fork server did not start; its reason is on standard error")

    def _ready(self) -> bool:
        stream = self._process.stdout
        if stream is None:
            return False
        ready, _, _ = select.select([stream.fileno()], [], [], _START_SECONDS)
        return bool(ready) and stream.readline().strip() == "ready"

    def close(self) -> None:
        """End it, and its processes."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(_START_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def named(env: Mapping[str, str]) -> Path | None:
    """The socket of the server that an environment names, if this system can fork."""
    address = env.get(VARIABLE)
    return Path(address) if address and sys.platform == "linux" else None


class Forked:
    """A process in a fork server."""

    def __init__(
        self,
        server: Path,
        target: str,
        *,
        argv: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        streams: tuple[int, int, int] | None = None,
        orphaned: signal.Signals = signal.SIGKILL,
    ) -> None:
        """Run ``target`` (``module:function``). Raises OSError where no server answers.

        ``streams``: file numbers of its standard input, output and errors; without, they are
        pipes, whose other ends are ``stdin``, ``stdout`` and ``stderr``.
        """
        self.stdin: IO[str] | None = None
        self.stdout: IO[str] | None = None
        self.stderr: IO[str] | None = None
        self.returncode: int | None = None
        self._lock = threading.Lock()
        self._said = b""
        self._connection = socket.socket(socket.AF_UNIX)
        request = Request(
            target,
            [target, *argv],
            str(cwd or Path.cwd()),
            dict(os.environ if env is None else env),
            int(orphaned),
        )
        try:
            self._connection.connect(str(server))
            self._ask(request, streams)
            self._connection.settimeout(_START_SECONDS)
            self.pid = int(self._line())
        except BaseException as error:
            self._connection.close()
            self._close_streams()
            if isinstance(error, ValueError):
                raise OSError("the fork server did not fork") from error
            raise

    def poll(self) -> int | None:
        """Its exit code, minus the signal that ended it; None while it runs."""
        return self._await(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises subprocess.TimeoutExpired."""
        code = self._await(timeout)
        if code is None:
            raise subprocess.TimeoutExpired([str(self.pid)], timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Nothing happens to one that has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _ask(self, request: Request, streams: tuple[int, int, int] | None) -> None:
        if streams is not None:
            wire.send_request(self._connection, request, streams)
            return
        theirs: list[int] = []
        try:
            for number, name in enumerate(("stdin", "stdout", "stderr")):
                reader, writer = os.pipe()
                ours, given = (writer, reader) if number == 0 else (reader, writer)
                theirs.append(given)
                mode = "w" if number == 0 else "r"
                setattr(self, name, os.fdopen(ours, mode, encoding="utf-8", errors="replace"))
            wire.send_request(self._connection, request, theirs)
        finally:
            wire.close_all(theirs)

    def _close_streams(self) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                stream.close()

    def _await(self, seconds: float | None) -> int | None:
        until = None if seconds is None else time.monotonic() + seconds
        if not self._lock.acquire(timeout=-1 if seconds is None else max(seconds, 0.001)):
            return self.returncode
        try:
            if self.returncode is None:
                left = None if until is None else max(0.0, until - time.monotonic())
                self._connection.settimeout(left)
                try:
                    self.returncode = int(self._line())
                except (TimeoutError, BlockingIOError):
                    return None
                except (OSError, ValueError):
                    # the server is gone, and its processes with it
                    self.returncode = -signal.SIGKILL
                self._connection.close()
            return self.returncode
        finally:
            self._lock.release()

    def _line(self) -> bytes:
        while b"\n" not in self._said:
            chunk = self._connection.recv(64)
            if not chunk:
                raise ValueError("the fork server has closed the connection")
            self._said += chunk
        line, _, self._said = self._said.partition(b"\n")
        return line
