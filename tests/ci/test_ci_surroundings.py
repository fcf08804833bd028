"""What a job's variables, files and payload say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drstate.ci.surroundings import LONGEST_SUMMARY, Surroundings, command
from drstate.errors import ConfigError, UsageError

OWN = {"full_name": "acme/infrastructure"}
OTHER = {"full_name": "mallory/infrastructure"}


def around(tmp_path: Path, payload: Any = None, **more: str) -> Surroundings:
    env = {"GITHUB_REPOSITORY": "acme/infrastructure", "GITHUB_EVENT_NAME": "push", **more}
    if payload is not None:
        path = tmp_path / "event.json"
        path.write_text(payload if isinstance(payload, str) else json.dumps(payload))
        env["GITHUB_EVENT_PATH"] = str(path)
    return Surroundings(env)


def of(head: Any, base: Any = OWN, number: int = 7) -> dict[str, Any]:
    return {"pull_request": {"number": number, "head": {"repo": head}, "base": {"repo": base}}}


@pytest.mark.parametrize(
    ("payload", "read_only"),
    [
        (of(OWN), False),
        (of(OTHER), True),
        (of(None), True),  # the fork was deleted
        ({"issue": {"number": 7, "pull_request": {"url": "…"}}}, False),
    ],
)
def test_the_number_is_the_events_and_a_fork_may_only_read(tmp_path, payload, read_only):
    found = around(tmp_path, payload).pull_request(None, None)
    assert (found.repository, found.number) == ("acme/infrastructure", 7)
    assert found.read_only is read_only


def test_dependabot_may_only_read_in_its_own_repository_too(tmp_path):
    found = around(tmp_path, of(OWN), GITHUB_ACTOR="dependabot[bot]").pull_request(None, None)
    assert found.read_only


def test_what_is_named_counts_more_than_the_event(tmp_path):
    found = around(tmp_path, of(OTHER)).pull_request("acme/other", 9)
    assert (found.repository, found.number, found.read_only) == ("acme/other", 9, False)


@pytest.mark.parametrize(
    "payload", [None, {}, {"ref": "refs/heads/main"}, {"issue": {"number": 7}}]
)
def test_an_event_without_a_pull_request_asks_for_its_number(tmp_path, payload):
    with pytest.raises(UsageError) as told:
        around(tmp_path, payload).pull_request(None, None)
    assert "--pull-request" in told.value.hint
    assert "push" in told.value.why


def test_a_payload_that_is_broken_is_named(tmp_path):
    with pytest.raises(ConfigError, match="GITHUB_EVENT_PATH"):
        around(tmp_path, "{").pull_request(None, None)


@pytest.mark.parametrize("name", ["", "acme", "acme/infra/x", "a b/c", "../x/y"])
def test_what_is_no_repository_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="repository"):
        around(tmp_path, of(OWN), GITHUB_REPOSITORY=name).pull_request(None, None)


def test_a_value_cannot_bring_outputs_of_its_own(tmp_path):
    path = tmp_path / "out"
    there = around(tmp_path, GITHUB_OUTPUT=str(path))
    assert there.output({"next": "one\nexit-code=0\nEOF", "result": "failed"})
    lines = path.read_text().splitlines()
    mark = lines[0].partition("<<")[2]
    assert lines[0].startswith("next<<")
    assert lines.index(mark) == 4
    assert lines[5].startswith("result<<")
    assert not around(tmp_path).output({"a": "b"})


def test_a_summary_that_is_too_long_is_cut_with_nothing_left_open(tmp_path):
    path = tmp_path / "summary"
    there = around(tmp_path, GITHUB_STEP_SUMMARY=str(path))
    assert there.summarize("# first")
    assert there.summarize("<details>\n\n```\n" + "line é\n" * 200_000 + "```\n</details>")
    written = path.read_bytes()
    assert len(written) <= LONGEST_SUMMARY
    text = written.decode()
    assert text.startswith("# first\n<details>")
    assert text.count("\n```") == 2
    assert text.count("<details>") == text.count("</details>")
    assert "Cut here" in text


def test_a_notice_is_one_command_whatever_is_in_it():
    shown = command("notice", "100 %\n::set-output name=x::y", "a: b, c\n::stop::")
    assert "\n" not in shown
    assert shown.startswith("::notice title=a%3A b%2C c %3A%3Astop%3A%3A::100 %25%0A")
