"""Whole worlds for tests: a project on disk, a running sandbox, a journal and stacks.

``World.copy`` forks the sandbox's process and copies the files, so that every test begins in the
same place without having to get there again.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drstate.errors import ExitCode
from drstate.execution.readers import Readers
from drstate.execution.services import Services
from drstate.model.phases import Phase
from drstate.report.view import ExecutionView
from drstate.sandbox import process
from tests import forks
from tests.execution import crash_runner

ROOT = Path(__file__).resolve().parents[2]
#: files of the sandbox's home that belong to us, not to the process
OURS = ("journal.db", "journal.db-wal", "state", "project")
#: what differs between two runs of the same plan
_TIMES = {
    "execution",
    "started_at",
    "updated_at",
    "checked_at",
    "lag_seconds",
    "ended_at",
    "duration_seconds",
    "seconds",
    "recovered_seconds",
    "eta_seconds",
    "resumed",
    "next",
    # where STS does not tell who it is, the name alone stands
    "actor",
}
#: identifiers that AWS draws for each creation
_DRAWN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=scalable-target/)[0-9a-z]+")


@dataclass(frozen=True)
class World:
    """A project and its sandbox."""

    project: Path
    home: Path

    @classmethod
    def start(cls, folder: Path) -> World:
        project = folder / "project"
        project.mkdir(parents=True)
        shutil.copy(ROOT / "Pulumi.yaml", project)
        shutil.copytree(ROOT / "stacks", project / "stacks")
        world = cls(project, folder / "home")
        forks.sandbox(world.home / "sandbox")
        return world

    def copy(self, folder: Path) -> World:
        world = World(self.project, folder)
        there = folder / "sandbox"
        there.mkdir(parents=True)
        process.fork(self.home / "sandbox", there)
        for name in OURS:
            source = self.home / "sandbox" / name
            if source.is_dir():
                shutil.copytree(source, there / name)
            elif source.exists():
                shutil.copy(source, there / name)
        return world

    def stop(self) -> None:
        process.stop(self.home / "sandbox")

    def services(self) -> Services:
        return crash_runner.open_services(self.project, self.home)

    def run(
        self,
        verb: str,
        *,
        phase: Phase = Phase.ACTIVATE,
        kill_after: int | None = None,
        scope: str = "acme/staging",
    ) -> int:
        """In a process of its own; its exit code (minus the signal that ended it)."""
        killed = () if kill_after is None else ("--kill-after", str(kill_after))
        begun = self.begin(verb, "--phase", phase, *killed, scope=scope)
        done = begun.end(600)
        # REPLICATE of acme/staging leaves out its badly tagged cluster, and says so
        good = {ExitCode.OK, ExitCode.SKIPS} if phase is Phase.REPLICATE else {ExitCode.OK}
        if done.returncode > 0 and done.returncode not in good:
            raise AssertionError(f"{verb} {scope} {phase}\n{done.stdout}\n{done.stderr}")
        return min(done.returncode, 0)

    def begin(self, verb: str, *more: str, scope: str = "acme/staging") -> forks.Begun:
        """Start it in a process of its own; ``more`` is for the crash runner."""
        return forks.Begun(
            "tests.execution.crash_runner:main",
            [
                *(verb, "--project", str(self.project), "--home", str(self.home)),
                *("--scope", scope, *more),
            ],
        )

    def readers(self) -> Readers:
        return Readers.open(self.project, home=self.home, sandbox=True)

    def view(self) -> ExecutionView:
        with self.readers() as readers:
            return readers.status()

    def digest(self) -> dict[str, Any]:
        return process.digest(self.home / "sandbox")


def shape(digest: dict[str, Any]) -> list[str]:
    """What exists, without the identifiers that AWS draws anew for each creation.

    How many resources there are and what each holds may not differ; which identifier a resource got
    may, as a call that was repeated after a kill is another call.
    """
    return sorted(
        _DRAWN.sub("*", f"{name} {json.dumps(content, sort_keys=True)}")
        for name, content in digest["resources"].items()
    )


def timeless(view: ExecutionView) -> dict[str, Any]:
    """The view without what differs between two runs of the same plan."""
    return _without(view.model_dump(mode="json", by_alias=True))


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(item) for key, item in value.items() if key not in _TIMES}
    if isinstance(value, list):
        return [_without(item) for item in value]
    return value
