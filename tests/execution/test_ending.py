"""How a run ends early, step by step, on a clock that the test moves."""

from __future__ import annotations

import signal

import pytest

from drstate.aws.clock import SystemClock
from drstate.engine.stopping import Stopping
from drstate.errors import RunInterruptedError
from drstate.execution.ending import LEAVE_SECONDS, Ending
from drstate.execution.interrupts import InterruptPolicy, Interrupts, interrupted_error


class Clock(SystemClock):
    at = 100.0

    def monotonic(self) -> float:
        return self.at


def test_it_asks_then_forces_at_the_deadline_then_gives_up() -> None:
    clock, engine, told = Clock(), Stopping(), []
    ending = Ending(clock, engine, deadline_seconds=30, on_force=told.append)
    assert ending.patient()
    assert not engine.asked()

    ending.begin()
    assert (engine.asked(), engine.forced()) == (True, False)
    clock.at += 29.9
    ending.begin()  # asking again does not move the deadline
    assert ending.patient()
    assert not engine.forced()

    clock.at += 0.1
    assert ending.patient()
    assert engine.forced()
    assert told == [True]

    clock.at += LEAVE_SECONDS
    assert not ending.patient()
    assert ending.patient(longer=1.0)
    assert told == [True]


def test_hurry_forces_before_the_deadline() -> None:
    clock, engine, told = Clock(), Stopping(), []
    ending = Ending(clock, engine, deadline_seconds=30, on_force=told.append)
    ending.begin()
    ending.hurry()
    assert engine.forced()
    assert told == [False]
    clock.at += LEAVE_SECONDS
    assert not ending.patient()


def test_a_signal_raises_while_a_person_is_asked_and_not_elsewhere() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    said: list[str] = []
    reasons: list[str] = []
    ending = Ending(Clock(), Stopping(), deadline_seconds=30)
    interrupts = Interrupts(
        InterruptPolicy(say=said.append, deadline_seconds=30),
        ending,
        stop=reasons.append,
        last_words=lambda: interrupted_error("run-1"),
    )
    try:
        with interrupts:
            signal.raise_signal(signal.SIGTERM)
            assert interrupts.asked
            with pytest.raises(KeyboardInterrupt), interrupts.asking():
                pass
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(number, handler)
    assert reasons == ["interrupted"]
    assert ending.begun
    assert "30 s" in said[0]


def test_handlers_are_as_before_where_nothing_was_interrupted() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts(
        InterruptPolicy(say=lambda _: None),
        Ending(Clock(), Stopping()),
        stop=lambda _: None,
        last_words=interrupted_error,
    ):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_a_terminal_that_is_closed_interrupts_neither_the_run_nor_its_programs() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        with Interrupts(
            InterruptPolicy(say=lambda _: None),
            Ending(Clock(), Stopping()),
            stop=lambda _: None,
            last_words=interrupted_error,
        ) as interrupts:
            # handlers are lost where another program begins; only what is ignored stays so
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            signal.raise_signal(signal.SIGHUP)
            assert not interrupts.asked
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_hangs_for_good_is_left_with_the_last_words() -> None:
    clock = Clock()
    left: list[RunInterruptedError] = []

    def words() -> RunInterruptedError:
        return interrupted_error("run-1")

    def say(_text: str) -> None:
        clock.at += 1000.0  # time passes as soon as it is said

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        with Interrupts(
            InterruptPolicy(say=say, leave=left.append, deadline_seconds=5),  # type: ignore[arg-type]
            Ending(clock, Stopping(), deadline_seconds=5, on_force=lambda _: say("")),
            stop=lambda _: None,
            last_words=words,
        ) as interrupts:
            signal.raise_signal(signal.SIGINT)
            interrupts.watched(20)
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(number, handler)
    assert [error.hint for error in left] == ["go on with: drstate resume"]
