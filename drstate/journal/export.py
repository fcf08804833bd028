"""Everything that a journal's file holds, as it is stored, for moving it to another store.

One consistent view from beginning to end. Events come with their texts and hashes: what reads them
can prove that they are the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from drstate.journal.chain import Row
from drstate.journal.database import Database
from drstate.journal.port import Lease


class StoredEvent(NamedTuple):
    """An event with its kind."""

    kind: str
    row: Row


@dataclass(frozen=True)
class StoredExecution:
    """An execution as its store lists it; times as texts, ``head`` is what lists show, as JSON."""

    execution: str
    scope: str
    status: str
    head: str
    created_at: str
    updated_at: str
    last_seq: int
    last_hash: str


class Export:
    """One consistent view of a journal file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def executions(self) -> list[StoredExecution]:
        """The oldest first."""
        rows = self._connection.execute(
            "SELECT execution, scope, status, header, created_at, updated_at, last_seq, last_hash "
            "FROM executions ORDER BY number"
        )
        return [StoredExecution(*row) for row in rows]

    def events(self, execution: str) -> Iterator[StoredEvent]:
        """In order."""
        rows = self._connection.execute(
            "SELECT kind, seq, at, payload, prev, hash FROM events WHERE execution = ? "
            "ORDER BY seq",
            (execution,),
        )
        return (StoredEvent(kind, Row(*row)) for kind, *row in rows)

    def catalogs(self) -> list[tuple[str, int, str]]:
        """Scope, version, catalog as JSON."""
        return list(self._connection.execute("SELECT scope, version, catalog FROM catalogs"))

    def fences(self) -> list[tuple[str, int, Lease | None]]:
        """Scope, its last fence, and the lease while one is held."""
        rows = self._connection.execute("SELECT scope, fence, lease FROM leases").fetchall()
        return [
            (scope, int(fence), None if lease is None else Lease.model_validate_json(lease))
            for scope, fence, lease in rows
        ]

    def caches(self) -> list[tuple[str, str, str]]:
        """Key, time, value as JSON."""
        return list(self._connection.execute("SELECT key, stored_at, value FROM caches"))

    def planned(self) -> list[tuple[str, str]]:
        """Stack, shard as JSON."""
        return list(self._connection.execute("SELECT stack, shard FROM planned_shards"))


@contextmanager
def export(path: Path) -> Iterator[Export]:
    """A view of the journal at ``path``, which must be there. Raises StateError."""
    database = Database(path)
    try:
        with database.reading() as connection:
            yield Export(connection)
    finally:
        database.close()
