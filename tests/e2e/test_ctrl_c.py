"""Ctrl-C and SIGTERM while an execution runs: real processes, real signals, calls that hang."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drstate.sandbox import process
from tests.e2e import witness
from tests.e2e.harness import RECOVERY, Bench

needs_cli = pytest.mark.skipif(
    shutil.which("pulumi") is None, reason="no pulumi on PATH: the embedded engine alone was tested"
)
#: looks at the sandbox until something hangs in it; 0.05 s apart
LOOKS = 1200


@dataclass
class Hung:
    """A run in which a call to AWS hangs."""

    bench: Bench
    run: subprocess.Popen[str]

    def until(self, words: str) -> None:
        """Read what people are told until these words come."""
        assert self.run.stderr is not None
        assert any(words in line for line in self.run.stderr), f"never said: {words}"

    def ended(self) -> tuple[int, str, dict[str, Any]]:
        """Exit code, the last words to people, and the last line of stdout."""
        out, err = self.run.communicate(timeout=120)
        return self.run.returncode, err, json.loads(out.splitlines()[-1])

    def view(self) -> dict[str, Any]:
        return self.bench.run("status", "-o", "json").expect(0).document


@contextmanager
def hanging(
    bench: Bench, phase: str, effect: str, operation: str, *more: str, seconds: str = "60"
) -> Iterator[Hung]:
    service, _, name = operation.partition(":")
    by = {"by": "hang"} if effect == "lost-answer" else {}
    rule = {"effect": effect, "service": service, "operation": name, "seconds": 600, **by}
    process.add_fault(bench.sandbox, rule)
    arguments = ("up", "--phase", phase, "-c", "acme", "-e", "production", "--yes", "-f", *more)
    with subprocess.Popen(
        bench.command(*arguments, "-o", "ndjson"),
        env={**bench.environment(), "DRSTATE_INTERRUPT_SECONDS": seconds},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        try:
            for _ in range(LOOKS):
                if process.hanging(bench.sandbox) or run.poll() is not None:
                    break
                threading.Event().wait(0.05)
            assert run.poll() is None, "it ended before anything hung"
            yield Hung(bench, run)
        finally:
            run.kill()


def unknown_steps(view: dict[str, Any]) -> list[str]:
    shards = [shard for stage in view["stages"] for shard in stage["shards"]]
    steps = [
        shard["stack"]["name"]
        for shard in shards
        if (shard["stack"] or {}).get("state") == "unknown"
    ]
    return steps + [
        row["id"] for shard in shards for row in shard["actions"] if row["state"] == "unknown"
    ]


def descendants(pid: int) -> list[int]:
    rows = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            rows[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {pid}
    while more := {child for child, parent in rows.items() if parent in found} - found:
        found |= more
    return sorted(found - {pid})


def still_running(pids: list[int]) -> list[int]:
    """Those that are there after a moment."""
    for _ in range(100):
        left = [pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists() and _cmdline(pid)]
        if not left:
            return []
        threading.Event().wait(0.05)
    return left


def _cmdline(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_ctrl_c_cancels_in_good_order_and_resume_refreshes_first(fresh, bench_of):
    bench = bench_of(fresh)
    # the cluster is created, and nobody hears of it
    with hanging(bench, "replicate", "lost-answer", "rds:CreateDBCluster") as hung:
        # meanwhile the scope is held by a living run, which is respected and named
        refused = bench.run("resume").expect(1)
        assert f"process {hung.run.pid}" in refused.err
        children = descendants(hung.run.pid)
        assert children
        hung.run.send_signal(signal.SIGINT)
        code, said, last = hung.ended()
    assert code == 130
    assert "nothing new begins" in said
    assert "killed" not in said
    view = hung.view()
    assert f"help: go on with: drstate resume {view['execution']}" in said
    assert (last["exit_code"], last["error"]["code"]) == (130, "RunInterrupted")
    assert view["status"] == "PAUSED"
    stacks = unknown_steps(view)
    assert [name.rpartition(".")[2] for name in stacks] == ["w1"]
    assert still_running(children) == []

    process.clear_faults(bench.sandbox)
    lines = bench.run("resume", "-o", "ndjson").expect(0).out.splitlines()
    told = [json.loads(line)["payload"] for line in lines if '"payload"' in line]
    of_stack = [row for row in told if stacks[0] in (row.get("step"), row.get("stack"))]
    # what was cut off is looked up and the stack refreshed before it is updated again
    assert [row["type"] for row in of_stack[:2]] == ["step_unknown", "stack_started"]
    assert "the stack was refreshed" in of_stack[0]["finding"]
    assert bench.up("replicate", "--expect-no-changes").code == 0


def test_a_second_signal_kills_what_does_not_end(fresh, bench_of):
    bench = bench_of(fresh)
    with hanging(bench, "replicate", "hang", "rds:CreateDBCluster") as hung:
        children = descendants(hung.run.pid)
        hung.run.send_signal(signal.SIGTERM)
        hung.until("nothing new begins")
        hung.run.send_signal(signal.SIGINT)
        code, said, _ = hung.ended()
    assert code == 130
    assert "interrupted again: what runs is killed" in said
    view = hung.view()
    assert view["status"] == "PAUSED"
    assert len(unknown_steps(view)) == 1
    assert still_running(children) == []


def test_what_does_not_end_until_the_deadline_is_killed(fresh, bench_of):
    bench = bench_of(fresh)
    with hanging(bench, "replicate", "hang", "rds:CreateDBCluster", seconds="0.5") as hung:
        hung.run.send_signal(signal.SIGINT)
        code, said, _ = hung.ended()
    assert code == 130
    assert "did not end in time: it is killed" in said
    assert len(unknown_steps(hung.view())) == 1


def test_an_action_that_hangs_is_given_up_with_the_process_and_observed_by_a_resume(warm, bench_of):
    bench = bench_of(warm)
    with hanging(bench, "activate", "hang", "rds:SwitchoverGlobalCluster", seconds="0") as hung:
        hung.run.send_signal(signal.SIGINT)
        code, said, _ = hung.ended()
    assert code == 130
    view = hung.view()
    assert "drstate resume" in said
    assert view["status"] == "PAUSED"
    assert len(unknown_steps(view)) == 1

    process.clear_faults(bench.sandbox)
    resumed = bench.run("resume").expect(0)
    assert "was interrupted: observed as" in resumed.err
    assert witness.writer_region(bench) == RECOVERY


@needs_cli
@pytest.mark.parametrize("signals", [1, 2])
def test_the_pulumi_cli_is_cancelled_and_killed_the_same_way(signals, fresh, bench_of):
    bench = bench_of(fresh)
    with hanging(bench, "replicate", "hang", "rds:CreateDBCluster", "--engine", "pulumi") as hung:
        children = descendants(hung.run.pid)
        hung.run.send_signal(signal.SIGINT)
        if signals == 2:
            hung.until("nothing new begins")
            hung.run.send_signal(signal.SIGINT)
        code, _, _ = hung.ended()
    assert code == 130
    assert len(unknown_steps(hung.view())) == 1
    assert still_running(children) == []
    process.clear_faults(bench.sandbox)
    resumed = bench.run("resume", "--engine", "pulumi").expect(0)
    assert "the stack was refreshed" in resumed.err
