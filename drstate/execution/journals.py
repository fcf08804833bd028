"""Opening the journal's store, whichever it is, and whether it is where it may be lost.

The one place that knows the stores, and where one meets what carries its calls to AWS.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drstate.aws.clock import Clock
from drstate.journal.address import JOURNAL_FILE, KEY, SECTION, VARIABLE, TablePlace

if TYPE_CHECKING:
    from drstate.journal.port import Journal


def open_at(place: TablePlace | None, home: Path, clock: Clock) -> Journal:
    """Open the journal at ``place``; None: the file in ``home``, which is made where it is not.

    Raises StateError where it is damaged or missing, JournalError, CredentialsError.
    """
    if place is not None:
        from drstate.aws.tables import open_table  # noqa: PLC0415 loaded when it is needed
        from drstate.journal.dynamodb import open_dynamodb_journal  # noqa: PLC0415 the same

        return open_dynamodb_journal(open_table(place.table, place.region, clock), now=clock.now)
    from drstate.journal.sqlite import open_journal  # noqa: PLC0415 the same

    home.mkdir(parents=True, exist_ok=True)
    return open_journal(home / JOURNAL_FILE, now=clock.now)


@dataclass(frozen=True)
class Misplaced:
    """A journal where it may be lost; ``mend`` says how to move it."""

    what: str
    mend: str


def misplaced(place: TablePlace | None, source: str, recovery: str) -> Misplaced | None:
    """A journal that is in ``source``, the region that may be lost. Both are region names."""
    if place is None or place.region != source:
        return None
    there = TablePlace(place.table, recovery)
    return Misplaced(
        f"the journal's table {place.table} is in {source}, the source region",
        f"keep it in {recovery}: drstate journal copy --to '{there}', then set {VARIABLE} "
        f"(or {SECTION}.{KEY} of Pulumi.yaml) to it",
    )
