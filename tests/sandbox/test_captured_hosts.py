"""Hosts, fleets, file systems, buckets and clusters are rebuilt with every setting, and recover."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
import yaml
from pydantic import TypeAdapter

from drstate.adapters.at import At
from drstate.adapters.registry import adapter_for
from drstate.errors import ConfigError
from drstate.model.catalog import CatalogEntry
from drstate.model.phases import Phase
from drstate.model.scope import Scope
from drstate.model.spec import Spec
from drstate.programs.sql_ag import SqlAgSpec
from drstate.sandbox.aws.sqlserver_group import (
    PRIMARY,
    SECONDARY,
    AvailabilityGroup,
    Replica,
    SqlServerHost,
    SqlServerInstance,
)
from drstate.sandbox.estates.captured.pieces import eks_dns, sql_ag
from tests import forks
from tests.adapters.world import World
from tests.contract.stage import environment
from tests.programs.engine import open_stacks
from tests.sandbox import rich_hosts, rich_names
from tests.sandbox.captured_trip import rebuilt, written

ENTRIES = {entry.key: entry for entry in rich_hosts.catalog().entries}
TO_JSON = partial(TypeAdapter(object).dump_python, mode="json")
TECHNOLOGIES = sorted({entry.resource.technology for entry in ENTRIES.values()})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("hosts")
    text = rich_hosts.scope_text()
    file = written(folder / "captured.json", text, rich_hosts.catalog(), rich_names.PATH)
    forks.server()
    with rebuilt(file, folder / "home") as home, environment(home):
        scope = Scope.model_validate(yaml.safe_load(text))
        world = World(home, scope, open_stacks(folder / "project", {}))
        world.protect(entry.resource for entry in ENTRIES.values())
        yield world


@pytest.mark.parametrize("key", ENTRIES)
def test_capture_finds_what_was_captured(key: str, world: World) -> None:
    read = world.catalog.entry(key).spec
    assert {**read, "captured_at": ""} == {**ENTRIES[key].spec, "captured_at": ""}


@pytest.mark.parametrize("technology", TECHNOLOGIES)
def test_no_field_of_a_spec_is_left_out_of_the_comparison(technology: str) -> None:
    kind = adapter_for(technology).spec_type
    said = [entry.spec for entry in ENTRIES.values() if entry.resource.technology == technology]
    plain = {
        name: field.get_default(call_default_factory=True)
        for name, field in kind.model_fields.items()
        if not field.is_required() and name not in Spec.model_fields
    }
    alike = [name for name in plain if all(TO_JSON(plain[name]) == spec[name] for spec in said)]
    assert alike == []


def test_all_of_it_is_protected_and_taken_over(world: World) -> None:
    for phase in (Phase.REPLICATE, Phase.ACTIVATE):
        ran = world.phase(phase)
        assert {one.key for one in ran} == {*ENTRIES}
        assert [one.key for one in ran if one.health is None or not one.health.ok] == []
    at = At(world.aws, rich_names.APP, rich_names.WEST)
    shown = at.call("ec2", "describe_instances")["Reservations"]
    addresses = {row["PrivateIpAddress"] for one in shown for row in one["Instances"]}
    # one as the scope file says it, the other with the end of its own, three bytes of it
    assert "10.99.8.9" in addresses
    assert any(one.endswith(".3.7") for one in addresses)


def sql(*groups: dict[str, str]) -> tuple[CatalogEntry, SqlAgSpec]:
    """An entry whose instance has groups; of each, the servers and how they commit."""
    entry = next(one for one in ENTRIES.values() if one.resource.technology == "sql-ag")
    told = [
        {
            "name": f"group-{number}",
            "databases": ["one"],
            "replicas": [{"server": server, "mode": mode} for server, mode in group.items()],
        }
        for number, group in enumerate(groups)
    ]
    return entry, SqlAgSpec.model_validate({**entry.spec, "groups": told})


def test_the_recovery_host_is_a_server_that_commits_late() -> None:
    late, soon = "ASYNCHRONOUS_COMMIT", "SYNCHRONOUS_COMMIT"
    assert sql_ag.hosts(*sql({"A-DR": late, "B": soon, "C": soon})) == ("B", "A-DR")
    assert sql_ag.hosts(*sql({"A": soon, "B": soon, "C": late}, {"A": soon, "B": soon})) == (
        "A",
        "B",
    )
    assert sql_ag.hosts(*sql({"A": late, "B": late})) == ("A", "B")


def test_groups_that_no_two_servers_share_are_refused_by_name() -> None:
    soon = "SYNCHRONOUS_COMMIT"
    with pytest.raises(ConfigError) as refused:
        sql_ag.hosts(*sql({"A": soon, "B": soon}, {"A": soon, "C": soon}))
    assert "group-0, group-1" in str(refused.value.why)
    assert rich_names.SQL_HOST in refused.value.what


def test_a_host_of_several_groups_knows_its_own_only() -> None:
    parts = []
    for name in ("ledger", "people"):
        group = AvailabilityGroup(name, (f"{name}-db",))
        group.replicas = {"E": Replica("E", PRIMARY), "W": Replica("W", SECONDARY)}
        parts.append(SqlServerHost(group, group.replicas["W"]))
    host = SqlServerInstance(parts)
    told = host.run("SELECT 1 FROM sys.dm_hadr_availability_replica_states").out.splitlines()
    assert [line.split(";")[2] for line in told] == ["ledger", "ledger", "people", "people"]
    done = host.run("ALTER AVAILABILITY GROUP [people] FORCE_FAILOVER_ALLOW_DATA_LOSS;")
    assert (done.code, [one.mine.role for one in parts]) == (0, [SECONDARY, PRIMARY])
    refused = host.run("ALTER AVAILABILITY GROUP [others] FAILOVER;")
    assert (refused.code, "others" in refused.error) == (1, True)


@pytest.mark.parametrize(
    ("names", "zone"),
    [
        (["www.shop.example.", "api.shop.example."], "shop.example."),
        (["www.shop.example."], "shop.example."),
        (["shop.example.", "www.shop.example."], "example."),
        (["a.east.shop.example.", "a.west.shop.example."], "shop.example."),
    ],
)
def test_a_zone_that_no_spec_names_is_called_as_its_records_end(
    names: list[str], zone: str
) -> None:
    assert eks_dns.ending(names) == zone
