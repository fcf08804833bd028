"""How the command line answers Ctrl-C and SIGTERM while an execution runs, and how it leaves."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from drstate.errors import ConfigError, DrstateError
from drstate_cli.options import Common
from drstate_cli.payload import emit_error, say, tell

if TYPE_CHECKING:
    from drstate.execution.interrupts import InterruptPolicy

#: seconds from the first interrupt until what runs is killed
VARIABLE = "DRSTATE_INTERRUPT_SECONDS"


def interrupt_policy(common: Common) -> InterruptPolicy:
    """The answer to interrupts. Raises ConfigError for a deadline that is no number of seconds."""
    from drstate.execution.ending import DEADLINE_SECONDS
    from drstate.execution.interrupts import InterruptPolicy

    def leave(error: DrstateError) -> NoReturn:
        if common.machine:
            emit_error(error)
        tell(error)
        _end(int(error.exit_code))

    return InterruptPolicy(say=say, leave=leave, deadline_seconds=_deadline(DEADLINE_SECONDS))


def _end(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _deadline(default: float) -> float:
    text = os.environ.get(VARIABLE, "").strip()
    try:
        seconds = float(text or default)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ConfigError(
            f"{VARIABLE} is {text!r}",
            why="it is how long an interrupted run may take to end in good order, in seconds",
            hint=f"leave it unset ({default:g} s), or set a number from 0",
        )
    return seconds
