"""Files of captured scopes: what is refused, with which words; and nothing secret goes into one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.errors import ConfigError
from drstate.execution.exporting import MASKED, captured
from drstate.model.catalog import Catalog, CatalogEntry, Ownership
from drstate.model.phases import SiteState
from drstate.model.resource import Resource
from drstate.model.scope import ScopeKey
from drstate.model.tags import DrTags
from drstate.sandbox.estates.captured import file as files
from drstate.sandbox.estates.captured.file import read

EAST, WEST, ACCOUNT = "us-east-1", "us-west-2", "211111111101"
KEY = ScopeKey(customer="acme", environment="production")
PATH = "acme/production.yaml"


def content(**more: Any) -> dict[str, Any]:
    return {
        "schema": "drstate.scope/1",
        "customer": "acme",
        "environment": "production",
        "regions": {"primary": EAST, "recovery": WEST},
        "accounts": [
            {
                "id": ACCOUNT,
                "name": "data",
                "role_arn": f"arn:aws:iam::{ACCOUNT}:role/drstate-target",
                "external_id": "acme-very-own",
            }
        ],
        **more,
    }


def entry(technology: str, name: str, /, **spec: Any) -> CatalogEntry:
    return CatalogEntry(
        resource=Resource(
            key=f"{technology}/{ACCOUNT}/{name}",
            technology=technology,
            name=name,
            account=ACCOUNT,
            region=EAST,
            arn=f"arn:aws:x:{EAST}:{ACCOUNT}:{name}",
            tags=DrTags(customer="acme", environment="production", wave=1),
        ),
        ownership={EAST: Ownership.FOREIGN, WEST: Ownership.DECLARED},
        group="w1",
        spec={"region": EAST, "captured_at": "2026-11-22T05:00:00Z", **spec},
        spec_version=3,
        endpoints={WEST: {"writer": "standby.example"}},
        memory={EAST: {"undo": {"min": 2}}},
        last_seen=datetime(2026, 11, 22, tzinfo=UTC),
    )


def group(name: str = "g", /, **more: Any) -> CatalogEntry:
    said = {"group_id": "sg-1", "arn": "a", "name": name, "description": "d", "vpc": "vpc-1"}
    return entry("security-group", name, **{**said, **more})


def catalog(*entries: CatalogEntry, **more: Any) -> Catalog:
    sites = {EAST: SiteState.ACTIVE, WEST: SiteState.ABSENT}
    given = {"scope": KEY, "serving": EAST, "recovery": WEST, "sites": sites, "entries": entries}
    return Catalog(**{**given, **more})


def written(folder: Path, **more: Any) -> Path:
    given = {
        "schema": "drstate.captured/1",
        "scope": yaml.safe_dump(content()),
        "path": PATH,
        "catalog": catalog(group()).model_dump(mode="json"),
    }
    file = folder / "captured.json"
    file.write_text(json.dumps({**given, **more}), encoding="utf-8")
    return file


def refused(file: Path) -> str:
    with pytest.raises(ConfigError) as told:
        read(file)
    assert "drstate sandbox export" in told.value.hint
    assert file.name in told.value.what
    return told.value.why


def test_what_is_written_is_read(tmp_path: Path) -> None:
    held = read(written(tmp_path, groups="schema: drstate.groups/1\n"))
    assert held.scope.key == held.catalog.scope == KEY
    assert set(held.files) == {PATH, "acme/production.groups.yaml"}


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"schema": "drstate.captured/2"}, "schema"),
        ({"surprise": 1}, "surprise"),
        ({"path": "../../etc/passwd"}, "path"),
        ({"path": "globex/production.yaml"}, "its path is globex/production.yaml"),
        ({"scope": "customer: ["}, "scope: "),
        ({"scope": "- a list"}, "dictionary"),
        ({"scope": yaml.safe_dump(content(surprise=1))}, "surprise"),
        ({"scope": "!!python/object/apply:os.system ['true']"}, "scope: "),
        ({"scope": BOMB}, "aliases"),
        ({"scope": "&a [*a]"}, "scope: "),
        ({"catalog": {}}, "scope"),
        (
            {"catalog": catalog(group(rules=[])).model_dump(mode="json")},
            "rules",
        ),
        (
            {"catalog": catalog(group(), serving=WEST).model_dump(mode="json")},
            "us-west-2 serves: fail back",
        ),
        (
            {"catalog": catalog(group(region=WEST)).model_dump(mode="json")},
            "was read elsewhere",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, more: dict[str, Any], why: str) -> None:
    assert why in refused(written(tmp_path, **more))


def test_another_customers_account_is_refused(tmp_path: Path) -> None:
    stranger = group().model_copy(
        update={"resource": group().resource.model_copy(update={"account": "999999999999"})}
    )
    told = refused(written(tmp_path, catalog=catalog(stranger).model_dump(mode="json")))
    assert "999999999999, which the scope's accounts lack" in told


def test_files_that_are_no_json_or_too_large_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path)
    monkeypatch.setattr(files, "LARGEST", 100)
    assert "larger than 100 bytes" in refused(file)
    file.write_text("[" * 50)
    assert "not JSON" in refused(file)
    file.unlink()
    assert "cannot be read" in refused(file)


def test_nothing_secret_goes_into_a_file() -> None:
    service = entry(
        "ecs",
        "web",
        task_definition={
            "containers": [
                {
                    "environment": [
                        {"name": "DB_PASSWORD", "value": "hunter2"},
                        {"name": "DB_HOST", "value": "db.internal"},
                        {"name": "API_TOKEN_ARN", "value": "arn:aws:secretsmanager:x"},
                    ]
                }
            ]
        },
        tokens={"environment": "no environment of variables"},
    )
    function = entry("lambda", "f", environment={"StripeApiKey": "sk_live", "MODE": "fast"})
    made = captured(content(), catalog(service, function))
    text = made.file.model_dump_json(by_alias=True)
    for secret in ("hunter2", "sk_live", "acme-very-own", "standby.example", "undo"):
        assert secret not in text
    assert "db.internal" in text
    assert "arn:aws:secretsmanager:x" in text
    assert made.masked == (f"ecs/{ACCOUNT}/web: DB_PASSWORD", f"lambda/{ACCOUNT}/f: StripeApiKey")
    assert text.count(MASKED) == 2
    scope = yaml.safe_load(made.file.scope)
    assert scope["accounts"][0]["external_id"].startswith("captured-")
    assert captured(content(), catalog(service, function)).file == made.file


def test_external_ids_are_replaced_wherever_they_could_be_read() -> None:
    # short ones occur in other words, which stay as they are
    given = content()
    given["accounts"][0]["external_id"] = "us"
    made = yaml.safe_load(captured(given, catalog(group())).file.scope)
    assert made["regions"] == content()["regions"]
    assert made["accounts"][0]["external_id"] != "us"
