"""A resource as an AWS index knows it, and who claims it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from drstate.model.base import Value


class Claim(Protocol):
    """Which resources a technology handles, as adapters declare it."""

    @property
    def technology(self) -> str:
        """The technology's name."""
        ...

    @property
    def explorer_type(self) -> str:
        """Resource Explorer's type, say ``rds:cluster``."""
        ...

    @property
    def strategy(self) -> str | None:
        """The value of ``dr:recovery-strategy`` that is asked for; None: any other."""
        ...

    @property
    def arn_pattern(self) -> re.Pattern[str]:
        """Matches the whole ARN; its group ``name`` is the resource's name inside the scope."""
        ...


class Found(Value):
    """A resource that carries the tag dr:enabled, whatever its value."""

    arn: str
    tags: dict[str, str]
    #: account and region that were asked: a bucket's ARN names neither
    asked: tuple[str, str] = ("", "")

    @property
    def account(self) -> str:
        """The account in the ARN, or the one that was asked."""
        return self.arn.split(":")[4] or self.asked[0]

    @property
    def region(self) -> str:
        """The region in the ARN; empty for a global resource."""
        parts = self.arn.split(":")
        return parts[3] or (self.asked[1] if not parts[4] else "")

    @property
    def type(self) -> str:
        """Service and kind as the ARN tells them, say ``rds:cluster``."""
        parts = self.arn.split(":", 5)
        return f"{parts[2]}:{re.split('[:/]', parts[5])[0]}"


class Claimed(NamedTuple):
    """Which technology handles a resource, and its name there."""

    technology: str
    name: str


def claimed(arn: str, claims: Sequence[Claim], strategy: str | None = None) -> Claimed | None:
    """The claim that the ARN fits, or None where no technology handles it.

    A claim that asks for the resource's own ``strategy`` goes before those that ask for none.
    """
    for wanted in dict.fromkeys((strategy, None)):
        for claim in claims:
            if claim.strategy == wanted and (match := claim.arn_pattern.fullmatch(arn)):
                return Claimed(claim.technology, match.group("name"))
    return None


def usable_arn(arn: str) -> bool:
    """Whether the text has the six parts of an ARN."""
    return len(arn.split(":", 5)) == 6 and arn.startswith("arn:")
