"""A step: one thing to do to one resource, as plain data.

The planner makes steps, operations carry them out, events describe them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .diffing import Diff
from .state import State

SAME = "same"
CREATE = "create"
UPDATE = "update"
DELETE = "delete"
REPLACE = "replace"
CREATE_REPLACEMENT = "create-replacement"
DELETE_REPLACED = "delete-replaced"
READ = "read"
READ_REPLACEMENT = "read-replacement"
DISCARD = "discard"
DISCARD_REPLACED = "discard-replaced"
IMPORT = "import"
IMPORT_REPLACEMENT = "import-replacement"
REFRESH = "refresh"


def present(state: State | None) -> State:
    """The state that every step of this kind has."""
    if state is None:
        raise ValueError("a step was made without a state that its kind needs")
    return state


DELETES = frozenset({DELETE, DELETE_REPLACED, DISCARD, DISCARD_REPLACED})


@dataclass(eq=False)
class Step:
    """``old``: the state before, if there is one; ``new``: the state after, if there is one."""

    op: str
    old: State | None = None
    new: State | None = None
    keys: tuple[str, ...] = ()
    diffs: tuple[str, ...] = ()
    detailed: dict[str, dict[str, Any]] | None = None
    #: whether it is what the user sees happening (one step of a replacement's three is)
    logical: bool = True
    #: the old state has to be marked for deletion once the new one exists
    condemns: bool = False
    #: a delete that comes before its replacement
    before_replace: bool = False
    #: of a resource that is left out by targets: nothing is done and nothing stored
    skipped: bool = False
    #: of a resource that a limited destroy leaves alone: reported, nothing else
    kept: bool = False
    #: what an import takes the place of
    displaced: State | None = None
    #: an import without a program: what was found is what is wanted
    adopted: bool = False
    ignore_changes: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """The state that the step is about."""
        return present(self.new if self.new is not None else self.old)

    @property
    def urn(self) -> str:
        """The URN that the step is about."""
        return self.state.urn

    @property
    def type(self) -> str:
        """The type token of the resource."""
        return self.state.type

    @property
    def provider(self) -> str:
        """The reference of the resource's provider."""
        return self.state.provider


def replacement(op: str, old: State, new: State, diff: Diff, *, condemns: bool) -> Step:
    """A step of a replacement, with what the Diff said."""
    return Step(
        op,
        old,
        new,
        keys=diff.keys,
        diffs=diff.diffs,
        detailed=diff.detailed,
        logical=op == REPLACE,
        condemns=condemns,
    )


def removal(old: State, *, replaced: bool = False, before_replace: bool = False) -> Step:
    """The delete (or discard, for what was only read) of a resource."""
    op = {
        (False, False): DELETE,
        (False, True): DELETE_REPLACED,
        (True, False): DISCARD,
        (True, True): DISCARD_REPLACED,
    }[old.external, replaced]
    return Step(op, old, logical=not replaced, before_replace=before_replace)
