"""When the stages of a plan can begin and end, if nothing but the plan holds them up. Pure.

The one reading of ``Stage.needs`` and gates that estimates, the time left and measurements share;
``execution.scheduling`` does the same by events. Phases follow each other; a gate waits for
everything before it in its phase, and everything behind it waits for the gate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from drstate.model.phases import Phase


class Scheduled(Protocol):
    """What is read of a stage."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def phase(self) -> Phase:
        """Its phase."""

    @property
    def gate(self) -> bool:
        """Whether a gate stands before it."""

    @property
    def needs(self) -> tuple[str, ...] | None:
        """What it waits for; None: all before it in its phase."""


@dataclass(frozen=True)
class Schedule:
    """Seconds from the plan's start, by stage id, and the chain of stages that takes longest."""

    begins: Mapping[str, float]
    ends: Mapping[str, float]
    critical_path: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """When the last stage ends."""
        return max(self.ends.values(), default=0.0)


def schedule(stages: Sequence[Scheduled], seconds: Mapping[str, float]) -> Schedule:
    """Begin and end of every stage, each of which takes ``seconds`` of its id."""
    begins: dict[str, float] = {}
    ends: dict[str, float] = {}
    #: stage -> the one whose end it waited for
    behind: dict[str, str | None] = {}
    done: str | None = None
    for phase in dict.fromkeys(stage.phase for stage in stages):
        barrier = done
        here: list[str] = []
        for stage in (row for row in stages if row.phase is phase):
            if stage.gate:
                barrier = _last([barrier, *here], ends)
            needs = here if stage.needs is None else [one for one in stage.needs if one in ends]
            last = _last([barrier, *needs], ends)
            behind[stage.id] = last
            begins[stage.id] = 0.0 if last is None else ends[last]
            ends[stage.id] = begins[stage.id] + seconds[stage.id]
            here.append(stage.id)
        done = _last([done, *here], ends)
    path: list[str] = []
    while done is not None:
        path.append(done)
        done = behind[done]
    return Schedule(begins, ends, tuple(reversed(path)))


def alone(stages: Sequence[Scheduled]) -> frozenset[str]:
    """Ids of the stages that no other one can run beside."""
    behind: dict[str, set[str]] = {}
    barrier: set[str] = set()
    for phase in dict.fromkeys(stage.phase for stage in stages):
        here: list[str] = []
        for stage in (row for row in stages if row.phase is phase):
            if stage.gate:
                barrier = {*barrier, *here}
            needs = here if stage.needs is None else [one for one in stage.needs if one in behind]
            behind[stage.id] = barrier.union(needs, *(behind[one] for one in needs))
            here.append(stage.id)
        barrier = {*barrier, *here}
    return frozenset(
        one
        for one in behind
        if all(other in behind[one] or one in behind[other] for other in behind if other != one)
    )


def _last(names: Iterable[str | None], ends: Mapping[str, float]) -> str | None:
    """The one that ends last; of several, the one that stands last."""
    found: str | None = None
    for name in names:
        if name is not None and (found is None or ends[name] >= ends[found]):
            found = name
    return found
