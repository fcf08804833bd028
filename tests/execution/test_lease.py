from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue

import pytest

from drstate.aws.clock import SystemClock
from drstate.errors import DrstateError, JournalError, LeaseLostError
from drstate.execution.commands import Command
from drstate.execution.inbox import Inbox
from drstate.execution.lease import (
    HeldLease,
    Runner,
    identity,
    living,
    machine,
    process_alive,
    proved_dead,
    unproved,
)
from drstate.execution.recorder import Recorder
from drstate.execution.workbench import Stop
from drstate.journal.sqlite import SqliteJournal, open_journal
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from tests.execution.transcript import SCOPE, created, plan, shard, stage


class Time:
    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def journal(tmp_path: Path, time: Time) -> SqliteJournal:
    return open_journal(tmp_path / "journal.db", now=time.now)


def never(_seconds: float) -> bool:
    return True


def held(journal: SqliteJournal, name: str, **more: object) -> HeldLease:
    given: dict[str, object] = {"waiter": never, "on_lost": lambda _error: None, **more}
    runner = Runner(id=name, host="here", pid=os.getpid())
    return HeldLease(journal, SCOPE, runner, **given)  # type: ignore[arg-type]


def test_a_live_holder_is_respected_and_named(journal: SqliteJournal) -> None:
    with held(journal, "first") as first:
        wanted = plan(stage(1, shard("1" * 12, "w1", f"aurora/{'1' * 12}/db")))
        journal.append("run-1", created(wanted), first.fence)
        with pytest.raises(JournalError) as refused, held(journal, "second"):
            pass
    assert f"process {os.getpid()} on here" in refused.value.what
    assert "run-1" in refused.value.what
    assert "drstate watch run-1" in refused.value.hint


@pytest.mark.parametrize(
    ("mark", "dead"),
    [(f".{machine()}", True), ("", True), (".0000beef", False)],
    ids=["of this machine", "of an older drstate", "of another machine with the same name"],
)
def test_a_process_that_is_not_here_is_dead_only_where_it_would_be_here(
    journal: SqliteJournal, time: Time, mark: str, dead: bool
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    name = socket.gethostname()
    other = journal.acquire(
        SCOPE, runner=f"{name}-{gone.pid}-c0ffee{mark}", host=name, pid=gone.pid, ttl_seconds=30
    )
    assert (living(journal, SCOPE) is None) is dead
    mine = identity()
    assert proved_dead(other) is dead
    assert not proved_dead(other.model_copy(update={"runner": mine.id, "pid": mine.pid}))
    taking = HeldLease(journal, SCOPE, mine, on_lost=lambda _: None, waiter=never)
    if dead:
        with taking:
            assert taking.instead_of == f"process {gone.pid} on {name}"
        return
    with pytest.raises(JournalError, match="is being run by"), taking:
        pass
    # that it fell silent proves nothing either: what it had begun is waited for
    time.at += timedelta(seconds=40)
    assert unproved(journal, SCOPE, 60) is not None


def test_a_holder_that_has_begun_nothing_is_not_taken_for_the_execution_before(
    journal: SqliteJournal,
) -> None:
    first = journal.acquire(SCOPE, runner="r", host="elsewhere", pid=1, ttl_seconds=60)
    journal.append("old", created(plan(stage(1, shard("111111111111", "w1")))), first.fence)
    over = e.ExecutionFinished(status=ExecutionStatus.COMPLETED, changes=0, duration_seconds=1)
    journal.append("old", over, first.fence)
    with pytest.raises(JournalError, match="about to begin an execution") as refused:
        held(journal, "me").__enter__()
    assert "old" not in f"{refused.value.what} {refused.value.hint}".split()
    assert "drstate status -c acme -e staging" in refused.value.hint


def test_a_dead_holder_on_this_host_is_taken_over_at_once_with_a_higher_fence(
    journal: SqliteJournal,
) -> None:
    first = held(journal, "first")
    first.__enter__()
    with held(journal, "second", alive=lambda _pid: False) as second:
        assert second.fence == first.fence + 1


def test_a_dead_holder_on_another_host_is_waited_for(journal: SqliteJournal, time: Time) -> None:
    elsewhere = Runner(id="far", host="there", pid=1)
    HeldLease(journal, SCOPE, elsewhere, on_lost=lambda _: None, waiter=never).__enter__()
    with pytest.raises(JournalError), held(journal, "second", alive=lambda _pid: False):
        pass
    time.at += timedelta(minutes=1)
    with held(journal, "second", alive=lambda _pid: False) as second:
        assert second.fence == 2


def test_the_lease_is_renewed_while_it_is_held(journal: SqliteJournal, time: Time) -> None:
    beats = threading.Semaphore(0)
    renewed = threading.Semaphore(0)

    def waiter(_seconds: float) -> bool:
        renewed.release()
        beats.acquire()
        return stop

    stop = False
    with held(journal, "first", waiter=waiter):
        renewed.acquire()
        before = journal.lease(SCOPE)
        time.at += timedelta(seconds=10)
        beats.release()
        renewed.acquire()
        after = journal.lease(SCOPE)
        stop = True
        beats.release()
    assert before is not None
    assert after is not None
    assert after.expires_at == before.expires_at + timedelta(seconds=10)
    assert journal.lease(SCOPE) is None


def test_losing_the_lease_is_told_once(journal: SqliteJournal) -> None:
    lost: list[DrstateError] = []
    told = threading.Event()
    go = threading.Event()

    def waiter(_seconds: float) -> bool:
        go.wait()
        return False

    def on_lost(error: DrstateError) -> None:
        lost.append(error)
        told.set()

    with (
        held(journal, "first", waiter=waiter, on_lost=on_lost),
        held(journal, "second", alive=lambda _pid: False),
    ):
        go.set()
        assert told.wait(10)
    assert len(lost) == 1


def test_a_process_that_ended_is_dead_even_before_it_is_reaped() -> None:
    child = subprocess.Popen([sys.executable, "-c", "print('up', flush=True); input()"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert child.stdout is not None
    child.stdout.readline()
    assert process_alive(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not process_alive(child.pid)
    child.wait()
    assert child.stdin is not None
    child.stdin.close()
    child.stdout.close()


def test_a_runner_that_was_taken_over_hears_of_it_and_takes_nothing_of_the_other_for_its_own(
    journal: SqliteJournal,
) -> None:
    wanted = plan(stage(1, shard("1" * 12, "w1", f"aurora/{'1' * 12}/db")))
    first = held(journal, "first")
    first.__enter__()
    queue: SimpleQueue[Command] = SimpleQueue()
    recorder = Recorder(journal, "run-1", first.fence, SystemClock(), queue)
    recorder.append(created(wanted))
    with held(journal, "second", alive=lambda _pid: False) as second:
        attached = e.RunnerAttached(
            runner="second", host="there", pid=7, fence=second.fence, resumed=True
        )
        finished = e.ExecutionFinished(
            status=ExecutionStatus.COMPLETED, changes=0, duration_seconds=1.0
        )
        journal.append("run-1", attached, second.fence)
        journal.append("run-1", finished, second.fence)
    stop = Stop()
    with Inbox(recorder, stop, waiter=lambda _seconds: bool(stop)) as inbox:
        inbox._thread.join(timeout=30)
    assert isinstance(stop.error, LeaseLostError)
    assert "process 7 on there goes on with it" in stop.error.why
    assert "drstate watch run-1" in stop.error.hint
    assert recorder.state.status is not ExecutionStatus.COMPLETED
    assert queue.empty()
