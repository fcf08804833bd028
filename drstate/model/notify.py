"""Whom to tell what of an execution: the part ``notifications`` of a scope file.

A topic's subscribers (mail, SMS, queues, functions) are its owner's business: SNS knows them, this
file knows topics only. It belongs to one customer and environment, and so do its recipients.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from drstate.model.base import Value
from drstate.model.forms import AccountId


class Kind(StrEnum):
    """What people are told of."""

    STARTED = "started"
    WAVE_COMPLETED = "wave-completed"
    PHASE_COMPLETED = "phase-completed"
    APPROVAL_REQUIRED = "approval-required"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WARNING = "warning"
    EMERGENCY = "emergency"
    CAPACITY = "capacity"
    MAINTENANCE = "maintenance"


class Severity(StrEnum):
    """How much attention it wants; in this order."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Place in the order."""
        return tuple(Severity).index(self)


_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,251}(\.fifo)?")


def _topic(text: str) -> str:
    if _TOPIC.fullmatch(text) is None:
        raise ValueError("a topic's ARN is arn:aws:sns:<region>:<account>:<name>")
    return text


TopicArn = Annotated[str, AfterValidator(_topic)]


class Topic(Value):
    """An SNS topic and what it is told."""

    arn: TopicArn
    #: whose role publishes, where that is not the topic's own account
    account: AccountId | None = None
    #: none: of everything
    events: tuple[Kind, ...] = ()
    #: nothing below
    severity: Severity = Severity.INFO
    #: it also gets the one-time tokens of gates: whoever reads it may decide them
    tokens: bool = False

    @property
    def region(self) -> str:
        """The region that the topic is in."""
        return self.arn.split(":")[3]

    @property
    def publisher(self) -> str:
        """The account whose role publishes."""
        return self.account or self.arn.split(":")[4]

    @property
    def name(self) -> str:
        """The topic's name."""
        return self.arn.rpartition(":")[2]

    @property
    def fifo(self) -> bool:
        """Whether it keeps order, and drops what comes twice."""
        return self.arn.endswith(".fifo")

    def wants(self, kind: Kind, severity: Severity) -> bool:
        """Whether it is told."""
        return (not self.events or kind in self.events) and severity.rank >= self.severity.rank


class Notifications(Value):
    """The topics of a scope; none: nobody is told."""

    topics: tuple[Topic, ...] = Field(default=(), max_length=10)

    @model_validator(mode="after")
    def _each_once(self) -> Notifications:
        seen: set[str] = set()
        for topic in self.topics:
            if topic.arn in seen:
                raise ValueError(f"topics: {topic.arn} is listed twice")
            seen.add(topic.arn)
        return self

    def beyond(self, lost: str | None) -> tuple[Topic, ...]:
        """The topics that are not in the region that may be lost."""
        return tuple(topic for topic in self.topics if topic.region != lost)
