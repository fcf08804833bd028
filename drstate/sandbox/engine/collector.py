"""Fewer garbage collections while updates run.

An update makes many objects that live until its end; looking through them again and again finds
nothing and takes a fifth of its time. The collector is never switched off: it only comes by less
often, and as before once the last update of the process has ended.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: objects made between two looks at the youngest, and so on
THRESHOLD = (50_000, 20, 100)

_guard = threading.Lock()
_running = 0
_usual = gc.get_threshold()


@contextmanager
def fewer_collections() -> Iterator[None]:
    """While the block runs, in any thread."""
    global _running, _usual  # noqa: PLW0603 - the collector is the process's too
    with _guard:
        if _running == 0:
            _usual = gc.get_threshold()
            gc.set_threshold(*THRESHOLD)
        _running += 1
    try:
        yield
    finally:
        with _guard:
            _running -= 1
            if _running == 0:
                gc.set_threshold(*_usual)
