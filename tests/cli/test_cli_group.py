"""``drstate group``: what operators see of protection groups. Files and a journal, no cloud."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drstate.aws.clock import SystemClock
from drstate.journal.sqlite import open_journal
from drstate.model.scope import ScopeKey
from tests.cli.conftest import Said
from tests.planning.group_estate import server
from tests.planning.planning_estate import catalog

ACCOUNT, WHERE = "233333333302", ("-c", "initech", "-e", "production")
WEB_1, LEDGER = "i-46d16c8781e54e8e6", "i-c63ba62d0a05af67b"
FILE = Path("stacks/initech/production.groups.yaml")
Run = Callable[..., Said]


@pytest.fixture
def protected(project: Path) -> Path:
    """The project, with three servers of initech/production in its catalog."""
    scope = ScopeKey.model_validate({"customer": "initech", "environment": "production"})
    roles = {WEB_1: "web", "i-c7e7e882bf32737a1": "web", LEDGER: "ledger"}
    entries = []
    for number, (name, role) in enumerate(roles.items()):
        made = server(number, account=ACCOUNT, Role=role, Name=f"{role}-{number}")
        update = {"name": name, "key": f"drs/{ACCOUNT}/{name}"}
        resource = made.resource.model_copy(update=update)
        entries.append(made.model_copy(update={"resource": resource}))
    home = project.parent / "home"
    home.mkdir()
    journal = open_journal(home / "journal.db", now=SystemClock().now)
    journal.save_catalog(catalog(*entries).model_copy(update={"scope": scope, "version": 0}))
    journal.close()
    return project


def document(said: Said) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said.out)
    return found


def test_groups_are_listed_shown_and_resolved(drstate: Run, protected: Path) -> None:
    listed = drstate("group", "ls", *WHERE)
    assert listed.code == 0
    assert "initech/production  2 groups, 3 servers, all fits" in listed.out
    assert f"web tier  {ACCOUNT}  2 servers  Role=web" in listed.out
    assert [one["server_count"] for one in document(drstate("group", "ls", *WHERE, "--json"))[
        "scopes"][0]["groups"]] == [2, 1]  # fmt: skip

    shown = drstate("group", "show", "LEDGER", *WHERE)
    assert shown.code == 0
    assert "instance_type  m6i.xlarge" in shown.out
    assert f"{LEDGER}  instance_type m6i.xlarge, os_byol false" in shown.out
    told = document(drstate("group", "show", "ledger", *WHERE, "--json"))
    assert told["schema"] == "drstate.group/1"
    assert (told["name"], told["region"], told["account"]) == ("ledger", "us-east-1", ACCOUNT)
    assert told["settings"][0]["settings"]["instance_type"] == "m6i.xlarge"

    resolved = document(drstate("group", "resolve", "web tier", *WHERE, "--json"))
    assert [one["name"] for one in resolved["groups"][0]["resolved"]] == ["web-0", "web-1"]
    tried = drstate("group", "resolve", "--tag", "Role=ledger", *WHERE)
    assert tried.code == 0
    assert LEDGER in tried.out
    assert WEB_1 not in tried.out


def test_conflicts_are_exit_1_with_their_remedy(drstate: Run, protected: Path) -> None:
    fine = drstate("group", "check")
    assert (fine.code, "all fits" in fine.out) == (0, True)
    file = protected / FILE
    more = f"- {{name: Ledger, account: '{ACCOUNT}', region: us-east-1, servers: [{WEB_1}]}}\n"
    file.write_text(file.read_text() + more)
    found = drstate("group", "check", *WHERE)
    assert found.code == 1
    assert f"STOPS A START: {WEB_1} is in 2 enabled groups: Ledger, web tier" in found.out
    assert "2 groups named 'ledger'" in found.out
    assert f"rename all but one in {FILE}" in found.out
    kinds = [one["kind"] for one in document(drstate("group", "check", *WHERE, "--json"))[
        "scopes"][0]["findings"]]  # fmt: skip
    assert kinds == ["in-several", "name-twice"]
    assert "CONFLICT" in drstate("group", "ls", *WHERE).out


def test_what_is_asked_wrongly_is_answered_with_the_way(drstate: Run, protected: Path) -> None:
    unknown = drstate("group", "show", "webtier", *WHERE)
    assert unknown.code == 6
    assert "did you mean 'web tier'?" in unknown.err
    both = drstate("group", "resolve", "ledger", "--tag", "a=b", *WHERE)
    assert both.code == 2
    no_pair = drstate("group", "resolve", "--tag", "Role", *WHERE)
    assert no_pair.code == 2
    assert "--tag Role=web" in no_pair.err
    stranger = drstate("group", "resolve", "--tag", "a=b", "--account", "1", *WHERE)
    assert stranger.code == 2
    assert ACCOUNT in stranger.err


def test_before_anything_is_protected_no_group_is_called_wrong(drstate: Run, project: Path) -> None:
    found = drstate("group", "check", *WHERE)
    assert found.code == 0
    assert "not protected yet, so that no server is known" in found.out
    assert "warning" not in found.out
