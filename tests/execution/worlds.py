"""Whole worlds for tests: a project on disk, a running sandbox, a journal and stacks.

``World.copy`` forks the sandbox's process and copies the files, so that every test begins in the
same place without having to get there again.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from drstate.errors import ExitCode
from drstate.execution.readers import Readers
from drstate.execution.services import Services
from drstate.model.phases import Phase
from drstate.rehearsal.world import World as Base
from tests import forks
from tests.execution import crash_runner

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class World(Base):
    """A project with the demo estate, and commands that run in it."""

    @classmethod
    def start(cls, folder: Path) -> World:
        project = folder / "project"
        project.mkdir(parents=True)
        shutil.copy(ROOT / "Pulumi.yaml", project)
        shutil.copytree(ROOT / "stacks", project / "stacks")
        world = cls(project, folder / "home")
        forks.sandbox(world.home / "sandbox")
        return world

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
        """Start it in a process of its own; ``more`` is for ``drstate.rehearsal.child``."""
        customer, environment = scope.split("/")
        phase = () if "--phase" in more else ("--phase", Phase.ACTIVATE)
        return forks.Begun(
            "drstate.rehearsal.child:main",
            [
                *(verb, "--project", str(self.project), "--home", str(self.home)),
                *("-c", customer, "-e", environment, "--operator", crash_runner.OPERATOR),
                *phase,
                *more,
            ],
        )

    def readers(self) -> Readers:
        return Readers.open(self.project, home=self.home, sandbox=True)
