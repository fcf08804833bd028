"""Use case: bring the catalog up to date: discover, capture specs, merge.

Specs are read while the primary site serves: a site that has been retired would teach the catalog a
capacity of zero. While the scope is served from its recovery region, the catalog stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drstate.execution.discovering import discover
from drstate.execution.services import Services
from drstate.model.catalog import Catalog
from drstate.model.resource import OUTSIDE
from drstate.model.scope import Scope

if TYPE_CHECKING:
    from drstate.inventory.capture import CaptureFailure
    from drstate.inventory.cataloging import CatalogChange
    from drstate.model.inventory import Inventory


@dataclass(frozen=True)
class Protection:
    """The catalog as it is now, and how it came about."""

    catalog: Catalog
    #: None where nothing was discovered, because the recovery region serves
    inventory: Inventory | None
    changes: tuple[CatalogChange, ...] = ()
    #: resources whose configuration could not be read
    failures: tuple[CaptureFailure, ...] = ()
    notes: tuple[str, ...] = ()


def protect(
    services: Services, scope: Scope, *, refresh: bool = False, save: bool = True
) -> Protection:
    """Discover, capture and merge; with ``save``, store the catalog.

    Raises JournalError where somebody else changed the catalog meanwhile.
    """
    known = services.journal.load_catalog(scope.key)
    primary = scope.regions.primary
    if known is not None and known.serving != primary:
        note = (
            f"{known.serving} serves: the catalog is kept as it was captured while {primary} "
            "was healthy"
        )
        return Protection(catalog=known, inventory=None, notes=(note,))
    found = _merged(services, scope, known, refresh=refresh)
    if save and found.catalog != known:
        stored = services.journal.save_catalog(found.catalog)
        return Protection(stored, found.inventory, found.changes, found.failures, found.notes)
    return found


def _merged(
    services: Services, scope: Scope, known: Catalog | None, *, refresh: bool
) -> Protection:
    from drstate.inventory.capture import capture  # noqa: PLC0415 loaded when it is needed
    from drstate.inventory.cataloging import merge  # noqa: PLC0415 loaded when it is needed

    caller = services.caller(scope, session="drstate-capture")
    inventory = discover(services, scope, refresh=refresh, caller=caller)
    specs, failures = capture(
        inventory.resources,
        (*services.technologies(), *map(services.adapter, OUTSIDE)),
        caller,
        scope.regions.primary,
    )
    merged = merge(
        known,
        inventory,
        specs,
        scope,
        services.clock.now(),
        ownership=lambda resource, spec, owner: services.adapter(
            resource.technology
        ).initial_ownership(resource, spec, owner),
    )
    return Protection(
        catalog=merged.catalog,
        inventory=inventory,
        changes=merged.changes,
        failures=failures,
    )
