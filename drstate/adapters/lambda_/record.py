"""What was switched off of a function, so that exactly that is switched on again.

A blanket "enable all" would start mappings that the owner had disabled. Several stops add up until
the function is started there again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drstate.adapters import switched
from drstate.model.catalog import CatalogEntry


@dataclass(frozen=True)
class Stopped:
    """What was switched off at one region."""

    #: uuids of mappings that were enabled
    mappings: tuple[str, ...] = ()
    #: whether a concurrency was taken away, and which (None: it had none of its own)
    took: bool = False
    reserved: int | None = None
    #: alias -> provisioned concurrency
    provisioned: Mapping[str, int] | None = None


def known(entry: CatalogEntry, region: str) -> Stopped | None:
    """What was switched off at the region, or None where no record counts."""
    note = switched.off(entry, region)
    if note is None or not switched.current(entry, note):
        return None
    return Stopped(
        mappings=tuple(note["mappings"]),
        took=bool(note["took"]),
        reserved=note["reserved"],
        provisioned=dict(note["provisioned"]),
    )


def stopped(
    entry: CatalogEntry, region: str, before: Mapping[str, Any], at: str
) -> dict[str, dict[str, Any]]:
    """The catalog's memory after a stop that found ``before`` (the facts of what was running).

    Nothing is recorded of a site that never ran as a whole (an activation that failed half-way):
    what was off there was not the owner's will.
    """
    if switched.newest(entry, region) is None and region != entry.spec["region"]:
        return {}
    earlier = known(entry, region) or Stopped()
    enabled = {
        uuid for uuid, state in before.get("mappings", {}).items() if not _off(str(state))
    } | set(earlier.mappings)
    takes = before.get("exists") and before.get("reserved") != 0
    return switched.noted(
        entry,
        region,
        at,
        mappings=sorted(enabled),
        took=bool(takes) or earlier.took,
        reserved=before.get("reserved") if takes else earlier.reserved,
        provisioned={**(earlier.provisioned or {}), **before.get("provisioned", {})},
    )


def started(entry: CatalogEntry, region: str, at: str) -> dict[str, dict[str, Any]]:
    """The catalog's memory once the function runs there: nothing is switched off any more."""
    return switched.on_again(entry, region, at)


def _off(state: str) -> bool:
    return state in ("Disabled", "Disabling", "Deleting")
