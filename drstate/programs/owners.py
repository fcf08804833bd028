"""Who owns each property of what the programs declare: the program, the adapter, or AWS.

One owner per property. What the last two own is in ``ignore_changes`` (``ignored``), so that after
a promotion or a scaling the next update plans no change. A property that a program sets and that is
missing here fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Owner(StrEnum):
    """Who decides the value."""

    #: set by the program in every site state
    PROGRAM = "program"
    #: changed by actions; the program gives the value of the first creation at most
    ADAPTER = "adapter"
    #: changed by AWS itself (roles after a promotion, autoscaling)
    AWS = "aws"


@dataclass(frozen=True)
class Property:
    """One property (in Pulumi's camel case) of a resource type."""

    name: str
    owner: Owner
    why: str = ""


#: Pulumi type token -> its properties
Owners = Mapping[str, tuple[Property, ...]]


def program(*names: str) -> tuple[Property, ...]:
    """Properties that the program owns."""
    return tuple(Property(name, Owner.PROGRAM) for name in names)


def ignored(owners: Owners, token: str) -> list[str]:
    """What goes into ``ignore_changes`` of a type, sorted."""
    return sorted(item.name for item in owners[token] if item.owner is not Owner.PROGRAM)
