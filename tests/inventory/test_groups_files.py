"""Files of protection groups: where they are, what stumbles over them, and every mistake told."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.errors import ConfigError, ExitCode
from drstate.inventory.group_history import group_history
from drstate.inventory.scopes import known_scopes, load_scope

ACCOUNT = "211111111101"
FILE = "stacks/acme/production.groups.yaml"
SCOPE = {
    "schema": "drstate.scope/1",
    "customer": "acme",
    "environment": "production",
    "regions": {"primary": "us-east-1", "recovery": "us-west-2"},
    "accounts": [
        {
            "id": ACCOUNT,
            "name": "data",
            "role_arn": f"arn:aws:iam::{ACCOUNT}:role/dr",
            "external_id": "very-external",
        }
    ],
}
SERVER = "i-0123456789abcdef0"
WEB = {"name": "web", "account": ACCOUNT, "region": "us-east-1", "tags": {"Role": "web"}}


def project(folder: Path, *groups: Any, text: str | None = None, **scope: Any) -> Path:
    path = folder / "stacks" / "acme"
    path.mkdir(parents=True, exist_ok=True)
    (path / "production.yaml").write_text(yaml.safe_dump({**SCOPE, **scope}))
    content = yaml.safe_dump({"schema": "drstate.groups/1", "groups": list(groups)})
    (path / "production.groups.yaml").write_text(content if text is None else text)
    return folder


def refusal(folder: Path, *groups: Any, **more: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_scope(project(folder, *groups, **more), "acme", "production")
    assert caught.value.exit_code == ExitCode.USAGE
    return caught.value


def test_groups_come_with_their_scope_and_are_no_scope_themselves(tmp_path: Path) -> None:
    named = {**WEB, "name": "named", "servers": [SERVER], "tags": None, "enabled": False}
    folder = project(tmp_path, WEB, named)
    assert [str(key) for key in known_scopes(folder)] == ["acme/production"]
    first, second = load_scope(folder, "acme", "production").groups
    assert (first.tags, first.servers, first.enabled) == ({"Role": "web"}, None, True)
    assert (second.tags, second.servers, second.enabled) == (None, (SERVER,), False)
    (folder / FILE).unlink()
    assert load_scope(folder, "acme", "production").groups == ()


def test_every_mistake_of_a_groups_file_is_told_with_its_place_and_mend(tmp_path: Path) -> None:
    error = refusal(
        tmp_path,
        {**WEB, "name": " web"},
        {**WEB, "launch": {"subnet": "subnet-1", "security_groups": [], "copy_tag": True}},
        {**WEB, "name": "two", "servers": [SERVER]},
        {**WEB, "name": "ids", "tags": None, "servers": ["s-0123456789abcdef0"]},
        {**WEB, "name": "own", "launch": {"servers": {SERVER: {"private_ip": "10.0.0.256"}}}},
        {**WEB, "name": "typo", "launch": {"servers": {SERVER: {"privat_ip": "10.0.0.2"}}}},
        {**WEB, "name": "big", "launch": {"right_sizing": "LARGE"}, "descripton": "x"},
    )
    assert error.what == f"{FILE} has 10 mistakes"
    for line in (
        "groups[0].name is ' web': it must be letters, digits",
        "groups[1].launch.subnet (group 'web') is 'subnet-1': it must be a subnet of the recovery",
        "groups[1].launch.security_groups (group 'web'): it must be at least 1 long",
        "groups[1].launch.copy_tag (group 'web'): there is no such field",
        "groups[2] (group 'two'): it has tags and servers: keep one of the two",
        "groups[3].servers[0] (group 'ids') is 's-0123456789abcdef0': it must be an instance id",
        f"groups[4].launch.servers.{SERVER}.private_ip (group 'own') is '10.0.0.256': it must be",
        "groups[6].launch.right_sizing (group 'big') is 'LARGE': allowed are 'NONE', 'BASIC'",
    ):
        assert line in error.why
    assert "write copy_tags instead of groups[1].launch.copy_tag" in error.hint
    assert f"write private_ip instead of groups[5].launch.servers.{SERVER}.privat_ip" in error.hint


def test_a_group_stays_inside_its_scope(tmp_path: Path) -> None:
    error = refusal(
        tmp_path,
        {**WEB, "account": "999999999999"},
        {**WEB, "region": "us-west-2"},
        {**WEB, "tags": {"Customer": "globex", "Environment": "production"}},
    )
    for line in (
        f"is '999999999999': it is no account of acme/production, which has {ACCOUNT}",
        "is 'us-west-2': the servers of acme/production run in its primary region, us-east-1",
        "tags.Customer (group 'web') is 'globex': a group of acme/production never takes",
    ):
        assert line in error.why
    assert "very-external" not in str(error.as_dict())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "begin it with 'schema: drstate.groups/1'"),
        ("schema: drstate.groups/1\ngroups: {}\n", "set groups to a list"),
        ("schema: drstate.scope/1\n", "drstate.groups/1"),
        ("schema: drstate.groups/1\ngroups: [\n", "correct that line"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str, told: str) -> None:
    error = refusal(tmp_path, text=text)
    assert told in error.hint
    assert FILE in error.what


def test_groups_in_the_scopes_own_file_are_sent_to_theirs(tmp_path: Path) -> None:
    error = refusal(tmp_path, WEB, groups=[WEB])
    assert "groups: protection groups stand in stacks/<customer>/<environment>" in error.why
    assert "move them to" in error.hint


def _git(folder: Path, *arguments: str, author: str = "Ann", day: int = 1) -> None:
    when = f"2026-03-0{day}T12:00:00+00:00"
    env = {
        "GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": "a@b", "GIT_AUTHOR_DATE": when,
        "GIT_COMMITTER_NAME": author, "GIT_COMMITTER_EMAIL": "a@b", "GIT_COMMITTER_DATE": when,
        "PATH": "/usr/bin:/bin", "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1",
    }  # fmt: skip
    subprocess.run(["git", "-C", str(folder), *arguments], env=env, check=True, capture_output=True)


def test_who_wrote_a_group_is_what_version_control_says(tmp_path: Path) -> None:
    db = {**WEB, "name": "db", "tags": {"Role": "db"}}
    folder = project(tmp_path, WEB, db)
    assert group_history(folder, FILE, "web").created_at is None
    _git(folder, "init", "-q")
    _git(folder, "add", ".")
    _git(folder, "commit", "-qm", "groups")
    project(tmp_path, WEB, {**db, "description": "of the shop"})
    _git(folder, "commit", "-qam", "more", author="Bob", day=3)
    web, changed = (group_history(folder, FILE, name) for name in ("web", "db"))
    assert (web.created_by, web.modified_by) == ("Ann", "Ann")
    assert (changed.created_by, changed.modified_by) == ("Ann", "Bob")
    assert changed.modified_at is not None
    assert changed.modified_at.day == 3
    assert not changed.uncommitted
    project(tmp_path, WEB, {**db, "description": "of another shop"})
    assert group_history(folder, FILE, "db").uncommitted
    assert not group_history(folder, FILE, "web").uncommitted
