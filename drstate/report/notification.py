"""A notification: what people are told, as text for them and as data for programs. Values only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import Field

from drstate.model.base import Value
from drstate.model.notify import Kind, Severity

#: SNS takes no longer ones, and ASCII only
SUBJECT_CHARACTERS = 100
#: a text message of a phone
SMS_CHARACTERS = 160


class Trouble(Value):
    """Something that failed or is not healthy, and what helps."""

    resource: str
    what: str
    hint: str = ""


class Notification(Value):
    """One thing to tell. ``about`` is the number of the event that it tells of."""

    schema_: str = Field(default="drstate.notification/1", alias="schema")
    kind: Kind
    severity: Severity
    execution: str
    customer: str
    environment: str
    about: int
    at: datetime
    operator: str
    phases: tuple[str, ...]
    #: the region that serves, and the one that is to take over next
    serving: str
    recovery: str
    sandbox: bool = False
    emergency: bool = False
    #: a drill's id; empty: it is meant
    drill: str = ""
    #: the wave or phase that it is about: ``activate.w2``, ``activate``
    where: str = ""
    #: one sentence
    what: str
    why: str = ""
    troubles: tuple[Trouble, ...] = ()
    #: how many more there are than ``troubles`` lists
    more: int = 0
    remedy: str = ""
    #: commands that make sense now
    next: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """What a mailbox shows: printable ASCII on one line."""
        place = f"{self.customer}/{self.environment}"
        world = ("sandbox " if self.sandbox else "") + ("drill " if self.drill else "")
        text = f"[{world}{place}] {self.kind.replace('-', ' ').upper()}: {self.what}"
        plain = " ".join(text.encode("ascii", "replace").decode().split())
        plain = "".join(letter for letter in plain if letter.isprintable())
        if len(plain) <= SUBJECT_CHARACTERS:
            return plain
        return f"{plain[: SUBJECT_CHARACTERS - 3]}..."

    @property
    def text(self) -> str:
        """What a person reads, ending without a newline."""
        return "\n".join(self._lines())

    @property
    def short(self) -> str:
        """What fits a text message."""
        tail = f" drstate status {self.execution}"
        room = SMS_CHARACTERS - len(tail)
        subject = self.subject
        return (subject if len(subject) <= room else f"{subject[: room - 3]}...") + tail

    def _lines(self) -> Iterator[str]:
        yield f"{self.customer}/{self.environment}: {self.what}"
        if self.sandbox:
            yield "This happened in the sandbox, not in AWS."
        if self.drill:
            yield f"This is drill {self.drill}: production goes on where it is."
        if self.why:
            yield f"why: {self.why}"
        for row in self.troubles:
            yield f"- {row.resource}: {row.what}"
            if row.hint:
                yield f"  help: {row.hint}"
        if self.more:
            yield f"- and {self.more} more"
        if self.remedy:
            yield f"help: {self.remedy}"
        if self.next:
            yield ""
            yield "next:"
            yield from (f"  {command}" for command in self.next)
        yield ""
        yield f"execution {self.execution} ({', '.join(self.phases)}) by {self.operator}"
        yield f"{self.serving} serves, {self.recovery} is to take over next"
        yield f"{self.at:%Y-%m-%d %H:%M:%S} UTC, event {self.about}"

    def document(self) -> dict[str, Any]:
        """What a program reads: ``drstate.notification/1``."""
        return {**self.model_dump(mode="json", by_alias=True), "subject": self.subject}

    def attributes(self) -> dict[str, str]:
        """What subscriptions filter by."""
        found = {
            "customer": self.customer,
            "environment": self.environment,
            "event": str(self.kind),
            "severity": str(self.severity),
            "execution": self.execution,
        }
        return {**found, "drill": self.drill} if self.drill else found
