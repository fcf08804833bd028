"""Pauses of an execution that workers run: asked for by people, or by a maintenance window.

Between two tasks nobody is at work, and a task may be begun again by another worker: neither may
lose what was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from drstate.execution.deciding import request_pause
from drstate.execution.dispatch.worker import Worker
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.events import Event, ExecutionStatus
from drstate.model.maintenance import MaintenanceWindow, Running
from drstate.model.notify import Kind
from tests.execution.hubs import DOCUMENTED, Hub
from tests.execution.workers import REGION
from tests.execution.worlds import World


@pytest.fixture
def hub(world: World) -> Iterator[Hub]:
    with world.services() as services:
        yield Hub(services, world.home / "sandbox")


@pytest.fixture
def opens(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Has a window that pauses in the scope's file, which opens in so many seconds."""

    def opens_in(seconds: float) -> None:
        begins = hub.services.clock.now() + timedelta(seconds=seconds)
        window = MaintenanceWindow(
            begins=begins,
            ends=begins + timedelta(hours=1),
            reason="firewall",
            running=Running.PAUSE,
        )
        known = scope.model_copy(update={"maintenance": [window]})
        monkeypatch.setattr(hub.services, "scope", lambda *_: known)

    scope = hub.services.scope("acme", "staging")
    return opens_in


def run_until_paused(hub: Hub, on_event: Callable[[Event], None]) -> tuple[str, str]:
    """A new execution, by a worker that tells each event, until it pauses: its ARN, its id."""
    arn = hub.start({**DOCUMENTED, "ApprovalMode": "automatic"})
    plain, hub.worker = (
        hub.worker,
        Worker(hub.services, hub.queue, REGION, say=lambda _: None, on_event=on_event),
    )
    try:
        ended = (ExecutionStatus.COMPLETED, ExecutionStatus.FAILED)
        header = hub.work_until(ExecutionStatus.PAUSED, *ended)
        assert header.status is ExecutionStatus.PAUSED
        return arn, header.execution
    finally:
        hub.worker = plain


def begun(told: list[e.Payload]) -> list[str]:
    return [one.stage for one in told if isinstance(one, e.StageStarted)]


def test_a_window_that_opens_while_a_shard_is_at_work_pauses_after_its_wave(
    hub: Hub, opens: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drstate.execution.inbox.LOOK_SECONDS", 0.02)

    def when(event: Event) -> None:
        if isinstance(event.payload, e.ShardTaken):
            opens(0)

    arn, execution = run_until_paused(hub, when)
    told = hub.told(execution)
    kinds = [one.type for one in told]
    # told by the worker of the shard, while it was at it
    assert kinds.index("pause_requested") < kinds.index("shard_finished")
    warned = [one for one in told if isinstance(one, e.Warned) and one.kind is Kind.MAINTENANCE]
    assert [one.hint for one in warned] == [
        f"this execution is paused after its wave; then: drstate resume {execution}"
    ]
    assert len(begun(told)) == 1
    # whoever goes on in the open window is not paused by it again
    hub.call("send_task_success", taskToken=hub.token(arn), output='{"approved": true}')
    while len(begun(told)) == 1:
        hub.worker.run(tasks=1)
        told = hub.told(execution)
    assert [one.type for one in told].count("pause_requested") == 1


def test_a_window_that_opens_while_nobody_is_at_work_pauses_before_the_next_wave(
    hub: Hub, opens: Callable[[float], None]
) -> None:
    def when(event: Event) -> None:
        if isinstance(event.payload, e.ShardFinished):
            opens(0)  # the shard's worker has read the windows before

    _, execution = run_until_paused(hub, when)
    told = hub.told(execution)
    assert len(begun(told)) == 1
    warned = [one for one in told if isinstance(one, e.Warned) and one.kind is Kind.MAINTENANCE]
    assert len(warned) == 1


def test_a_pause_is_not_taken_back_by_a_worker_that_takes_up_what_another_left(hub: Hub) -> None:
    def when(event: Event) -> None:
        if isinstance(event.payload, e.ShardFinished):
            request_pause(hub.services, event.execution)
            # the worker that goes on has to hold the scope anew, as after one that died
            _let_go(hub.services)

    _, execution = run_until_paused(hub, when)
    told = hub.told(execution)
    assert len(begun(told)) == 1
    attached = [one.unasked for one in told if isinstance(one, e.RunnerAttached)]
    assert attached == [False, True]


def _let_go(services: Services) -> None:
    held = services.journal.lease(services.scope("acme", "staging").key)
    assert held is not None
    services.journal.release(held)
