"""A scope that was captured is built anew, and reads as it did: every technology of the demo."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drstate.adapters.registry import built_in
from drstate.model.catalog import Catalog
from drstate.model.scope import Scope
from drstate.sandbox import process
from tests import forks
from tests.contract.stage import environment
from tests.sandbox.captured_trip import INITECH, deviations, rebuilt, trip, world_of, written

FULL = os.environ.get("DRSTATE_FULL_TESTS") == "1"
TECHNOLOGIES = tuple(one.technology for one in built_in())


@dataclass
class Trip:
    """One trip of the whole scope, there and back."""

    before: Catalog
    after: Catalog
    scope: Scope
    digest: dict


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trip]:
    folder = tmp_path_factory.mktemp("captured")
    origin = folder / "origin"
    forks.server()
    forks.sandbox(origin)
    try:
        with environment(origin):
            text = process.scopes(origin)[INITECH]
            before = world_of(origin, text, *TECHNOLOGIES)
    finally:
        process.stop(origin)
    file = written(folder / "captured.json", text, before.catalog)
    with rebuilt(file, folder / "rebuilt") as home, environment(home):
        again = world_of(home, process.scopes(home)[INITECH], *TECHNOLOGIES)
        yield Trip(before.catalog, again.catalog, again.scope, process.digest(home))


def test_nothing_appears_and_nothing_is_lost(whole: Trip) -> None:
    assert [one.key for one in whole.after.entries] == [one.key for one in whole.before.entries]
    assert {one.resource.technology for one in whole.before.entries} == {*TECHNOLOGIES}


@pytest.mark.parametrize("technology", TECHNOLOGIES)
def test_it_is_captured_as_it_was(whole: Trip, technology: str) -> None:
    lines = deviations(whole.before, whole.after)
    assert [line for line in lines if line.startswith(f"{technology}/")] == []


@pytest.mark.parametrize("technology", TECHNOLOGIES)
@pytest.mark.skipif(not FULL, reason="takes minutes; DRSTATE_FULL_TESTS=1 (make test-full) runs it")
def test_it_is_protected_and_activated(technology: str, tmp_path: Path) -> None:
    assert trip(technology, tmp_path) == []
