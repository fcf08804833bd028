"""A command that is suggested can be pasted: it works where the one that suggested it did."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from drstate_cli.repeating import Repeated
from tests.cli.conftest import Said

VERBS = ("status", "resume", "watch", "sandbox", "journal", "up", "history")


def given(**options: str) -> Repeated:
    found = Repeated()
    found.begin(VERBS)
    for name, value in options.items():
        found.give(name, value)
    return found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("drstate resume x", "drstate --home /h --sandbox resume x"),
        ("drstate resume x --sandbox", "drstate --home /h resume x --sandbox"),
        (
            "drstate watch x; or drstate up --sandbox",
            "drstate --home /h --sandbox watch x; or drstate --home /h up --sandbox",
        ),
        (
            "drstate watch x, or drstate up --sandbox",
            "drstate --home /h --sandbox watch x, or drstate --home /h up --sandbox",
        ),
        ("drstate sandbox start", "drstate --home /h sandbox start"),
        ("drstate resume x --home=/other", "drstate --sandbox resume x --home=/other"),
        # prose, a table's name, and what only begins like a command
        ("made by drstate; change it", "made by drstate; change it"),
        ("the table drstate-journal", "the table drstate-journal"),
        ("what drstate ups", "what drstate ups"),
    ],
)
def test_what_was_typed_is_repeated_once(text: str, told: str) -> None:
    assert given(home="/h", sandbox="1").text(text) == told


def test_an_address_is_quoted_and_the_folder_one_stands_in_left_out() -> None:
    address = "dynamodb://t?region=us-west-2"
    told = given(cwd=".", journal=address).text("drstate status x")
    assert shlex.split(told) == ["drstate", "--journal", address, "status", "x"]


def test_nothing_is_added_where_nothing_was_typed() -> None:
    assert given().text("drstate resume x") == "drstate resume x"


def test_documents_are_filled_where_they_hold_commands_and_never_where_they_show_the_journal() -> (
    None
):
    stored = {"payload": {"hint": "drstate resume x"}}
    found = given(home="/h").document(
        {
            "next": ["drstate resume x"],
            "error": {"hint": "drstate status x", "what": "drstate status failed"},
            "events": [stored],
        }
    )
    assert found == {
        "next": ["drstate --home /h resume x"],
        "error": {"hint": "drstate --home /h status x", "what": "drstate status failed"},
        "events": [stored],
    }


@pytest.mark.parametrize("front", [True, False])
def test_a_suggestion_can_be_pasted(
    drstate: Callable[..., Said],
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    front: bool,
) -> None:
    monkeypatch.delenv("DRSTATE_CWD")
    monkeypatch.delenv("DRSTATE_HOME")
    monkeypatch.chdir(tmp_path)
    where = ("-C", project.name, "--home", "my journal")
    words = ("status", "nosuch")
    refused = drstate(*where, *words) if front else drstate(*words, *where)
    assert refused.code == 6
    pasted = re.search(r"list them with '(drstate .* history)'", refused.err)
    assert pasted is not None, refused.err
    # as in a terminal of its own: what the command line before it has set is gone
    for name in ("DRSTATE_CWD", "DRSTATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert drstate(*shlex.split(pasted[1])[1:]).code == 0
    assert (tmp_path / "my journal" / "journal.db").exists()
    assert not (tmp_path / ".drstate").exists()


def test_what_a_variable_says_is_not_repeated(drstate: Callable[..., Said]) -> None:
    said = drstate("status", "nosuch", "-o", "json")
    assert json.loads(said.out)["error"]["hint"] == "list them with 'drstate history'"
