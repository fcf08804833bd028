"""The workers' queue and the tokens of its tasks, as calls. No decision is made here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.errors import AwsCallError, ConfigError, DrstateError, TaskGoneError
from drstate.execution.dispatch.machine import MACHINE

if TYPE_CHECKING:
    from drstate.aws.own import OwnCaller

#: the queue's name, in the account and region of the state machine
QUEUE = "drstate-work"
#: where SQS puts what was handed out too often
DEAD_QUEUE = f"{QUEUE}-dead"
#: how long a worker waits for a message; SQS's longest
POLL_SECONDS = 20
#: there is no such queue: the codes of both of SQS's protocols
ABSENT = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
#: the task is over: ended by somebody, timed out, or its execution was stopped
GONE = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
#: a task that was scheduled before one of these waits no more
_ENDED = frozenset(
    {
        "TaskSucceeded",
        "TaskFailed",
        "TaskTimedOut",
        "ExecutionAborted",
        "ExecutionFailed",
        "ExecutionSucceeded",
        "ExecutionTimedOut",
    }
)
#: Step Functions takes this much of an error's text
_CAUSE = 32_000


def waiting(aws: OwnCaller, name: str) -> int | None:
    """How many messages a queue holds, roughly, as SQS counts; None: there is no such queue."""
    counted = "ApproximateNumberOfMessages"
    names = [counted, f"{counted}NotVisible", f"{counted}Delayed"]
    try:
        url = aws.call("sqs", "get_queue_url", QueueName=name)["QueueUrl"]
        found = aws.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=names)
    except AwsCallError as error:
        if error.aws_code in ABSENT:
            return None
        raise
    return sum(int(found["Attributes"].get(one, 0)) for one in names)


class WorkQueue:
    """The queue of one region."""

    def __init__(self, aws: OwnCaller) -> None:
        self._aws = aws
        self._url = ""
        self._account = ""
        self.visibility_seconds = 0

    def open(self) -> None:
        """Find the queue. Raises ConfigError where it was not deployed."""
        try:
            self._url = self._aws.call("sqs", "get_queue_url", QueueName=QUEUE)["QueueUrl"]
        except AwsCallError as error:
            if error.aws_code not in ABSENT:
                raise
            raise ConfigError(
                f"there is no queue {QUEUE} in {self._aws.region}",
                why="the state machine and its queue are made once for each region",
                hint=f"drstate dispatcher deploy --region {self._aws.region}",
            ) from error
        found = self._aws.call(
            "sqs",
            "get_queue_attributes",
            QueueUrl=self._url,
            AttributeNames=["VisibilityTimeout"],
        )
        self.visibility_seconds = int(found["Attributes"]["VisibilityTimeout"])

    def receive(self) -> dict[str, Any] | None:
        """One message, or None after ``POLL_SECONDS`` without one."""
        found = self._aws.call(
            "sqs",
            "receive_message",
            QueueUrl=self._url,
            MaxNumberOfMessages=1,
            WaitTimeSeconds=POLL_SECONDS,
            AttributeNames=["ApproximateReceiveCount"],
        )
        messages = found.get("Messages") or []
        return messages[0] if messages else None

    def again(self, text: str, receipt: str, seconds: int) -> None:
        """Put the message into the queue anew, seen in so many seconds and counted from one.

        A task that waits for a person is looked at again and again. The count is to say how often
        it was done in vain: SQS puts away what was handed out too often.
        """
        self._aws.call(
            "sqs", "send_message", QueueUrl=self._url, MessageBody=text, DelaySeconds=seconds
        )
        self.delete(receipt)

    def dead(self) -> int | None:
        """How many messages lie among the dead letters, roughly; None: there is no such queue."""
        return waiting(self._aws, DEAD_QUEUE)

    def keep(self, receipt: str, seconds: int | None = None) -> None:
        """Hide the message for so long from now (the queue's own time where it is not said)."""
        self._aws.call(
            "sqs",
            "change_message_visibility",
            QueueUrl=self._url,
            ReceiptHandle=receipt,
            VisibilityTimeout=self.visibility_seconds if seconds is None else seconds,
        )

    def delete(self, receipt: str) -> None:
        """The message has done its work."""
        self._aws.call("sqs", "delete_message", QueueUrl=self._url, ReceiptHandle=receipt)

    def beat(self, token: str) -> None:
        """Say that the task is worked on. Raises TaskGoneError."""
        self._answer("send_task_heartbeat", taskToken=token)

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        """End the task well. Raises TaskGoneError."""
        self._answer("send_task_success", taskToken=token, output=json.dumps(output))

    def fail(self, token: str, error: DrstateError) -> None:
        """End the task badly: what, why and remedy become the cause. Raises TaskGoneError."""
        said = (("", error.what), ("why: ", error.why), ("help: ", error.hint))
        cause = "\n".join(f"{word}{text}" for word, text in said if text)
        self._answer("send_task_failure", taskToken=token, error=error.code, cause=cause[:_CAUSE])

    def execution(self, arn: str) -> dict[str, Any]:
        """How an execution in Step Functions stands: ``status``, ``error``, ``cause``."""
        return self._aws.call("stepfunctions", "describe_execution", executionArn=arn)

    def arn_of(self, name: str) -> str:
        """ARN of the execution with this name, whether it was started or not."""
        return f"{self._place()}:execution:{MACHINE}:{name}"

    def start(self, name: str, given: Mapping[str, Any]) -> None:
        """Start an execution of the machine. The same name and input start it once."""
        self._aws.call(
            "stepfunctions",
            "start_execution",
            stateMachineArn=f"{self._place()}:stateMachine:{MACHINE}",
            name=name,
            input=json.dumps(given),
        )

    def token(self, arn: str) -> str:
        """The task token of the gate that is open; empty where none is. It is a secret."""
        found = self._aws.call(
            "stepfunctions",
            "get_execution_history",
            executionArn=arn,
            reverseOrder=True,
            maxResults=20,
        )
        for event in found["events"]:
            if event["type"] in _ENDED:
                return ""
            asked = event.get("taskScheduledEventDetails", {}).get("parameters", "{}")
            body = json.loads(asked).get("MessageBody", {})
            if isinstance(body, dict) and body.get("kind") == "gate":
                return str(body["token"])
        return ""

    def _place(self) -> str:
        if not self._account:
            self._account = self._aws.account()
        return f"arn:aws:states:{self._aws.region}:{self._account}"

    def _answer(self, operation: str, **params: str) -> None:
        try:
            self._aws.call("stepfunctions", operation, **params)
        except AwsCallError as error:
            if error.aws_code in GONE:
                raise TaskGoneError("the task is over", why=error.why) from error
            raise
