"""The same plan over Step Functions and worker processes: the same end as a local run.

In the short form, two workers bring acme/staging up, and one of them is killed in the middle of a
promotion; acme/production, and every stop, come with DRSTATE_FULL_TESTS=1.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drstate.errors import ConfigError
from drstate.execution.dispatch.answers import NOBODY
from drstate.execution.dispatch.deploying import deploy, look
from drstate.execution.dispatch.queue import WorkQueue
from drstate.execution.dispatch.settling import STOPPER, sweep
from drstate.execution.dispatch.starting import start
from drstate.execution.dispatch.worker import Worker
from drstate.execution.making_plan import make_plan
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.phases import Operation, Phase
from drstate.model.scope import Approval
from drstate.rehearsal.comparing import shape, timeless
from drstate.report.preview import PlanPreview
from drstate.sandbox import process
from tests.execution.hubs import ACCOUNTS, DOCUMENTED, OPEN, Hub
from tests.execution.workers import REGION, VISIBILITY_SECONDS, set_up, spawn, worker
from tests.execution.worlds import World

FULL = os.environ.get("DRSTATE_FULL_TESTS") == "1"


def begin(services: Services, queue: WorkQueue, scope: str, *phases: Phase) -> str:
    planned = make_plan(
        services,
        services.scope(*scope.split("/")),
        phases=phases,
        approval=Approval.AUTOMATIC,
    )
    seen = PlanPreview(plan=planned.plan, plan_digest=planned.plan.digest(), engine="", stages=())
    return start(services, queue, planned, preview=seen).execution


@contextmanager
def workers(world: World, *kills: str | None) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many worker processes; None: one that lives."""
    running = [spawn(world, kill_after=kill) for kill in kills]
    try:
        yield running
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait(60)


def digest(world: World, account: str) -> dict[str, Any]:
    return process.digest(world.home / "sandbox", account=account)


def ended(services: Services, execution: str) -> e.ExecutionStatus:
    end = time.monotonic() + 180
    # while a task waits for a worker, nobody may hold the lease: following stops then
    while services.journal.header(execution).status in OPEN and time.monotonic() < end:
        for _ in services.readers.follow(execution):
            pass
        threading.Event().wait(0.1)
    return services.journal.header(execution).status


def test_a_killed_workers_shard_is_taken_on_and_the_end_is_that_of_a_local_run(
    ready: World, tmp_path: Path
) -> None:
    local = ready.copy(tmp_path / "local")
    world = ready.copy(tmp_path / "distributed")
    try:
        with local.services() as services:
            set_up(services)
        assert local.run("run") == 0
        with world.services() as services:
            queue = set_up(services)
            execution = begin(services, queue, "acme/staging", Phase.ACTIVATE)
            with workers(world, "action_intended") as (first,):
                assert first.wait(60) == -signal.SIGKILL
            with workers(world, None):
                assert ended(services, execution) is ExecutionStatus.COMPLETED
            # the worker has ended, and with it what it does after the last event
            told = [event.payload for event in services.journal.events(execution)]
            assert services.journal.verify(execution) == len(told)
            assert services.journal.lease(services.journal.header(execution).scope) is None
        taken = [one for one in told if isinstance(one, e.ShardTaken)]
        assert len({one.worker for one in taken}) == 2
        unknown = [one for one in told if isinstance(one, e.StepUnknown)]
        assert unknown, "the step that was cut off was not observed first"
        assert timeless(world.view()) == timeless(local.view())
        for account in ACCOUNTS:
            assert digest(world, account) == digest(local, account), account
    finally:
        local.stop()
        world.stop()


@pytest.fixture(scope="module")
def hub(ready: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One for all: every test ends with no execution open."""
    world = ready.copy(tmp_path_factory.mktemp("hub") / "home")
    try:
        with world.services() as services:
            yield Hub(services, world.home / "sandbox")
    finally:
        world.stop()


def test_send_task_success_approves_and_failure_rejects(hub: Hub) -> None:
    arn = hub.start({**DOCUMENTED, "ApprovalMode": "required", "PrimaryRegion": "us-east-1"})
    first = hub.work_until(ExecutionStatus.PAUSED)
    token = hub.token(arn)
    said = {"approved": True, "approver": "kim@acme.example", "comment": "seen"}
    hub.call("send_task_success", taskToken=token, output=json.dumps(said))
    hub.work_until(ExecutionStatus.RUNNING)
    second = hub.work_until(ExecutionStatus.PAUSED)
    assert second.execution == first.execution
    assert second.operator == f"start-execution {arn.rpartition(':')[2]}"
    again = hub.token(arn, other=token)
    hub.call("send_task_failure", taskToken=again, error="Rejected", cause="not today")
    assert hub.over(arn)["status"] == "FAILED"
    hub.close(first.execution, ExecutionStatus.PAUSED)
    found = [one for one in hub.told(first.execution) if isinstance(one, e.GateDecided)]
    assert [(one.approved, one.by, one.comment) for one in found] == [
        (True, "kim@acme.example", "seen"),
        (False, NOBODY, "Rejected: not today"),
    ]
    assert hub.services.journal.header(first.execution).status is ExecutionStatus.CANCELLED
    story = json.dumps([one.model_dump(mode="json") for one in hub.told(first.execution)])
    assert token not in story


def test_an_unclear_answer_approves_nothing_and_stop_execution_cancels(hub: Hub) -> None:
    arn = hub.start({**DOCUMENTED, "ApprovalMode": "required"})
    header = hub.work_until(ExecutionStatus.PAUSED)
    hub.call("send_task_success", taskToken=hub.token(arn), output='{"approved": "false"}')
    while not any(isinstance(one, e.Warned) for one in hub.told(header.execution)):
        hub.worker.run(tasks=1)
    assert not any(isinstance(one, e.GateDecided) for one in hub.told(header.execution))
    assert hub.services.journal.header(header.execution).status is ExecutionStatus.PAUSED
    # StopExecution tells no worker: the next one that is idle finds it
    hub.call("stop_execution", executionArn=arn, error="Drill", cause="it was only a test")
    sweep(hub.services, hub.queue, REGION, {})
    found = hub.services.readers.status(header.execution)
    assert found.status is ExecutionStatus.CANCELLED
    assert found.error is not None
    assert "it was only a test" in found.error.what
    assert hub.services.journal.lease(header.scope) is None


def test_deploying_again_changes_nothing_and_mends_what_was_changed(hub: Hub) -> None:
    def again(seconds: int = VISIBILITY_SECONDS) -> dict[str, str]:
        parts = deploy(hub.aws, hub.services.clock, visibility=seconds)
        return {one.name: one.state for one in parts}

    assert set(again().values()) == {"unchanged"}
    hub.aws.call(
        "iam",
        "delete_role_policy",
        RoleName=f"drstate-dispatcher-{REGION}",
        PolicyName="drstate-dispatcher",
    )
    mended = again()
    assert mended.pop(f"drstate-dispatcher-{REGION}") == "updated"
    assert set(mended.values()) == {"unchanged"}
    assert {one.state for one in look(hub.aws)} == {"there"}
    with pytest.raises(ConfigError, match="--visibility 1"):
        again(1)


def test_a_bad_input_fails_with_field_value_and_mend_and_begins_nothing(hub: Hub) -> None:
    before = len(hub.services.journal.executions())
    arn = hub.start({**DOCUMENTED, "DRRegion": "eu-west-1"})
    found = hub.over(arn)
    assert (found["status"], found["error"]) == ("FAILED", "Config")
    assert "DRRegion is 'eu-west-1'" in found["cause"]
    assert '"DRRegion": "us-west-2"' in found["cause"]
    assert len(hub.services.journal.executions()) == before


def test_an_emergency_is_started_by_an_input_that_consents_to_it(world: World) -> None:
    # afterwards the scope is served elsewhere: a hub of its own
    with world.services() as services:
        _emergency(Hub(services, world.home / "sandbox"))


def _emergency(hub: Hub) -> None:
    last = process.calls(hub.home)[-1]["number"]
    arn = hub.start({**DOCUMENTED, "Operation": "emergency", "Consent": "data-loss"})
    assert hub.over(arn)["status"] == "SUCCEEDED"
    found = hub.services.journal.executions(hub.services.scope("acme", "staging").key, limit=1)[0]
    assert found.status is ExecutionStatus.COMPLETED
    told = hub.told(found.execution)
    created = next(one for one in told if isinstance(one, e.ExecutionCreated))
    assert (created.operation, created.plan.emergency) == (Operation.FAILOVER, True)
    consents = [one for one in told if isinstance(one, e.ConsentRecorded)]
    assert [one.kind for one in consents] == ["data-loss"]
    assert consents[0].by.startswith("start-execution ")
    lost = {one["service"] for one in process.calls(hub.home, last) if one["region"] == "us-east-1"}
    assert lost <= {"route53"}, "which has no other region"


def test_stop_execution_in_the_middle_of_a_shard_stops_its_worker(hub: Hub) -> None:
    arn = hub.start({**DOCUMENTED, "ApprovalMode": "automatic"})
    seen: list[str] = []

    def stop(event: e.Event) -> None:
        if _in_the_middle(event.payload) and not seen:
            seen.append(event.execution)
            hub.call("stop_execution", executionArn=arn, error="Enough", cause="wrong customer")
            while not beaten.gone(made):
                threading.Event().wait(0.05)

    made = Worker(hub.services, hub.queue, REGION, say=lambda _: None, on_event=stop)
    beaten = _Beaten()
    while not seen:
        made.run(tasks=1)
    hub.close(seen[0])
    told = hub.told(seen[0])
    left = [one for one in told if isinstance(one, e.ShardLeft)]
    assert len(left) == 1
    assert isinstance(told[-1], e.ExecutionFinished)
    assert told[-1].status is ExecutionStatus.CANCELLED
    assert told[-1].error is not None
    assert "wrong customer" in told[-1].error.what
    asked = [one for one in told if isinstance(one, e.CancelRequested)]
    assert [(one.by, one.reason) for one in asked] == [(STOPPER, "Enough: wrong customer")]


@pytest.mark.skipif(not FULL, reason="DRSTATE_FULL_TESTS=1 (make test-full) runs it")
def test_a_worker_that_is_asked_to_stop_hands_its_shard_on_at_once(world: World) -> None:
    with world.services() as services:
        queue = set_up(services)
        execution = begin(services, queue, "acme/staging", Phase.ACTIVATE)

        def stop(event: e.Event) -> None:
            if _in_the_middle(event.payload):
                first.stop("asked to")

        first = Worker(services, queue, REGION, say=lambda _: None, on_event=stop)
        first.run()
        told = [event.payload for event in services.journal.events(execution)]
        assert isinstance(told[-1], e.ShardLeft)
        second = worker(services)
        while services.journal.header(execution).status in OPEN:
            second.run(tasks=1)
        told = [event.payload for event in services.journal.events(execution)]
        assert services.journal.header(execution).status is ExecutionStatus.COMPLETED
        attempts = [one.attempt for one in told if isinstance(one, e.ShardTaken)]
        assert max(attempts) == 2


def _in_the_middle(payload: e.Payload) -> bool:
    """In the shard of wave 2, where an action comes after the stack."""
    return isinstance(payload, e.StackStarted) and payload.shard.endswith(".w2")


class _Beaten:
    """Whether a worker knows that its task is over."""

    def gone(self, made: Worker) -> bool:
        beat = made.at_work
        return beat is not None and beat.gone


@pytest.mark.skipif(not FULL, reason="takes minutes; DRSTATE_FULL_TESTS=1 (make test-full) runs it")
@pytest.mark.parametrize(
    "kill", ["phase_started", "shard_taken", "stack_started", "action_intended"]
)
def test_production_with_two_workers_at_once_ends_as_a_local_run(kill: str, tmp_path: Path) -> None:
    scope = "acme/production"
    ready = World.start(tmp_path / "ready")
    try:
        assert ready.run("run", phase=Phase.REPLICATE, scope=scope) == 0
        local, world = ready.copy(tmp_path / "local"), ready.copy(tmp_path / "distributed")
    finally:
        ready.stop()
    try:
        assert local.run("run", scope=scope) == 0
        with world.services() as services:
            execution = begin(services, set_up(services), scope, Phase.ACTIVATE)
            with workers(world, kill) as (first,):  # alone: another one might come before it
                assert first.wait(120) == -signal.SIGKILL
            with workers(world, None, None):
                assert ended(services, execution) is ExecutionStatus.COMPLETED
            told = [event.payload for event in services.journal.events(execution)]
            assert len({one.worker for one in told if isinstance(one, e.ShardTaken)}) > 1
        assert timeless(world.view()) == timeless(local.view())
        for account in ACCOUNTS:
            mine, theirs = digest(world, account), digest(local, account)
            assert shape(mine) == shape(theirs), account
    finally:
        local.stop()
        world.stop()
