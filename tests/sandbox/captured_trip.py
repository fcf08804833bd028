"""The round trip of a captured scope: demo, captured, built anew, discovered and captured again.

``trip(technology, folder)`` is the whole proof for one technology of initech/production. From a
shell: ``python -m tests.sandbox.captured_trip rds``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from drstate.adapters.registry import load_adapters
from drstate.errors import DrstateError
from drstate.inventory.discovery import discover
from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.phases import Phase
from drstate.model.scope import Scope
from drstate.sandbox import process
from tests import forks
from tests.adapters.world import World
from tests.contract.stage import NoCache, environment
from tests.programs.engine import open_stacks

INITECH = "initech/production.yaml"
#: of an entry, what a second capture may have otherwise: when it was, and how often
_AT_CAPTURE = {"captured_at"}


def world_of(home: Path, text: str, *technologies: str, project: Path | None = None) -> World:
    """The scope in a running sandbox: what these technologies have (all: none named), captured.

    To be called inside ``environment(home)``.
    """
    scope = Scope.model_validate(yaml.safe_load(text))
    world = World(home, scope, open_stacks(project, {}) if project else None)
    claims = [claim for adapter in load_adapters() for claim in adapter.claims]
    found = discover(scope, world.aws, claims=claims, cache=NoCache(), clock=world.clock)
    assert not found.account_errors, found.account_errors
    world.protect(
        one for one in found.resources if one.technology in (technologies or (one.technology,))
    )
    return world


def written(file: Path, text: str, catalog: Catalog, path: str = INITECH) -> Path:
    """The file of a captured scope."""
    content = {
        "schema": "drstate.captured/1",
        "scope": text,
        "path": path,
        "catalog": catalog.model_dump(mode="json"),
    }
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


@contextmanager
def rebuilt(file: Path, home: Path) -> Iterator[Path]:
    """A fresh sandbox from the file."""
    process.start(home, estate=f"captured:{file}", time_scale=0.0)
    try:
        yield home
    finally:
        process.stop(home)


def deviations(before: Catalog, after: Catalog) -> list[str]:
    """What is otherwise after the trip: entry, field, was and is; empty where nothing is."""
    had = {entry.key: entry for entry in before.entries}
    has = {entry.key: entry for entry in after.entries}
    lines = [f"{key}: {'is gone' if key in had else 'is new'}" for key in had.keys() ^ has.keys()]
    for key in sorted(had.keys() & has.keys()):
        lines += [f"{key}: {line}" for line in _differ("", _told(had[key]), _told(has[key]))]
    return lines


def _told(entry: CatalogEntry) -> dict[str, Any]:
    return {
        "resource": entry.resource.model_dump(mode="json"),
        "group": entry.group,
        "ownership": {site: str(owner) for site, owner in entry.ownership.items()},
        "spec": {name: value for name, value in entry.spec.items() if name not in _AT_CAPTURE},
    }


def _differ(where: str, was: Any, now: Any) -> Iterator[str]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted(was.keys() | now.keys()):
            yield from _differ(f"{where}.{key}" if where else key, was.get(key), now.get(key))
    elif isinstance(was, (list, tuple)) and isinstance(now, (list, tuple)) and len(was) == len(now):
        for number, (old, new) in enumerate(zip(was, now, strict=True)):
            yield from _differ(f"{where}[{number}]", old, new)
    elif was != now:
        yield f"{where}: {was!r} -> {now!r}"


def trip(technology: str, folder: Path) -> list[str]:
    """The trip of one technology, REPLICATE and ACTIVATE included. What deviates or failed."""
    origin = folder / "origin"
    forks.server()
    forks.sandbox(origin)
    try:
        with environment(origin):
            text = process.scopes(origin)[INITECH]
            before = world_of(origin, text, technology)
        assert before.catalog.entries, f"initech/production has no {technology}"
    finally:
        process.stop(origin)
    file = written(folder / "captured.json", text, before.catalog)
    with rebuilt(file, folder / "rebuilt") as home, environment(home):
        after = world_of(home, text, technology, project=folder / "project")
        lines = deviations(before.catalog, after.catalog)
        for phase in (Phase.REPLICATE, Phase.ACTIVATE):
            for ran in after.phase(phase):
                if ran.health is not None and not ran.health.ok:
                    lines.append(f"{ran.key}: after {phase}: {ran.health}")
    return lines


def main(technologies: list[str]) -> None:
    """Make the trips and tell of each."""
    with TemporaryDirectory() as place:
        try:
            for name in technologies:
                try:
                    told = trip(name, Path(place) / name)
                except DrstateError as error:
                    log = Path(place) / name / "rebuilt" / "sandbox.log"
                    told = [str(error), error.why, log.read_text() if log.exists() else ""]
                words = "\n  ".join(["deviates:", *told]) if told else "as it was"
                sys.stdout.write(f"{name} {words}\n")
        finally:
            forks.close()


if __name__ == "__main__":
    main(sys.argv[1:])
