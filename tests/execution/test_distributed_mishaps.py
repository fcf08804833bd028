"""What goes wrong around workers: messages that are no task, come twice, or are not understood.

No worker ends for them, and nothing is done twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from drstate.aws.caller import open_caller
from drstate.errors import StateError
from drstate.execution.dispatch.messages import Task
from drstate.execution.dispatch.settling import sweep
from drstate.execution.dispatch.worker import Worker
from drstate.journal.port import Journal
from drstate.journal.stored import payload_of
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.notify import Kind, Notifications, Topic
from drstate.sandbox import process
from tests.aws.clocks import FakeClock
from tests.execution.hubs import ACCOUNTS, DOCUMENTED, OPEN, Hub
from tests.execution.workers import REGION, queue_of, worker
from tests.execution.worlds import World


@pytest.fixture(scope="module")
def hub(ready: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One for all: every test ends with no execution open."""
    world = ready.copy(tmp_path_factory.mktemp("hub") / "home")
    try:
        with world.services() as services:
            yield Hub(services, world.home / "sandbox")
    finally:
        world.stop()


def test_somebody_elses_message_ends_no_worker(hub: Hub) -> None:
    hub.aws.call("sqs", "send_message", QueueUrl=hub.url, MessageBody="hello")
    said: list[str] = []
    made = Worker(hub.services, hub.queue, REGION, say=said.append)
    for _ in range(10):  # what earlier executions left comes first
        if not any("is no task" in line for line in said):
            made.run(tasks=1)
    assert any("is no task" in line for line in said)


def test_the_task_token_comes_with_the_notification_and_is_written_nowhere(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = hub.services.scope("acme", "staging")
    aws = open_caller(scope.accounts, session_name="people", clock=hub.services.clock)
    at: dict[str, Any] = {"account": ACCOUNTS[0], "region": REGION}
    arn = aws.call("sns", "create_topic", **at, Name="deciders")["TopicArn"]
    url = aws.call("sqs", "create_queue", **at, QueueName="deciders")["QueueUrl"]
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNTS[0]}:deciders"
    aws.call("sns", "subscribe", **at, TopicArn=arn, Protocol="sqs", Endpoint=queue)
    told = Notifications(topics=(Topic(arn=arn, tokens=True, events=(Kind.APPROVAL_REQUIRED,)),))
    known = scope.model_copy(update={"notifications": told})
    monkeypatch.setattr(hub.services, "scope", lambda *_: known)

    run = hub.start({**DOCUMENTED, "ApprovalMode": "required"})
    header = hub.work_until(ExecutionStatus.PAUSED)
    token = hub.token(run)
    said: list[str] = []
    for _ in range(20):
        hub.worker.run(tasks=1)
        got = aws.call("sqs", "receive_message", **at, QueueUrl=url, MaxNumberOfMessages=10)
        found = got.get("Messages", [])
        said += [json.loads(row["Body"])["Message"] for row in found]
        if any(token in one for one in said):
            break
    (way,) = [json.loads(one)["next"] for one in said if token in one]
    assert way[0].startswith("aws stepfunctions send-task-success --region us-west-2 --task-token")
    assert token not in json.dumps(
        [one.model_dump(mode="json") for one in hub.told(header.execution)]
    )
    hub.call("send_task_failure", taskToken=token, error="Rejected", cause="a test")
    assert hub.over(run)["status"] == "FAILED"


class _Kept(Worker):
    """A worker that remembers the task at hand."""

    task: Task

    def handle(self, task: Task) -> None:
        self.task = task
        super().handle(task)


def test_a_task_that_the_queue_hands_out_twice_is_done_once(hub: Hub) -> None:
    arn = hub.start({**DOCUMENTED, "ApprovalMode": "automatic"})
    said: list[str] = []
    seen: list[str] = []

    def twice(event: e.Event) -> None:
        if isinstance(event.payload, e.PhaseStarted) and not seen:
            seen.append(event.execution)
            worker(hub.services).handle(first.task)  # the same message, and the same count

    first = _Kept(hub.services, hub.queue, REGION, say=said.append, on_event=twice)
    while not seen:
        first.run(tasks=1)
    assert any("lease" in line for line in said), said
    told = hub.told(seen[0])
    begun = [one.stage for one in told if isinstance(one, e.StageStarted)]
    assert len(begun) == 1, "both workers began the wave"
    hub.call("stop_execution", executionArn=arn, error="Drill", cause="seen enough")
    # whoever held the lease is asked first, and a later look closes it
    hub.close(seen[0])


def test_a_worker_outlives_an_answer_that_step_functions_refuses(hub: Hub) -> None:
    said: list[str] = []
    wanted = ("its token is none", "is not answered")
    made = Worker(hub.services, hub.queue, REGION, say=said.append)
    root = f"arn:aws:states:{REGION}:100000000001:execution:x:y"
    for body in (
        {"kind": "gate", "root": root, "token": ""},
        {"kind": "begin", "root": root, "token": "none"},
    ):
        hub.aws.call("sqs", "send_message", QueueUrl=hub.url, MessageBody=json.dumps(body))
    broken = {"service": "stepfunctions", "effect": "error", "code": "Broken", "any_code": True}
    rule = process.add_fault(hub.home, broken)
    try:
        # in whatever order the queue hands them out
        for _ in range(10):
            if not all(any(words in line for line in said) for words in wanted):
                made.run(tasks=1)
    finally:
        process.clear_faults(hub.home, rule)
    for words in wanted:
        assert any(words in line for line in said), said


def test_a_worker_outlives_a_queue_that_does_not_answer(hub: Hub) -> None:
    rule = process.add_fault(
        hub.home, {"service": "sqs", "operation": "ReceiveMessage", "effect": "throttle"}
    )
    said: list[str] = []

    def heard(line: str) -> None:
        if not said:
            process.clear_faults(hub.home, rule)
        said.append(line)

    hub.aws.call("sqs", "send_message", QueueUrl=hub.url, MessageBody="hello")
    machine, hub.services.clock = hub.services.clock, FakeClock()
    try:
        made = Worker(hub.services, queue_of(hub.services), REGION, say=heard)
        assert made.run(tasks=1) == 1
    finally:
        hub.services.clock = machine
    assert "asked again until it answers" in said[0]


def test_a_worker_of_an_older_drstate_leaves_its_task_to_a_newer_one(hub: Hub) -> None:
    arn = hub.start({**DOCUMENTED, "ApprovalMode": "required"})
    header = hub.work_until(ExecutionStatus.PAUSED)
    hub.call("send_task_success", taskToken=hub.token(arn), output='{"approved": true}')
    said: list[str] = []
    old = Worker(hub.services, hub.queue, REGION, say=said.append)
    known = hub.services.readers.journal
    hub.services.readers.journal = _Older(known)
    try:
        with pytest.raises(StateError, match="is not understood by this drstate"):
            old.run(tasks=10)
    finally:
        hub.services.readers.journal = known
    hub.work_until(ExecutionStatus.RUNNING)
    hub.call("stop_execution", executionArn=arn, error="Drill", cause="seen enough")
    while hub.services.journal.header(header.execution).status in OPEN:
        hub.worker.run(tasks=1)
        sweep(hub.services, hub.queue, REGION, {})


class _Older:
    """A journal as a drstate reads it that does not know one of its kinds of events."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def events(self, execution: str, *_: Any, **__: Any) -> list[e.Event]:
        payload_of(execution, 3, '{"type": "from_the_future"}')
        raise AssertionError("it was understood")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)
