"""acme/staging with its standby in place, and the command line on copies of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drstate.model.phases import Phase
from drstate.rehearsal.world import copy_project
from tests import forks
from tests.execution.worlds import World

SCOPE = ("-c", "acme", "-e", "staging")


@dataclass(frozen=True)
class Project:
    """A world, and commands of drstate in it as a person gives them."""

    world: World
    #: where copies of rehearsals are made
    scratch: Path

    def environment(self) -> dict[str, str]:
        hidden = ("AWS_", "PULUMI_", "DRSTATE_")
        kept = {name: one for name, one in os.environ.items() if not name.startswith(hidden)}
        return {
            **kept,
            "DRSTATE_HOME": str(self.world.home),
            "DRSTATE_CWD": str(self.world.project),
            "DRSTATE_SANDBOX": "1",
            "TMPDIR": str(self.scratch),
        }

    def begin(self, *arguments: str) -> forks.Begun:
        return forks.Begun("drstate_cli.main:run", arguments, env=self.environment())

    def run(self, *arguments: str, code: int = 0) -> forks.Ended:
        ended = self.begin(*arguments).end(240)
        assert ended.returncode == code, f"{ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        return ended

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(*arguments, "-o", "json", code=code).stdout)
        return found


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Only ever copied."""
    world = World.start(tmp_path_factory.mktemp("rehearsed"))
    try:
        assert world.run("run", phase=Phase.REPLICATE) == 0
        yield world
    finally:
        world.stop()


@pytest.fixture
def project(origin: World, tmp_path: Path) -> Iterator[Project]:
    """A copy of one's own."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    copy_project(origin.project, tmp_path / "project")
    world = World(tmp_path / "project", origin.copy(tmp_path / "home").home)
    yield Project(world, scratch)
    world.stop()
