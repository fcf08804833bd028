"""Whom to tell what of an execution: the part ``notifications`` of a scope file.

A *topic* is told of everything that it wants; who else reads it (queues, functions, chat) is its
owner's business. A *recipient* is a person's mailbox or phone, subscribed to the scope's topics by
``drstate notify subscribe``; *rules* say what reaches whom, and each recipient says how often. All
of it belongs to one customer and environment: nothing here can name another one's recipient.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from drstate.model.base import Value
from drstate.model.forms import AccountId
from drstate.model.tags import Priority


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
    #: what drstate itself needs: its journal, its lease, its workers, the regions it calls
    SYSTEM_HEALTH = "system-health"
    #: what was held back for a recipient; nobody asks for it by name
    DIGEST = "digest"
    #: a trial by ``drstate notify test``; goes to whoever is tried
    TEST = "test"


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


#: a person has to act now: held back for nobody, whatever frequency they asked for
AT_ONCE = frozenset({Kind.EMERGENCY, Kind.APPROVAL_REQUIRED})
#: nobody can ask for, or against, these
_NOT_CHOSEN = frozenset({Kind.DIGEST, Kind.TEST})
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,251}(\.fifo)?")
_MAIL = re.compile(r"[^@\s\x00-\x1f<>,;]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")


def _topic(text: str) -> str:
    if _TOPIC.fullmatch(text) is None:
        raise ValueError("a topic's ARN is arn:aws:sns:<region>:<account>:<name>")
    return text


def _mail(text: str) -> str:
    if _MAIL.fullmatch(text) is None:
        raise ValueError("a mail address is <name>@<host>, one and no more")
    return text


def _phone(text: str) -> str:
    if _PHONE.fullmatch(text) is None:
        raise ValueError('a phone number is "+" and country code first, digits only, in quotes')
    return text


def _chosen(kind: Kind) -> Kind:
    if kind in _NOT_CHOSEN:
        raise ValueError(f"{kind} is no event that can be chosen: it always goes to whom it is for")
    return kind


TopicArn = Annotated[str, AfterValidator(_topic)]
ChosenKind = Annotated[Kind, AfterValidator(_chosen)]
RecipientName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class Topic(Value):
    """An SNS topic and what it is told."""

    arn: TopicArn
    #: whose role publishes, where that is not the topic's own account
    account: AccountId | None = None
    #: none: of everything
    events: tuple[ChosenKind, ...] = ()
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


class Recipient(Value):
    """A mailbox or a phone, and how often it may be bothered. Its name is what journals hold."""

    name: RecipientName
    email: Annotated[str, AfterValidator(_mail)] | None = None
    sms: Annotated[str, AfterValidator(_phone)] | None = None
    #: names or ARNs of the scope's topics, the preferred first; none: all of them, as listed. Told
    #: through the first that the execution may use
    topics: tuple[str, ...] = ()
    #: collect, and tell every so many minutes; None: at once
    digest_minutes: int | None = Field(default=None, ge=1, le=1440)
    #: so many at once within ``per_minutes`` at most; what is more is told in one digest after that
    at_most: int | None = Field(default=None, ge=1, le=1000)
    per_minutes: int = Field(default=60, ge=1, le=1440)
    #: nothing from here on is held back
    urgent: Severity = Severity.CRITICAL

    @property
    def protocol(self) -> str:
        """As SNS calls it."""
        return "email" if self.email is not None else "sms"

    @property
    def endpoint(self) -> str:
        """Address or number."""
        return self.email or self.sms or ""

    @model_validator(mode="after")
    def _one_way(self) -> Recipient:
        if (self.email is None) == (self.sms is None):
            raise ValueError(
                f"{self.name} has {'neither' if self.email is None else 'both'} email and sms: "
                "give one; a person with both is two recipients"
            )
        if self.digest_minutes is not None and self.at_most is not None:
            raise ValueError(
                f"{self.name} has both digest_minutes and at_most: leave one out; a digest is one "
                "message already"
            )
        return self

    def holds(self, kind: Kind, severity: Severity) -> bool:
        """Whether it may be held back."""
        return kind not in AT_ONCE and severity.rank < self.urgent.rank


class Rule(Value):
    """What reaches whom. A recipient that no rule names gets everything."""

    to: tuple[RecipientName, ...] = Field(min_length=1)
    #: none: every event
    events: tuple[ChosenKind, ...] = ()
    #: nothing below
    severity: Severity = Severity.INFO
    #: only what concerns a resource of these, or the execution as a whole; none: all
    priorities: tuple[Priority, ...] = ()
    #: only these waves, and what is of no wave; none: all
    waves: tuple[int, ...] = ()
    #: whether drills are told as well
    drills: bool = True

    def matches(
        self,
        kind: Kind,
        severity: Severity,
        *,
        priorities: Collection[str] = (),
        wave: int | None = None,
        drill: bool = False,
    ) -> bool:
        """Whether it lets that through. ``priorities`` empty, ``wave`` None: of the whole."""
        return (
            (not self.events or kind in self.events)
            and severity.rank >= self.severity.rank
            and (not self.priorities or not priorities or bool({*self.priorities} & {*priorities}))
            and (not self.waves or wave is None or wave in self.waves)
            and (self.drills or not drill)
        )


class Notifications(Value):
    """The topics of a scope; none: nobody is told."""

    topics: tuple[Topic, ...] = Field(default=(), max_length=10)
    recipients: tuple[Recipient, ...] = Field(default=(), max_length=100)
    rules: tuple[Rule, ...] = Field(default=(), max_length=100)

    @model_validator(mode="after")
    def _each_once(self) -> Notifications:
        for field, values in (
            ("topics", [topic.arn for topic in self.topics]),
            ("recipients", [one.name for one in self.recipients]),
        ):
            twice = [value for value, count in Counter(values).items() if count > 1]
            if twice:
                raise ValueError(f"{field}: {twice[0]} is listed twice")
        return self

    @model_validator(mode="after")
    def _known(self) -> Notifications:
        names = [one.name for one in self.recipients]
        for number, rule in enumerate(self.rules):
            strange = [name for name in rule.to if name not in names]
            if strange:
                raise ValueError(
                    f"rules[{number}].to: {strange[0]} is no recipient; there are "
                    f"{', '.join(names) or 'none'}: add it to recipients, or correct the name"
                )
        known = {text for topic in self.topics for text in (topic.arn, topic.name)}
        for one in self.recipients:
            lost = [text for text in one.topics if text not in known]
            if lost or not self.topics:
                raise ValueError(
                    f"recipients: {one.name} is told through {lost[0] if lost else 'a topic'}, "
                    "which topics: lacks; a recipient needs a topic of the scope"
                )
        for way, where in Counter(
            (one.protocol, one.endpoint.lower()) for one in self.recipients
        ).items():
            if where > 1:
                same = [one.name for one in self.recipients if one.endpoint.lower() == way[1]]
                raise ValueError(
                    f"recipients: {' and '.join(same)} have one address: a topic knows an address "
                    "once; make them one recipient, named in both rules"
                )
        fifo = [topic.name for topic in self.topics if topic.fifo]
        reached = {topic for one in self.recipients for topic in self.through(one)}
        if reached and all(topic.fifo for topic in reached):
            raise ValueError(
                f"recipients: {fifo[0]} keeps order, and such topics reach neither mail nor "
                "phones; add a plain topic"
            )
        return self

    def beyond(self, lost: str | None) -> tuple[Topic, ...]:
        """The topics that are not in the region that may be lost."""
        return tuple(topic for topic in self.topics if topic.region != lost)

    def through(self, recipient: Recipient) -> tuple[Topic, ...]:
        """The topics that can reach the recipient, the preferred first."""
        plain = [topic for topic in self.topics if not topic.fifo]
        if not recipient.topics:
            return tuple(plain)
        return tuple(
            topic for text in recipient.topics for topic in plain if text in (topic.arn, topic.name)
        )

    def readers(self, topic: Topic, used: Collection[Topic]) -> tuple[Recipient, ...]:
        """The recipients that are told through the topic, where ``used`` are the ones in use."""
        return tuple(
            one
            for one in self.recipients
            if next((way for way in self.through(one) if way in used), None) == topic
        )

    def lets(
        self,
        recipient: Recipient,
        kind: Kind,
        severity: Severity,
        *,
        priorities: Collection[str] = (),
        wave: int | None = None,
        drill: bool = False,
    ) -> bool:
        """Whether the rules let that through to the recipient."""
        named = [rule for rule in self.rules if recipient.name in rule.to]
        return not named or any(
            rule.matches(kind, severity, priorities=priorities, wave=wave, drill=drill)
            for rule in named
        )
