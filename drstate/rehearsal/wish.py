"""Which strokes are wished for: how much trouble, of which kinds, and which part of it all.

A shard is a part of all strokes, so that several machines can share them. Which stroke is whose
follows from its kind and number alone: machines whose undisturbed runs made a call more or less
still divide all moments among them, each once.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Self

from drstate.errors import UsageError
from drstate.model.rehearsed import Faults
from drstate.rehearsal.strokes import COMMAND, EVENT, KINDS, Course, Stroke

#: more machines than this share nothing sensible
MOST_SHARDS = 256
_SHARD = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


@dataclass(frozen=True)
class Shard:
    """The ``number``-th part of ``of``, from 1."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """``2/4``. Raises UsageError for anything else."""
        found = _SHARD.fullmatch(text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]) <= MOST_SHARDS:
            raise UsageError(
                f"--shard {text!r} is no part",
                why=f"it is a number and how many parts there are, up to {MOST_SHARDS}",
                hint="for example --shard 2/4, the second of four machines",
            )
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def has(self, stroke: Stroke) -> bool:
        """Whether the stroke is in this part. Kinds begin at different parts, to share evenly."""
        return (stroke.number + KINDS.index(stroke.kind)) % self.of == self.number - 1


@dataclass(frozen=True)
class Wish:
    """Which strokes, how many at once, for how long."""

    faults: Faults = Faults.SAMPLE
    #: kinds of trouble; empty: all of them
    kinds: tuple[str, ...] = ()
    #: number of the one stroke that is to be repeated
    call: int | None = None
    #: a stroke waits for answers and for processes half of its time
    jobs: int = field(default_factory=lambda: min(8, 2 * (os.cpu_count() or 1)))
    seed: str = ""
    #: no stroke begins after so many seconds
    limit_seconds: float | None = None
    #: the part of all strokes that is meant; None: all of them
    shard: Shard | None = None

    def __post_init__(self) -> None:
        """Raises UsageError for kinds that do not exist and options that contradict each other."""
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown:
            raise UsageError(
                f"--kind {unknown[0]!r} does not exist", hint=f"one of: {', '.join(KINDS)}"
            )
        if self.call is not None and len(self.kinds) != 1:
            raise UsageError(
                f"--call {self.call} needs one --kind",
                why="a stroke is a kind of trouble and the number of what it meets",
                hint=f"for example: --kind error --call {self.call}",
            )
        if self.faults is Faults.NONE and self.kinds:
            raise UsageError(
                "--faults none and --kind exclude each other",
                why="without faults there is no stroke of any kind",
                hint="leave one of them out",
            )
        if self.shard is not None and not self.every:
            raise UsageError(
                f"--shard {self.shard} divides --faults all",
                why="a sample and a single stroke are too little to be shared",
                hint="leave out --shard, or give --faults all",
            )

    @property
    def every(self) -> bool:
        """Whether every moment (of the kinds) is meant, and not a choice of them."""
        return self.faults is Faults.ALL and self.call is None

    @property
    def counts_on_chance(self) -> bool:
        """Whether every call is meant: how many there are differs a little from run to run."""
        return self.every and not set(self.chosen_kinds) <= {COMMAND, EVENT}

    @property
    def chosen_kinds(self) -> tuple[str, ...]:
        """The kinds, each once and in their order."""
        return tuple(kind for kind in KINDS if kind in self.kinds) if self.kinds else KINDS

    @property
    def drawn_by(self) -> str:
        """The seed, where strokes are drawn."""
        drawn = self.faults is Faults.SAMPLE and self.call is None
        return self.seed if drawn else ""

    @property
    def covers(self) -> Faults:
        """What of the plan it can prove: one stroke, or all of some kinds, is a sample of all."""
        if self.call is not None or (self.every and self.chosen_kinds != KINDS):
            return Faults.SAMPLE
        return self.faults

    def strokes(self, course: Course) -> list[Stroke]:
        """The strokes that are wished for. Raises UsageError for one that does not exist."""
        if self.call is not None:
            return [course.one(self.kinds[0], self.call)]
        if self.faults is Faults.NONE:
            return []
        if self.faults is Faults.SAMPLE:
            return course.sample(self.seed, self.chosen_kinds)
        shard = self.shard
        found = course.every(self.chosen_kinds)
        return found if shard is None else [one for one in found if shard.has(one)]
