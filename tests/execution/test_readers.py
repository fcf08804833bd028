"""Questions asked again: answered as from the beginning, by reading only what is new."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drstate.aws.clock import SystemClock
from drstate.errors import UsageError
from drstate.execution.lease import living, unproved
from drstate.execution.readers import Readers
from drstate.execution.states import OPEN
from drstate.journal.port import Journal
from drstate.journal.sqlite import open_journal
from drstate.model.events import Event, ExecutionStatus
from drstate.model.scope import Environment, ScopeKey
from drstate.report.status import view_of
from tests.execution import transcript as t

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DB = t.key("db")
PLAN = t.plan(t.stage(1, t.shard(t.A, "w1", DB)))
W1 = "activate.w1"


class Standing(SystemClock):
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


class Counting:
    """A journal that counts the events it hands out."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.handed_out = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def events(
        self, execution: str, after: int = 0, *, kinds: Collection[str] | None = None
    ) -> list[Event]:
        found = self._journal.events(execution, after, kinds=kinds)
        self.handed_out += len(found)
        return found


def begun(folder: Path) -> tuple[Journal, Any]:
    journal = open_journal(folder / "journal.db", now=lambda: NOW)
    created = t.created(PLAN)
    lease = journal.acquire(created.scope, runner="r", host="h", pid=1, ttl_seconds=60)
    for payload in (created, t.attached(), t.phase_started()):
        journal.append("x", payload, fence=lease.fence)
    return journal, lease


class Ahead(SystemClock):
    """The clock of a machine that is an hour ahead of the journal's."""

    def now(self) -> datetime:
        return NOW + timedelta(hours=1)


def test_a_runner_is_not_called_silent_by_a_machine_whose_clock_is_ahead(tmp_path: Path) -> None:
    journal, lease = begun(tmp_path)

    view = Readers(journal, Ahead()).status("x")
    assert view.status is ExecutionStatus.RUNNING
    assert not view.warnings, view.warnings

    assert living(journal, t.SCOPE) == lease
    late = journal.renew(lease, ttl_seconds=-10)
    assert living(journal, t.SCOPE) is None
    silent = unproved(journal, t.SCOPE, 60)
    assert silent is not None
    assert silent.until == late.expires_at + timedelta(seconds=60)
    assert unproved(journal, t.SCOPE, 5) is None
    journal.close()


def test_an_id_of_another_customer_is_refused_and_nobody_is_chosen_among_customers(
    tmp_path: Path,
) -> None:
    journal, _ = begun(tmp_path)
    other = ScopeKey(customer="globex", environment=Environment.PRODUCTION)
    readers = Readers(journal, Standing())
    assert readers.find("x", t.SCOPE).execution == "x"
    with pytest.raises(UsageError, match="belongs to acme/staging, not to globex/production"):
        readers.find("x", other)
    with pytest.raises(UsageError, match="not to globex/production"):
        readers.status("x", other)
    assert readers.find(among=OPEN).execution == "x"

    created = t.created(PLAN).model_copy(update={"scope": other})
    held = journal.acquire(other, runner="r", host="h", pid=1, ttl_seconds=60)
    journal.append("y", created, fence=held.fence)
    with pytest.raises(UsageError, match="2 scopes have one that fits") as refused:
        readers.find(among=OPEN)
    assert "y  globex/production" in refused.value.why
    assert "x  acme/staging" in refused.value.why
    assert readers.find(scope=t.SCOPE, among=OPEN).execution == "x"
    assert readers.find().execution == "y", "what changes nothing shows the newest"
    journal.close()


def test_status_asked_again_reads_only_new_events_and_answers_as_a_fresh_fold(
    tmp_path: Path,
) -> None:
    journal, lease = begun(tmp_path)
    counting = Counting(journal)
    readers = Readers(counting, Standing())
    first = readers.status("x")
    for payload in (t.stage_started(W1), t.shard_started(W1, t.A, "w1")):
        journal.append("x", payload, fence=lease.fence)
    counting.handed_out = 0

    second = readers.status("x")

    assert counting.handed_out == 2
    assert second != first
    assert second == view_of(journal.events("x"), NOW)
    assert readers.status("x") == second
    assert counting.handed_out == 2
    journal.close()


def test_of_a_hundred_executions_asked_in_turn_none_is_read_twice(tmp_path: Path) -> None:
    journal, _ = begun(tmp_path)
    for number in range(99):
        scope = ScopeKey(customer=f"c{number}", environment=Environment.STAGING)
        held = journal.acquire(scope, runner="r", host="h", pid=1, ttl_seconds=60)
        created = t.created(PLAN).model_copy(update={"scope": scope})
        journal.append(f"y{number}", created, fence=held.fence)
    counting = Counting(journal)
    readers = Readers(counting, Standing())
    names = [row.execution for row in readers.headers()]
    for name in names:
        readers.status(name)
    counting.handed_out = 0
    for name in names:
        readers.status(name)
    assert (len(names), counting.handed_out) == (100, 0)
    journal.close()


def test_pictures_of_long_stories_make_room_for_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drstate.execution.readers._KEPT_EVENTS", 4)
    journal, _ = begun(tmp_path)
    other = ScopeKey(customer="globex", environment=Environment.PRODUCTION)
    held = journal.acquire(other, runner="r", host="h", pid=1, ttl_seconds=60)
    created = t.created(PLAN).model_copy(update={"scope": other})
    for payload in (created, t.attached()):
        journal.append("y", payload, fence=held.fence)
    counting = Counting(journal)
    readers = Readers(counting, Standing())
    for name in ("x", "y", "x"):
        readers.status(name)
    # three events and two: only one of the pictures is kept
    assert counting.handed_out == 3 + 2 + 3
    journal.close()


def test_the_first_answer_is_not_changed_by_what_comes_later(tmp_path: Path) -> None:
    journal, lease = begun(tmp_path)
    readers = Readers(journal, Standing())
    first = readers.status("x")
    told = first.model_dump_json()
    journal.append("x", t.stage_started(W1), fence=lease.fence)
    readers.status("x")

    assert first.model_dump_json() == told
    journal.close()
