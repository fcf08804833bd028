"""The machine's clock."""

from __future__ import annotations

import time
from datetime import UTC

from drstate.aws.clock import SystemClock


def test_the_time_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_sleep_takes_the_time_it_was_given_and_none_for_less_than_zero() -> None:
    clock = SystemClock()
    begun = time.monotonic()
    clock.sleep(-5)
    clock.sleep(0.02)
    assert 0.015 < time.monotonic() - begun < 2
    assert clock.monotonic() >= begun
