"""A run that is killed: what people are told, and the two ways on."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess

import pytest

from tests.e2e import witness
from tests.e2e.harness import RECOVERY


@pytest.fixture
def killed(warm, bench_of):
    """A bench whose ACTIVATE was killed with SIGKILL while wave 1's stack was updated."""
    bench = bench_of(warm)
    arguments = (
        "up",
        "--phase",
        "activate",
        "-c",
        "acme",
        "-e",
        "production",
        "--yes",
        "-o",
        "ndjson",
    )
    with subprocess.Popen(
        bench.command(*arguments),
        env=bench.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        for line in running.stdout:
            if json.loads(line)["payload"]["type"] == "stack_started":
                os.kill(running.pid, signal.SIGKILL)
                break
    return bench


def test_status_of_a_killed_run_says_so_and_names_the_ways_on(killed):
    view = killed.run("status", "-o", "json").expect(0).document
    assert view["status"] == "RUNNING"
    assert view["eta_seconds"] is None
    assert "nobody works on this execution" in json.dumps(view["warnings"])
    assert view["next"][0].startswith(f"drstate resume {view['execution']}")
    # following it ends at once instead of waiting for events that cannot come
    assert killed.run("watch", seconds=30).code in (0, 1)


def test_a_second_run_is_refused_until_the_first_is_resumed_or_cancelled(killed):
    refused = killed.up("activate").expect(1)
    assert "drstate resume" in refused.err
    assert "drstate cancel" in refused.err
    with sqlite3.connect(killed.sandbox / "journal.db") as journal:
        count = journal.execute("select count(distinct execution) from events").fetchone()[0]

    killed.run("cancel", "-m", "begin anew").expect(0)
    killed.up("activate").expect(0)

    assert witness.writer_region(killed) == RECOVERY
    with sqlite3.connect(killed.sandbox / "journal.db") as journal:
        now = journal.execute("select count(distinct execution) from events").fetchone()[0]
    assert now == count + 1
    history = killed.run("history", "-o", "json").expect(0).document
    assert [row["status"] for row in history["rows"][:2]] == ["COMPLETED", "CANCELLED"]
    late = killed.run("resume", history["rows"][1]["execution"])
    assert late.code != 0


def test_a_killed_run_is_resumed_to_the_end(killed):
    told = killed.run("resume").expect(0).err
    # the lease that the dead run held is recognised, cleared, and said
    assert "is dead, its lease was cleared" in told
    assert killed.run("status", "-o", "json").expect(0).document["status"] == "COMPLETED"
    assert witness.writer_region(killed) == RECOVERY
    killed.up("activate", "--expect-no-changes").expect(0)
