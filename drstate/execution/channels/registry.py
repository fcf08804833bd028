"""Every channel, by the kind of target that a scope file names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from drstate.execution.channels.sns import SnsChannel
from drstate.execution.services import Services
from drstate.model.notify import Topic
from drstate.model.scope import Scope
from drstate.report.notification import Notification


class Channel(Protocol):
    """Sends notifications to targets of one kind. Safe between threads; makes no call before."""

    def send(self, target: Topic, note: Notification, *, patient: bool) -> str:
        """The message's id as the other side has it. Raises DrstateError.

        ``patient``: tries again after 1, 2 and 4 seconds what passes by itself.
        """
        ...


#: kind of target -> its channel, for one scope and what its sessions are called
CHANNELS: dict[type[Topic], Callable[[Services, Scope, str], Channel]] = {Topic: SnsChannel}


class Channels:
    """The channels of one scope, each made when it is first used."""

    def __init__(self, services: Services, scope: Scope, session: str) -> None:
        self._made = {kind: make(services, scope, session) for kind, make in CHANNELS.items()}

    def __call__(self, topic: Topic, note: Notification, *, patient: bool) -> str:
        """Send it by the target's channel; see ``Channel.send``."""
        return self._made[type(topic)].send(topic, note, patient=patient)
