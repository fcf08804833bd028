"""Use case: the least-privilege policies of drstate's roles, from what the rooms declare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from drstate.adapters.base import Adapter
from drstate.adapters.policy import (
    hub_policy,
    notify_grant,
    own_policy,
    policy,
    subscribe_grants,
)
from drstate.adapters.registry import adapter_for, load_adapters
from drstate.errors import UsageError
from drstate.execution.dispatch.grants import deployer_grants, dispatcher_grants, worker_grants
from drstate.inventory.asking import GRANTS
from drstate.journal.address import TablePlace
from drstate.model.grant import Grant

#: the target role's name where nobody says another one
TARGET_ROLES = ("arn:aws:iam::*:role/drstate-target",)


class Part(StrEnum):
    """Whose permissions are asked for."""

    #: the role in each account: discovery, actions and stacks
    TARGET = "target"
    #: the role in each account without stacks: all that an emergency needs
    ADAPTERS = "adapters"
    #: what only stack updates need
    PROGRAMS = "programs"
    #: what drills need besides
    DRILLS = "drills"
    DISCOVERY = "discovery"
    #: whoever runs drstate
    HUB = "hub"
    #: a worker of the distributed engine
    WORKER = "worker"
    #: whoever starts executions on Step Functions and decides their gates
    DISPATCHER = "dispatcher"
    #: whoever sets the distributed engine up in a region
    DEPLOYER = "deployer"
    #: a role that does nothing but tell topics
    NOTIFICATIONS = "notifications"
    #: what seeing and making recipients' subscriptions needs besides
    SUBSCRIPTIONS = "subscriptions"


def _nothing(_region: str) -> tuple[Grant, ...]:
    return ()


#: parts that run drstate with credentials of their own -> what they do besides that
_OWN: Mapping[Part, Callable[[str], tuple[Grant, ...]]] = {
    Part.HUB: _nothing,
    Part.WORKER: worker_grants,
    Part.DISPATCHER: dispatcher_grants,
}


def policy_of(
    part: Part,
    technologies: Sequence[str] = (),
    *,
    role_arns: Sequence[str] = (),
    functions: Sequence[str] = (),
    topics: Sequence[str] = (),
    journal: TablePlace | None = None,
    region: str = "*",
) -> dict[str, Any]:
    """The policy document; no ``technologies``: of all. Raises ConfigError for an unknown one.

    ``journal`` is the table of the shared journal, where the project has one. ``region``: that of
    queue and state machines. Raises UsageError for notifications without topics.
    """
    if part in _OWN:
        table = (journal.table, journal.region) if journal is not None else None
        return hub_policy(role_arns or TARGET_ROLES, table, _OWN[part](region))
    if part is Part.DEPLOYER:
        return own_policy("Deploy", deployer_grants(region))
    if part in (Part.NOTIFICATIONS, Part.SUBSCRIPTIONS):
        if not topics:
            raise UsageError(
                f"--for {part} needs --topic",
                why="a role may work with topics that are named, and with no other",
                hint=f"drstate iam policy --for {part} --topic arn:aws:sns:…; those of a "
                "scope are in its file: notifications.topics",
            )
        if part is Part.SUBSCRIPTIONS:
            return own_policy("Notify", subscribe_grants(topics))
        return own_policy("Notify", (notify_grant(topics),))
    if part is Part.DISCOVERY:
        return policy((), discovery=GRANTS)
    adapters: Sequence[Adapter] = (
        [adapter_for(name) for name in dict.fromkeys(technologies)]
        if technologies
        else load_adapters()
    )
    return policy(
        adapters,
        actions=part in (Part.TARGET, Part.ADAPTERS),
        stacks=part in (Part.TARGET, Part.PROGRAMS),
        drills=part in (Part.TARGET, Part.DRILLS),
        discovery=GRANTS if part is Part.TARGET else (),
        functions=functions if part in (Part.TARGET, Part.ADAPTERS) else (),
        topics=topics if part in (Part.TARGET, Part.ADAPTERS) else (),
    )
