"""`drstate start`, and what other terminals do to it: watch, approve, reject with a rollback."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from drstate.aws.clock import SystemClock
from drstate.execution.lease import process_alive
from tests.e2e.harness import Bench

SCOPE = ("-c", "acme", "-e", "production")
#: a condition that has not come about by then never will, seconds
PATIENCE = 90.0


def seen(bench: Bench, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The status, once it is so."""
    clock = SystemClock()
    end = clock.monotonic() + PATIENCE
    while True:
        found = bench.run("status", "-o", "json").expect(0).document
        if holds(found):
            return found
        assert clock.monotonic() < end, found
        clock.sleep(0.2)


def waits_at(stage: str) -> Callable[[dict[str, Any]], bool]:
    return lambda view: view["status"] == "PAUSED" and view["stage"] == stage


def test_it_outlives_its_command_and_is_decided_and_undone_from_elsewhere(
    warm: Bench, bench_of: Callable[[Bench], Bench]
) -> None:
    bench = bench_of(warm)
    started = bench.run(
        "start", "--phase", "activate", *SCOPE, "--approval", "required", "--yes", "-o", "json"
    ).expect(0)
    execution, pid = started.document["execution"], started.document["pid"]
    assert f"drstate watch {execution} --sandbox" in started.err
    log = Path(started.document["log"])
    assert stat.S_IMODE(log.stat().st_mode) == 0o600

    seen(bench, waits_at("activate.w1"))
    second = bench.run("start", "failover", *SCOPE, "--yes").expect(1)
    assert f"execution {execution} of acme/production is not finished: PAUSED" in second.err
    assert f"process {pid} on " in second.err
    assert f"drstate watch {execution}" in second.err

    approved = bench.run("approve", execution, "--comment", "the pager is quiet").expect(0)
    assert f"process {pid} on " in approved.err
    view = seen(bench, waits_at("activate.w2"))
    gate = next(one["gate"] for one in view["stages"] if one["id"] == "activate.w1")
    assert (gate["state"], gate["comment"]) == ("done", "the pager is quiet")

    rejected = bench.run("reject", execution, "--rollback", "-o", "json").expect(0)
    found = rejected.document
    assert found["status"] == "CANCELLED"
    bench.run("watch", execution).expect(8)
    assert (found["rollback"]["state"], found["serving"]) == ("done", "us-east-1")
    assert any("aurora" in step["resource"] for step in found["rollback"]["steps"])
    assert not process_alive(pid)
    # what the process was started with is repeated: its log is read from anywhere
    assert f"--home {bench.home} approve {execution}" in log.read_text(encoding="utf-8")
    rds = bench.client("rds", "211111111101", "us-east-1")
    (cluster,) = rds.describe_global_clusters(
        GlobalClusterIdentifier="acme-production-orders-global"
    )["GlobalClusters"]
    (writer,) = [one for one in cluster["GlobalClusterMembers"] if one["IsWriter"]]
    assert ":us-east-1:" in writer["DBClusterArn"]
    report = bench.run("report", execution, "-o", "md").expect(0).out
    assert "## Decisions and waiting" in report
    assert "approved by" in report
    assert "their hash chain is whole" in report
    page = bench.run("report", execution, "-o", "html").expect(0).out
    assert page.startswith("<!doctype html>")
    assert "<h2>Decisions and waiting</h2>" in page
    tests = ET.fromstring(bench.run("report", execution, "-o", "junit").expect(0).out)
    assert int(tests.attrib["tests"]) == len(tests.findall("testsuite/testcase")) > 0
