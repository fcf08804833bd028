"""Ctrl-C while a command runs: the first ends it in good order, the second at once.

A handler only notes what happened; the engine looks for it. It refuses to raise anything in the
middle of a write.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

FIRST = (
    "^C received; cancelling. If you would like to terminate immediately, press ^C again.\n"
    "Note that terminating immediately may lead to orphaned resources and other inconsistencies.\n"
)
SECOND = "^C received; terminating"


class Interrupts:
    """Counts interrupts, and has each of the first two announced."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._count = 0
        self._news = threading.Event()

    def install(self) -> None:
        """Take over SIGINT and SIGTERM, in the main thread."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)
        threading.Thread(target=self._announce, name="interrupts", daemon=True).start()

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1
        self._news.set()

    def _announce(self) -> None:
        # not in the handler: it may have interrupted a write that holds the output's lock
        for index, text in enumerate((FIRST, SECOND), 1):
            while self._count < index:
                self._news.wait()
                self._news.clear()
            self._say(text)

    def interrupted(self) -> bool:
        """Whether the command is to end early."""
        return self._count > 0

    def terminated(self) -> bool:
        """Whether the command is to end at once."""
        return self._count > 1
