"""Two real processes and one scope: who runs, what the other is told, and what the loser can do."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drstate.aws.clock import SystemClock
from drstate.errors import JournalError, PlanRefusedError
from drstate.execution.cancelling import cancel
from drstate.execution.executing import execute
from drstate.execution.lease import HeldLease, living
from drstate.execution.making_plan import make_plan
from drstate.execution.resuming import resume
from drstate.execution.services import Services
from drstate.execution.taking_over import in_flight_seconds, wait_out
from drstate.journal.port import Journal
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.phases import Phase
from drstate.report.preview import PlanPreview
from tests import forks
from tests.execution.worlds import World

IN_PROC = pytest.mark.skipif(
    not Path("/proc").is_dir(), reason="that a process is stopped is seen in /proc"
)
#: a condition that has not come about by then never will, seconds
PATIENCE = 90.0


class LeapingClock(SystemClock):
    """The machine's clock; whoever sleeps on it finds the time gone by."""

    def __init__(self) -> None:
        self.leapt = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.leapt)

    def monotonic(self) -> float:
        return super().monotonic() + self.leapt

    def sleep(self, seconds: float) -> None:
        self.leapt += max(0.0, seconds)


class TimedByStore:
    """A shared journal: leases are judged by its time, which no machine's clock moves."""

    def __init__(self, journal: Journal, clock: LeapingClock) -> None:
        self._journal = journal
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


@pytest.fixture
def services(world: World) -> Iterator[Services]:
    before = dict(os.environ)
    with world.services() as opened:
        yield opened
    os.environ.clear()
    os.environ.update(before)


def until(holds: Callable[[], bool]) -> None:
    clock = SystemClock()
    end = clock.monotonic() + PATIENCE
    while not holds():
        assert clock.monotonic() < end, "it did not come about"
        clock.sleep(0.05)


def stopped(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "T"


def hung(world: World, at: str, *more: str) -> forks.Begun:
    """A process that runs acme/staging's ACTIVATE and stops itself after that event."""
    where = ["--project", str(world.project), "--home", str(world.home)]
    return forks.Begun("tests.execution.stopped_runner:main", [*where, "--at", at, *more])


@IN_PROC
def test_of_two_who_start_one_runs_and_the_other_is_told_who_since_when_and_how_to_watch(
    world: World, services: Services
) -> None:
    begun = hung(world, "runner_attached", "--ttl", "60")
    pid = begun.process.pid
    journal = services.journal
    scope = services.scope("acme", "staging")
    try:
        until(lambda: stopped(pid))
        (first,) = [row for row in journal.executions(scope.key) if "activate" in row.phases]
        planned = make_plan(services, scope, phases=(Phase.ACTIVATE,))
        seen = PlanPreview(
            plan=planned.plan, plan_digest=planned.plan.digest(), engine="", stages=()
        )
        with pytest.raises(PlanRefusedError) as refused:
            execute(services, planned, preview=seen)
        assert f"tester started it at {first.created_at:%Y-%m-%d %H:%M:%S}" in refused.value.why
        assert f"process {pid} on " in refused.value.why
        assert f"drstate watch {first.execution}" in refused.value.hint
        # whoever looked before the first one had begun is stopped by its lease
        with (
            pytest.raises(JournalError, match=f"is being run by process {pid} on") as late,
            HeldLease(journal, scope.key, services.runner(), on_lost=lambda _: None),
        ):
            pass
        assert f"drstate watch {first.execution}" in late.value.hint
        assert "since" in late.value.why
        os.kill(pid, signal.SIGCONT)
        assert begun.end(PATIENCE).returncode == 0
    except BaseException:
        begun.process.kill()
        raise
    newest = journal.executions(scope.key, limit=1)[0]
    assert (newest.execution, newest.status) == (first.execution, ExecutionStatus.COMPLETED)


@IN_PROC
def test_a_runner_that_hangs_is_waited_out_and_can_write_nothing_when_it_wakes(
    world: World, services: Services
) -> None:
    begun = hung(world, "action_intended")
    journal = services.journal
    scope = services.scope("acme", "staging").key
    pid = begun.process.pid
    try:
        until(lambda: stopped(pid))
        until(lambda: living(journal, scope) is None)
        header = journal.executions(scope)[0]
        assert header.status is ExecutionStatus.RUNNING
        story = journal.events(header.execution)
        assert isinstance(story[-1].payload, e.ActionIntended)

        # it is not proved dead: its process is there. What it may have sent is waited out
        deadline = in_flight_seconds(story)
        assert deadline > 0
        machine, services.clock = services.clock, (leaping := LeapingClock())
        services.readers.journal = TimedByStore(journal, leaping)
        told: list[str] = []
        assert wait_out(services, header, tell=told.append) == ""
        assert deadline - 5 <= services.clock.leapt <= deadline + 5
        assert f"process {pid}" in told[0]
        assert "--take-over" in told[0]

        services.clock, services.readers.journal = machine, journal
        view = resume(services, header.execution, take_over=True)
        assert view.status is ExecutionStatus.COMPLETED
        vouched = [row for row in view.warnings if "vouches that process" in row.text]
        assert len(vouched) == 1
        written = journal.events(header.execution)

        os.kill(pid, signal.SIGCONT)
        woken = begun.end(PATIENCE)
    except BaseException:
        begun.process.kill()
        raise
    assert woken.returncode not in (0, -signal.SIGKILL)
    assert "lease" in woken.stderr.lower(), woken.stderr
    assert journal.events(header.execution) == written, "the woken one wrote"
    assert journal.verify(header.execution) == len(written)
    assert journal.lease(scope) is None


def test_a_living_runner_ends_what_it_is_asked_to_give_up(world: World, services: Services) -> None:
    begun = world.begin("run")
    scope = services.scope("acme", "staging").key
    journal = services.journal

    def under_way() -> bool:
        newest = journal.executions(scope, limit=1)
        return bool(newest) and newest[0].status is ExecutionStatus.RUNNING

    until(under_way)
    execution = journal.executions(scope, limit=1)[0].execution
    view = cancel(services, execution, reason="wrong scope")
    ended = begun.end(PATIENCE)
    assert view.status is ExecutionStatus.CANCELLED, ended.stderr
    assert ended.returncode == 8
    assert view.error is not None
    assert view.error.what == "cancelled by tester: wrong scope"
    assert {str(row.state) for stage in view.stages for row in stage.resources} <= {
        "done", "unknown", "pending", "failed",
    }  # fmt: skip
    assert journal.lease(scope) is None
    with pytest.raises(JournalError):
        journal.append(execution, e.PauseRequested(by="ann"), None)
