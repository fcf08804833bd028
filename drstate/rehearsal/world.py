"""A world: a project, a running sandbox, a journal and stacks, in folders of their own.

``copy`` forks the sandbox's process and copies the files, so that every run begins in the same
place without having to get there again. A world that was copied is not changed by that.
"""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from drstate.errors import UnknownNameError
from drstate.execution.readers import SANDBOX_FOLDER, STATE_FOLDER, Readers
from drstate.journal.address import JOURNAL_FILE
from drstate.model.places import STACKS
from drstate.model.scope import ScopeKey
from drstate.report.view import ExecutionView
from drstate.sandbox import process

#: folders of the sandbox's home that hold what is drstate's, not the process's
_FOLDERS = (STATE_FOLDER, "project")
#: of a project, what plans are made with
_OF_PROJECT = ("Pulumi.yaml", "drstate.yaml")


@dataclass(frozen=True)
class World:
    """A project and its sandbox."""

    project: Path
    home: Path

    @property
    def sandbox(self) -> Path:
        """The sandbox's folder; journal and stacks are there too."""
        return self.home / SANDBOX_FOLDER

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.sandbox / JOURNAL_FILE

    def copy(self, folder: Path) -> Self:
        """The same world once more, with its home in ``folder``. Raises OperationError."""
        there = folder / SANDBOX_FOLDER
        there.mkdir(parents=True)
        process.fork(self.sandbox, there)
        for name in _FOLDERS:
            if (self.sandbox / name).is_dir():
                shutil.copytree(self.sandbox / name, there / name)
        if self.journal.exists():
            copy_journal(self.journal, there / JOURNAL_FILE)
        return type(self)(self.project, folder)

    def stop(self) -> None:
        """End its sandbox."""
        process.stop(self.sandbox)

    def remove(self) -> None:
        """End its sandbox and remove its home; its project is others' too."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def readers(self) -> Readers:
        """Readers of its journal, which is a file whatever the project says."""
        return Readers.open(self.project, home=self.home, sandbox=True, journal="file")

    def view(self, scope: ScopeKey | None = None) -> ExecutionView:
        """The newest execution (of the scope). Raises UnknownNameError where there is none."""
        with self.readers() as readers:
            return readers.status(scope=scope)

    def events(self, scope: ScopeKey | None = None) -> tuple[str, ...]:
        """Types of the newest execution's events, in order; none where there is no execution."""
        with self.readers() as readers:
            try:
                return tuple(event.payload.type for event in readers.logs(scope=scope))
            except UnknownNameError:
                return ()

    def digest(self) -> dict[str, Any]:
        """What exists in its AWS."""
        return process.digest(self.sandbox)


def copy_journal(source: Path, target: Path) -> None:
    """A consistent copy, also of a journal that somebody is writing to."""
    target.touch(mode=0o600)
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)
    old.close()
    new.close()


def copy_project(source: Path, target: Path) -> None:
    """What plans are made with, so that edits in the meantime and notes of runs touch nothing."""
    target.mkdir(parents=True)
    for name in _OF_PROJECT:
        if (source / name).is_file():
            shutil.copy(source / name, target)
    if (source / STACKS).is_dir():
        shutil.copytree(source / STACKS, target / STACKS)
