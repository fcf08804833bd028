"""One technology of initech/production on a sandbox of its own: discovered, captured, rehearsed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from drstate.adapters.base import Adapter
from drstate.adapters.registry import adapter_for, load_adapters
from drstate.inventory.discovery import discover
from drstate.model.scope import Scope
from drstate.sandbox import process
from tests import forks
from tests.adapters.world import World
from tests.contract.guests import GUESTS
from tests.contract.nature import excused
from tests.programs.engine import open_stacks

SCOPE_FILE = "initech/production.yaml"


@dataclass
class Stage:
    """A world with one technology's resources in its catalog, and what was found wrong with it."""

    technology: str
    home: Path
    folder: Path
    world: World
    #: name of the check -> what was found
    findings: dict[str, list[str]] = field(default_factory=dict)

    @property
    def adapter(self) -> Adapter:
        return adapter_for(self.technology)

    def found(self, check: str, *what: object) -> None:
        """Note a breach of the contract."""
        self.findings.setdefault(check, []).append(" ".join(str(one) for one in what)[:2500])

    def verdict(self, *judged: str) -> str:
        """Everything wrong that is not the technology's nature, and natures that do not show."""
        declared = self.adapter.deviations
        lines = [
            f"{check}: {text}"
            for check, texts in sorted(self.findings.items())
            for text in [
                one
                for one in texts
                if check not in declared or not excused(self.technology, check, one)
            ][:8]
        ]
        lines += [
            f"{check}: is among the deviations and was kept to all the same"
            for check in sorted(set(declared) & set(judged) - set(self.findings))
        ]
        return "\n".join(lines)


class Stored(NamedTuple):
    value: Any
    stored_at: datetime


class NoCache:
    """Nothing is remembered."""

    def cache_get(self, key: str) -> None:
        return None

    def cache_put(self, key: str, value: Any) -> Stored:
        return Stored(value, datetime.now(UTC))


@contextmanager
def environment(home: Path) -> Iterator[None]:
    """AWS clients made inside talk to this sandbox."""
    status = process.status(home)
    assert status is not None
    before = dict(os.environ)
    os.environ.update(process.environment(status))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def stage_of(technology: str, folder: Path) -> Iterator[Stage]:
    """Start a sandbox, discover the scope, capture the technology's resources."""
    home = folder / "home"
    forks.server()
    forks.sandbox(home)
    try:
        if technology in GUESTS:
            GUESTS[technology](home)
        with environment(home):
            scope = Scope.model_validate(yaml.safe_load(process.scopes(home)[SCOPE_FILE]))
            world = World(home, scope, open_stacks(folder / "project", {}))
            claims = [claim for adapter in load_adapters() for claim in adapter.claims]
            inventory = discover(
                scope, world.aws, claims=claims, cache=NoCache(), clock=world.clock
            )
            assert not inventory.account_errors, inventory.account_errors
            ours = [one for one in inventory.resources if one.technology == technology]
            assert ours, f"initech/production has no {technology}: {inventory.violations}"
            world.protect(ours)
            world.calls.clear()
            yield Stage(technology, home, folder, world)
    finally:
        process.stop(home)


@contextmanager
def forked(stage: Stage, name: str) -> Iterator[Stage]:
    """A copy of the stage as it is now, with its own sandbox and stacks."""
    home, folder = stage.folder / name, stage.folder / f"{name}-project"
    process.fork(stage.home, home)
    try:
        with environment(home):
            stacks = open_stacks(folder, {})
            shutil.copytree(
                stage.folder / "project" / "state", folder / "state", dirs_exist_ok=True
            )
            shutil.copytree(
                stage.folder / "project" / "stacks", folder / "stacks", dirs_exist_ok=True
            )
            world = World(home, stage.world.scope, stacks)
            world.catalog = stage.world.catalog
            world.clock.sleep(0)
            world.clock._elapsed = stage.world.clock.monotonic()
            yield Stage(stage.technology, home, folder, world, stage.findings)
    finally:
        process.stop(home)
