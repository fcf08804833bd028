"""The journal in a DynamoDB table: a file is copied there, a run is killed, another goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest

from drstate.adapters.policy import JOURNAL_ACTIONS
from drstate.sandbox.policies import permission_of
from tests.e2e import witness
from tests.e2e.harness import RECOVERY, TABLE, Shared


@pytest.fixture
def shared(bench_of, warm) -> Shared:
    copied = bench_of(warm)
    found = Shared(copied.folder)
    found.run("journal", "init").expect(0)
    return found


def test_a_run_that_was_killed_is_resumed_from_the_shared_journal(shared):
    assert "no executions yet" in shared.run("history").out
    told = shared.run("journal", "copy", "--to", TABLE).expect(0).out
    assert "2 executions" in told
    file = shared.sandbox / "journal.db"
    file.rename(file.with_suffix(".moved"))
    since = shared.calls()[-1]["number"]

    line = ("up", "--phase", "activate", "-c", "acme", "-e", "production", "--yes", "-o", "ndjson")
    with subprocess.Popen(
        shared.command(*line),
        env=shared.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        for text in running.stdout:
            if json.loads(text)["payload"]["type"] == "stack_started":
                os.kill(running.pid, signal.SIGKILL)
                break

    view = shared.run("status", "-o", "json").expect(0).document
    assert view["status"] == "RUNNING"
    assert "nobody works on this execution" in json.dumps(view["warnings"])
    told = shared.run("resume").expect(0).err
    assert "is dead, its lease was cleared" in told
    assert witness.writer_region(shared) == RECOVERY

    rows = shared.run("history", "-o", "json").expect(0).document["rows"]
    assert [row["status"] for row in rows] == ["COMPLETED"] * 3
    assert rows[0]["execution"] == view["execution"]
    proof = shared.run("journal", "verify", "-o", "json").expect(0).document
    assert proof["broken"] == 0
    assert [one["events"] for one in proof["executions"]] == [row["events"] for row in rows]
    assert not file.exists()
    audit = shared.run("audit", "--verify", "-o", "json").expect(0).document
    assert {row["execution"] for row in audit["rows"]} == {row["execution"] for row in rows}
    assert (len(audit["verified"]), audit["broken"]) == (3, {})
    # what was asked of the table (queries, never a scan), the policy of whoever runs drstate allows
    asked = {
        permission_of(one["service"], one["operation"])
        for one in shared.calls(since)
        if one["service"] == "dynamodb"
    }
    transactions = {"dynamodb:TransactGetItems", "dynamodb:TransactWriteItems"}
    assert asked - transactions <= {*JOURNAL_ACTIONS, "dynamodb:DeleteItem"}
    assert asked >= {"dynamodb:GetItem", "dynamodb:Query"}
