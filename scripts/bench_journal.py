"""What the two stores of the journal cost: one append, and the answer of ``drstate status``.

The table is one of a sandbox, over real HTTP: its figures hold the emulation's own work (about as
much as AWS's), not a network. The long execution is made in a file and copied into the table, which
is measured too. First: a process asks for the first time. Again: it asks after one new event.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import bench_status as status

from drstate.aws.clock import SystemClock
from drstate.execution.readers import Readers
from drstate.journal import Journal, open_journal
from drstate.journal.dynamodb import open_dynamodb_journal
from drstate.journal.dynamodb_copy import copy_into
from drstate.journal.dynamodb_setup import make_table
from drstate.journal.export import export
from drstate.sandbox import process
from tests.execution import transcript as t
from tests.journal.tables import calls_of

#: how long the execution is, unless the command line says otherwise
EVENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
APPENDED = 100
TABLE = "drstate-journal"


def section() -> None:
    """Print a line per store."""
    with tempfile.TemporaryDirectory(prefix="drstate-bench-") as name:
        folder = Path(name)
        _fill(folder / "journal.db")
        file = open_journal(folder / "journal.db", now=lambda: datetime.now(UTC))
        process.start(folder / "sandbox", time_scale=0)
        try:
            calls = calls_of(folder / "sandbox", TABLE, SystemClock())
            make_table(calls)
            table = open_dynamodb_journal(calls, now=SystemClock().now)
            begun = time.perf_counter()
            with export(folder / "journal.db") as source:
                copy_into(table.table, source, datetime.now(UTC))
            took = time.perf_counter() - begun
            print(f"\njournal of {EVENTS:,} events (milliseconds: median, 95th percentile)")
            print(f"{'':>10}{'append':>17}{'status first':>17}{'status again':>17}")
            for store, journal in (("file", file), ("table", table)):
                print(f"{store:>10}" + "".join(f"{_told(row):>17}" for row in _measured(journal)))
            print(f"copied into the table in {took:.1f} s, every chain verified")
        finally:
            process.stop(folder / "sandbox")
            file.close()


def _fill(file: Path) -> None:
    journal = open_journal(file, now=lambda: datetime.now(UTC))
    # what is measured comes later
    journal._database._connection.execute("PRAGMA synchronous = OFF")  # noqa: SLF001
    keys = [t.key(f"db{number}") for number in range(EVENTS // 10)]
    plan = t.plan(t.stage(1, t.shard(t.A, "w1", *keys)))
    created = t.created(plan)
    lease = journal.acquire(created.scope, runner="r", host="h", pid=1, ttl_seconds=3600)
    opening = (created, t.attached(), t.phase_started(), t.stage_started(status.STAGE))
    for payload in (*opening, t.shard_started(status.STAGE, t.A, "w1")):
        journal.append("x", payload, fence=lease.fence)
    for number in range(EVENTS - len(opening) - 1):
        journal.append("x", status.progress(keys[number % len(keys)], number), fence=lease.fence)
    journal.release(lease)
    journal.close()


def _measured(journal: Journal) -> list[list[float]]:
    scope = journal.header("x").scope
    lease = journal.acquire(scope, runner="b", host="h", pid=1, ttl_seconds=3600)
    number = iter(range(EVENTS, 10 * EVENTS))

    def append() -> None:
        event = status.progress(t.key("db0"), next(number))
        journal.append("x", event, fence=lease.fence)

    appends = [_timed(append) for _ in range(APPENDED)]
    first, again = [], []
    for _ in range(3):
        readers = Readers(journal, SystemClock())
        first.append(_timed(lambda readers=readers: readers.status("x")))
        for _ in range(10):
            append()
            again.append(_timed(lambda readers=readers: readers.status("x")))
    journal.release(lease)
    return [appends, first, again]


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begun)


def _told(row: list[float]) -> str:
    return f"{statistics.median(row):.1f} {sorted(row)[int(0.95 * len(row))]:.1f}"


if __name__ == "__main__":
    section()
