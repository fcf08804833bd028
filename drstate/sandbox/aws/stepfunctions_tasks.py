"""Tasks of state machines that somebody else does: activities, task tokens, their ends.

An activity is a queue of tasks. Who takes a task, or is sent a token, ends it with success or
failure, once; heartbeats keep it. What is too late, over or unknown is told apart as AWS does.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from moto.stepfunctions.parser.asl.eval.callback.callback import (
    ActivityCallbackEndpoint,
    CallbackEndpoint,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
)
from moto.stepfunctions.parser.backend.activity import ActivityTask
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from drstate.sandbox.waiting import bell

from . import runtime
from .modelled import Refusal

#: nominal seconds for which GetActivityTask waits for a task
POLL_SECONDS = 60.0
RUNNING = "RUNNING"
_TOKEN = re.compile(r"[A-Za-z0-9+/=_-]{20,}")


class Activity:
    """What moto keeps of an activity, and the tasks that wait for a worker."""

    def __init__(self, arn: str, name: str, encryption: dict[str, Any] | None) -> None:
        self.arn = arn
        self.name = name
        self.encryption_configuration = encryption
        self.creation_date: datetime = runtime.clock().now()
        self.tasks: deque[ActivityTask] = deque()

    def add_task(self, task: ActivityTask) -> None:
        """Queue a task; called by the interpreter, in a thread of its own."""
        self.tasks.append(task)
        bell.ring()


def take(backend: StepFunctionsParserBackend, arn: str, worker: str | None) -> dict[str, str]:
    """The oldest task that still matters; waits for one; empty where none came."""
    activity: Activity = backend.describe_activity(arn)
    while activity.tasks:
        task = activity.tasks.popleft()
        run, endpoint = _task(backend, task.task_token)
        if run.status == RUNNING and isinstance(endpoint, ActivityCallbackEndpoint):
            endpoint.notify_activity_task_start(worker)
            bell.ring()
            return {"taskToken": task.task_token, "input": task.task_input}
    runtime.get().wait(POLL_SECONDS)
    return {}


def succeed(backend: StepFunctionsParserBackend, token: str, output: str) -> None:
    """End a task well. Its output must be JSON."""
    try:
        json.loads(output)
    except ValueError as error:
        raise Refusal("InvalidOutput", f"Invalid Output: '{error}'") from error
    _open(backend, token).notify(CallbackOutcomeSuccess(callback_id=token, output=output))


def fail(
    backend: StepFunctionsParserBackend, token: str, error: str | None, cause: str | None
) -> None:
    """End a task badly."""
    _open(backend, token).notify(
        CallbackOutcomeFailure(callback_id=token, error=error, cause=cause)
    )


def beat(backend: StepFunctionsParserBackend, token: str) -> None:
    """A task is still being worked on; says nothing where nobody asks for heartbeats."""
    _open(backend, token).notify_heartbeat()


def runs(backend: StepFunctionsParserBackend) -> Iterator[Any]:
    """Every execution in a region."""
    for machine in backend.state_machines:
        yield from machine.executions


def _open(backend: StepFunctionsParserBackend, token: str) -> CallbackEndpoint:
    run, endpoint = _task(backend, token)
    over = endpoint.get_outcome() is not None or endpoint.consumer_error is not None
    if run.status != RUNNING or over:
        raise Refusal(
            "TaskTimedOut",
            "Task Timed Out: 'Provided task does not exist anymore'",
        )
    return endpoint


def _task(backend: StepFunctionsParserBackend, token: str) -> tuple[Any, CallbackEndpoint]:
    for run in runs(backend):
        worker = run.exec_worker
        endpoint = worker.env.callback_pool_manager.get(token) if worker and worker.env else None
        if endpoint is not None:
            return run, endpoint
    if _TOKEN.fullmatch(token) is None:
        raise Refusal("InvalidToken", "Invalid Token: 'Invalid token'")
    raise Refusal("TaskDoesNotExist", "Task does not exist")
