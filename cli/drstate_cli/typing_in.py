"""Lines typed at a terminal, read so that a decision made elsewhere ends the waiting.

At a terminal a line is read as the terminal hands it over; from anything else (a pipe, a test) as
files are read. Nothing typed ahead is lost.
"""

from __future__ import annotations

import io
import os
import select
from collections.abc import Callable
from typing import TextIO

#: how often somebody who waits looks whether it was decided elsewhere
LOOK_SECONDS = 1.0

#: what was typed ahead of the next question
_AHEAD = bytearray()


class SettledElsewhere(Exception):  # noqa: N818 - no error: the question is no longer open
    """The question was answered in another terminal."""


def typed_line(stream: TextIO, settled: Callable[[], bool] | None) -> str:
    """The next line, empty at the end of input. Raises SettledElsewhere."""
    try:
        terminal = stream.fileno()
    except (OSError, io.UnsupportedOperation):
        return stream.readline()
    if not os.isatty(terminal):
        return stream.readline()
    while b"\n" not in _AHEAD:
        if settled is not None and not select.select([terminal], [], [], LOOK_SECONDS)[0]:
            if settled():
                raise SettledElsewhere
            continue
        typed = os.read(terminal, 4096)
        if not typed:
            return ""
        _AHEAD.extend(typed)
    line, _, rest = bytes(_AHEAD).partition(b"\n")
    _AHEAD[:] = rest
    return line.decode(errors="replace") + "\n"
