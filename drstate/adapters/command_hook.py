"""Hooks that are programs on the machine that runs drstate: arguments as listed, no shell.

The program gets what it needs to know on its standard input and in ``DRSTATE_HOOK_*``, and of the
environment only what the scope file names. It runs in a group of its own, which is ended with it;
what it says is kept bounded, from its end.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping
from typing import IO, Any

from drstate.adapters.actions import Action, RunContext
from drstate.adapters.outside import OutsideAction, OutsideAdapter, Secrets, body_of, unset
from drstate.adapters.site import SiteContext
from drstate.errors import CancelledError, OperationError, TimedOutError
from drstate.model.catalog import CatalogEntry
from drstate.model.named import Hook
from drstate.model.phases import Phase

#: of the environment, what every program is given
_ALWAYS = ("PATH", "HOME", "LANG", "TMPDIR")
_KEPT_BYTES = 16 * 1024
_LOOK_SECONDS = 0.2
_GRACE_SECONDS = 5.0


class CommandHookAdapter(OutsideAdapter):
    """Programs that the scope file names."""

    technology = "command-hook"
    summary = "hooks: programs on the machine that runs drstate, before or after a wave"

    def wrong(self, hook: Hook) -> tuple[str, str] | None:
        """The program is not here, or a variable that it is given is not set."""
        if shutil.which(hook.runs) is None:
            return (
                f"there is no program {hook.runs} on this machine",
                f"install it, or mend hook {hook.name} in the scope file",
            )
        return unset(hook.environment_from)

    def hooked(self, entry: CatalogEntry, site: SiteContext, hook: Hook, phase: Phase) -> Action:
        """Run the program and wait for its end."""
        return RunProgram(
            entry,
            site,
            hook,
            phase,
            self.clock,
            technology=self.technology,
            title=f"run {hook.runs} on this machine",
            wrong=self.wrong,
        )


class RunProgram(OutsideAction):
    """One run of a program."""

    def perform(self, run: RunContext, told: Mapping[str, Any], secrets: Secrets) -> str:
        """Run it; a code other than 0 is a failure."""
        hook = self.hook
        given = {name: os.environ[name] for name in _ALWAYS if name in os.environ}
        given |= {name: secrets.value(name) for name in hook.environment_from}
        plain = ("hook", "customer", "environment", "phase", "wave", "region", "run")
        given |= {f"DRSTATE_HOOK_{name.upper()}": str(told[name]) for name in plain}
        try:
            process = subprocess.Popen(  # noqa: S603 - the owner's own words, and no shell
                hook.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=given,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise self._failed(f"could not be started: {error}", "") from None
        said = _Tail(process.stdout)
        try:
            _tell(process.stdin, body_of(told))
            code = self._waited(process, run)
        finally:
            _end(process)
            text = secrets.hidden(said.text())
        if code != 0:
            ended = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
            raise self._failed(ended, text)
        return text

    def _waited(self, process: subprocess.Popen[bytes], run: RunContext) -> int:
        hook = self.hook
        end = run.clock.monotonic() + hook.timeout_seconds
        while True:
            try:
                return process.wait(_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                pass
            if run.clock.monotonic() >= end:
                raise TimedOutError(
                    f"hook {hook.name}: {hook.runs} was ended after {hook.timeout_seconds} s",
                    why="it did not end by itself",
                    hint="see what it waits for, or give the hook more timeout_seconds; then "
                    "drstate resume runs it again",
                )
            if run.cancelled():
                raise CancelledError(
                    f"hook {hook.name}: {hook.runs} was ended before its time",
                    why="the execution was cancelled or its lease was lost",
                    hint="drstate status shows where it stands; drstate resume goes on from there",
                )

    def _failed(self, what: str, said: str) -> OperationError:
        return OperationError(
            f"hook {self.hook.name}: {self.hook.runs} {what}",
            why=said or "it said nothing",
            hint="mend the cause, then drstate resume runs it again",
        )


class _Tail:
    """Reads a stream to its end in a thread of its own, and keeps the last part."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._held = bytearray()
        self._stream = stream
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while self._stream is not None:
            part = os.read(self._stream.fileno(), 4096)
            if not part:
                return
            self._held += part
            del self._held[:-_KEPT_BYTES]

    def text(self) -> str:
        # a grandchild that outlives its group may keep the stream open
        self._thread.join(_GRACE_SECONDS)
        return bytes(self._held).decode("utf-8", "replace")


def _tell(stream: IO[bytes] | None, body: bytes) -> None:
    if stream is None:
        return
    try:
        stream.write(body)
        stream.close()
    except OSError:
        # it does not care to read
        return


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the program's group, kindly first."""
    for signal_, seconds in ((signal.SIGTERM, _GRACE_SECONDS), (signal.SIGKILL, _GRACE_SECONDS)):
        try:
            os.killpg(process.pid, signal_)
        except (ProcessLookupError, PermissionError):
            break
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue


ADAPTER = CommandHookAdapter
