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
#: the longest that slots are held back for those that have not asked yet
GATHER_SECONDS = 1.0


class Slots:
    """So many slots. Safe from any thread."""

    def __init__(self, count: int) -> None:
        self._free = max(1, count)
        self._lock = threading.Lock()
        self._order = itertools.count()
        self._waiting: list[tuple[Turn, int, threading.Event]] = []
        #: how many are still to ask before slots are handed out; 0: they are handed out
        self._awaited = 0

    def gather(self, parties: int) -> None:
        """Hold slots back until so many parties (shards that begin together) have asked.

        Not where somebody waits already: who did not know of it could wait for ever.
        """
        with self._lock:
            if parties > 1 and not self._waiting:
                self._awaited = parties

    def asking(self, pieces: int) -> None:
        """A party says how many pieces of work it is about to ask for; each then counts."""
        with self._lock:
            self._arrived(1 - pieces)

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
            look = turn == FIRST
            if self._free and (look or not self._awaited):
                self._free -= 1
                return
            mine = threading.Event()
            heapq.heappush(self._waiting, (turn, next(self._order), mine))
            if not look:
                self._arrived(1)
            patience = GATHER_SECONDS if self._awaited else None
        while not mine.wait(patience):
            patience = None
            with self._lock:
                self._arrived(self._awaited)

    def _give(self) -> None:
        """To the next one that waits, so that nobody overtakes it."""
        with self._lock:
            self._free += 1
            if not self._awaited:
                self._hand_out()

    def _arrived(self, count: int) -> None:
        if self._awaited:
            self._awaited = max(0, self._awaited - count)
            if not self._awaited:
                self._hand_out()

    def _hand_out(self) -> None:
        while self._free and self._waiting:
            self._free -= 1
            heapq.heappop(self._waiting)[2].set()
