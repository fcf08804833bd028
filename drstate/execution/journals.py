"""Opening a shared journal, and whether it is where it may be lost.

The one place where the journal's store meets what carries its calls to AWS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drstate.aws.clock import Clock
from drstate.journal.address import KEY, SECTION, VARIABLE, TablePlace

if TYPE_CHECKING:
    from drstate.journal.port import Journal


def open_table_journal(place: TablePlace, clock: Clock) -> Journal:
    """Open the journal in a table. Raises StateError, JournalError, CredentialsError."""
    from drstate.aws.tables import open_table  # noqa: PLC0415 loaded when it is needed
    from drstate.journal.dynamodb import open_dynamodb_journal  # noqa: PLC0415 the same

    return open_dynamodb_journal(open_table(place.table, place.region, clock), now=clock.now)


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
