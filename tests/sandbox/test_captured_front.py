"""Every setting of databases, services, balancers and records comes back from a rebuilt scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.adapters.registry import adapter_for
from drstate.model.scope import Scope
from drstate.model.spec import Spec
from drstate.sandbox import process
from tests.adapters.world import World
from tests.contract.stage import environment
from tests.sandbox import rich_front
from tests.sandbox.captured_trip import rebuilt, written

ENTRIES = {entry.key: entry for entry in rich_front.catalog().entries}
TECHNOLOGIES = sorted({entry.resource.technology for entry in ENTRIES.values()})


@dataclass
class Rebuilt:
    world: World
    home: Path


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rebuilt]:
    folder = tmp_path_factory.mktemp("front")
    text = rich_front.scope_text()
    file = written(folder / "captured.json", text, rich_front.catalog(), rich_front.PATH)
    with rebuilt(file, folder / "home") as home, environment(home):
        yield Rebuilt(World(home, Scope.model_validate(yaml.safe_load(text))), home)


@pytest.mark.parametrize("key", ENTRIES)
def test_capture_finds_what_was_captured(key: str, there: Rebuilt) -> None:
    entry = ENTRIES[key]
    adapter = adapter_for(entry.resource.technology)
    found = adapter.capture(entry.resource, there.world.aws).model_dump(mode="json")
    wanted = {**entry.spec, "captured_at": found["captured_at"]}
    assert {name: value for name, value in found.items() if value != wanted[name]} == {
        name: value for name, value in wanted.items() if value != found[name]
    }


@pytest.mark.parametrize("technology", TECHNOLOGIES)
def test_no_field_of_a_spec_is_left_out_of_the_comparison(technology: str) -> None:
    kind = adapter_for(technology).spec_type
    said = [entry.spec for entry in ENTRIES.values() if entry.resource.technology == technology]
    fixed = {"engine_mode", "scheduling_strategy"}  # one value only is captured
    left = [
        name
        for name, field in kind.model_fields.items()
        if not field.is_required()
        and name not in {*Spec.model_fields, *fixed}
        and all(spec[name] == _default(field) for spec in said)
    ]
    assert left == []


def _default(field: Any) -> Any:
    value = field.get_default(call_default_factory=True)
    return list(value) if isinstance(value, tuple) else value


def test_records_answer_with_what_serves(there: Rebuilt) -> None:
    def asked(operation: str, **more: str) -> Any:
        zone = "Z0B0B0B0B0B0B0B0B0B0"
        place = {"account": rich_front.DNS, "region": rich_front.EAST, "HostedZoneId": zone}
        return there.world.aws.call("route53", operation, **place, **more)

    serving = rich_front.SHOP[rich_front.EAST]
    for name in ("www", "split", "api"):
        record = f"{name}.vandelay.example."
        answer = asked("test_dns_answer", RecordName=record, RecordType="CNAME")
        assert answer["RecordData"] == serving
    sets = asked("list_resource_record_sets")["ResourceRecordSets"]
    (alias,) = (one["AliasTarget"] for one in sets if "AliasTarget" in one)
    assert alias["DNSName"].rstrip(".") == serving[0]
    assert alias["HostedZoneId"] == rich_front.ALIASES[rich_front.EAST]


def test_what_the_specs_refer_to_is_there_under_its_own_name(there: Rebuilt) -> None:
    said = str(process.digest(there.home))
    for text in (
        rich_front.KEY,
        rich_front.INSIGHTS,
        rich_front.MONITORING.rpartition("/")[2],
        *rich_front.CERTIFICATES,
        "vandelay/db-AbCdEf",
        "/vandelay/web",
        "vandelay-fleet",
        rich_front.RULE.rpartition("/")[2],
        rich_front.TOPIC,
    ):
        assert text in said
