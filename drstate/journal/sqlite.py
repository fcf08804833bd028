"""The embedded store: one SQLite file, shared by all processes of a machine.

Write-ahead log with ``synchronous=FULL``: an event that was acknowledged survives a power cut.
For one machine and its processes; runners on several machines need a shared store.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from drstate.errors import JournalError
from drstate.journal import refusals
from drstate.journal.backup import back_up
from drstate.journal.database import Database
from drstate.journal.eventlog import EventLog
from drstate.journal.leases import Leases, check_fence
from drstate.journal.leasing import Leasing
from drstate.journal.port import CacheEntry, ExecutionHeader
from drstate.journal.stored import catalog_of, shard_of
from drstate.model.catalog import Catalog
from drstate.model.events import Event, ExecutionFinished, ExecutionStatus, Payload
from drstate.model.scope import ScopeKey
from drstate.model.shard import ShardInput


def _utc_now() -> datetime:
    return datetime.now(UTC)


def open_journal(path: Path, *, now: Callable[[], datetime] = _utc_now) -> SqliteJournal:
    """Open the journal file at ``path``; a new one is made where there is none.

    ``now`` gives aware times. Raises StateError naming the file and its backup where the file is
    damaged, foreign, or of another version; it is then left as it is.
    """
    return SqliteJournal(Database(path), now)


class SqliteJournal(Leasing):
    """``port.Journal`` on SQLite."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._log = EventLog(database, now)
        self._keeper = Leases(database, now)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. Closing twice is fine."""
        self._database.close()

    # events

    def append(self, execution: str, payload: Payload, fence: int | None) -> Event:
        """See ``Journal.append``. Makes the backup when the execution has finished."""
        event = self._log.append(execution, payload, fence)
        if isinstance(payload, ExecutionFinished):
            back_up(self._database.path)
        return event

    def events(
        self, execution: str, after: int = 0, *, kinds: Collection[str] | None = None
    ) -> list[Event]:
        """See ``Journal.events``."""
        return self._log.events(execution, after, kinds=kinds)

    def executions(
        self,
        scope: ScopeKey | None = None,
        limit: int = 50,
        *,
        status: ExecutionStatus | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[ExecutionHeader]:
        """See ``Journal.executions``."""
        return self._log.executions(scope, limit, status=status, since=since, until=until)

    def header(self, execution: str) -> ExecutionHeader:
        """See ``Journal.header``."""
        return self._log.header(execution)

    def verify(self, execution: str) -> int:
        """See ``Journal.verify``."""
        return self._log.verify(execution)

    # catalogs

    def load_catalog(self, scope: ScopeKey, *, known: Catalog | None = None) -> Catalog | None:
        """See ``Journal.load_catalog``."""
        with self._database.reading() as connection:
            if known is not None and known.scope == scope:
                stored = connection.execute(
                    "SELECT version FROM catalogs WHERE scope = ?", (str(scope),)
                ).fetchone()
                if stored is not None and int(stored[0]) == known.version:
                    return known
            row = connection.execute(
                "SELECT catalog FROM catalogs WHERE scope = ?", (str(scope),)
            ).fetchone()
        return None if row is None else catalog_of(str(scope), row[0])

    def save_catalog(self, catalog: Catalog, *, fence: int | None = None) -> Catalog:
        """See ``Journal.save_catalog``."""
        saved = catalog.model_copy(update={"version": catalog.version + 1})
        with self._database.writing() as connection:
            if fence is not None:
                check_fence(connection, catalog.scope, fence)
            row = connection.execute(
                "SELECT version FROM catalogs WHERE scope = ?", (str(catalog.scope),)
            ).fetchone()
            stored = 0 if row is None else int(row[0])
            if stored != catalog.version:
                raise refusals.version_conflict(catalog, stored)
            connection.execute(
                "INSERT INTO catalogs VALUES (?, ?, ?) ON CONFLICT (scope) DO UPDATE "
                "SET version = excluded.version, catalog = excluded.catalog",
                (str(catalog.scope), saved.version, saved.model_dump_json()),
            )
        return saved

    def now(self) -> datetime:
        """See ``Journal.now``: one machine's time."""
        return self._now().astimezone(UTC)

    # caches and planned shards

    def cache_get(self, key: str) -> CacheEntry | None:
        """See ``Journal.cache_get``."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT value, stored_at FROM caches WHERE key = ?", (key,)
            ).fetchone()
        if row is None:
            return None
        return CacheEntry(
            key=key, value=json.loads(row[0]), stored_at=datetime.fromisoformat(row[1])
        )

    def cache_put(self, key: str, value: Any) -> CacheEntry:
        """See ``Journal.cache_put``. Raises JournalError where ``value`` is not JSON."""
        at = self._now().astimezone(UTC)
        try:
            text = json.dumps(value)
        except (TypeError, ValueError) as error:
            raise JournalError(
                f"the value for the cache key {key!r} is not JSON",
                why=str(error),
                hint="this is a bug in drstate: report it",
            ) from error
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO caches VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE "
                "SET stored_at = excluded.stored_at, value = excluded.value",
                (key, at.isoformat(), text),
            )
        return CacheEntry(key=key, value=json.loads(text), stored_at=at)

    def planned_shard(self, stack: str) -> ShardInput | None:
        """See ``Journal.planned_shard``."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT shard FROM planned_shards WHERE stack = ?", (stack,)
            ).fetchone()
        return None if row is None else shard_of(stack, row[0])

    def save_planned_shard(self, shard: ShardInput) -> None:
        """See ``Journal.save_planned_shard``."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO planned_shards VALUES (?, ?) ON CONFLICT (stack) DO UPDATE "
                "SET shard = excluded.shard",
                (shard.stack, shard.model_dump_json()),
            )
