"""Processes of their own: how one is started, so that it outlives the terminal, and what is shown.

The process is `drstate resume ID --stay` in a session of its own, its output in a log that only its
owner can read. Nothing goes to it but the environment and the id: what is wanted is in the journal.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from drstate.errors import CancelledError
from drstate_cli.options import Common
from drstate_cli.payload import emit, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drstate.execution.detaching import Spawn, Started
    from drstate.model.phases import Operation, Phase
    from drstate.model.scope import Scope


def spawner(common: Common) -> Spawn:
    """Starts the process that carries out an execution of this project."""

    def spawn(execution: str, log: Path) -> int:
        command = [
            sys.executable, "-m", "drstate_cli.main", "resume", execution, "--stay",
            "--non-interactive", "--color", "never", "--cwd", str(common.cwd),
            "--home", str(common.home),
        ]  # fmt: skip
        command += ["--sandbox"] if common.sandbox else []
        command += ["--engine", common.engine] if common.engine else []
        # what the options of this command line said is in the journal; a variable that says it
        # again (DRSTATE_YES) must not decide gates in there
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("DRSTATE_") or name in _PASSED_ON
        }
        handle = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        try:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
                env=kept,
                cwd=common.cwd,
                start_new_session=True,
            )
        finally:
            os.close(handle)
        return process.pid

    return spawn


#: settings that are no options of a verb
_PASSED_ON = ("DRSTATE_SHARD_MEMORY", "DRSTATE_INTERRUPT_SECONDS", "DRSTATE_JOURNAL")


def agree(scope: Scope, operation: Operation, phases: Sequence[Phase], *, force: bool) -> None:
    """Ask once before an execution is handed to the background; it has no preview."""
    from drstate_cli.asking import ask_line

    what = " + ".join(phases) or str(operation)
    say(f"{scope.key}  {what}" + ("  FORCE: data not replicated yet will be lost" if force else ""))
    if ask_line(f"Start it? Type the customer's name ({scope.customer}): ") != scope.customer:
        raise CancelledError("not confirmed; nothing was changed")


def show_started(common: Common, started: Started) -> None:
    """The execution's id on stdout; what to do with it on stderr."""
    tail = " --sandbox" if common.sandbox else ""
    ways = tuple(
        f"drstate {verb} {started.execution}{tail}" for verb in ("watch", "pause", "cancel")
    )
    emit(
        common,
        "drstate.started/1",
        {
            "execution": started.execution,
            "pid": started.pid,
            "log": str(started.log),
            "next": list(ways),
        },
        lambda: started.execution,
    )
    say(f"it goes on in process {started.pid}, which writes to {started.log}")
    for way in ways:
        say(f"  {way}")
