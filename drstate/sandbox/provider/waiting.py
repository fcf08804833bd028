"""Waiting for AWS to become what was asked, with a limit, on an injected clock.

The only place of the plugin that passes time. It refuses to wait for ever: every wait has a limit
in seconds, and ends at once when the plugin is told to stop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from typing_extensions import override

from drstate.sandbox.provider.problems import StoppedError, TookTooLongError

#: Seconds between two looks: against an emulated AWS on this machine, and against the real one.
LOCAL_INTERVAL = 0.05
REMOTE_INTERVAL = 10.0
T = TypeVar("T")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Clock(Protocol):
    """Monotonic seconds, and a pause that says whether the plugin was told to stop meanwhile."""

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    def pause(self, seconds: float) -> bool:
        """Let seconds pass; True if the plugin was told to stop meanwhile."""
        ...


class StoppableClock(Clock):
    """The machine's clock; a pause ends early when ``stop`` is set."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    @override
    def now(self) -> float:
        return time.monotonic()

    @override
    def pause(self, seconds: float) -> bool:
        return self._stop.wait(seconds)


class Waiter:
    """Looks again every ``interval`` seconds until a probe is satisfied."""

    def __init__(self, clock: Clock, interval: float) -> None:
        self._clock = clock
        self.interval = interval

    def until(self, what: str, limit: float, probe: Callable[[], T | None]) -> T:
        """The first result of ``probe`` that is not None.

        ``what`` completes "waiting for …"; ``limit`` is in seconds. Raises TookTooLongError,
        StoppedError, and whatever the probe raises.
        """
        end = self._clock.now() + limit
        while True:
            found = probe()
            if found is not None:
                return found
            left = end - self._clock.now()
            if left <= 0:
                raise TookTooLongError(
                    f"waiting for {what}: not so after {limit:g} s; "
                    "raise the resource's customTimeouts if it only needs longer"
                )
            if self._clock.pause(min(self.interval, left)):
                raise StoppedError(f"waiting for {what}: stopped, because the update was cancelled")


def interval_for(endpoint: str | None) -> float:
    """Seconds between two looks at an AWS that is reached at ``endpoint`` (None: the real one)."""
    host = urlsplit(endpoint).hostname if endpoint else None
    return LOCAL_INTERVAL if host in _LOOPBACK else REMOTE_INTERVAL
