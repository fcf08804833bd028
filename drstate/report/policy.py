"""What policies say of a plan's resources: refused, advised, or exempt for a time. Values only."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from drstate.model.base import Value


class PolicyLevel(StrEnum):
    """What becomes of a finding."""

    #: the plan is refused
    MANDATORY = "mandatory"
    #: told and journaled; it stops nothing
    ADVISORY = "advisory"
    #: the scope file has an exemption that holds
    EXEMPT = "exempt"


class PolicyFinding(Value):
    """One resource that does not keep to one rule."""

    rule: str
    level: PolicyLevel
    #: empty: a record that an action changes, which is in no stack
    stack: str
    #: the resource's name in its stack, or a catalog key
    resource: str
    #: to follow the resource's name
    what: str
    why: str
    hint: str
    #: of an exemption
    reason: str = ""
    until: date | None = None

    @property
    def said(self) -> str:
        """In one line."""
        return f"policy {self.rule}: {self.resource} {self.what}"
