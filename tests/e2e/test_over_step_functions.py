"""The command line over Step Functions: set up, start, a worker in a process of its own, decide."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest

from tests.e2e.harness import RECOVERY, TABLE, Bench, Shared

FULL = os.environ.get("DRSTATE_FULL_TESTS") == "1"
WHERE = ("-c", "acme", "-e", "production")


@pytest.mark.skipif(not FULL, reason="takes minutes; DRSTATE_FULL_TESTS=1 (make test-full) runs it")
@pytest.mark.parametrize("journal", ["file", "table"])
def test_activate_is_run_by_workers_and_approved_from_another_terminal(
    journal: str, warm: Bench, bench_of: Callable[[Bench], Bench]
) -> None:
    bench = bench_of(warm)
    if journal == "table":
        bench = Shared(bench.folder)
        bench.run("journal", "init").expect(0)
        bench.run("journal", "copy", "--to", TABLE).expect(0)
    order = ("--phase", "activate", *WHERE, "--yes", "--dispatcher", "stepfunctions")
    refused = bench.run("up", *order, "-f").expect(2)
    assert f"drstate dispatcher deploy --region {RECOVERY}" in refused.err
    bench.run("dispatcher", "deploy", "--region", RECOVERY, "--visibility", "10").expect(0)
    started = bench.run("start", *order, "--approval", "required", "-o", "json").expect(0).document
    assert started["status"] == "PENDING"
    assert started["executionArn"].endswith(started["execution"])
    name = started["execution"]
    work = subprocess.Popen(bench.command("worker", "--region", RECOVERY), env=bench.environment())
    try:
        while bench.run("status", name, "-o", "json").document["status"] != "PAUSED":
            bench.run("watch", name)
        token = bench.run("dispatcher", "token", name, "-o", "json").expect(0).document
        assert token["task_token"]
        said = bench.run("approve", name, "--comment", "seen").expect(0)
        assert f"the workers of {RECOVERY} go on with it" in said.err
        again = bench.run("watch", name)
        assert token["task_token"] not in again.out + again.err
        bench.run("cancel", name, "-m", "it was a rehearsal")
        ended = bench.run("status", name, "-o", "json").document
        assert ended["status"] == "CANCELLED"
        proof = bench.run("journal", "verify", "-o", "json").expect(0).document
        assert proof["broken"] == 0
    finally:
        work.terminate()
        assert work.wait(60) == 0
