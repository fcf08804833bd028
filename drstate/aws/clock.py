"""Time, injected: everything that waits or measures gets a ``Clock``, so that tests need not wait.

Nothing else in the product may call ``time.sleep``.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is, and how to let some pass."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC. It may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; only differences mean something. It never jumps back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds; at once for zero and less."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The machine's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The machine's monotonic clock, in seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let the thread sleep."""
        if seconds > 0:
            time.sleep(seconds)  # noqa: TID251 - the one place that may
