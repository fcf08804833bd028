"""What workers find in their queue, and what Step Functions is answered: typed at the border."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from drstate.errors import InternalError


class Kind(StrEnum):
    """Which state of the machine asks."""

    BEGIN = "begin"
    ADVANCE = "advance"
    SHARD = "shard"
    GATE = "gate"


@dataclass(frozen=True)
class Task:
    """One message. ``token`` is a secret: whoever has it can end the task."""

    kind: Kind
    #: ARN of the execution in Step Functions that people started
    root: str
    #: the message's own fields: input and started; state; execution, stage and shard
    body: dict[str, Any]
    #: how often the message was handed out by now, from 1
    attempt: int
    token: str = field(repr=False)
    receipt: str = field(repr=False)

    @property
    def execution(self) -> str:
        """The journal's execution; empty before it has begun."""
        found = self.body.get("execution") or self.state.get("execution", "")
        return str(found)

    @property
    def state(self) -> dict[str, Any]:
        """The machine's state: what the last answer said, and what people said to it."""
        found = self.body.get("state")
        return found if isinstance(found, dict) else {}


def read_task(message: dict[str, Any]) -> Task:
    """The task in a message of the queue. Raises InternalError: it is none of ours."""
    try:
        body = json.loads(message["Body"])
        return Task(
            kind=Kind(body["kind"]),
            root=str(body["root"]),
            body={name: value for name, value in body.items() if name != "token"},
            attempt=int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            token=_token(body["token"]),
            receipt=str(message["ReceiptHandle"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InternalError(
            "a message in the workers' queue is no task",
            why=f"{type(error).__name__}: {error}",
            hint="only the state machine may send to this queue; it is left there",
        ) from error


def _token(given: Any) -> str:
    if not isinstance(given, str) or not given:
        raise ValueError("it has no task token")
    return given


def region_of(arn: str) -> str:
    """The region in an ARN."""
    return arn.split(":")[3]
