"""Scope files: found, read, and refused with every mistake at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.errors import ConfigError, ExitCode, UnknownNameError
from drstate.inventory.scopes import known_scopes, load_scope
from drstate.model.scope import DnsWay
from tests.inventory.values import ROOT

MINIMAL: dict[str, Any] = {
    "schema": "drstate.scope/1",
    "customer": "acme",
    "environment": "production",
    "regions": {"primary": "us-east-1", "recovery": "us-west-2"},
    "accounts": [
        {
            "id": "211111111101",
            "name": "data",
            "role_arn": "arn:aws:iam::211111111101:role/dr",
            "external_id": "very-external",
        }
    ],
}


def project(tmp_path: Path, content: Any, name: str = "acme/production.yaml") -> Path:
    path = tmp_path / "stacks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return tmp_path


def refusal(tmp_path: Path, content: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_scope(project(tmp_path, content), "acme", "production")
    return caught.value


def test_the_scopes_of_this_project_are_known_and_valid() -> None:
    known = known_scopes(ROOT)
    assert [str(key) for key in known] == [
        "acme/production",
        "acme/staging",
        "globex/production",
        "globex/staging",
        "initech/production",
    ]
    for key in known:
        loaded = load_scope(ROOT, key.customer, key.environment)
        assert loaded.key == key
        flags = [record.name for record in loaded.dns if record.way is DnsWay.FLAG]
        assert bool(flags) is (key.environment == "production")


def test_a_scope_without_a_file_is_unknown_and_the_known_ones_are_listed(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="acme/prod") as caught:
        load_scope(ROOT, "acme", "prod")
    assert "globex/staging" in caught.value.why
    assert "did you mean acme/production" in caught.value.hint
    assert caught.value.exit_code == ExitCode.UNKNOWN_NAME
    with pytest.raises(UnknownNameError) as caught:
        load_scope(tmp_path, "acme", "production")
    assert "no scope file" in caught.value.why


def test_a_name_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    project(tmp_path, MINIMAL)
    (tmp_path / "production.yaml").write_text("secret")
    with pytest.raises(UnknownNameError):
        load_scope(tmp_path, "..", "production")


def test_a_file_with_the_other_ending_is_pointed_at(tmp_path: Path) -> None:
    project(tmp_path, MINIMAL, "acme/production.yml")
    with pytest.raises(UnknownNameError) as caught:
        load_scope(tmp_path, "acme", "production")
    assert "rename production.yml" in caught.value.hint


def test_files_that_are_no_scopes_are_not_listed(tmp_path: Path) -> None:
    project(tmp_path, MINIMAL)
    project(tmp_path, MINIMAL, "acme/prod.yaml")
    project(tmp_path, MINIMAL, "not a customer/production.yaml")
    project(tmp_path, "", "Pulumi.acme.production.yaml")
    assert [str(key) for key in known_scopes(tmp_path)] == ["acme/production"]


def test_all_mistakes_are_told_at_once_with_field_value_and_mend(tmp_path: Path) -> None:
    content = {
        **MINIMAL,
        "regions": {"primary": "us-east-1", "recovery": "oregon"},
        "approval": "automatic",
        "policies": {"aproval": "automatic", "parallel": 0},
        "accounts": [{**MINIMAL["accounts"][0], "id": "2111"}, {"id": "211111111102"}],
        "site_map": {"us-west-2": {"subnet": {"a": "b"}}},
        "dns": [{"zone": "acme.example", "account": "211111111101", "name": "a.", "wave": 1}],
    }
    error = refusal(tmp_path, content)
    assert error.what == "stacks/acme/production.yaml has 11 mistakes"
    for line in (
        "regions.recovery is 'oregon': it must be a region, say us-east-1",
        "approval: there is no such field",
        "policies.aproval: there is no such field",
        "policies.parallel is '0': ",
        "accounts[0].id is '2111': it must be an account id of 12 digits, in quotes",
        "accounts[1].role_arn: it is missing",
        "accounts[1].external_id: it is missing",
        "dns[0].zone is 'acme.example': it must be a DNS name with its final dot",
        "dns[0].values: it is missing",
    ):
        assert line in error.why
    assert "write approval instead of policies.aproval" in error.hint
    assert "add accounts[1].external_id" in error.hint
    assert "subnets" in error.why
    assert error.exit_code == ExitCode.USAGE


def test_values_of_the_wrong_kind_are_told_in_plain_words(tmp_path: Path) -> None:
    record = {"zone": "a.", "account": "211111111101", "name": "b.a.", "wave": "zero"}
    content = {
        **MINIMAL,
        "policies": {"parallel": 0},
        "site_map": {"us-west-2": {"subnets": None}},
        "dns": [{**record, "values": {"us-east-1": "x", "us-west-2": ["y"]}}],
    }
    error = refusal(tmp_path, content)
    for line in (
        "policies.parallel is '0': it must be 1 or more",
        "site_map.us-west-2.subnets is 'nothing': it must be a mapping, or left out",
        "dns[0].wave is 'zero': it must be a whole number",
        "dns[0].values.us-east-1 is 'x': it must be a list",
    ):
        assert line in error.why
    assert "set dns[0].wave to a whole number" in error.hint


@pytest.mark.parametrize("external_id", ["x", 7, ["very-external"]])
def test_an_external_id_is_never_shown(tmp_path: Path, external_id: Any) -> None:
    content = {**MINIMAL, "accounts": [{**MINIMAL["accounts"][0], "external_id": external_id}]}
    shown = " ".join(refusal(tmp_path, content).as_dict().values())
    assert "accounts[0].external_id: " in shown
    assert "very-external" not in shown
    assert "'x'" not in shown
    doubled = {**MINIMAL, "accounts": MINIMAL["accounts"] * 2}
    twice = refusal(tmp_path, doubled)
    assert "accounts: 211111111101 is listed twice" in twice.why
    assert "very-external" not in " ".join(twice.as_dict().values())
    assert "very-external" not in repr(load_scope(project(tmp_path, MINIMAL), "acme", "production"))


def test_the_place_of_the_file_and_what_it_says_must_agree(tmp_path: Path) -> None:
    error = refusal(tmp_path, {**MINIMAL, "customer": "globex", "environment": "staging"})
    assert "customer is 'globex': the file's place says 'acme'" in error.why
    assert "environment is 'staging': the file's place says 'production'" in error.why


def test_rules_across_fields_name_the_field(tmp_path: Path) -> None:
    same = {**MINIMAL, "regions": {"primary": "us-east-1", "recovery": "us-east-1"}}
    assert "must differ" in refusal(tmp_path, same).why
    record = {"zone": "a.", "account": "211111111199", "name": "b.a.", "wave": 1}
    values = {"us-east-1": ["x"], "us-west-2": ["y"]}
    error = refusal(tmp_path, {**MINIMAL, "dns": [{**record, "values": values}]})
    assert "dns: b.a. names account 211111111199" in error.why
    assert error.hint == "correct dns"


def test_an_account_id_without_quotes_is_still_text(tmp_path: Path) -> None:
    text = yaml.safe_dump(MINIMAL).replace("'211111111101'", "012345670123")
    loaded = load_scope(project(tmp_path, text), "acme", "production")
    assert loaded.accounts[0].id == "012345670123"


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("customer: acme\ncustomer: globex\n", "line 2, column 1", "'customer' is written twice"),
        ("regions:\n  primary: [us-east-1\n", "line 3", "expected"),
        ("a: b: c", "line 1", "mapping values"),
        ("? [a, b]\n: c", "line 1", "single word"),
        ("a: !!python/object/apply:os.system ['true']", "line 1", "could not determine"),
    ],
)
def test_a_file_that_is_not_yaml_names_the_line(
    tmp_path: Path, text: str, place: str, why: str
) -> None:
    error = refusal(tmp_path, text)
    assert place in error.what
    assert why in error.why


@pytest.mark.parametrize("text", ["", "- a", "acme"])
def test_a_file_without_a_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert "does not describe a scope" in refusal(tmp_path, text).what


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = project(tmp_path, MINIMAL) / "stacks/acme/production.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_scope(tmp_path, "acme", "production")
