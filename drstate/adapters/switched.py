"""What was switched off at a site, remembered in the catalog until it is switched on again there.

Whoever stops something notes what was on; the note is kept in the catalog's memory of the entry,
under the region that was stopped, and the newest one counts: a stop may be a phase of that region
or of the other one, and both keep notes.
"""

from __future__ import annotations

from typing import Any

from drstate.model.catalog import CatalogEntry

_NAME = "stopped "


def newest(entry: CatalogEntry, region: str) -> dict[str, Any] | None:
    """The newest note of a region; one with ``started`` says that all is on again."""
    notes = [values[_NAME + region] for values in entry.memory.values() if _NAME + region in values]
    return max(notes, key=lambda note: str(note["at"]), default=None)


def off(entry: CatalogEntry, region: str) -> dict[str, Any] | None:
    """The newest note of what is off at a region; None where nothing is, or nobody noted it."""
    found = newest(entry, region)
    return None if found is None or found.get("started") else found


def noted(entry: CatalogEntry, region: str, at: str, **values: Any) -> dict[str, dict[str, Any]]:
    """A note of what was switched off, as an action's ``memory``."""
    return {_NAME + region: {"at": at, "spec_version": entry.spec_version, **values}}


def on_again(entry: CatalogEntry, region: str, at: str) -> dict[str, dict[str, Any]]:
    """A note that nothing is switched off there any more."""
    return noted(entry, region, at, started=True)


def current(entry: CatalogEntry, note: dict[str, Any]) -> bool:
    """Whether the note was made with the spec of today: production captured anew is newer."""
    return bool(note.get("spec_version") == entry.spec_version)
