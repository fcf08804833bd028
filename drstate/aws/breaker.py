"""A circuit breaker for questions: what has just failed five times is not asked for a minute.

Before a start, hundreds of resources are asked about. Where an operation does not answer, each of
those questions would be tried four times and wait for its time limit, and whoever wants to begin
would learn an hour later what was known after five answers. It refuses to stand in the way of a
recovery: what a run does is always tried, whatever failed before. An action of the recovery site
does not end with its last usual attempt either: its calls wait half-open, one attempt in every
``OPEN_SECONDS``, until there is an answer or the action's deadline (``AwsCaller.derived``).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from drstate.aws.clock import Clock
from drstate.aws.records import CallRecord

#: failures in a row, of any number of calls, after which it opens
FAILURES = 5
#: how long it stays open, seconds; then one call at a time is let through to see
OPEN_SECONDS = 60.0
#: how often what waits half-open looks whether it still should
LOOK_SECONDS = 2.0

#: service, operation, account, region
_Key = tuple[str, str, str, str]


@dataclass
class _Line:
    failures: int = 0
    #: when one may be let through again; None: it is closed
    until: float | None = None
    #: what failed last
    error: Exception | None = None


class Breaker:
    """State of the lines to AWS of one caller, one for each operation in an account and region."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lines: dict[_Key, _Line] = {}

    def refused(self, call: CallRecord) -> tuple[Exception, float] | None:
        """What failed last, and for how many seconds nothing is asked; None: it may be asked."""
        with self._lock:
            line = self._lines.get(_key(call))
            if line is None or line.until is None or line.error is None:
                return None
            now = self._clock.monotonic()
            if now >= line.until:
                # this one sees; the others wait for what it finds, or for as long again
                line.until = now + OPEN_SECONDS
                return None
            return line.error, line.until - now

    def failed(self, call: CallRecord, error: Exception) -> bool:
        """One attempt has failed with what passes by itself; whether another one is of no use."""
        with self._lock:
            line = self._lines.setdefault(_key(call), _Line())
            line.failures += 1
            line.error = error
            if line.failures < FAILURES:
                return False
            line.until = self._clock.monotonic() + OPEN_SECONDS
            return True

    def answered(self, call: CallRecord) -> None:
        """There was an answer, be it a refusal: the line is closed."""
        with self._lock:
            self._lines.pop(_key(call), None)


def _key(call: CallRecord) -> _Key:
    return call.service, call.operation, call.account, call.region
