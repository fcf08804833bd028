"""What a stack operation did or would do, independent of the engine that did it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from drstate.model.base import Value
from drstate.model.declared import Declared


class Op(StrEnum):
    """Pulumi's step kinds that people see."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    READ = "read"
    REFRESH = "refresh"
    IMPORT = "import"
    DISCARD = "discard"


class PropertyChange(Value):
    """What becomes of one property; secrets are left out."""

    path: str
    #: JSON, shortened; None: there is none, or it is not told
    old: str | None = None
    new: str | None = None
    #: it forces the resource to be replaced
    replaces: bool = False

    @property
    def told(self) -> str:
        """``"15.3" → "15.4"``."""
        if self.old is None and self.new is None:
            return "changes"
        if self.old is None:
            return f"{self.new} is added"
        return f"{self.old} is removed" if self.new is None else f"{self.old} → {self.new}"


class ResourceOp(Value):
    """One resource of a stack and what happens to it."""

    urn: str
    type: str
    name: str
    op: Op
    #: property paths that change (update, replace)
    changed: tuple[str, ...] = ()
    protected: bool = False
    #: of previews only: what changes to what (update, replace)
    diff: tuple[PropertyChange, ...] = ()


class StackOutcome(Value):
    """The result of one preview, up, refresh or destroy of one stack."""

    stack: str
    ok: bool
    #: every resource, ``same`` included, in the order of the steps; one row a resource (a
    #: replacement is one row with op ``replace``)
    ops: tuple[ResourceOp, ...]
    #: op -> count, as Pulumi counts
    counts: dict[str, int]
    #: stack outputs, secrets left out
    outputs: dict[str, Any] = {}
    #: error texts of failed resources: urn or "" -> message
    errors: dict[str, str] = {}
    diagnostics: tuple[str, ...] = ()
    duration_seconds: float = 0.0
    #: where the backend shows the update, if it shows updates anywhere
    permalink: str = ""
    #: what the program wants, for policies to judge; it is neither kept nor shown
    declared: tuple[Declared, ...] = Field(default=(), exclude=True, repr=False)

    @property
    def changes(self) -> int:
        """How many resources are not ``same``."""
        return sum(1 for op in self.ops if op.op not in (Op.SAME, Op.READ, Op.REFRESH))
