"""The process of a plugin: in the fork server that the environment names, else a plain one.

Only the sandbox's own ``aws`` plugin, as this environment starts it, is forked. Every other plugin,
the real ones first of all, is an executable that is run as it stands.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from drstate.sandbox.forkserver.client import Forked, named
from drstate.sandbox.provider.folder import is_own

_TARGET = "drstate.sandbox.provider.main:main"


class Process(Protocol):
    """What is used of subprocess.Popen."""

    stdin: IO[str] | None
    stdout: IO[str] | None
    stderr: IO[str] | None

    def poll(self) -> int | None:
        """The exit code, or None."""

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises subprocess.TimeoutExpired."""

    def send_signal(self, number: int, /) -> None:
        """Nothing happens to one that has ended."""

    def kill(self) -> None:
        """End it at once."""


def spawn(command: Sequence[str], env: Mapping[str, str], *, detached: bool) -> Process:
    """Start the plugin; its streams are pipes of text. Raises OSError where it does not start.

    ``detached``: out of the terminal's reach, which a forked one always is.
    """
    server = named(env)
    if server is not None and is_own(Path(command[0])):
        # a server that is gone is no reason to do without a plugin
        with suppress(OSError):
            return Forked(
                server, _TARGET, argv=command[1:], env=env, orphaned=signal.SIGTERM
            )  # fmt: skip
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        text=True,
        errors="replace",
        start_new_session=detached,
    )
