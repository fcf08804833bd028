"""A scope with its standby in place, made once per worker process and only ever copied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drstate.model.phases import Phase
from tests.execution.worlds import World


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """acme/staging with its standby in place."""
    world = World.start(tmp_path_factory.mktemp("ready"))
    try:
        assert world.run("run", phase=Phase.REPLICATE) == 0
        yield world
    finally:
        world.stop()


@pytest.fixture
def world(ready: World, tmp_path: Path) -> Iterator[World]:
    copied = ready.copy(tmp_path / "home")
    yield copied
    copied.stop()
