"""Token buckets that hold every account to how many calls AWS allows it.

    off       no limit
    generous  ten times AWS's figures, on scaled time: the default. At a time scale of 0,
              where everything is immediate, there is no limit.
    strict    AWS's figures as they are, on unscaled time, whatever the time scale

Time is the sandbox's: pushing it forward fills the buckets.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .figures import figure_of

_GENEROSITY = 10.0
MOST_BUCKETS = 20_000


class Profile(StrEnum):
    """How limits are applied."""

    OFF = "off"
    GENEROUS = "generous"
    STRICT = "strict"


@dataclass
class _Bucket:
    tokens: float
    filled: float


class Limits:
    """The buckets of one sandbox. Its owner sees to it that one thread at a time uses it."""

    def __init__(self, scale: float, profile: Profile = Profile.GENEROUS) -> None:
        """`scale` is the sandbox's time scale."""
        self._scale = scale
        self.profile = profile
        self._buckets: dict[tuple[str, str, str, str], _Bucket] = {}

    def choose(self, profile: Profile) -> None:
        """Apply another profile; all buckets are full again."""
        self.profile = profile
        self._buckets.clear()

    def allows(self, account: str, region: str, service: str, operation: str, now: float) -> bool:
        """Take a token for this call; False where there is none. `now` in seconds."""
        generous = self.profile is Profile.GENEROUS
        if self.profile is Profile.OFF or (generous and self._scale == 0):
            return True
        figure = figure_of(service, operation)
        factor = _GENEROSITY if generous else 1.0
        burst = figure.burst * factor
        rate = figure.rate * factor / (self._scale if generous else 1.0)
        key = (
            account,
            "" if figure.everywhere else region,
            service,
            figure.operation if figure.shared else operation,
        )
        bucket = self._buckets.get(key)
        if bucket is None:
            self._make_room()
            bucket = self._buckets[key] = _Bucket(burst, now)
        bucket.tokens = min(burst, bucket.tokens + max(0.0, now - bucket.filled) * rate)
        bucket.filled = now
        if bucket.tokens < 1.0:
            return False
        bucket.tokens -= 1.0
        return True

    def _make_room(self) -> None:
        # Forgetting the oldest half gives away at most one burst each.
        if len(self._buckets) >= MOST_BUCKETS:
            for key in list(self._buckets)[: MOST_BUCKETS // 2]:
                del self._buckets[key]
