"""How many resources are worked on at once, over all shards, and whose turn it is next.

A free slot goes to the most urgent that waits, of equals to the one that takes longest: what ends
last should begin first. Work that is under way is never interrupted for it.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: (urgency, minus seconds): the smaller goes first
Turn = tuple[int, int]

#: short looks go before work
FIRST: Turn = (-1, 0)


class Slots:
    """So many slots. Safe from any thread."""

    def __init__(self, count: int) -> None:
        self._free = max(1, count)
        self._lock = threading.Lock()
        self._order = itertools.count()
        self._waiting: list[tuple[Turn, int, threading.Event]] = []

    @contextmanager
    def held(self, turn: Turn = FIRST) -> Iterator[None]:
        """Hold a slot inside the block; waits for its turn."""
        self._take(turn)
        try:
            yield
        finally:
            self._give()

    def _take(self, turn: Turn) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            mine = threading.Event()
            heapq.heappush(self._waiting, (turn, next(self._order), mine))
        mine.wait()

    def _give(self) -> None:
        """To the next one that waits, so that nobody overtakes it."""
        with self._lock:
            if self._waiting:
                heapq.heappop(self._waiting)[2].set()
            else:
                self._free += 1
