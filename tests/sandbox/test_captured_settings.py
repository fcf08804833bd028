"""Every setting that a spec knows comes back from a rebuilt scope, and can be rehearsed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.adapters.findings import Health
from drstate.adapters.registry import adapter_for
from drstate.adapters.translating import translator_at
from drstate.aws.functions import invoke
from drstate.errors import ConfigError
from drstate.execution import probe_function
from drstate.model.catalog import Catalog
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.model.resource import OUTSIDE
from drstate.model.scope import Scope
from drstate.model.spec import Spec
from drstate.programs.elasticache import ElasticachePolicy, ElasticacheSpec, elasticache_values
from drstate.sandbox import process
from tests import forks
from tests.adapters.world import World
from tests.contract.stage import environment
from tests.programs.engine import open_stacks
from tests.sandbox import rich_scope
from tests.sandbox import rich_scope_names as names
from tests.sandbox.captured_trip import rebuilt, written

ENTRIES = {entry.key: entry for entry in rich_scope.catalog().entries}
TECHNOLOGIES = sorted({entry.resource.technology for entry in ENTRIES.values()})
SCOPE = Scope.model_validate(yaml.safe_load(rich_scope.scope_text()))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("rich")
    file = _file(folder, rich_scope.catalog())
    with rebuilt(file, folder / "home") as place:
        process.load(place)
        yield place


@pytest.fixture(scope="module")
def found(home: Path) -> dict[str, dict[str, Any]]:
    """What a capture finds, before any test changes anything."""
    return _captured(home)


@pytest.mark.parametrize("key", ENTRIES)
def test_capture_finds_what_was_captured(key: str, found: dict[str, dict[str, Any]]) -> None:
    assert found[key] == _without_time(ENTRIES[key].spec)


@pytest.mark.parametrize("technology", TECHNOLOGIES)
def test_no_field_of_a_spec_is_left_out_of_the_comparison(technology: str) -> None:
    kind = adapter_for(technology).spec_type
    said = [entry.spec for entry in ENTRIES.values() if entry.resource.technology == technology]
    left = [
        name
        for name, field in kind.model_fields.items()
        if not field.is_required()
        and name not in Spec.model_fields
        and all(spec[name] == _default(field) for spec in said)
    ]
    assert left == []


def test_a_snapshot_of_it_holds_the_same(home: Path, found: Any, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    process.fork(home, copy)
    try:
        process.snapshot(copy, tmp_path / "file")
        process.restore(copy, tmp_path / "file")
        assert _captured(copy) == found
    finally:
        process.stop(copy)


def test_the_probe_function_of_the_scope_reaches_what_was_rebuilt(home: Path) -> None:
    asked = {
        entry.key: (host, entry.spec.get("port") or 443)
        for entry in ENTRIES.values()
        for host in [*entry.spec.get("endpoints", {}).values()][:1]
    }
    assert len(asked) == 6
    with environment(home):
        aws = World(home, SCOPE).aws
        place = SCOPE.probe_place(names.EAST, names.DATA)
        assert place is not None
        for key, (host, port) in asked.items():
            for wanted in (port, port + 1):
                told = invoke(
                    aws,
                    str(place.function),
                    {
                        "schema": probe_function.SCHEMA,
                        "kind": "tcp",
                        "host": host,
                        "port": wanted,
                        "timeout": 2,
                    },
                    account=names.DATA,
                    region=names.EAST,
                )
                assert told["ok"] is (wanted == port), (key, told)


def test_a_drill_of_a_replicated_cache_is_told_where_its_auth_token_is(home: Path) -> None:
    with environment(home):
        world = World(home, SCOPE)
        world.catalog = rich_scope.catalog()
        entry = world.entry("elasticache", "hooli-pages")
        site = world.site(entry, Phase.REPLICATE)
        spec = ElasticacheSpec.model_validate(entry.spec)
        values = elasticache_values(spec, translator_at(entry, site, spec.region))
    assert spec.by_datastore(SCOPE.policies.of("elasticache", ElasticachePolicy))
    assert values.auth_token_secret == names.TOKEN.replace(names.EAST, names.WEST)


@pytest.mark.parametrize("account", [names.APP, names.DATA])
def test_replicate_and_activate_of_all_of_it_succeed(
    account: str, home: Path, found: Any, tmp_path: Path
) -> None:
    assert found
    copy = tmp_path / "copy"
    forks.server()
    process.fork(home, copy)
    wrong: list[tuple[str, str, Health]] = []
    try:
        with environment(copy):
            world = World(copy, SCOPE, open_stacks(tmp_path / "project", {}))
            world.protect(
                entry.resource
                for entry in ENTRIES.values()
                # what runs on this machine is no business of a sandbox
                if entry.resource.account == account and entry.resource.technology not in OUTSIDE
            )
            for phase in (Phase.REPLICATE, Phase.ACTIVATE):
                wrong += _hindrances(world, phase)
                wrong += [
                    (phase, ran.key, ran.health)
                    for ran in world.phase(phase)
                    if ran.health is not None and not ran.health.ok
                ]
    finally:
        process.stop(copy)
    assert wrong == []


@pytest.mark.parametrize(
    ("key", "changes", "named"),
    [
        (
            "elasticache/244444444401/hooli-pages",
            {"shards": 10**9},
            "shards",
        ),
        (
            "eventbridge/244444444402/event-bus/hooli-orders",
            {"bus": {"policy": '{"Statement":[{"NotAction":"x","Sid":"a"}]}'}},
            "bus.policy",
        ),
        (
            "lambda/244444444402/hooli-charges",
            {"aliases": [{"name": "live", "version": "latest"}]},
            "aliases",
        ),
    ],
)
def test_what_cannot_be_rebuilt_is_refused_by_name(
    key: str, changes: dict[str, Any], named: str, tmp_path: Path
) -> None:
    entry = ENTRIES[key]
    spec = {**entry.spec, **changes}
    alone = rich_scope.catalog().model_copy(
        update={"entries": (entry.model_copy(update={"spec": spec}),)}
    )
    with pytest.raises(ConfigError) as refused, rebuilt(_file(tmp_path, alone), tmp_path / "home"):
        pass
    assert key in str(refused.value.why)
    assert named in str(refused.value.why)


def _file(folder: Path, catalog: Catalog) -> Path:
    return written(folder / "captured.json", rich_scope.scope_text(), catalog, names.PATH)


def _captured(home: Path) -> dict[str, dict[str, Any]]:
    with environment(home):
        aws = World(home, SCOPE).aws
        return {
            key: _without_time(
                adapter_for(entry.resource.technology)
                .capture(entry.resource, aws)
                .model_dump(mode="json")
            )
            for key, entry in ENTRIES.items()
        }


def _hindrances(world: World, phase: Phase) -> list[tuple[str, str, Health]]:
    """What a run would be refused for."""
    return [
        (phase, entry.key, health)
        for entry in world.catalog.entries
        for health in adapter_for(entry.resource.technology).prerequisites(
            phase, entry, world.site(entry, phase), world.aws
        )
        if health.status is ResourceStatus.UNHEALTHY
    ]


def _default(field: Any) -> Any:
    value = field.get_default(call_default_factory=True)
    value = value.model_dump(mode="json") if hasattr(value, "model_dump") else value
    return list(value) if isinstance(value, tuple) else value


def _without_time(spec: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name != "captured_at"}
