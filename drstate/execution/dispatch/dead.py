"""Use case: the dead letters of the workers' queue, read, and cleared away.

SQS puts there what was handed out too often: what is no task at all, and what ended every worker
that took it. Nothing waits for them any more: a task whose worker died comes again by its missed
heartbeat, in another message. They are kept so that somebody looks at who sent them. A task's
token is never shown.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from drstate.errors import AwsCallError, InternalError
from drstate.execution.dispatch.messages import read_task
from drstate.execution.dispatch.queue import ABSENT, DEAD_QUEUE

if TYPE_CHECKING:
    from drstate.aws.own import OwnCaller

#: no more are read at once
MOST = 100
_AT_ONCE = 10
#: while they are read they are hidden from another reader for so long, seconds
_HIDDEN_SECONDS = 60


@dataclass(frozen=True)
class DeadLetter:
    """One message. ``what``: kind and place of a task, or what is wrong with it, in one line."""

    id: str
    sent_at: datetime
    #: how often the workers were handed it
    times: int
    #: characters
    size: int
    #: who sent it, as AWS names it; empty where it is not told
    sender: str
    #: the execution whose task it was; empty for what is none
    execution: str
    what: str


def remedy(region: str) -> str:
    """The command that shows them."""
    return f"drstate dispatcher dead --region {region}"


def dead_letters(aws: OwnCaller, *, discard: bool = False) -> tuple[DeadLetter, ...]:
    """At most ``MOST`` of them, oldest first; ``discard`` deletes those that are returned.

    Raises AwsCallError. Nothing where there is no such queue.
    """
    try:
        url = str(aws.call("sqs", "get_queue_url", QueueName=DEAD_QUEUE)["QueueUrl"])
    except AwsCallError as error:
        if error.aws_code in ABSENT:
            return ()
        raise
    found = _messages(aws, url)
    for message in found.values():
        at = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
        if discard:
            aws.call("sqs", "delete_message", **at)
        else:
            aws.call("sqs", "change_message_visibility", **at, VisibilityTimeout=0)
    return tuple(sorted(map(_letter, found.values()), key=lambda row: (row.sent_at, row.id)))


def _messages(aws: OwnCaller, url: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    while len(found) < MOST:
        answer = aws.call(
            "sqs",
            "receive_message",
            QueueUrl=url,
            MaxNumberOfMessages=_AT_ONCE,
            # a short poll asks some of SQS's machines only, and may miss what is there
            WaitTimeSeconds=1,
            VisibilityTimeout=_HIDDEN_SECONDS,
            AttributeNames=["SenderId", "SentTimestamp", "ApproximateReceiveCount"],
        )
        new = {row["MessageId"]: row for row in answer.get("Messages") or []}
        if not new.keys() - found.keys():
            return found
        found |= new
    return found


def _letter(message: dict[str, Any]) -> DeadLetter:
    attributes = message.get("Attributes", {})
    execution = ""
    try:
        task = read_task(message)
    except InternalError as error:
        what = f"no task: {error.why}"
    else:
        execution = task.execution
        place = " ".join(str(task.body[name]) for name in ("stage", "shard") if name in task.body)
        what = f"{task.kind} {place}".rstrip()
    return DeadLetter(
        id=str(message["MessageId"]),
        sent_at=datetime.fromtimestamp(int(attributes.get("SentTimestamp", 0)) / 1000, UTC),
        times=int(attributes.get("ApproximateReceiveCount", 0)),
        size=len(message.get("Body", "")),
        sender=json.dumps(str(attributes.get("SenderId", "")))[1:-1],
        execution=execution,
        what=what,
    )
