"""How an adapter lays claim to discovered resources: by type, ARN and tag."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """Which discovered resources a technology handles."""

    technology: str
    #: Resource Explorer's type, say ``rds:cluster``
    explorer_type: str
    #: matches the whole ARN; its group ``name`` is the resource's name inside the scope
    arn_pattern: re.Pattern[str]
    #: taken only where the tag ``dr:recovery-strategy`` says so; None: where no claim asks for
    #: what the tag says
    strategy: str | None = None

    def name_of(self, arn: str) -> str | None:
        """The resource's name, or None if the ARN is not of this kind."""
        found = self.arn_pattern.fullmatch(arn)
        return found.group("name") if found else None
