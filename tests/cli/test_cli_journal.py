"""``drstate journal`` and what ``--journal`` changes elsewhere."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime

import pytest

from drstate.journal.sqlite import open_journal
from tests.journal.values import ACME, created, progress

TABLE = "dynamodb://drstate-journal?region=us-west-2"


@pytest.fixture
def file(project, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    with open_journal(home / "journal.db", now=lambda: datetime.now(UTC)) as journal:
        lease = journal.acquire(ACME, runner="r", host="h", pid=1, ttl_seconds=1)
        for name in ("e1", "e2"):
            journal.append(name, created(), lease.fence)
            journal.append(name, progress("a"), lease.fence)
        journal.release(lease)
    return home / "journal.db"


def test_the_chains_of_all_executions_are_proved(drstate, file):
    said = drstate("journal", "verify")
    assert (said.code, said.out.splitlines()[-1]) == (0, "2 executions, 0 broken")
    with sqlite3.connect(file) as journal:
        journal.execute("DROP TRIGGER events_are_not_changed")
        journal.execute("UPDATE events SET at = 'x' || at WHERE execution = 'e1' AND seq = 2")
    said = drstate("journal", "verify")
    assert said.code == 1
    assert "e2  2 events, whole" in said.out
    assert "broken at event 2: it was changed after it was written" in said.out
    assert said.err.startswith("help: ")
    assert drstate("journal", "verify", "e2").code == 0
    assert drstate("journal", "verify", "e9").code == 6
    document = json.loads(drstate("journal", "verify", "e1", "--json").out)
    assert (document["schema"], document["broken"]) == ("drstate.journal-verify/1", 1)


def test_executions_are_found_by_state_and_date(drstate, file):
    def found(*line):
        rows = json.loads(drstate("history", *line, "--json").out)["rows"]
        return [row["execution"] for row in rows]

    assert found() == found("--status", "pending") == ["e2", "e1"]
    assert found("--since", "2020-01-01", "--until", "2999-01-01T12:00") == ["e2", "e1"]
    assert found("--status", "COMPLETED") == found("--until", "2020-01-01") == []
    assert "no execution fits" in drstate("history", "--since", "2999-01-01").err
    said = drstate("history", "--status", "odd")
    assert (said.code, "one of: pending, running" in said.err) == (2, True)
    assert drstate("history", "--since", "yesterday").code == 2


def test_the_file_is_shown_and_not_made(drstate, tmp_path):
    said = drstate("journal", "show")
    assert said.out.startswith(str(tmp_path / "home" / "journal.db"))
    assert not (tmp_path / "home" / "journal.db").exists()


def test_a_table_must_be_named_to_be_made(drstate):
    said = drstate("journal", "init")
    assert said.code == 2
    assert "no table is named" in said.err
    assert TABLE in said.err


def test_a_wrong_address_is_refused_before_anything_is_opened(drstate, tmp_path):
    for line in (["status"], ["history"], ["journal", "copy", "--to", "dynamodb://x"]):
        said = drstate(*line, "--journal", "dynamodb://t")
        assert said.code == 2
        assert "is not the address of a journal" in said.err
    assert not (tmp_path / "home").exists()


def test_the_hubs_policy_has_what_the_table_needs_and_deletes_no_event(drstate):
    plain = json.loads(drstate("iam", "policy", "--for", "hub").out)
    assert "dynamodb" not in json.dumps(plain)
    policy = json.loads(drstate("iam", "policy", "--for", "hub", "--journal", TABLE).out)
    journal = [row for row in policy["Statement"] if row["Sid"].startswith("Journal")]
    assert all("us-west-2:*:table/drstate-journal" in row["Resource"][0] for row in journal)
    deleting = [row for row in journal if "dynamodb:DeleteItem" in row["Action"]]
    assert len(deleting) == 1
    assert deleting[0]["Condition"]["ForAllValues:StringLike"] == {
        "dynamodb:LeadingKeys": ["part#*"]
    }
