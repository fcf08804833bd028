"""initech/production in a running sandbox: chosen technologies discovered and captured."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from drstate.adapters.actions import Action
from drstate.adapters.registry import adapter_for, load_adapters
from drstate.inventory.discovery import discover
from drstate.model.catalog import CatalogEntry
from drstate.model.phases import Phase
from drstate.model.scope import Scope
from drstate.sandbox import process
from tests.adapters.world import World


class _Stored(NamedTuple):
    value: Any
    stored_at: datetime


class _NoCache:
    def cache_get(self, key: str) -> None:
        return None

    def cache_put(self, key: str, value: Any) -> _Stored:
        return _Stored(value, datetime.now(UTC))


@contextmanager
def copy_of(original: Path, home: Path) -> Iterator[Path]:
    """A copy of a running sandbox; AWS clients made inside talk to it."""
    status = process.fork(original, home)
    before = dict(os.environ)
    os.environ.update(process.environment(status))
    try:
        yield home
    finally:
        os.environ.clear()
        os.environ.update(before)
        process.stop(home)


def scope_content(home: Path) -> dict[str, Any]:
    """The scope file, to be changed before it is used."""
    content: dict[str, Any] = yaml.safe_load(process.scopes(home)["initech/production.yaml"])
    return content


def initech(home: Path, *technologies: str, content: dict[str, Any] | None = None) -> World:
    """A world with everything of these technologies in its catalog."""
    world = World(home, Scope.model_validate(content or scope_content(home)))
    claims = [claim for adapter in load_adapters() for claim in adapter.claims]
    found = discover(world.scope, world.aws, claims=claims, cache=_NoCache(), clock=world.clock)
    world.protect(one for one in found.resources if one.technology in technologies)
    return world


def facts_of(world: World, piece: str) -> dict[str, Any]:
    """What the estate says of one piece."""
    facts: dict[str, Any] = process.facts(world.home)["initech/production"][piece]
    return facts


def actions_of(
    world: World, entry: CatalogEntry, phase: Phase, *, force: bool = False
) -> tuple[Action, ...]:
    """The actions of an entry in a phase."""
    site = world.site(entry, phase, force=force, emergency=force)
    return adapter_for(entry.resource.technology).work(phase, entry, site).actions


def perform(world: World, action: Action, *consents: str) -> dict[str, Any]:
    """Observe and run, as an execution does."""
    seen = action.observe(world.aws)
    assert seen.blocked is None, seen.blocked
    return action.run(world.aws, world.context(seen.facts, *consents))


def written(world: World, since: int) -> list[str]:
    """Operations that were called since then and change something."""
    reads = ("describe_", "get_", "list_")
    return [one.operation for one in world.calls[since:] if not one.operation.startswith(reads)]
