"""What came of one stroke: a value, so that it can be kept and read again without striking."""

from __future__ import annotations

from dataclasses import dataclass

from drstate.rehearsal.strokes import Stroke


@dataclass(frozen=True)
class Struck:
    """What came of a stroke."""

    stroke: Stroke
    #: it took place
    took_place: bool
    #: what it met: a call, an engine command, an event
    met: str
    #: what differed in the end; empty where nothing did
    differs: tuple[str, ...] = ()
    #: what the processes said last
    said: str = ""
