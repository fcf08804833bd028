"""One plugin process: started, spoken to, ended.

A plugin is an executable that prints the port of its gRPC server as its first line. It is ended
as the CLI ends it: ``Cancel``, then SIGINT, and SIGKILL for one that does not go. Its
standard input is a pipe that stays open as long as the engine lives, so a plugin can notice that
the engine is gone.
Nothing here knows what a resource is.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import grpc

from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.language.plugins import FILE as PLUGIN_FILE
from drstate.sandbox.engine.language.plugins import python_plugin

from .errors import EngineError
from .spawning import spawn

#: 400 MiB, as the SDK's own
MAX_MESSAGE = 1024 * 1024 * 400
CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    ("grpc.enable_http_proxy", 0),
]
#: how long a process may take to print its port, and then to answer on it
START_SECONDS = 60.0
ANSWER_SECONDS = 30.0
STOP_SECONDS = 5.0
#: a process whose connection broke may take a moment to be seen as ended
DEATH_SECONDS = 1.0


def find_command(
    package: str, path: str, env: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """What starts the plugin of a folder (or the executable itself), and with which environment.

    Raises EngineError when there is none, naming what was looked for.
    """
    place, surroundings = Path(path), {**os.environ, **env}
    if place.is_file():
        return [str(place)], surroundings
    candidate = place / f"pulumi-resource-{package}"
    if candidate.is_file():
        return [str(candidate)], surroundings
    try:
        python = python_plugin(place, surroundings)
    except FailedCommandError as failure:
        raise EngineError(f"no plugin for package '{package}': {failure.message}") from failure
    if python is not None:
        return python
    raise EngineError(
        f"no plugin for package '{package}': {candidate} does not exist. "
        "Point plugins.providers[].path of Pulumi.yaml at a folder that holds this executable, "
        f"or a Python plugin ({PLUGIN_FILE})."
    )


class Plugin:
    """A running plugin and the channel to it."""

    def __init__(
        self,
        package: str,
        path: str,
        env: Mapping[str, str],
        engine: str,
        *,
        detached: bool = False,
    ) -> None:
        """Start it; ``connect`` waits for it. ``engine`` is host:port of the engine service."""
        self.package = package
        self._errors: deque[str] = deque(maxlen=50)
        command, surroundings = find_command(package, path, env)
        try:
            self._process = spawn([*command, engine], surroundings, detached=detached)
        except OSError as error:
            raise EngineError(
                f"the plugin for package '{package}' could not be started: {command[0]}: "
                f"{error.strerror}. Check that the file is executable and its interpreter exists."
            ) from error
        self._first: queue.Queue[str] = queue.Queue()
        self._readers = [
            threading.Thread(target=self._read_output, args=(self._process.stdout, self._first)),
            threading.Thread(target=self._read_errors, args=(self._process.stderr,)),
        ]
        for reader in self._readers:
            reader.daemon = True
            reader.start()

    def connect(self) -> None:
        """Wait for its port and open the channel. Raises EngineError; it has ended then."""
        try:
            port = self._port(self._first)
            self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS)
        except BaseException:
            self._end()
            raise

    def _port(self, first: queue.Queue[str]) -> int:
        try:
            line = first.get(timeout=START_SECONDS).strip()
        except queue.Empty:
            found = f"after {START_SECONDS:g} s it has said nothing; it was ended"
        else:
            if line.isdigit():
                return int(line)
            found = f"got {line!r}" if line else self.death() or "its output is closed"
        raise EngineError(
            f"the plugin for package '{self.package}' did not print the port it listens on: "
            f"{found}{self._said(found)}"
        )

    def _said(self, told: str = "") -> str:
        """What it wrote to stderr, unless that was told."""
        said = "".join(self._errors).strip()
        return f": {said}" if said and said not in told else ""

    def _read_output(self, stream: IO[str] | None, first: queue.Queue[str]) -> None:
        lines = iter(stream or ())
        first.put(next(lines, ""))
        for _ in lines:
            pass

    def _read_errors(self, stream: IO[str] | None) -> None:
        self._errors.extend(stream or ())

    def death(self) -> str:
        """What there is to say of a process that ended by itself; empty while it runs."""
        try:
            code = self._process.wait(DEATH_SECONDS)
        except subprocess.TimeoutExpired:
            return ""
        return (
            f"the plugin for package '{self.package}' ended unexpectedly (exit code {code})"
            f"{self._said()}"
        )

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def unanswered(self) -> str:
        """What there is to say of a process that does not answer on the port that it printed."""
        return self.death() or (
            f"the plugin for package '{self.package}' did not answer on its port within "
            f"{ANSWER_SECONDS:g} s{self._said()}"
        )

    def interrupt(self) -> None:
        """Ask it to go; ``wait`` sees to it."""
        self.channel.close()
        if self._process.poll() is None:
            # what was started in the background ignores SIGINT, and so do its children
            deaf = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            self._process.send_signal(signal.SIGTERM if deaf else signal.SIGINT)

    def wait(self) -> None:
        """Until it is gone; by force in the end."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self._end()

    def abandon(self) -> None:
        """End one that was never spoken to."""
        self._end()

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join(STOP_SECONDS)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
