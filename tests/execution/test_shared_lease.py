"""Workers of one execution beside each other: one order of events, and no voice for who is late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue

import pytest

from drstate.errors import JournalError, TakenOnError
from drstate.execution.dispatch.messages import Kind, Task
from drstate.execution.dispatch.naming import execution_name, own_name, starter
from drstate.execution.dispatch.settling import taken_away
from drstate.execution.dispatch.sharing import (
    ShardRecorder,
    SharedCatalogKeeper,
    SharedLease,
)
from drstate.execution.lease import Runner
from drstate.execution.reducer import replay
from drstate.execution.states import StepState
from drstate.journal.sqlite import SqliteJournal, open_journal
from drstate.model import events as e
from drstate.report.view import Progress
from tests.aws.clocks import FakeClock
from tests.execution.transcript import (
    SCOPE,
    A,
    B,
    action,
    attached,
    created,
    key,
    phase_started,
    plan,
    shard,
    stage,
    stage_started,
)
from tests.planning.planning_estate import demo

ROOT = "arn:aws:states:us-west-2:100000000001:execution:DROrchestrator:run-1"
FIRST = f"us-west-2.{A}.w1"
SECOND = f"us-west-2.{B}.w1"


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    made = open_journal(tmp_path / "journal.db", now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    acts = (action(key("db")),)
    wanted = plan(
        stage(
            1,
            shard(A, "w1", key("db"), actions=acts),
            shard(B, "w1", key("web", B)),
        )
    )
    with lease(made, "starter", fresh=True) as first:
        for one in (created(wanted), attached(), phase_started(), stage_started("activate.w1")):
            made.append("run-1", one, first.fence)
    return made


def lease(journal: SqliteJournal, name: str, *, fresh: bool = False) -> SharedLease:
    worker = Runner(id=name, host="here", pid=1)
    return SharedLease(journal, SCOPE, worker, on_lost=lambda _: None, root=ROOT, fresh=fresh)


def recorder(journal: SqliteJournal, held: SharedLease, at: str) -> ShardRecorder:
    made = ShardRecorder(
        journal, "run-1", held, FakeClock(), SimpleQueue(), stage="activate.w1", shard=at
    )
    made.load()
    return made


def begin(made: ShardRecorder, at: str) -> None:
    made.append(e.ShardStarted(stage="activate.w1", shard=at))


def intend(made: ShardRecorder) -> None:
    made.append(
        e.ActionIntended(
            stage="activate.w1",
            shard=FIRST,
            action=f"{key('db')}#promote",
            resource=key("db"),
            title="promote",
        )
    )


def end(made: ShardRecorder, at: str) -> None:
    made.append(e.ShardFinished(stage="activate.w1", shard=at, ok=True, duration_seconds=1))


def test_workers_of_a_stage_write_beside_each_other(journal: SqliteJournal) -> None:
    with lease(journal, "a") as first, lease(journal, "b") as second:
        one, two = recorder(journal, first, FIRST), recorder(journal, second, SECOND)
        one.take_on(1)
        two.take_on(1)
        begin(one, FIRST)
        begin(two, SECOND)
        end(one, FIRST)
        end(two, SECOND)
        # both know what the other one did: the same story, in the same order
        told = replay([row.payload for row in journal.events("run-1")])
        assert replace(two.state, issued=frozenset()) == told
        assert told.shard("activate.w1", FIRST).state is StepState.DONE
    assert first.fence == second.fence


def test_a_late_worker_is_refused_and_what_it_began_is_unknown(journal: SqliteJournal) -> None:
    with lease(journal, "late") as first, lease(journal, "other") as second:
        late, other = recorder(journal, first, FIRST), recorder(journal, second, SECOND)
        late.take_on(1)
        begin(late, FIRST)
        intend(late)
        other.take_on(1)
        begin(other, SECOND)
        with lease(journal, "heir") as third:
            heir = recorder(journal, third, FIRST)
            heir.take_on(2)
            shown = heir.view().stages[0].shards[0]
            assert [row.state for row in shown.actions] == [Progress.UNKNOWN]
            progress = heir.state.shard("activate.w1", FIRST)
            assert progress.state is StepState.UNKNOWN
            assert set(progress.actions.values()) == {StepState.UNKNOWN}
            before = len(journal.events("run-1"))
            # its own beat has found the new fence meanwhile; that gives it no voice
            first.adopt()
            with pytest.raises(TakenOnError, match="taken on by another worker"):
                end(late, FIRST)
            with pytest.raises(TakenOnError):
                end(late, FIRST)
            assert len(journal.events("run-1")) == before
            # who is at another shard goes on with the new fence
            end(other, SECOND)
            begin(heir, FIRST)
            end(heir, FIRST)
    story = [row.payload for row in journal.events("run-1")]
    assert replay(story).shard("activate.w1", FIRST).state is StepState.DONE


def test_what_comes_between_a_claim_and_its_fence_is_orphaned_too(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lease(journal, "late") as first, lease(journal, "heir") as second:
        late, heir = recorder(journal, first, FIRST), recorder(journal, second, FIRST)
        late.take_on(1)
        begin(late, FIRST)
        renew = second.renew_fence

        def squeezed_in() -> int:
            with pytest.raises(TakenOnError):
                intend(late)
            return renew()

        monkeypatch.setattr(second, "renew_fence", squeezed_in)
        heir.take_on(2)
        assert set(heir.state.shard("activate.w1", FIRST).actions.values()) == {StepState.UNKNOWN}


def test_a_lease_that_somebody_else_took_ends_the_workers(journal: SqliteJournal) -> None:
    with lease(journal, "a") as first:
        made = recorder(journal, first, FIRST)
        made.take_on(1)
        held = journal.lease(SCOPE)
        assert held is not None
        journal.release(held)
        journal.acquire(SCOPE, runner="terminal", host="desk", pid=7, ttl_seconds=30)
        with pytest.raises(JournalError, match="no longer this execution's"):
            begin(made, FIRST)


def test_the_lease_outlives_its_workers(journal: SqliteJournal) -> None:
    with lease(journal, "a"):
        pass
    held = journal.lease(SCOPE)
    assert held is not None
    assert ROOT in held.runner


def test_changes_of_the_catalog_by_two_workers_are_both_kept(journal: SqliteJournal) -> None:
    known = demo().model_copy(update={"scope": SCOPE, "version": 0})
    with lease(journal, "a") as first, lease(journal, "b") as second:
        saved = journal.save_catalog(known, fence=first.fence)
        keepers = [
            SharedCatalogKeeper(journal, saved, held, SCOPE, recorder(journal, held, at))
            for held, at in ((first, FIRST), (second, SECOND))
        ]
        names = [entry.key for entry in saved.entries][:2]
        for keeper, name in zip(keepers, names, strict=True):
            keeper.record_endpoints("us-west-2", {name: {"writer": name}})
    stored = journal.load_catalog(SCOPE)
    assert stored is not None
    assert [stored.entry(name).endpoints["us-west-2"]["writer"] for name in names] == names


def test_two_executions_that_would_have_one_id_get_two(journal: SqliteJournal) -> None:
    began = "2026-01-16T16:00:00Z"
    task = Task(Kind.BEGIN, ROOT, {"started": began}, attempt=1, token="t", receipt="r")
    short = execution_name(began, ROOT)
    assert own_name(journal, task) == (short, False)

    theirs = created(plan(stage(1, shard(A, "w1", key("db")))))
    with lease(journal, "theirs", fresh=True) as held:
        journal.append(short, theirs, held.fence)
    long, begun = own_name(journal, task)
    assert (long.startswith(short), len(long) > len(short), begun) == (True, True, False)

    with lease(journal, "ours", fresh=True) as held:
        ours = theirs.model_copy(update={"operator": starter(task)})
        journal.append(long, ours, held.fence)
    assert own_name(journal, task) == (long, True), "taken up again after a crash"


def test_workers_leave_what_a_silent_terminal_had_begun_until_it_cannot_be_under_way(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    journal = open_journal(tmp_path / "journal.db", now=clock.now)
    acts = (action(key("db")),)  # its deadline is a minute
    with lease(journal, "starter", fresh=True) as ours:
        wanted = plan(stage(1, shard(A, "w1", key("db"), actions=acts)))
        journal.append("x", created(wanted), ours.fence)
    ours.release()
    laptop = journal.acquire(SCOPE, runner="laptop", host="elsewhere", pid=1, ttl_seconds=30)
    begun = (
        attached(),
        phase_started(),
        stage_started("activate.w1"),
        e.ShardStarted(stage="activate.w1", shard=FIRST),
        e.ActionIntended(
            stage="activate.w1",
            shard=FIRST,
            action=acts[0].id,
            resource=key("db"),
            title=acts[0].title,
        ),
    )
    for one in begun:
        journal.append("x", one, laptop.fence)
    header = journal.header("x")
    seen = []
    for _ in range(4):
        seen.append(taken_away(journal, header, ROOT))
        clock.forward(31)
    # it lives; it is silent, and its call may be under way, twice; over
    assert seen == [True, True, True, False]
    journal.release(laptop)
    assert not taken_away(journal, header, ROOT)
    journal.close()
