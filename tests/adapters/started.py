"""Fixtures: a sandbox per test module, and the demo estate's scopes in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from drstate.sandbox import process
from tests import forks
from tests.adapters.world import World, estate_resources, scope_of
from tests.programs.engine import open_stacks


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("sandbox") / "home"
    forks.server()
    status = forks.sandbox(home)
    before = dict(os.environ)
    os.environ.update(process.environment(status))
    yield home
    os.environ.clear()
    os.environ.update(before)
    process.stop(home)


@pytest.fixture(scope="module")
def world(sandbox: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """acme/production, captured; nothing is replicated yet."""
    facts = process.facts(sandbox)
    scope = scope_of(facts, "acme/production")
    project = tmp_path_factory.mktemp("project")
    made = World(sandbox, scope, open_stacks(project, {}))
    made.protect(estate_resources(facts, scope))
    return made
