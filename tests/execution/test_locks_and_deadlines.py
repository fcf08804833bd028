"""Locks that others left or hold, and steps that take too long: real stacks, real state files."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drstate.aws.clock import SystemClock
from drstate.engine.stopping import Stopping
from drstate.errors import ExitCode
from drstate.execution.executing import execute, exit_code
from drstate.execution.making_plan import make_plan
from drstate.execution.resuming import resume
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.events import Event, ExecutionStatus
from drstate.model.phases import Phase
from drstate.model.scope import Approval
from drstate.report.preview import PlanPreview
from drstate.report.timeline import describe
from drstate.report.view import ExecutionView, Progress
from drstate.sandbox import process
from drstate.sandbox.engine.command import EmbeddedPulumi
from drstate.sandbox.engine.host import Host
from tests.execution.worlds import World

W1, W2 = "acme.staging.us-west-2.211111111101.w1", "acme.staging.us-west-2.211111111102.w2"


class JumpingClock(SystemClock):
    """The machine's clock, which can be moved on; whoever sleeps moves it."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        self.ahead += seconds


@pytest.fixture
def services(world: World) -> Iterator[Services]:
    before = dict(os.environ)
    with world.services() as opened:
        opened.stopping = Stopping()
        host = replace(
            Host(),
            interrupted=opened.stopping.asked,
            terminated=opened.stopping.forced,
            grace=float("inf"),
            detached=True,
        )
        opened._embedded = lambda: EmbeddedPulumi(host=host)
        opened.clock = JumpingClock()
        yield opened
    os.environ.clear()
    os.environ.update(before)


def activate(services: Services, on_event: Any = None) -> ExecutionView:
    scope = services.scope("acme", "staging")
    planned = make_plan(services, scope, phases=(Phase.ACTIVATE,), approval=Approval.AUTOMATIC)
    seen = PlanPreview(plan=planned.plan, plan_digest=planned.plan.digest(), engine="", stages=())
    return execute(services, planned, preview=seen, on_event=on_event)


def lock(world: World, stack: str, pid: int) -> Path:
    """A lock as the engines write it."""
    folder = world.home / "sandbox/state/.pulumi/locks/organization/drstate" / stack
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "0d9a4c4e-0000-4000-8000-000000000001.json"
    holder = {
        "pid": pid,
        "username": "eve",
        "hostname": socket.gethostname(),
        "timestamp": datetime.now(UTC).isoformat(),
    }
    file.write_text(json.dumps(holder))
    return file


@pytest.fixture
def living_pid() -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    ) as other:
        yield other.pid


def test_a_dead_runs_lock_is_cleared_and_told_a_living_ones_is_respected_and_reported(
    world: World, services: Services, living_pid: int
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, living = lock(world, W1, ended.pid), lock(world, W2, living_pid)

    events: list[Event] = []
    view = activate(services, events.append)

    told = [text for event in events if (row := describe(event.payload)) for text in [row[1]]]
    assert any(f"lock of eve@{socket.gethostname()} (pid {ended.pid})" in one for one in told)
    assert any("cleared" in one for one in told)
    assert not dead.exists()
    assert stack_state(view, W1) is Progress.DONE
    # the other one holds what it holds, and is named
    assert living.exists()
    assert stack_state(view, W2) is Progress.FAILED
    assert any(f"{W2} is locked by eve" in one and str(living_pid) in one for one in told)
    assert exit_code(view) is ExitCode.FAILED

    living.unlink()
    assert resume(services, view.execution).status is ExecutionStatus.COMPLETED


def test_a_stack_that_hangs_past_its_stages_budget_is_ended_and_times_out(
    world: World, services: Services
) -> None:
    clock, home = services.clock, world.home / "sandbox"
    assert isinstance(clock, JumpingClock)
    rule = {"effect": "hang", "service": "application-autoscaling", "seconds": 600}
    process.add_fault(home, {**rule, "operation": "RegisterScalableTarget"})

    def jump() -> None:
        for _ in range(600):
            if process.hanging(home):
                break
            threading.Event().wait(0.05)
        clock.ahead += 24 * 3600.0

    jumper = threading.Thread(target=jump)

    def on_event(event: Event) -> None:
        if isinstance(event.payload, e.StackStarted) and event.payload.stack == W2:
            jumper.start()

    view = activate(services, on_event)
    jumper.join()
    assert (view.status, exit_code(view)) == (ExecutionStatus.FAILED, ExitCode.TIMED_OUT)
    assert view.error is not None
    assert "activate.w2 took more than" in view.error.what
    assert f"drstate resume {view.execution}" in view.error.hint
    assert stack_state(view, W2) is Progress.UNKNOWN

    process.clear_faults(home)
    events: list[Event] = []
    view = resume(services, view.execution, on_event=events.append)
    assert (view.status, exit_code(view)) == (ExecutionStatus.COMPLETED, ExitCode.OK)
    found = [row.payload.finding for row in events if isinstance(row.payload, e.StepUnknown)]
    assert len(found) == 1
    assert "the stack was refreshed" in found[0]


class Slow:
    """An action whose end AWS never reports."""

    def __init__(self, action: Any) -> None:
        self._action, self.spec = action, action.spec

    def observe(self, aws: Any) -> Any:
        return self._action.observe(aws)

    def run(self, _aws: Any, context: Any) -> Any:
        return context.wait(lambda: None, what="its end", timeout_seconds=1e9, hint="")


class SlowAdapter:
    def __init__(self, adapter: Any) -> None:
        self._adapter = adapter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    def action(self, *given: Any) -> Any:
        return Slow(self._adapter.action(*given))


def test_an_action_that_takes_longer_than_its_deadline_times_out_with_the_remedy(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = services.adapter
    monkeypatch.setattr(
        services, "adapter", lambda name: SlowAdapter(real(name)) if name == "ecs" else real(name)
    )
    view = activate(services)
    failed = [
        action
        for stage in view.stages
        for shard in stage.shards
        for action in shard.actions
        if action.state is Progress.FAILED
    ]
    assert [action.error.code for action in failed if action.error] == ["TimedOut"]
    error = failed[0].error
    assert error is not None
    assert "took more than" in error.what
    assert "drstate resume" in error.hint
    assert exit_code(view) is ExitCode.TIMED_OUT

    monkeypatch.setattr(services, "adapter", real)
    view = resume(services, view.execution)
    assert exit_code(view) is ExitCode.OK


def stack_state(view: ExecutionView, name: str) -> Progress:
    return next(
        shard.stack.state
        for stage in view.stages
        for shard in stage.shards
        if shard.stack is not None and shard.stack.name == name
    )
