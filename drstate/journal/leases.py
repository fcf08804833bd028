"""Leases of scopes in SQLite, and the fence that guards what is written under them.

The fence of a scope only ever grows. A row stays after a release, without a lease, so that the next
holder's fence is still a new one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from drstate.journal import refusals
from drstate.journal.database import Database
from drstate.journal.port import Lease
from drstate.model.scope import ScopeKey


def check_fence(connection: sqlite3.Connection, scope: ScopeKey | str, fence: int | None) -> None:
    """Raise JournalError unless ``fence`` is that of the scope's present lease."""
    stored, lease = _stored(connection, str(scope))
    if fence is None:
        raise refusals.fence_missing(str(scope))
    if lease is None or stored != fence:
        raise refusals.lease_lost(str(scope), lease)


def _stored(connection: sqlite3.Connection, scope: str) -> tuple[int, Lease | None]:
    row = connection.execute("SELECT fence, lease FROM leases WHERE scope = ?", (scope,)).fetchone()
    if row is None:
        return 0, None
    return int(row[0]), None if row[1] is None else Lease.model_validate_json(row[1])


class Leases:
    """The lease part of ``port.Journal``."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def acquire(
        self,
        scope: ScopeKey,
        *,
        runner: str,
        host: str,
        pid: int,
        ttl_seconds: float,
        instead_of: Lease | None,
    ) -> Lease:
        """See ``Journal.acquire``."""
        with self._database.writing() as connection:
            fence, held = _stored(connection, str(scope))
            now = self._now().astimezone(UTC)
            if held is not None and not (
                held.expired(now) or held.runner == runner or held == instead_of
            ):
                raise refusals.lease_held(held)
            lease = Lease(
                scope=scope,
                runner=runner,
                host=host,
                pid=pid,
                fence=fence + 1,
                acquired_at=now,
                expires_at=now + timedelta(seconds=ttl_seconds),
            )
            self._write(connection, lease)
        return lease

    def renew(self, lease: Lease, ttl_seconds: float) -> Lease:
        """See ``Journal.renew``."""
        with self._database.writing() as connection:
            fence, held = _stored(connection, str(lease.scope))
            if held is None or fence != lease.fence:
                raise refusals.lease_lost(str(lease.scope), held)
            now = self._now().astimezone(UTC)
            renewed = held.model_copy(update={"expires_at": now + timedelta(seconds=ttl_seconds)})
            self._write(connection, renewed)
        return renewed

    def release(self, lease: Lease) -> None:
        """See ``Journal.release``."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE leases SET lease = NULL WHERE scope = ? AND fence = ?",
                (str(lease.scope), lease.fence),
            )

    def current(self, scope: ScopeKey) -> Lease | None:
        """See ``Journal.lease``."""
        with self._database.reading() as connection:
            return _stored(connection, str(scope))[1]

    @staticmethod
    def _write(connection: sqlite3.Connection, lease: Lease) -> None:
        connection.execute(
            "INSERT INTO leases VALUES (?, ?, ?) ON CONFLICT (scope) DO UPDATE "
            "SET fence = excluded.fence, lease = excluded.lease",
            (str(lease.scope), lease.fence, lease.model_dump_json()),
        )
