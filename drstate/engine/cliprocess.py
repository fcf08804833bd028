"""The Pulumi CLI as a process that can be ended early.

The SDK's own command starts it and keeps no handle. This one does the same and hands each process
to a ``Stopping``. What the CLI says, its exit codes and the SDK's error classes stay as they are.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from pulumi import automation as auto
from pulumi.automation.errors import create_command_error

from drstate.engine.stopping import Stopping

_NO_QUESTIONS = "--non-interactive"
#: how long the rest of the output may take once the process is gone: an orphan may hold the pipe
OUTPUT_SECONDS = 10.0


class StoppableCommand(auto.PulumiCommand):
    """A Pulumi CLI whose running commands a ``Stopping`` reaches."""

    #: replaced by the run that wants to stop its commands
    stopping: Stopping = Stopping()

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> auto.CommandResult:
        """Run one command to its end. Raises the SDK's error class where its exit code is not 0."""
        own = args[: args.index("--")] if "--" in args else args
        if _NO_QUESTIONS not in own:
            args = [_NO_QUESTIONS, *args]
        env = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        if Path(self.command).is_absolute():
            # plugins that came with this CLI go before those on PATH
            env["PATH"] = os.pathsep.join([str(Path(self.command).parent), env.get("PATH", "")])
        with subprocess.Popen(  # noqa: S603 - the pinned CLI, its arguments from the SDK
            [self.command, *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=env,
            encoding="utf-8",
            errors="replace",
            start_new_session=self.stopping.managed,
        ) as process:
            readers = (
                _Lines(process.stdout, on_output),
                _Lines(process.stderr, on_error),
            )
            with self.stopping.watching(process):
                code = process.wait()
            stdout, stderr = (one.text() for one in readers)
        result = auto.CommandResult(stdout=stdout, stderr=stderr, code=code)
        if code != 0:
            raise create_command_error(result)
        return result


class _Lines:
    """Reads a stream to its end in a thread of its own."""

    def __init__(self, stream: IO[str] | None, tell: Callable[[str], Any] | None) -> None:
        self._stream = stream
        self._tell = tell
        self._lines: list[str] = []
        self._thread = threading.Thread(target=self._read, name="pulumi-output", daemon=True)
        self._thread.start()

    def text(self) -> str:
        """Everything that was said, once the stream has ended."""
        self._thread.join(OUTPUT_SECONDS)
        return "\n".join(self._lines)

    def _read(self) -> None:
        for line in self._stream or ():
            stripped = line.rstrip()
            if self._tell is not None:
                self._tell(stripped)
            self._lines.append(stripped)
