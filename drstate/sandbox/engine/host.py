"""What a command needs of the machine: clock, ids, randomness, who is asking, and who interrupts.

Everything that differs from run to run comes from here, so that tests can hold it still.
It refuses to know anything about stacks or state.
"""

from __future__ import annotations

import getpass
import os
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime


def _now() -> datetime:
    return datetime.now(UTC)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for its user id
        return str(os.getuid())


@dataclass(frozen=True)
class Host:
    """The injected surroundings. Times are aware, in UTC; stamps are nanoseconds since 1970."""

    now: Callable[[], datetime] = _now
    stamp: Callable[[], int] = time.time_ns
    monotonic: Callable[[], float] = time.monotonic
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())
    entropy: Callable[[int], bytes] = os.urandom
    user: Callable[[], str] = _user
    name: Callable[[], str] = socket.gethostname
    pid: Callable[[], int] = field(default=os.getpid)
    #: all of standard input, for who has one to give
    read_input: Callable[[], str] | None = None
    #: somebody wants the command to end early, in good order …
    interrupted: Callable[[], bool] = lambda: False
    #: … or at once
    terminated: Callable[[], bool] = lambda: False
    #: how long plugins may take to give up after an interruption, seconds
    grace: float = 30.0
    #: whether plugins are kept out of the terminal's reach, so that interruptions come from here
    detached: bool = False


def rfc3339(moment: datetime) -> str:
    """A time as the CLI writes it: UTC, up to nanoseconds, ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_rfc3339(seconds: int) -> str:
    """Whole seconds since 1970 in the form that the Automation API parses."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
