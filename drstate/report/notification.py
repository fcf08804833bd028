"""A notification: what people are told, as text for them and as data for programs. Values only.

Names and reasons come from tags, tickets and AWS: what no mail, phone or terminal can carry
(control characters, halves of surrogate pairs) is taken out of every form of the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import Field, model_validator

from drstate.model.base import Value
from drstate.model.notify import Kind, Severity

#: SNS takes no longer ones, and ASCII only
SUBJECT_CHARACTERS = 100
#: one segment of a text message in the GSM alphabet, less what SNS puts in front of it: up to ten
#: characters of the topic's display name, a sign and a blank
SMS_CHARACTERS = 160 - 12
#: what a message that is too large is cut to, text by text
CUT_CHARACTERS = 400

#: not in the basic GSM alphabet: they would count twice, or make the whole message one of 70
_GSM = str.maketrans("[]{}\\^~|`", "()()/'-/'")
_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """The text with nothing in it that a message cannot carry; line ends stay."""
    return _UNFIT.sub("?", text.replace("\r\n", "\n"))


def _cut(text: str) -> str:
    return text if len(text) <= CUT_CHARACTERS else f"{text[: CUT_CHARACTERS - 3]}..."


class _Told(Value):
    """A value all of whose texts can be carried by a message."""

    @model_validator(mode="before")
    @classmethod
    def _fit(cls, given: Any) -> Any:
        return _plained(given)


class Trouble(_Told):
    """Something that failed or is not healthy, and what helps."""

    resource: str
    what: str
    hint: str = ""


class Notification(_Told):
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
    #: priorities of what it is about; none: of the execution as a whole, or nobody asks
    priorities: tuple[str, ...] = ()
    #: names of the recipients whom it goes to at once
    recipients: tuple[str, ...] = ()
    #: of a digest: kind and number of the event of each thing that it tells
    covers: tuple[tuple[Kind, int], ...] = ()

    @property
    def subject(self) -> str:
        """What a mailbox shows: printable ASCII on one line."""
        place = f"{self.customer}/{self.environment}"
        world = ("sandbox " if self.sandbox else "") + ("drill " if self.drill else "")
        text = f"[{world}{place}] {self.kind.replace('-', ' ').upper()}: {self.what}"
        line = " ".join(text.encode("ascii", "replace").decode().split())
        if len(line) <= SUBJECT_CHARACTERS:
            return line
        return f"{line[: SUBJECT_CHARACTERS - 3]}..."

    @property
    def text(self) -> str:
        """What a person reads, ending without a newline."""
        return "\n".join(self._lines())

    @property
    def short(self) -> str:
        """What fits one segment of a text message."""
        tail = f" drstate status {self.execution}" if self.execution else ""
        room = SMS_CHARACTERS - len(tail)
        subject = self.subject
        text = (subject if len(subject) <= room else f"{subject[: room - 3]}...") + tail
        return text.translate(_GSM)

    @property
    def shorter(self) -> Notification | None:
        """The same with less in it, where it is too large to be sent; None: there is no more."""
        if self.troubles:
            kept = self.troubles[: len(self.troubles) // 2]
            dropped = len(self.troubles) - len(kept)
            return self.model_copy(update={"troubles": kept, "more": self.more + dropped})
        texts = {name: _cut(getattr(self, name)) for name in ("what", "why", "remedy", "where")}
        # a command that is cut would be another command
        kept_next = tuple(one for one in self.next if len(one) <= CUT_CHARACTERS)[:10]
        less = self.model_copy(update={**texts, "next": kept_next})
        return None if less == self else less

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
        if self.execution:
            yield f"execution {self.execution} ({', '.join(self.phases)}) by {self.operator}"
        yield f"{self.serving} serves, {self.recovery} is to take over next"
        event = f", event {self.about}" if self.about else ""
        yield f"{self.at:%Y-%m-%d %H:%M:%S} UTC{event}"

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
        }
        # SNS refuses an attribute without a value
        rest = {"execution": self.execution, "drill": self.drill}
        return {**found, **{name: value for name, value in rest.items() if value}}


def _plained(given: Any) -> Any:
    """A field's value, or all of them, with each text as ``plain`` has it."""
    match given:
        case Kind() | Severity():
            return given
        case str():
            return plain(given)
        case dict():
            return {name: _plained(value) for name, value in given.items()}
        case tuple() | list():
            return tuple(_plained(value) for value in given)
        case _:
            return given
