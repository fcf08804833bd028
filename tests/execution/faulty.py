"""A run of ACTIVATE that is struck once and gone on with to the end, by the product's parts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drstate.model.phases import Phase
from drstate.rehearsal.asked import Asked
from drstate.rehearsal.processes import Processes
from drstate.rehearsal.striking import Striking
from drstate.rehearsal.strokes import COMMAND, EVENT, KINDS, Stroke
from drstate.rehearsal.undisturbed import Stage, Undisturbed
from tests import forks
from tests.execution.worlds import World

#: kills after events are tried by ``test_kill_and_resume`` and ``test_kill_in_parallel``
TRIED = tuple(kind for kind in KINDS if kind != EVENT)

__all__ = ["COMMAND", "TRIED", "Reference", "Stroke"]


@dataclass(frozen=True)
class Reference:
    """The undisturbed run of a scope, and strikes of the same."""

    striking: Striking

    @classmethod
    def of(cls, ready: World, scope: str, folder: Path) -> Reference:
        asked = Asked(*scope.split("/"), phases=(Phase.ACTIVATE,))
        stage = Stage(ready, asked, Processes(forks.server()))
        return cls(Striking(stage, Undisturbed.of(stage, folder)))

    def strokes(self) -> list[Stroke]:
        """Everything that may happen to it."""
        return self.striking.undisturbed.course.every(TRIED)

    def struck(self, stroke: Stroke, folder: Path) -> list[str]:
        """What differs after a run that was struck, and gone on with; empty where nothing does."""
        found = self.striking.strike(stroke, folder)
        if not found.took_place:
            return [f"{stroke}: it met nothing"]
        told = (*found.differs, found.said)
        return [f"{stroke}: {line}" for line in told] if found.differs else []
