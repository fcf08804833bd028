"""The shared store: one DynamoDB table for all machines that run drstate.

Every write that needs a lease is one transaction with a check of its fence: who lost the lease
writes nothing any more, wherever it runs. Nothing here makes a client: calls are handed in. The
table is made by ``dynamodb_setup``; one that is missing, or of a newer drstate, is refused.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, Self

from drstate.errors import JournalError, StateError
from drstate.journal import dynamodb_keys as keys
from drstate.journal import refusals
from drstate.journal.dynamodb_events import DynamoEvents
from drstate.journal.dynamodb_headers import Headers
from drstate.journal.dynamodb_leases import DynamoLeases, fence_check
from drstate.journal.dynamodb_setup import require_schema
from drstate.journal.dynamodb_table import ABSENT, FAILED, Calls, Condition, Scalar, Table, Write
from drstate.journal.dynamodb_texts import drop_parts, put_parts, text_of
from drstate.journal.leasing import Leasing
from drstate.journal.port import CacheEntry, ExecutionHeader
from drstate.journal.stored import catalog_of, shard_of
from drstate.model.catalog import Catalog
from drstate.model.events import Event, ExecutionStatus, Payload
from drstate.model.scope import ScopeKey
from drstate.model.shard import ShardInput

#: a long text is replaced while it is read: how often it is looked for again
_READS = 5


def open_dynamodb_journal(calls: Calls, *, now: Callable[[], datetime]) -> DynamoJournal:
    """Open the journal in the table of ``calls``; ``now`` gives aware times, for events.

    Raises StateError where there is no table, none of drstate's, or one of another schema.
    """
    table = Table(calls)
    require_schema(table)
    return DynamoJournal(table, now)


class DynamoJournal(Leasing):
    """``port.Journal`` on DynamoDB."""

    def __init__(self, table: Table, now: Callable[[], datetime]) -> None:
        self.table = table
        self._now = now
        self._leases = self._keeper = DynamoLeases(table)
        self._headers = Headers(table)
        self._events = DynamoEvents(table, self._leases, self._headers, now)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is held: calls are made one by one."""

    # events

    def append(self, execution: str, payload: Payload, fence: int | None) -> Event:
        """See ``Journal.append``."""
        return self._events.append(execution, payload, fence)

    def events(
        self, execution: str, after: int = 0, *, kinds: Collection[str] | None = None
    ) -> list[Event]:
        """See ``Journal.events``."""
        return self._events.events(execution, after, kinds=kinds)

    def executions(
        self,
        scope: ScopeKey | None = None,
        limit: int = 50,
        *,
        status: ExecutionStatus | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[ExecutionHeader]:
        """See ``Journal.executions``. Of a status alone: a change may show a moment later."""
        return self._headers.executions(scope, limit, status=status, since=since, until=until)

    def header(self, execution: str) -> ExecutionHeader:
        """See ``Journal.header``."""
        return self._headers.header(execution)

    def verify(self, execution: str) -> int:
        """See ``Journal.verify``."""
        return self._headers.verify(execution)

    # catalogs

    def load_catalog(self, scope: ScopeKey, *, known: Catalog | None = None) -> Catalog | None:
        """See ``Journal.load_catalog``."""
        key = keys.catalog(scope)
        if known is not None and known.scope == scope:
            item = self.table.get(key)
            if item is not None and item.get("version") == known.version:
                return known
        found = self._document(key)
        return None if found is None else catalog_of(str(scope), found[0])

    def save_catalog(self, catalog: Catalog, *, fence: int | None = None) -> Catalog:
        """See ``Journal.save_catalog``."""
        saved = catalog.model_copy(update={"version": catalog.version + 1})
        key = keys.catalog(catalog.scope)
        old = self.table.get(key)
        own = uuid.uuid4().hex
        stored = put_parts(self.table, saved.model_dump_json(), own)
        values: dict[str, Scalar] = {**stored, "version": saved.version, "own": own}
        # version 0 is that of a catalog that was never saved
        condition = Condition("#version = :was", {"was": catalog.version})
        writes = [Write.put(key, values, condition if catalog.version else ABSENT)]
        if fence is not None:
            writes.append(fence_check(catalog.scope, fence))
        fenced = fence is not None
        refused = self.table.patiently(lambda: self.table.transact(writes, own), fenced=fenced)
        if refused and not self.table.patiently(lambda: self._is(key, own), fenced=fenced):
            drop_parts(self.table, stored)
            if fence is not None and refused[1] == FAILED:
                raise self._leases.lost(catalog.scope)
            now_stored = self.table.get(key)
            version = 0 if now_stored is None else int(now_stored["version"])
            raise refusals.version_conflict(catalog, version)
        drop_parts(self.table, old or {})
        return saved

    def _is(self, key: tuple[str, str], own: str) -> bool:
        item = self.table.get(key)
        return item is not None and item.get("own") == own

    def now(self) -> datetime:
        """See ``Journal.now``."""
        return self.table.calls.now()

    # caches and planned shards

    def cache_get(self, key: str) -> CacheEntry | None:
        """See ``Journal.cache_get``."""
        found = self._document(keys.cache(key))
        if found is None:
            return None
        text, item = found
        at = datetime.fromisoformat(item["stored_at"])
        return CacheEntry(key=key, value=json.loads(text), stored_at=at)

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
        self._replace(keys.cache(key), text, {"stored_at": at.isoformat()})
        return CacheEntry(key=key, value=json.loads(text), stored_at=at)

    def planned_shard(self, stack: str) -> ShardInput | None:
        """See ``Journal.planned_shard``."""
        found = self._document(keys.planned(stack))
        return None if found is None else shard_of(stack, found[0])

    def save_planned_shard(self, shard: ShardInput) -> None:
        """See ``Journal.save_planned_shard``."""
        self._replace(keys.planned(shard.stack), shard.model_dump_json(), {})

    def _replace(self, key: tuple[str, str], text: str, more: dict[str, Scalar]) -> None:
        """The newest text wins; the parts of the one before are removed."""
        old = self.table.get(key)
        stored = put_parts(self.table, text, uuid.uuid4().hex)
        self.table.write(Write.put(key, {**stored, **more}))
        drop_parts(self.table, old or {})

    def _document(self, key: tuple[str, str]) -> tuple[str, dict[str, Any]] | None:
        """The text under a key, and its item. One that is replaced meanwhile is read again."""
        item = self.table.get(key)
        for _ in range(_READS):
            if item is None:
                return None
            if "parts" not in item:
                break
            try:
                return text_of(self.table, item), item
            except StateError:
                again = self.table.get(key)
                if again == item:
                    raise
                item = again
        return None if item is None else (text_of(self.table, item), item)
