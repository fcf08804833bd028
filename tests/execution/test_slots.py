"""A free slot goes to the most urgent that waits, of equals to the longest."""

from __future__ import annotations

import threading
from contextlib import suppress

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
