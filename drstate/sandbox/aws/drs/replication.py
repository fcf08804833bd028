"""How data of one server arrives: states in time, lag, and the points that can be recovered.

A replication goes from INITIATING over INITIAL_SYNC and CREATING_SNAPSHOT to CONTINUOUS on
the scaled clock. While it is CONTINUOUS its data is consistent up to its lag; when it stalls
the lag is the age of the last consistent data, and grows with the (unscaled) time. It knows
nothing of servers and of jobs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from drstate.sandbox.aws import runtime

INITIATING = "INITIATING"
INITIAL_SYNC = "INITIAL_SYNC"
CREATING_SNAPSHOT = "CREATING_SNAPSHOT"
CONTINUOUS = "CONTINUOUS"
BACKLOG = "BACKLOG"
STALLED = "STALLED"
STOPPED = "STOPPED"
DISCONNECTED = "DISCONNECTED"
#: states that a tag can hold a replication in
HELD = (STALLED, BACKLOG, "PAUSED", "RESCAN", INITIAL_SYNC, INITIATING)
#: states in which nothing is replicated
OFF = (STOPPED, DISCONNECTED)

INITIATE_SECONDS = 60.0
SYNC_SECONDS = 600.0
FIRST_SNAPSHOT_SECONDS = 60.0
CATCH_UP_SECONDS = 120.0
# A healthy replication's lag, in unscaled seconds: none for a while, then a little.
_BEAT_SECONDS = 60.0
_QUIET_SECONDS = 40.0
_UNITS = {"MINUTE": 60.0, "HOUR": 3600.0, "DAY": 86400.0}


@dataclass
class Replication:
    """Moments are seconds since the epoch, sizes bytes."""

    bytes: int
    state: str = INITIATING
    since: float = 0.0
    started: float = 0.0
    first_byte: float | None = None
    #: when data was consistent: [from, to]; the last one's end is None while it still is
    spans: list[list[float | None]] = field(default_factory=list)
    held: bool = False
    # Lag when catching up began.
    behind: float = 0.0
    # What was scheduled for an earlier course must not happen in this one.
    turn: int = 0

    def begin(self) -> None:
        """From nothing: all data is copied again, earlier points are gone."""
        self.started = runtime.clock().moment()
        self.first_byte, self.spans, self.held = None, [], False
        self._become(INITIATING, INITIATE_SECONDS)

    def arrive(self) -> None:
        """As if the first copy had been made already: an estate's servers are protected."""
        self.started = self.first_byte = runtime.clock().moment()
        self.spans, self.held = [], False
        self._become(CONTINUOUS)

    def end(self, state: str) -> None:
        """Stop for good (STOPPED, DISCONNECTED): the points are gone too."""
        self.spans, self.held = [], False
        self._become(state)

    def hold(self, state: str) -> None:
        """Keep it in a state, as a fault would."""
        if self.state in OFF:
            return
        self.held = True
        self._become(state)

    def release(self) -> None:
        """The fault is over: catch up, or go on with the first copy."""
        if not self.held:
            return
        self.held = False
        if not self.spans:
            self.begin()
            return
        self.behind = self.lag() or 0.0
        self._become(BACKLOG, CATCH_UP_SECONDS)

    def lag(self) -> float | None:
        """Age of the newest consistent data in seconds; None where there is none."""
        now = runtime.clock().moment()
        if not self.spans or self.state in OFF:
            return None
        if self.state == CONTINUOUS:
            return max(0.0, (now - self.since) % _BEAT_SECONDS - _QUIET_SECONDS)
        if self.state == BACKLOG and not self.held:
            whole = CATCH_UP_SECONDS * runtime.clock().scale
            left = 1.0 - (now - self.since) / whole if whole else 0.0
            return self.behind * min(1.0, max(0.0, left))
        return max(0.0, now - (self.spans[-1][1] or now))

    def copied(self) -> int:
        """Bytes of the first copy that have arrived."""
        if self.first_byte is None:
            return 0
        if self.state != INITIAL_SYNC:
            return self.bytes
        whole = SYNC_SECONDS * runtime.clock().scale
        passed = (runtime.clock().moment() - self.since) / whole if whole else 1.0
        return int(self.bytes * min(1.0, max(0.0, passed)))

    def done_at(self) -> float | None:
        """When the copy or the catching up will have been done."""
        left = {INITIAL_SYNC: SYNC_SECONDS, BACKLOG: CATCH_UP_SECONDS}.get(self.state)
        if left is None or self.held:
            return None
        return self.since + left * runtime.clock().scale

    def points(self, policy: list[dict[str, Any]]) -> list[float]:
        """Moments that can be recovered, oldest first, by the rules of a PIT policy."""
        now = runtime.clock().moment()
        found: set[float] = set()
        for start, end in self.spans:
            # A settled clock has run ahead: what it began is not in the future.
            first = now if start is None else min(start, now)
            for rule in policy:
                if rule.get("enabled", True):
                    found.update(_kept(first, end or now, now, rule))
        return sorted(found)

    def _become(self, state: str, seconds: float | None = None) -> None:
        now = runtime.clock().moment()
        if self.state == CONTINUOUS and self.spans and self.spans[-1][1] is None:
            end = now - (self.lag() or 0.0)
            self.spans[-1] = [min(self.spans[-1][0] or end, end), end]
        self.state, self.since = state, now
        self.turn += 1
        if state == CONTINUOUS:
            self.spans.append([now, None])
        if state == INITIAL_SYNC and self.first_byte is None:
            self.first_byte = now
        if seconds is not None:
            runtime.clock().after(seconds, partial(self._next, self.turn))

    def _next(self, turn: int) -> None:
        if turn != self.turn:
            return
        following: dict[str, tuple[str, float | None]] = {
            INITIATING: (INITIAL_SYNC, SYNC_SECONDS),
            INITIAL_SYNC: (CREATING_SNAPSHOT, FIRST_SNAPSHOT_SECONDS),
            CREATING_SNAPSHOT: (CONTINUOUS, None),
            BACKLOG: (CONTINUOUS, None),
        }
        self._become(*following[self.state])


def _kept(start: float, end: float, now: float, rule: dict[str, Any]) -> list[float]:
    unit = _UNITS[rule["units"]]
    step, keep = unit * rule["interval"], unit * rule["retentionDuration"]
    first = max(0, math.ceil((now - keep - start) / step))
    last = math.floor((end - start) / step)
    return [start + number * step for number in range(first, last + 1)]
