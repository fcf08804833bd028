"""The hub's account as an operator has it who knows nothing but the AWS command line."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from drstate.aws.own import OwnCaller
from drstate.execution.dispatch.machine import MACHINE
from drstate.execution.dispatch.queue import QUEUE, waiting
from drstate.execution.dispatch.settling import sweep
from drstate.execution.services import Services
from drstate.journal.port import ExecutionHeader
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from tests.execution.workers import REGION, set_up, worker

OPEN = (ExecutionStatus.PENDING, ExecutionStatus.RUNNING)
#: an input as the documents show it
DOCUMENTED = {"Customer": "acme", "Environment": "staging", "Operation": "failover"}
#: of acme/staging; the queue and the machines are in the hub's
ACCOUNTS = ("211111111101", "211111111102", "100000000002")


class Hub:
    """The hub's account as an operator has it who knows nothing but the AWS command line."""

    def __init__(self, services: Services, home: Path) -> None:
        self.services = services
        #: the sandbox's
        self.home = home
        self.queue = set_up(services)
        self.worker = worker(services)
        self.aws = OwnCaller(REGION, services.clock)
        self.url = self.aws.call("sqs", "get_queue_url", QueueName=QUEUE)["QueueUrl"]

    def start(self, given: Any) -> str:
        """`aws stepfunctions start-execution`; the ARN."""
        account = self.aws.account()
        found = self.aws.call(
            "stepfunctions",
            "start_execution",
            stateMachineArn=f"arn:aws:states:{REGION}:{account}:stateMachine:{MACHINE}",
            input=json.dumps(given),
        )
        return str(found["executionArn"])

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.aws.call("stepfunctions", operation, **params)

    def work_until(self, *wanted: ExecutionStatus) -> ExecutionHeader:
        """Have the worker work until the newest execution is in one of the states."""
        for _ in range(60):
            self.worker.run(tasks=1)
            found = self.services.journal.executions(limit=1)[0]
            if found.status in wanted:
                return found
        raise AssertionError(f"it is still {found.status}")

    def close(self, execution: str, *waiting_for: ExecutionStatus) -> None:
        """Look after it as an idle worker does, until it has ended.

        ``waiting_for``: the states that are no end either.
        """
        known: dict[str, Any] = {}
        for _ in range(600):
            if self.services.journal.header(execution).status not in (*OPEN, *waiting_for):
                return
            sweep(self.services, self.queue, REGION, known)
            threading.Event().wait(0.05)
        raise AssertionError("nobody closes it")

    def over(self, arn: str) -> dict[str, Any]:
        """The execution's end in Step Functions; the worker does what is left."""
        for _ in range(600):
            found = self.call("describe_execution", executionArn=arn)
            if found["status"] != "RUNNING":
                return found
            if waiting(self.aws, QUEUE):
                self.worker.run(tasks=1)
            else:
                # the last task is done, and Step Functions is about to end
                threading.Event().wait(0.05)
        raise AssertionError("it does not end")

    def token(self, arn: str, *, other: str = "") -> str:
        """The gate's token, once Step Functions has come to the gate; not ``other``."""
        for _ in range(400):
            found = self.queue.token(arn)
            if found not in ("", other):
                return found
            threading.Event().wait(0.05)
        raise AssertionError("no gate has a token")

    def told(self, execution: str) -> list[e.Payload]:
        return [event.payload for event in self.services.journal.events(execution)]
