"""Use cases of the journal itself: make the shared one, look at it, prove it, move a file into it.

None of them runs anything. Making and copying do not open the journal that the project has, so that
they work before there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drstate.aws.clock import Clock
from drstate.errors import ConfigError, DrstateError, JournalError, StateError, UsageError
from drstate.journal.address import EXAMPLE, JOURNAL_FILE, VARIABLE, TablePlace

if TYPE_CHECKING:
    from drstate.journal.dynamodb_copy import Copied
    from drstate.journal.dynamodb_setup import TableFacts
    from drstate.journal.dynamodb_table import Calls
    from drstate.journal.port import Journal
    from drstate.model.scope import ScopeKey

#: as good as all of them
_ALL = 1_000_000


@dataclass(frozen=True)
class Proof:
    """What the hash chain of one execution says."""

    execution: str
    events: int
    #: empty where the chain is whole
    broken: str = ""
    hint: str = ""


def wanted_table(place: TablePlace | None) -> TablePlace:
    """The table that was named. Raises UsageError where the journal is a file."""
    if place is None:
        raise UsageError(
            "no table is named",
            why="the journal is the file in --home, which is made by itself",
            hint=f"name one: --journal '{EXAMPLE}', {VARIABLE}, or drstate.journal of Pulumi.yaml",
        )
    return place


def make_journal(
    place: TablePlace, project_dir: Path, clock: Clock, *, kms_key: str | None = None
) -> tuple[TableFacts, tuple[str, ...]]:
    """Make the table, protected; what protects it, and warnings about its region.

    Raises ConfigError where every scope of the project serves from the region: with it, the journal
    would be lost. Else as ``make_table``.
    """
    from drstate.journal.dynamodb_setup import make_table  # noqa: PLC0415 loaded when it is needed

    warnings = _region_warnings(place, project_dir)
    return make_table(_calls(place, clock), kms_key=kms_key), warnings


def journal_facts(place: TablePlace, clock: Clock) -> TableFacts:
    """What protects the table now. Raises StateError where there is none, or another's."""
    from drstate.journal.dynamodb_setup import facts, require_schema  # noqa: PLC0415 the same
    from drstate.journal.dynamodb_table import Table  # noqa: PLC0415 the same

    calls = _calls(place, clock)
    require_schema(Table(calls))
    return facts(calls)


def prove(journal: Journal, execution: str | None = None) -> list[Proof]:
    """Walk the hash chain of one execution, or of all. Raises UnknownNameError, StateError."""
    names = (
        [execution]
        if execution is not None
        else [header.execution for header in journal.executions(limit=_ALL)]
    )
    return [_proof(journal, name) for name in names]


def _proof(journal: Journal, execution: str) -> Proof:
    try:
        return Proof(execution, journal.verify(execution))
    except JournalError as error:
        return Proof(execution, 0, f"{error.what}: {error.why}", error.hint)


def copy_journal(file_home: Path, place: TablePlace, clock: Clock) -> Copied:
    """Copy the file in ``file_home`` into the table, which must have been made.

    Raises StateError where there is no file, JournalError where somebody runs a scope of it.
    """
    from drstate.journal.dynamodb_copy import copy_into  # noqa: PLC0415 loaded when it is needed
    from drstate.journal.dynamodb_setup import require_schema  # noqa: PLC0415 the same
    from drstate.journal.dynamodb_table import Table  # noqa: PLC0415 the same
    from drstate.journal.export import export  # noqa: PLC0415 the same

    file = file_home / JOURNAL_FILE
    if not file.exists():
        raise StateError(
            f"there is no journal {file} to copy",
            why="nothing was run from here with a journal in a file",
            hint="name its folder with --home; or begin with the table, which is empty",
        )
    table = Table(_calls(place, clock))
    require_schema(table)
    with export(file) as source:
        return copy_into(table, source, clock.now())


def _calls(place: TablePlace, clock: Clock) -> Calls:
    from drstate.aws.tables import open_table  # noqa: PLC0415 loaded when it is needed

    return open_table(place.table, place.region, clock)


def _region_warnings(place: TablePlace, project_dir: Path) -> tuple[str, ...]:
    from drstate.inventory.scopes import known_scopes, load_scope  # noqa: PLC0415 the same

    serving: list[tuple[ScopeKey, str]] = []
    others: list[tuple[ScopeKey, str]] = []
    for key in known_scopes(project_dir):
        try:
            regions = load_scope(project_dir, key.customer, str(key.environment)).regions
        except DrstateError:
            continue  # a scope file that is wrong is told by whoever works with it
        (serving if regions.primary == place.region else others).append((key, regions.recovery))
    if serving and not others:
        better = TablePlace(place.table, serving[0][1])
        raise ConfigError(
            f"the journal must not be in {place.region}",
            why="every scope of this project serves from there: the journal would be lost with it",
            hint=f"put it into their recovery region: drstate journal init --journal '{better}'",
        )
    return tuple(
        f"{key} serves from {place.region}: keep its journal in {recovery}"
        for key, recovery in serving
    )
