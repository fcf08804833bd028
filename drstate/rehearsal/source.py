"""Where the estate of a rehearsal comes from.

A source makes a world in a folder of the rehearsal's own: sandbox running, journal and stacks as
the plan is to find them. What it was made from is not changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from drstate.errors import PlanRefusedError
from drstate.execution.cancelling import OPEN
from drstate.execution.readers import SANDBOX_FOLDER, Readers
from drstate.journal.address import JOURNAL_FILE
from drstate.journal.sqlite import open_journal
from drstate.model.rehearsed import Fingerprint
from drstate.model.scope import ScopeKey
from drstate.rehearsal.asked import Asked
from drstate.rehearsal.processes import Processes
from drstate.rehearsal.world import World, copy_project


@dataclass(frozen=True)
class Meant:
    """The plan that a rehearsal is to prove, where it is not that of the world itself."""

    fingerprint: Fingerprint
    #: see ``verifying.essence``
    essence: dict[str, Any]


@dataclass(frozen=True)
class Ground:
    """Where runs begin."""

    world: World
    meant: Meant | None = None
    #: what is not as it is outside
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """Makes the world in which runs begin."""

    @property
    def told(self) -> str:
        """In words, for headers: ``copies of the running sandbox``."""
        ...

    def ready(
        self, folder: Path, asked: Asked, processes: Processes, stopped: Callable[[], bool]
    ) -> Ground:
        """The world, with its home in ``folder`` and its project beside it. Raises DrstateError."""
        ...


def project_beside(folder: Path) -> Path:
    """Where the project of a world with this home is."""
    return folder.with_name(f"{folder.name}-project")


@dataclass(frozen=True)
class RunningSandbox:
    """A copy of a project's sandbox as it is now, with what drstate knows of it."""

    project: Path
    home: Path
    #: reads the journal that the project uses
    open_readers: Callable[[], Readers]
    told: str = "copies of the running sandbox"

    def ready(
        self,
        folder: Path,
        asked: Asked,
        processes: Processes,  # noqa: ARG002 - the port
        stopped: Callable[[], bool],  # noqa: ARG002 - the same
    ) -> Ground:
        """See ``Source.ready``. Raises PlanRefusedError where the scope is being run."""
        project = project_beside(folder)
        copy_project(self.project, project)
        world = World(self.project, self.home).copy(folder)
        with self.open_readers() as readers:
            if readers.place is not None:
                _take_over(readers, folder / SANDBOX_FOLDER / JOURNAL_FILE, asked.scope)
        return Ground(World(project, world.home))


def _take_over(readers: Readers, file: Path, scope: ScopeKey) -> None:
    """A journal in a table: what runs begin with is its catalog, and goes into a file."""
    newest = readers.journal.executions(scope, limit=1)
    if newest and newest[0].status in OPEN:
        raise PlanRefusedError(
            f"execution {newest[0].execution} of {scope} is {newest[0].status}",
            why="what it will leave is not known before its end",
            hint=f"go on with it: drstate resume {newest[0].execution}",
        )
    file.unlink(missing_ok=True)
    catalog = readers.journal.load_catalog(scope)
    with open_journal(file) as journal:
        if catalog is not None:
            journal.save_catalog(catalog.model_copy(update={"version": 0}))
