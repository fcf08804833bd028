"""What workers find in their queue, and what Step Functions is answered: typed at the border."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from drstate.errors import InternalError

#: what Step Functions' tokens are made of; they are pasted into terminals
_TOKEN = re.compile(r"[A-Za-z0-9+/=_.:-]{1,2048}")
#: an execution's ARN; its name may be whatever Step Functions allows in one
_ROOT = re.compile(
    r"arn:[a-z-]+:states:[a-z0-9-]+:\d{12}:execution:[A-Za-z0-9_-]{1,80}:"
    r"""[^\x00-\x20\x7f-\x9f\ud800-\udfff<>{}\[\]?*"#%\\^|~`$&,;:/]{1,80}"""
)
#: ids as drstate makes them; they are looked up, printed and told
_ID = re.compile(r"[A-Za-z0-9._-]{0,200}")
_ANEW = "anew"
#: so much of what was wrong is repeated
_SHOWN = 200
_REFERENCES = ("execution", "stage", "shard")


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

    @property
    def anew(self) -> bool:
        """Whether it waited before, and was put into the queue anew."""
        return self.body.get(_ANEW) is True

    def again(self) -> str:
        """The message as it is put into the queue anew. It holds the token."""
        return json.dumps({**self.body, _ANEW: True, "token": self.token})


def read_task(message: dict[str, Any]) -> Task:
    """The task in a message of the queue. Raises InternalError: it is none of ours.

    Nothing in it is trusted: whatever is looked up, printed or told has the form that drstate and
    Step Functions give it.
    """
    try:
        body = json.loads(message["Body"])
        task = Task(
            kind=Kind(body["kind"]),
            root=_formed("root", body["root"], _ROOT),
            body={name: value for name, value in body.items() if name != "token"},
            attempt=int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            token=_formed("token", body["token"], _TOKEN),
            receipt=str(message["ReceiptHandle"]),
        )
        _refuse_odd_references(task)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InternalError(
            "a message in the workers' queue is no task",
            why=f"{type(error).__name__}: {_shown(error)}",
            hint="only the state machine may send to this queue; SQS puts it among the dead "
            "letters: drstate dispatcher dead",
        ) from error
    return task


def _refuse_odd_references(task: Task) -> None:
    for holder in (task.body, task.state):
        for name in _REFERENCES:
            if name in holder:
                _formed(name, holder[name], _ID)


def _formed(name: str, given: Any, form: re.Pattern[str]) -> str:
    """The text, if it has the form. It is not repeated where it has not: it may be anything."""
    if not isinstance(given, str) or form.fullmatch(given) is None:
        raise ValueError(f"its {name} is none")
    return given


def _shown(error: Exception) -> str:
    text = str(error)[:_SHOWN]
    return text.encode("ascii", "backslashreplace").decode() if text.isprintable() else repr(text)


def region_of(arn: str) -> str:
    """The region in an ARN."""
    return arn.split(":")[3]
