"""Events of what people are told."""

from __future__ import annotations

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


class NotificationFailed(Value):
    """A notification was given up. It stops nothing; it may be written after the last event."""

    type: Literal["notification_failed"] = "notification_failed"
    topic: str
    kind: Kind
    #: number of the event that it tells of
    about: int
    error: ErrorInfo
