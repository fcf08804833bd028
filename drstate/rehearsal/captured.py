"""The estate of a real scope, rebuilt from what was captured of it: no AWS account is asked.

What is rebuilt is the serving site. Its standby is made by drstate itself, as in reality, before
the plan that is to be proved is run. That both plans are one is compared, never assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drstate.errors import OperationError, UnknownNameError
from drstate.execution.exporting import Exported, captured, export
from drstate.execution.readers import SANDBOX_FOLDER, Readers
from drstate.inventory.yamlfile import read_yaml
from drstate.model.events import ExecutionStatus
from drstate.model.phases import Phase
from drstate.model.places import groups_path, scope_path
from drstate.model.words import counted
from drstate.rehearsal.asked import Asked
from drstate.rehearsal.processes import Processes
from drstate.rehearsal.source import Ground, Meant, project_beside
from drstate.rehearsal.undisturbed import SECONDS, WORDS, Stage
from drstate.rehearsal.world import World, copy_project
from drstate.sandbox import process
from drstate.sandbox.estates.captured.file import read

_FILE = "captured.json"


@dataclass(frozen=True)
class CapturedScope:
    """A scope as project and journal know it, rebuilt in a sandbox of its own."""

    project: Path
    #: reads what was captured: see ``from_journal`` and ``from_file``
    exported: Callable[[], Exported]
    #: makes the plan that is meant, with the project's own services; None: there is nothing to
    #: make it from but the same file
    meant: Callable[[], Meant] | None = None
    told: str = "a sandbox made from what was captured"

    def ready(
        self, folder: Path, asked: Asked, processes: Processes, stopped: Callable[[], bool]
    ) -> Ground:
        """See ``Source.ready``. Raises OperationError where the standby cannot be made there."""
        meant = self.meant() if self.meant is not None else None
        exported = self.exported()
        folder.mkdir(parents=True)
        file = folder / _FILE
        file.write_text(exported.file.model_dump_json(by_alias=True), encoding="utf-8")
        world = World(project_beside(folder), folder)
        process.start(folder / SANDBOX_FOLDER, estate=f"captured:{file}")
        copy_project(self.project, world.project)
        for path, text in process.scopes(world.sandbox).items():
            # external ids are others there, everything else is the same
            target = world.project / "stacks" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        if Phase.REPLICATE not in asked.phases[:1]:
            _protect(world, asked, processes, stopped)
        masked = len(exported.masked)
        notes = (f"{counted(masked, 'secret value')} made up in the sandbox",) if masked else ()
        if meant is None:
            notes = (*notes, "the catalog came from a file, so that this is not remembered")
        return Ground(world, meant, notes)


def from_journal(open_readers: Callable[[], Readers], project: Path, asked: Asked) -> Exported:
    """The scope as project and journal have it. Raises as ``exporting.export``."""
    with open_readers() as readers:
        return export(readers, project, asked.customer, asked.environment)


def from_file(file: Path, project: Path, asked: Asked) -> Exported:
    """The project's scope file over the catalog of an exported file: no journal is needed.

    Raises ConfigError where the file is none, UnknownNameError where it is of another scope.
    """
    catalog = read(file).catalog
    if catalog.scope != asked.scope:
        raise UnknownNameError(
            f"{file} is not of {asked.scope}",
            why=f"it holds {catalog.scope}",
            hint=f"drstate sandbox export FILE -c {asked.customer} -e {asked.environment}",
        )
    place = scope_path(asked.customer, asked.environment)
    groups = project / groups_path(asked.customer, asked.environment)
    text = groups.read_text(encoding="utf-8") if groups.is_file() else ""
    return captured(read_yaml(project / place, place), catalog, groups=text)


def _protect(world: World, asked: Asked, processes: Processes, stopped: Callable[[], bool]) -> None:
    first = Asked(asked.customer, asked.environment, phases=(Phase.REPLICATE,))
    stage = Stage(world, first, processes, stopped)
    ended = processes.begin(stage.arguments("run", world)).end(SECONDS, stopped)
    if stage.newest(world):
        view = world.view(asked.scope)
        if view.status is ExecutionStatus.COMPLETED:
            return
        why = "\n".join(f"{row.resource}: {row.what}" for row in view.failed)
    else:
        why = ended.stderr[-WORDS:].strip()
    raise OperationError(
        f"the standby of {asked.scope} cannot be made in a sandbox from what was captured",
        why=why or f"its process ended with {ended.returncode}",
        hint="drstate sandbox export and drstate sandbox start --estate captured:FILE make the "
        "same sandbox to look into",
    )
