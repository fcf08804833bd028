"""The sandbox's time: how long emulated AWS takes, and when a session has expired.

Emulated work (a cluster that is being created, a DNS change that propagates) is given in
nominal seconds and multiplied by the scale; sessions expire on unscaled time. Time moves
by itself, and can be pushed forward through the control endpoint, so that a test need not
wait. Nothing here sleeps or starts a thread: what is due is run when the next request
arrives.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import time as wall_seconds

Action = Callable[[], None]


class ScaledClock:
    """Unscaled `now`, and actions that run once their scaled delay has passed."""

    def __init__(self, scale: float, source: Callable[[], float] = wall_seconds) -> None:
        """`scale` multiplies nominal seconds (0 makes every change immediate)."""
        if scale < 0:
            raise ValueError(
                f"time scale {scale} is negative; use 0 for immediate changes, "
                "1 for the nominal durations"
            )
        self.scale = scale
        self._source = source
        self._offset = 0.0
        self._moment: float | None = None
        self._order = itertools.count()
        self._due: list[tuple[float, int, Action]] = []

    def seconds(self) -> float:
        """Seconds since the epoch, including what was pushed forward."""
        return self._source() + self._offset

    def moment(self) -> float:
        """While an action runs: when it was due; else now. Seconds since the epoch."""
        return self.seconds() if self._moment is None else self._moment

    def now(self) -> datetime:
        """The same as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.seconds(), tz=UTC)

    def ahead(self, seconds: float) -> datetime:
        """`now` plus unscaled seconds."""
        return self.now() + timedelta(seconds=seconds)

    def push(self, seconds: float) -> None:
        """Move time forward by unscaled seconds (never backward)."""
        if seconds < 0:
            raise ValueError(f"cannot move time back by {-seconds} s; give a positive number")
        self._offset += seconds

    def after(self, nominal_seconds: float, action: Action) -> None:
        """Run `action` once nominal seconds times the scale have passed."""
        due = self.moment() + nominal_seconds * self.scale
        heapq.heappush(self._due, (due, next(self._order), action))

    def run_due(self) -> int:
        """Run what is due, oldest first (an action may add others). Returns how many ran."""
        count = 0
        while self._due and self._due[0][0] <= self.seconds():
            self._run_first()
            count += 1
        return count

    def settle(self) -> int:
        """Run everything that is scheduled, however far ahead, without moving `now`."""
        count = 0
        while self._due:
            self._run_first()
            count += 1
        return count

    def _run_first(self) -> None:
        # What an action schedules follows its own due time, not the time of the request
        # that happened to find it due.
        self._moment, _, action = heapq.heappop(self._due)
        try:
            action()
        finally:
            self._moment = None
