"""The catalog as it stands when a phase of a plan begins: roles of the sites, groups of resources.

A plan may hold several phases; each starts from what the ones before it leave behind.
"""

from __future__ import annotations

from collections.abc import Collection

from drstate.model.catalog import Catalog
from drstate.model.phases import Phase
from drstate.model.plan import Plan
from drstate.planning.waves import is_pending_move, moved


def before(phase: Phase, catalog: Catalog, moving: Collection[str]) -> Catalog:
    """``catalog`` at the moment when the phase's stages begin: REPLICATE moves first."""
    if phase is not Phase.REPLICATE or not moving:
        return catalog
    entries = tuple(
        moved(entry) if entry.key in moving and is_pending_move(entry) else entry
        for entry in catalog.entries
    )
    return catalog.model_copy(update={"entries": entries})


def catalog_for(plan: Plan, phase: Phase, catalog: Catalog) -> Catalog:
    """``catalog`` (as the plan was compiled from it) when ``phase`` of the plan begins.

    Raises ValueError if the plan does not hold the phase.
    """
    if plan.drill:
        # no phase of a drill changes a role or a site's state
        return catalog
    moving = {move.resource for move in plan.moves}
    for current in plan.phases:
        catalog = before(current, catalog, moving)
        if current is phase:
            return catalog
        catalog = catalog.after(current)
    raise ValueError(f"the plan has no phase {phase}")
