"""What a stack operation did or would do, independent of the engine that did it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from drstate.model.base import Value


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


class ResourceOp(Value):
    """One resource of a stack and what happens to it."""

    urn: str
    type: str
    name: str
    op: Op
    #: property paths that change (update, replace)
    changed: tuple[str, ...] = ()
    protected: bool = False


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

    @property
    def changes(self) -> int:
        """How many resources are not ``same``."""
        return sum(1 for op in self.ops if op.op not in (Op.SAME, Op.READ, Op.REFRESH))
