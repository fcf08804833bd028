"""Slots: as many at once as there are, and the program gives way only while all are taken."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from drstate.sandbox.engine.deploy import slots as module
from drstate.sandbox.engine.deploy.slots import Slots

WAIT = 30.0


def gives_way(slots: Slots) -> threading.Event:
    """Set once somebody who gives way has been let go."""
    gone = threading.Event()

    def go() -> None:
        slots.give_way()
        gone.set()

    threading.Thread(target=go, daemon=True).start()
    return gone


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is let go because time is up."""
    monkeypatch.setattr(module, "LONGEST_SECONDS", WAIT)


def test_no_more_are_in_than_there_are_slots() -> None:
    slots, guard = Slots(3), threading.Lock()
    inside, most = 0, 0
    full = threading.Barrier(3)

    def one(_: int) -> None:
        nonlocal inside, most
        with slots:
            with guard:
                inside += 1
                most = max(most, inside)
            full.wait(WAIT)
            with guard:
                inside -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(one, range(12)))
    assert most == 3


def test_a_slot_comes_back_when_its_work_fails() -> None:
    slots = Slots(1)
    with pytest.raises(ValueError, match="no"), slots:
        raise ValueError("no")
    with slots:
        pass


@pytest.mark.usefixtures("patient")
def test_nobody_waits_while_a_slot_is_free() -> None:
    slots = Slots(2)
    with slots:
        assert gives_way(slots).wait(WAIT / 2)


@pytest.mark.usefixtures("patient")
def test_who_gives_way_is_let_go_when_half_of_the_slots_are_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slots = Slots(4)
    waits = threading.Event()
    real = slots._watched.wait

    def wait(seconds: float | None = None) -> bool:
        # whoever frees a slot needs the lock that only the wait itself lets go
        waits.set()
        return real(seconds)

    monkeypatch.setattr(slots._watched, "wait", wait)
    with ExitStack() as one, ExitStack() as another, ExitStack() as rest:
        for held in (one, another, rest, rest):
            held.enter_context(slots)
        gone = gives_way(slots)
        assert waits.wait(WAIT)
        one.close()
        assert not gone.is_set()
        another.close()
        assert gone.wait(WAIT / 2)


def test_nobody_gives_way_for_long() -> None:
    slots = Slots(1)
    with slots:
        assert gives_way(slots).wait(WAIT)
