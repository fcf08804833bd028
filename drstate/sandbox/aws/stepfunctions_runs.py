"""Executions of state machines: moto's interpreter, on the sandbox's time and with its keys.

An execution runs in threads of its own and calls other services over HTTP, with a session of
the state machine's role. `Wait` and retries take scaled time; TimeoutSeconds and
HeartbeatSeconds, which guard real workers, are held by unscaled time. A redrive goes on at the
state that was not passed, with that state's input.
"""

from __future__ import annotations

import json
import pickle
from datetime import datetime, timedelta
from typing import Any

from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.flow.start_at import StartAt
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.backend.execution import (
    BaseExecutionWorkerCommunication,
    Execution,
)
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from drstate.sandbox import refusals
from drstate.sandbox.waiting import bell

from . import runtime
from .modelled import Refusal
from .stepfunctions_nested import stop_children

REDRIVE_DAYS = 14
REDRIVES = 1000
_ENDED_BADLY = {"FAILED", "ABORTED", "TIMED_OUT"}
# Of these only the branches that failed would have to run again.
_BRANCHING = {"MapStateEntered": "Map", "ParallelStateEntered": "Parallel"}
_STOP_SECONDS = 5.0


class _Words(BaseExecutionWorkerCommunication):  # type: ignore[misc]
    """What an execution hears of its end."""

    def terminated(self) -> None:
        """It has ended by itself, or what was stopped has stopped."""
        if self.execution.exec_status == ExecutionStatus.RUNNING:
            self._reflect_execution_status()
            self.execution.stop_date = runtime.clock().now()
        bell.ring()


class _Worker(ExecutionWorker):  # type: ignore[misc]
    """The interpreter's thread; goes on from `before` where there is one."""

    before: Any = None
    state_name = ""
    state_input: Any = None
    redrives = 0

    def _execution_logic(self) -> None:
        if self.before is None:
            super()._execution_logic()
            return
        program = self._get_evaluation_entrypoint()
        env = self._get_evaluation_environment()
        env.event_manager = self.before.event_manager
        env.event_history_context = self.before.event_history_context
        env.states.reset(self.state_input)
        self.env = env
        env.event_manager.add_event(
            context=env.event_history_context,
            event_type=HistoryEventType.ExecutionRedriven,
            event_details=EventDetails(
                executionRedrivenEventDetails={"redriveCount": self.redrives}
            ),
        )
        program.start_at = StartAt(self.state_name)
        program.eval(env)
        self._execution_communication.terminated()


class Run(Execution):  # type: ignore[misc]
    """An execution, on the sandbox's clock."""

    exec_status: Any
    exec_worker: Any
    stop_date: Any

    def __init__(self, **given: Any) -> None:
        backend = stepfunctions_parser_backends[given["account_id"]][given["region_name"]]
        given["activity_store"] = backend.activities
        given["start_date"] = runtime.clock().now()
        super().__init__(**given)
        self.redrive_count = 0
        self.redrive_date: datetime | None = None
        self.redrive_tokens: dict[str, datetime] = {}
        #: executions that it started and waits for, or waited for
        self.children: list[str] = []

    def __getstate__(self) -> dict[str, Any]:
        """For a snapshot: its threads cannot be in one."""
        if self.exec_status == ExecutionStatus.RUNNING:
            raise pickle.PicklingError(
                f"an execution of a state machine in the middle of its work: {self.exec_arn}"
            )
        return dict(vars(self))

    def _get_start_execution_worker_comm(self) -> _Words:
        return _Words(self)

    def _get_start_execution_worker(self) -> _Worker:
        made = super()._get_start_execution_worker()
        made.__class__ = _Worker
        return made  # type: ignore[no-any-return]

    def stop(self, stop_date: datetime, error: str | None, cause: str | None) -> None:
        """End it now; whatever it waits for is over."""
        if self.exec_status != ExecutionStatus.RUNNING:
            return
        worker = self.exec_worker
        end = runtime.clock().seconds() + _STOP_SECONDS
        bell.wait_until(
            lambda: worker.env is not None and worker.env.is_running(),
            lambda: end - runtime.clock().seconds(),
        )
        self.exec_status = ExecutionStatus.ABORTED
        self.stop_date, self.error, self.cause = stop_date, error, cause
        worker.stop(stop_date=stop_date, error=error, cause=cause)
        for endpoint in list(worker.env.callback_pool_manager._pool.values()):  # noqa: SLF001
            endpoint.interrupt_all()
        stop_children(self, stop_date, error, cause)

    def why_not(self) -> str:
        """Why it cannot be redriven; empty where it can."""
        if self.status not in _ENDED_BADLY:
            return f"Execution is {self.status} and cannot be redriven"
        if self.redrive_count >= REDRIVES:
            return f"Execution has been redriven {REDRIVES} times"
        if self.stop_date and runtime.clock().now() - self.stop_date > timedelta(days=REDRIVE_DAYS):
            return f"Execution's redrivable period of {REDRIVE_DAYS} days is over"
        return ""

    def redrive(self, token: str | None) -> datetime:
        """Go on at the state that was not passed. The same token does it once."""
        if token and token in self.redrive_tokens:
            return self.redrive_tokens[token]
        wrong = self.why_not()
        if wrong:
            raise Refusal("ExecutionNotRedrivable", wrong)
        before = self.exec_worker.env
        name, given = self._not_passed(before)
        now = runtime.clock().now()
        self.redrive_count += 1
        self.redrive_date = now
        if token:
            self.redrive_tokens[token] = now
        self.stop_date = self.error = self.cause = None
        worker = self._get_start_execution_worker()
        worker.before, worker.state_name, worker.state_input = before, name, given
        worker.redrives = self.redrive_count
        self.exec_worker = worker
        self.exec_status = ExecutionStatus.RUNNING
        worker.start()
        return now

    def _not_passed(self, env: Any) -> tuple[str, Any]:
        states = json.loads(self.state_machine.definition)["States"]
        for event in reversed(env.event_manager.get_event_history()):
            kind = str(getattr(event["type"], "value", event["type"]))
            entered = event.get("stateEnteredEventDetails")
            if not entered or entered["name"] not in states:
                continue
            if kind in _BRANCHING:
                raise refusals.not_implemented(
                    "stepfunctions", f"RedriveExecution of a {_BRANCHING[kind]} state", ""
                )
            return str(entered["name"]), json.loads(entered["input"])
        start = json.loads(self.state_machine.definition)["StartAt"]
        return str(start), self.input_data


def running(backends: Any = stepfunctions_parser_backends) -> list[str]:
    """The ARNs of executions that are in the middle of their work."""
    return [
        run.exec_arn
        for _account, _region, backend in backends.iter_backends()
        for machine in backend.state_machines
        for run in machine.executions
        if run.exec_status == ExecutionStatus.RUNNING
    ]
