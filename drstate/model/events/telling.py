"""Events of what people are told."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from drstate.model.base import Value
from drstate.model.events.executions import ErrorInfo
from drstate.model.notify import Kind, Severity


class Warned(Value):
    """Something that people should know."""

    type: Literal["warned"] = "warned"
    text: str
    hint: str = ""
    #: what people are told it is: a warning, of capacity, of maintenance
    kind: Kind = Kind.WARNING
    severity: Severity = Severity.WARNING


class NotificationDelivered(Value):
    """A topic took a notification. It may be written after the execution's last event."""

    type: Literal["notification_delivered"] = "notification_delivered"
    topic: str
    kind: Kind
    #: number of the event that it tells of
    about: int
    #: as SNS numbers it
    message: str
    #: from the event until the topic had it
    delay_seconds: float
    #: names of the recipients that it went to at once; others of the topic may read it as well
    recipients: tuple[str, ...] = ()
    #: of a digest: (kind, number of the event) of what it tells, one after the other
    covers: tuple[tuple[Kind, int], ...] = ()


class NotificationFailed(Value):
    """A notification was given up. It stops nothing; it may be written after the last event."""

    type: Literal["notification_failed"] = "notification_failed"
    topic: str
    kind: Kind
    #: number of the event that it tells of
    about: int
    error: ErrorInfo
    #: as in ``NotificationDelivered``
    recipients: tuple[str, ...] = ()
    covers: tuple[tuple[Kind, int], ...] = ()


class NotificationHeld(Value):
    """A notification waits for a recipient's next digest. It may follow the last event."""

    type: Literal["notification_held"] = "notification_held"
    topic: str
    recipient: str
    kind: Kind
    #: number of the event that it tells of
    about: int
    #: when the digest is due; the end of the run sends it earlier
    until: datetime
    #: ``digest``: the recipient collects; ``rate``: it has had as much as it takes for now
    why: Literal["digest", "rate"]
