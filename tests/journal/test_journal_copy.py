"""Copying a journal file into a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drstate.aws.tables import TableCalls
from drstate.errors import JournalError, Retry
from drstate.journal.dynamodb import DynamoJournal
from drstate.journal.dynamodb_copy import copy_into
from drstate.journal.dynamodb_table import Table
from drstate.journal.export import export
from drstate.journal.sqlite import open_journal
from tests.journal.tables import opened, take
from tests.journal.values import (
    ACME,
    GLOBEX,
    START,
    Now,
    attached,
    catalog,
    created,
    progress,
    shard,
)


@pytest.fixture
def journal(calls: TableCalls) -> DynamoJournal:
    return opened(calls)


# copying a file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A journal file with a finished and a failed execution of two scopes."""
    path = tmp_path / "journal.db"
    now = Now()
    with open_journal(path, now=now) as old:
        for name, scope in (("e1", ACME), ("e2", GLOBEX), ("e3", ACME)):
            lease = old.acquire(scope, runner="r", host="h", pid=1, ttl_seconds=60)
            old.append(name, created(scope), lease.fence)
            now.forward(1)
            for number in range(60):
                old.append(name, progress(f"{name}-{number}"), lease.fence)
            old.append(name, attached(lease.fence), lease.fence)
            old.release(lease)
        lease = old.acquire(ACME, runner="r", host="h", pid=1, ttl_seconds=60)
        old.save_catalog(old.save_catalog(catalog()))
        old.save_planned_shard(shard("s1"))
        old.cache_put("k", [1])
        old.release(lease)
    return path


def test_a_copied_journal_is_the_same_and_goes_on(
    file: Path, journal: DynamoJournal, calls: TableCalls
) -> None:
    with export(file) as source:
        done = copy_into(Table(calls), source, START)
    assert (done.executions, done.events, done.already, done.catalogs) == (3, 186, 0, 1)
    with open_journal(file) as old:
        for name in ("e1", "e2", "e3"):
            assert journal.events(name) == old.events(name)
            assert journal.header(name) == old.header(name)
            assert journal.verify(name) == 62
        assert journal.executions(ACME) == old.executions(ACME)
        assert journal.load_catalog(ACME) == old.load_catalog(ACME)
        assert journal.planned_shard("s1") == old.planned_shard("s1")
        assert journal.cache_get("k") == old.cache_get("k")
    assert journal.events("e1", kinds={"runner_attached"})[0].seq == 62
    assert journal.lease(ACME) is None
    fence = take(journal).fence
    assert fence == 4  # three were given out by the file
    journal.append("e3", progress("more"), fence)
    journal.append("e4", created(), fence)
    assert [row.execution for row in journal.executions(ACME)] == ["e4", "e3", "e1"]
    assert journal.verify("e3") == 63
    with export(file) as source, pytest.raises(JournalError, match="e3 is in the table"):
        copy_into(Table(calls), source, START)


def test_a_copy_that_was_cut_off_is_finished_by_the_next(
    file: Path, journal: DynamoJournal, calls: TableCalls
) -> None:
    class CutOff:
        table, region, now, wait = calls.table, calls.region, calls.now, calls.wait
        monotonic = calls.monotonic
        left = 3

        def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
            if operation == "transact_write_items":
                self.left -= 1
                if self.left < 0:
                    raise JournalError("the network is gone", retry=Retry.TRANSIENT)
            return calls.call(operation, **params)

    with export(file) as source, pytest.raises(JournalError, match="network"):
        copy_into(Table(CutOff()), source, START)
    assert [row.execution for row in journal.executions()] == ["e1"]
    with export(file) as source:
        done = copy_into(Table(calls), source, START)
    assert (done.executions, done.already) == (2, 1)
    assert [journal.verify(name) for name in ("e1", "e2", "e3")] == [62, 62, 62]


def test_nothing_is_copied_while_somebody_runs_a_scope(
    file: Path, journal: DynamoJournal, calls: TableCalls
) -> None:
    with open_journal(file, now=Now()) as old:
        old.acquire(GLOBEX, runner="r9", host="h", pid=9, ttl_seconds=60)
    with export(file) as source, pytest.raises(JournalError, match="being run by r9"):
        copy_into(Table(calls), source, START)
    assert journal.executions() == []
