"""The port through which planning learns what a phase means for a resource.

Planning does not know technologies. Whoever composes the program answers these questions from the
adapters and programs; every answer must depend on nothing but the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import ActionSpec
from drstate.model.problem import Problem
from drstate.model.scope import Scope
from drstate.model.shard import ShardInput

__all__ = ["PlannedWork", "Problem", "WorkRequest", "WorkSource"]


@dataclass(frozen=True)
class WorkRequest:
    """One resource in one phase. ``catalog`` has the roles as they stand when the phase begins."""

    entry: CatalogEntry
    phase: Phase
    #: the region acted on, and the state that the phase leaves it in
    region: str
    state: SiteState
    catalog: Catalog
    scope: Scope
    force: bool = False
    emergency: bool = False


@dataclass(frozen=True)
class PlannedWork:
    """What a phase does for a resource besides declaring it."""

    actions: tuple[ActionSpec, ...] = ()
    #: the reason where there is neither an action nor a declaration
    no_op: str | None = None
    #: how long the declared part takes, in seconds
    declare_seconds: int = 0
    #: what the operator should know before
    warnings: tuple[str, ...] = ()


class WorkSource(Protocol):
    """Adapters and programs, as planning sees them."""

    def work(self, request: WorkRequest) -> PlannedWork:
        """Actions, or why there are none."""
        ...

    def declares(self, entry: CatalogEntry, site: str) -> bool:
        """Whether a stack of ours declares a part of the resource at the region or ``global``."""
        ...

    def problems(self, shard: ShardInput) -> Sequence[Problem]:
        """What the shard's program would miss."""
        ...
