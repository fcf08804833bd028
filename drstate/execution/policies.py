"""Use case: the least-privilege policies of drstate's roles, from what the rooms declare."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from drstate.adapters.base import Adapter
from drstate.adapters.policy import hub_policy, policy
from drstate.adapters.registry import adapter_for, load_adapters
from drstate.inventory.asking import GRANTS
from drstate.journal.address import TablePlace

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


def policy_of(
    part: Part,
    technologies: Sequence[str] = (),
    *,
    role_arns: Sequence[str] = (),
    functions: Sequence[str] = (),
    topics: Sequence[str] = (),
    journal: TablePlace | None = None,
) -> dict[str, Any]:
    """The policy document; no ``technologies``: of all. Raises ConfigError for an unknown one.

    ``journal`` is the table of the shared journal, where the project has one.
    """
    if part is Part.HUB:
        table = (journal.table, journal.region) if journal is not None else None
        return hub_policy(role_arns or TARGET_ROLES, table)
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
