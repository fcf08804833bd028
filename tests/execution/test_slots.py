"""A free slot goes to the most urgent that waits, of equals to the longest."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from drstate.execution import slots as module
from drstate.execution.slots import FIRST, Slots, Turn

LOW, LONG, URGENT = (3, -10), (3, -600), (0, -5)


def test_who_waits_is_served_by_turn_and_nobody_is_forgotten() -> None:
    slots = Slots(1)
    served: list[Turn] = []
    threads: list[threading.Thread] = []

    def work(turn: Turn) -> None:
        with slots.held(turn):
            served.append(turn)

    with slots.held():
        for count, turn in enumerate((LOW, LONG, FIRST, URGENT), start=1):
            threads.append(threading.Thread(target=work, args=(turn,)))
            threads[-1].start()
            while len(slots._waiting) < count:
                threading.Event().wait(0.001)
    for thread in threads:
        thread.join(10)
    assert served == [FIRST, URGENT, LONG, LOW]


def test_no_more_are_held_than_there_are_and_a_failure_gives_its_slot_back() -> None:
    slots = Slots(2)
    held, most = [0], [0]
    lock = threading.Lock()

    def once() -> None:
        with slots.held():
            with lock:
                held[0] += 1
                most[0] = max(most[0], held[0])
            with lock:
                held[0] -= 1
            raise ValueError

    def work() -> None:
        for _ in range(50):
            with suppress(ValueError):
                once()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert most[0] <= 2
    assert slots._free == 2


def asked(slots: Slots, served: list[Turn], *turns: Turn) -> list[threading.Thread]:
    """A shard that asks for these, each in a thread of its own, in this order."""

    def work(turn: Turn) -> None:
        with slots.held(turn):
            served.append(turn)

    threads = [threading.Thread(target=work, args=(turn,)) for turn in turns]
    slots.asking(len(turns))
    for thread in threads:
        waiting = len(slots._waiting)
        thread.start()
        while thread.is_alive() and len(slots._waiting) == waiting:
            threading.Event().wait(0.001)
    return threads


def test_shards_that_begin_together_ask_before_the_first_slot_is_given() -> None:
    slots, served = Slots(1), []  # type: tuple[Slots, list[Turn]]
    slots.gather(3)
    threads = asked(slots, served, LOW, LONG)
    assert served == []
    slots.asking(0)  # one of them has nothing to ask for
    threads += asked(slots, served, URGENT)
    for thread in threads:
        thread.join(10)
    assert served == [URGENT, LONG, LOW]
    assert slots._free == 1


def test_a_look_waits_for_nobody_and_who_never_asks_holds_nobody_up_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "GATHER_SECONDS", 0.02)
    slots, served = Slots(2), []  # type: tuple[Slots, list[Turn]]
    slots.gather(2)
    with slots.held(FIRST):
        (thread,) = asked(slots, served, LOW)
        thread.join(10)
    assert served == [LOW]
    assert slots._free == 2


def test_slots_are_not_held_back_where_somebody_waits_already() -> None:
    slots, served = Slots(1), []  # type: tuple[Slots, list[Turn]]
    with slots.held():
        (thread,) = asked(slots, served, LOW)
        slots.gather(2)
    thread.join(10)
    assert served == [LOW]
