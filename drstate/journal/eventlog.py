"""Executions and their events in SQLite: numbered, chained, fenced, never changed.

The list of executions is kept beside the events in the same transaction, so that listing reads no
event and the end of a chain is known.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, NamedTuple

from drstate.errors import UnknownNameError
from drstate.journal import refusals
from drstate.journal.chain import GENESIS, Row, chained, verify_rows
from drstate.journal.database import Database
from drstate.journal.leases import check_fence
from drstate.journal.port import AFTER_END, UNFENCED, ExecutionHeader
from drstate.journal.status import ENDED, status_after
from drstate.journal.stored import payload_of
from drstate.model.events import Event, ExecutionCreated, ExecutionStatus, Payload
from drstate.model.scope import ScopeKey

#: columns of ``executions`` that ``_header`` reads, in its order
_HEADER = "execution, status, header, created_at, updated_at, last_seq"


class _New(NamedTuple):
    """An event about to be stored."""

    execution: str
    payload: Payload
    fence: int | None
    at: str


class EventLog:
    """The event part of ``port.Journal``."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def append(self, execution: str, payload: Payload, fence: int | None) -> Event:
        """See ``Journal.append``."""
        at = self._now().astimezone(UTC)
        new = _New(execution, payload, fence, at.isoformat())

        def store() -> int:
            with self._database.writing() as connection:
                if isinstance(payload, ExecutionCreated):
                    return self._create(connection, new, payload)
                return self._continue(connection, new)

        seq = self._database.patiently(store, fenced=fence is not None)
        return Event(execution=execution, seq=seq, at=at, payload=payload)

    def _create(self, connection: sqlite3.Connection, new: _New, payload: ExecutionCreated) -> int:
        check_fence(connection, payload.scope, new.fence)
        if self._row(connection, new.execution) is not None:
            raise refusals.exists_already(new.execution)
        header = payload.model_dump_json(
            include={"scope", "operation", "phases", "operator", "message", "sandbox"}
        )
        digest = _store(connection, new, 1, GENESIS)
        connection.execute(
            "INSERT INTO executions SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ?, ?, ?, 1, ? "
            "FROM executions",
            (
                new.execution,
                str(payload.scope),
                str(status_after(ExecutionStatus.PENDING, payload)),
                header,
                new.at,
                new.at,
                digest,
            ),
        )
        return 1

    def _continue(self, connection: sqlite3.Connection, new: _New) -> int:
        row = connection.execute(
            "SELECT scope, status, last_seq, last_hash FROM executions WHERE execution = ?",
            (new.execution,),
        ).fetchone()
        if row is None:
            raise _unknown(connection, new.execution)
        scope, status, last_seq, last_hash = row
        if new.fence is not None or new.payload.type not in UNFENCED:
            check_fence(connection, scope, new.fence)
        late = new.payload.type in AFTER_END
        if ExecutionStatus(status) in ENDED and not late:
            raise refusals.has_ended(new.execution, status)
        seq = int(last_seq) + 1
        digest = _store(connection, new, seq, last_hash)
        connection.execute(
            "UPDATE executions SET status = ?, updated_at = coalesce(?, updated_at), last_seq = ?, "
            "last_hash = ? WHERE execution = ?",
            (
                str(status_after(ExecutionStatus(status), new.payload)),
                None if late else new.at,
                seq,
                digest,
                new.execution,
            ),
        )
        return seq

    def events(
        self, execution: str, after: int = 0, *, kinds: Collection[str] | None = None
    ) -> list[Event]:
        """See ``Journal.events``."""
        query = "SELECT seq, at, payload FROM events WHERE execution = ? AND seq > ?"
        values: list[str | int] = [execution, after]
        if kinds is not None:
            query += f" AND kind IN ({', '.join('?' * len(kinds))})"
            values += sorted(kinds)
        with self._database.reading() as connection:
            if self._row(connection, execution) is None:
                raise _unknown(connection, execution)
            rows = connection.execute(query + " ORDER BY seq", values).fetchall()
        # the payload is read with all its checks; the frame around it is what append made
        return [
            Event.model_construct(
                execution=execution,
                seq=seq,
                at=datetime.fromisoformat(at),
                payload=payload_of(execution, seq, payload),
            )
            for seq, at, payload in rows
        ]

    def executions(
        self,
        scope: ScopeKey | None,
        limit: int,
        *,
        status: ExecutionStatus | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[ExecutionHeader]:
        """See ``Journal.executions``."""
        asked = {
            "scope = ?": None if scope is None else str(scope),
            "status = ?": None if status is None else str(status),
            # texts of times are compared: with and without a fraction they sort as they should
            "created_at >= ?": None if since is None else since.astimezone(UTC).isoformat(),
            "created_at < ?": None if until is None else until.astimezone(UTC).isoformat(),
        }
        given = {text: value for text, value in asked.items() if value is not None}
        where = f"WHERE {' AND '.join(given)} " if given else ""
        query = f"SELECT {_HEADER} FROM executions {where}ORDER BY number DESC LIMIT ?"  # noqa: S608 - constant parts
        with self._database.reading() as connection:
            rows = connection.execute(query, [*given.values(), limit]).fetchall()
        return [_header(row) for row in rows]

    def header(self, execution: str) -> ExecutionHeader:
        """See ``Journal.header``."""
        with self._database.reading() as connection:
            row = self._row(connection, execution)
            if row is None:
                raise _unknown(connection, execution)
        return _header(row)

    def verify(self, execution: str) -> int:
        """See ``Journal.verify``."""
        with self._database.reading() as connection:
            known = connection.execute(
                "SELECT last_seq, last_hash FROM executions WHERE execution = ?", (execution,)
            ).fetchone()
            if known is None:
                raise _unknown(connection, execution)
            rows = connection.execute(
                "SELECT seq, at, payload, prev, hash FROM events WHERE execution = ? ORDER BY seq",
                (execution,),
            )
            return verify_rows(execution, (Row(*row) for row in rows), *known)

    @staticmethod
    def _row(connection: sqlite3.Connection, execution: str) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = connection.execute(
            f"SELECT {_HEADER} FROM executions WHERE execution = ?",  # noqa: S608 - constant parts
            (execution,),
        ).fetchone()
        return row


def _store(connection: sqlite3.Connection, new: _New, seq: int, prev: str) -> str:
    """Insert the event; its hash."""
    text = new.payload.model_dump_json()
    digest = chained(prev, new.execution, seq, new.at, text)
    connection.execute(
        "INSERT INTO events (execution, seq, kind, at, payload, prev, hash) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (new.execution, seq, new.payload.type, new.at, text, prev, digest),
    )
    return digest


def _unknown(connection: sqlite3.Connection, execution: str) -> UnknownNameError:
    rows = connection.execute("SELECT execution FROM executions ORDER BY number DESC LIMIT 5")
    return refusals.unknown_execution(execution, [str(row[0]) for row in rows.fetchall()])


def _header(row: tuple[Any, ...]) -> ExecutionHeader:
    execution, status, header, created_at, updated_at, last_seq = row
    return ExecutionHeader(
        execution=execution,
        status=status,
        created_at=created_at,
        updated_at=updated_at,
        events=last_seq,
        **json.loads(header),
    )
