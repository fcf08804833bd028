"""How long an answer of ``drstate status`` takes in itself, from 100 to 10,000 events.

First: a process asks for the first time (every event is read). Again: it asks once more after one
new event. A whole process, with its start, is measured by bench.py.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from drstate.aws.clock import SystemClock
from drstate.execution.readers import Readers
from drstate.journal.sqlite import open_journal
from drstate.model import events as e
from drstate.model.stackops import Op
from tests.execution import transcript as t

EVENTS = (100, 1_000, 10_000)
ASKED = 9
STAGE = "activate.w1"


def section() -> None:
    """Print a line per number of events."""
    print("\nstatus, the answer in itself (milliseconds, medians)")
    print(f"{'events':>8}{'resources':>11}{'first':>9}{'again':>9}{'p95 again':>11}")
    for count in EVENTS:
        with tempfile.TemporaryDirectory(prefix="drstate-bench-") as folder:
            first, again, resources = _measure(Path(folder) / "journal.db", count)
        worst = sorted(again)[int(0.95 * len(again))]
        print(
            f"{count:>8,}{resources:>11,}{statistics.median(first):>9.1f}"
            f"{statistics.median(again):>9.2f}{worst:>11.2f}"
        )


def _measure(file: Path, count: int) -> tuple[list[float], list[float], int]:
    journal = open_journal(file, now=lambda: datetime.now(UTC))
    # about ten events a resource, as real executions have
    keys = [t.key(f"db{number}") for number in range(max(1, count // 10))]
    plan = t.plan(t.stage(1, t.shard(t.A, "w1", *keys)))
    created = t.created(plan)
    lease = journal.acquire(created.scope, runner="r", host="h", pid=1, ttl_seconds=3600)
    for payload in (created, t.attached(), t.phase_started(), t.stage_started(STAGE)):
        journal.append("x", payload, fence=lease.fence)
    journal.append("x", t.shard_started(STAGE, t.A, "w1"), fence=lease.fence)
    for number in range(count):
        journal.append("x", progress(keys[number % len(keys)], number), fence=lease.fence)
    first, again = [], []
    for number in range(ASKED):
        readers = Readers(journal, SystemClock())
        first.append(_asked(readers))
        for repeat in range(20):
            journal.append("x", progress(keys[0], count + number * 20 + repeat), fence=lease.fence)
            again.append(_asked(readers))
    journal.close()
    return first, again, len(keys)


def _asked(readers: Readers) -> float:
    begun = time.perf_counter()
    readers.status("x")
    return 1000 * (time.perf_counter() - begun)


def progress(key: str, number: int) -> e.StackProgress:
    """One of the many events that an execution is made of."""
    return e.StackProgress(
        stage=STAGE,
        shard=f"{t.WEST}.{t.A}.w1",
        stack=f"acme.staging.{t.WEST}.{t.A}.w1",
        urn=f"urn:pulumi:s::drstate::aws:rds/cluster:Cluster::{key}/{number}",
        name=key,
        op=Op.UPDATE,
        ok=True,
    )


if __name__ == "__main__":
    section()
