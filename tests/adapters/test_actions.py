"""Waiting and consent: what every action gets from its run."""

from __future__ import annotations

import pytest

from drstate.adapters.actions import RunContext
from drstate.errors import CancelledError, OperationError, TimedOutError
from tests.aws.clocks import FakeClock


def test_a_wait_answers_with_what_it_waited_for() -> None:
    clock = FakeClock()
    answers = iter([None, None, "ready"])
    run = RunContext(clock=clock, poll_seconds=1.0)
    assert run.wait(lambda: next(answers), what="it", timeout_seconds=60, hint="") == "ready"
    assert clock.slept == [1.0, 1.5]


def test_polling_slows_down_to_its_limit() -> None:
    clock = FakeClock()
    run = RunContext(clock=clock, poll_seconds=4.0, poll_max_seconds=5.0)
    with pytest.raises(TimedOutError):
        run.wait(lambda: None, what="it", timeout_seconds=16, hint="")
    assert clock.slept == [4.0, 5.0, 5.0, 2.0]


def test_a_wait_in_vain_says_for_what_and_what_helps() -> None:
    run = RunContext(clock=FakeClock())
    with pytest.raises(TimedOutError) as caught:
        run.wait(lambda: None, what="the writer", timeout_seconds=30, hint="drstate resume")
    assert caught.value.what == "waited 30 s for the writer, in vain"
    assert caught.value.hint == "drstate resume"


def test_a_cancelled_wait_ends_before_it_sleeps() -> None:
    clock = FakeClock()
    run = RunContext(clock=clock, cancelled=lambda: True)
    with pytest.raises(CancelledError):
        run.wait(lambda: None, what="it", timeout_seconds=60, hint="")
    assert clock.slept == []


def test_without_consent_nothing_that_needs_it_goes_on() -> None:
    run = RunContext(clock=FakeClock(), consents=frozenset({"other"}))
    with pytest.raises(OperationError, match="data-loss"):
        run.require_consent("data-loss", "fail over")
    RunContext(clock=FakeClock(), consents=frozenset({"x"})).require_consent("x", "it")
