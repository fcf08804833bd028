"""ACTIVATE stops in the middle; all of it is taken back, as an outsider sees it."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest

from tests.e2e import witness
from tests.e2e.harness import RECOVERY, SOURCE, Bench

SCOPE = {"customer": "acme", "env": "staging"}
WHO = ("-c", "acme", "-e", "staging")
WEB = "service/acme-staging-dr/acme-staging-web"
RECORD = "app.staging.acme.example."


def seen(bench: Bench) -> dict[str, object]:
    """What an independent client sees of acme/staging."""
    return {
        "writer": witness.writer_region(bench, "acme-staging-orders"),
        "web": witness.services(bench, RECOVERY, "acme-staging-dr"),
        "bounds": witness.scalable(bench, RECOVERY, WEB),
        "dns": witness.answer(bench, RECORD),
    }


def break_account(bench: Bench, account: str) -> str:
    """Make the account's role refuse; the scope file as it was."""
    file = bench.project / "stacks" / "acme" / "staging.yaml"
    right = file.read_text(encoding="utf-8")
    place = right.index("acme-dr-7c1f", right.index(f'"{account}"'))
    file.write_text(right[:place] + "wrong-id" + right[place + 12 :], encoding="utf-8")
    return right


def mend(bench: Bench, right: str) -> None:
    (bench.project / "stacks" / "acme" / "staging.yaml").write_text(right, encoding="utf-8")


@pytest.fixture(scope="module")
def prepared(fresh, tmp_path_factory):
    """acme/staging, warm. (REPLICATE leaves out its badly tagged cluster, and says so.)"""
    bench = fresh.copy(tmp_path_factory.mktemp("prepared") / "bench")
    bench.up("replicate", **SCOPE).expect(11)
    bench.up("instantiate", **SCOPE).expect(0)
    yield bench
    bench.stop()


@pytest.fixture(scope="module")
def paused(prepared, tmp_path_factory):
    """ACTIVATE stopped at its last wave: the zone's account could not be entered."""
    bench = prepared.copy(tmp_path_factory.mktemp("paused") / "bench")
    right = break_account(bench, witness.DNS)
    ended = bench.up("activate", **SCOPE).expect(1)
    mend(bench, right)
    for way in ('--override "why it may go on"', "drstate rollback ", "drstate cancel "):
        assert way in ended.out
        assert way in ended.err
    yield bench
    bench.stop()


def test_a_rollback_of_a_paused_execution_takes_all_of_it_back_and_closes_it(
    prepared, paused, bench_of
):
    bench = bench_of(paused)
    before, moved = seen(prepared), seen(bench)
    assert (before["writer"], moved["writer"]) == (SOURCE, RECOVERY)
    assert before["bounds"] != moved["bounds"]

    refused = bench.run("rollback", *WHO).expect(2)
    assert "undo  activate.w1  switch over acme-staging-orders-global" in refused.err
    assert "from active back to warm" in refused.err
    assert seen(bench) == moved

    view = bench.run("rollback", *WHO, "--yes", "-m", "wrong night", "-o", "json").expect(0)

    assert seen(bench) == before
    found = view.document
    assert found["status"] == "CANCELLED"
    assert (found["rollback"]["state"], found["rollback"]["reason"]) == ("done", "wrong night")
    undone = [row["stage"] for row in found["rollback"]["steps"]]
    assert undone == sorted(undone, reverse=True)
    assert {"activate.w1", "activate.w2"} <= set(undone)
    name = found["execution"]
    assert "is CANCELLED" in bench.run("resume", name).expect(2).err
    assert "rolled back" in bench.run("history").expect(0).out
    assert "rollback by" in bench.run("status", name).expect(0).out
    # the site is warm again, by its programs too, and can be activated once more
    bench.up("instantiate", "--expect-no-changes", **SCOPE).expect(0)
    bench.up("activate", **SCOPE).expect(0)
    assert seen(bench)["writer"] == RECOVERY


def test_a_rollback_that_is_killed_is_repeated_to_the_same_end(prepared, paused, bench_of):
    bench = bench_of(paused)
    with subprocess.Popen(
        bench.command("rollback", *WHO, "--yes", "-o", "ndjson"),
        env=bench.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        for line in running.stdout:
            payload = json.loads(line)["payload"]
            if payload["type"] == "undo_intended" and not payload["resource"]:
                os.kill(running.pid, signal.SIGKILL)  # a stack is on its way back
                break
    status = bench.run("status", "-o", "json").expect(0).document
    assert status["next"][0].startswith("drstate rollback --yes ")
    bench.run("resume").expect(2)

    found = bench.run(*status["next"][0].split()[1:], "-o", "json").expect(0).document

    assert (found["status"], found["rollback"]["state"]) == ("CANCELLED", "done")
    assert seen(bench) == seen(prepared)


def test_after_an_override_records_and_roles_go_back_too(prepared, bench_of):
    bench = bench_of(prepared)
    right = break_account(bench, witness.APP)
    bench.up("activate", **SCOPE).expect(1)
    bench.run("resume", "--override", "").expect(2)
    went_on = bench.run("resume", "--override", "web is mended by hand", "-o", "json").expect(1)
    mend(bench, right)
    assert went_on.document["overrides"][0]["reason"] == "web is mended by hand"
    assert went_on.document["serving"] == RECOVERY
    assert seen(bench)["dns"] != seen(prepared)["dns"]
    assert "web is mended by hand" in bench.run("status").expect(0).out
    assert "activate.w2 overridden" in bench.run("history").expect(0).out

    part = bench.run("rollback", *WHO, "--wave", "3", "--yes", "-o", "json").expect(0).document
    assert (part["status"], part["rollback"]["whole"]) == ("FAILED", False)
    assert seen(bench)["dns"] == seen(prepared)["dns"]
    assert seen(bench)["writer"] == RECOVERY

    whole = bench.run("rollback", "--yes", "-o", "json").expect(0).document
    assert (whole["status"], whole["serving"]) == ("CANCELLED", SOURCE)
    assert whole["sites"] == {SOURCE: "active", RECOVERY: "warm"}
    assert seen(bench) == seen(prepared)
