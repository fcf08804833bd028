"""How the recipients of a scope stand: ``drstate.recipients/1``. Values only."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from drstate.model.base import Value
from drstate.model.scope import ScopeKey


class State(StrEnum):
    """How one recipient stands at one topic."""

    CONFIRMED = "confirmed"
    #: its reader has not agreed yet, and gets nothing
    PENDING = "pending"
    MISSING = "missing"
    #: it is subscribed with another filter than ours
    DIFFERS = "differs"
    #: the topic does not answer
    UNKNOWN = "unknown"
    #: subscribed by drstate, and declared no more
    STRAY = "stray"


class RecipientState(Value):
    """One recipient at one topic."""

    recipient: str
    #: email, sms
    protocol: str
    endpoint: str
    topic: str
    state: State
    #: ARN of the subscription, where it has one
    subscription: str = ""
    why: str = ""
    hint: str = ""


class Trial(Value):
    """What became of one trial message."""

    topic: str
    #: names of recipients that it was for; none: whoever reads all of the topic
    recipients: tuple[str, ...] = ()
    at: datetime
    #: as the topic numbers it; empty: it was refused
    message: str = ""
    seconds: float = 0.0
    why: str = ""
    hint: str = ""


class Standing(Value):
    """All of a scope's recipients."""

    schema_: str = Field(default="drstate.recipients/1", alias="schema")
    scope: ScopeKey
    rows: tuple[RecipientState, ...] = ()
    strays: tuple[RecipientState, ...] = ()
    #: the last trials
    trials: tuple[Trial, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether every recipient is reached."""
        return all(row.state is State.CONFIRMED and not row.why for row in self.rows)
