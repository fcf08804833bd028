"""Copying a journal's file into a table: events with their numbers, times and hashes.

It can be run again: what is there already and is the same is passed over, what is there and differs
is refused. An execution shows in the table only once all of its events are there. Nothing is copied
while somebody runs a scope of the file: what they write next would be missing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from drstate.errors import JournalError
from drstate.journal import dynamodb_keys as keys
from drstate.journal import refusals
from drstate.journal.dynamodb_headers import Headers
from drstate.journal.dynamodb_table import ABSENT, Condition, Key, Scalar, Table, Write
from drstate.journal.dynamodb_texts import drop_parts, put_parts, text_of
from drstate.journal.export import Export, StoredEvent, StoredExecution

#: events and bytes of one transaction; DynamoDB takes 100 and 4 MB
_EVENTS, _BYTES = 50, 1_000_000


@dataclass(frozen=True)
class Copied:
    """What was copied, and what was there already."""

    executions: int = 0
    events: int = 0
    already: int = 0
    catalogs: int = 0


def copy_into(table: Table, source: Export, now: datetime) -> Copied:
    """Copy everything. Raises JournalError where a scope is being run, or the table differs."""
    for _, _, lease in source.fences():
        if lease is not None and not lease.expired(now):
            raise refusals.lease_held(lease)
    executions = events = already = 0
    for row in source.executions():
        if _is_there(table, row):
            already += 1
            continue
        events += _copy_execution(table, row, source.events(row.execution))
        executions += 1
    catalogs = sum(_copy_catalog(table, *row) for row in source.catalogs())
    for scope, fence, _ in source.fences():
        # fences go on from where they were: an old one must never open the new store
        lower = Condition("attribute_not_exists(#pk) OR #fence < :fence", {"fence": fence})
        table.write(Write.update(keys.lease(scope), {"fence": fence}, lower))
    for key, stored_at, value in source.caches():
        _put_new(table, keys.cache(key), value, {"stored_at": stored_at})
    for stack, shard in source.planned():
        _put_new(table, keys.planned(stack), shard, {})
    return Copied(executions, events, already, catalogs)


def _is_there(table: Table, row: StoredExecution) -> bool:
    found = table.get(keys.header(row.execution))
    if found is None:
        return False
    if (found["last_seq"], found["last_hash"]) == (row.last_seq, row.last_hash):
        return True
    raise JournalError(
        f"execution {row.execution} is in the table {table.name} already, and is another",
        why=f"its chain has {found['last_seq']} events there and {row.last_seq} in the file",
        hint="it went on in one of the two: keep that one, or copy into a new table",
    )


def _copy_execution(table: Table, row: StoredExecution, events: Iterable[StoredEvent]) -> int:
    kinds: set[str] = set()
    count = 0
    for batch in _batches(events):
        _copy_events(table, row.execution, batch)
        kinds |= {one.kind for one in batch}
        count += len(batch)
    created = keys.moment(datetime.fromisoformat(row.created_at))
    listed: dict[str, Scalar] = {"execution": row.execution, "created_at": row.created_at}
    head: dict[str, Scalar] = {
        **listed,
        "scope": row.scope,
        "state": row.status,
        "created": f"{created}#{row.execution}",
        "updated_at": row.updated_at,
        "head": row.head,
        "last_seq": row.last_seq,
        "last_hash": row.last_hash,
        "kinds": frozenset(kinds),
    }
    writes = (
        Write.put(keys.header(row.execution), head, ABSENT),
        # in front of all that will be made under a fence of the table
        Write.put(keys.in_scope(row.scope, 0, created, row.execution), listed),
        Write.put(keys.in_all(created, row.execution), listed),
    )
    if table.transact(writes, uuid.uuid4().hex):
        _is_there(table, row)  # another copy was at work: the same, or it says so
    Headers(table).verify(row.execution)
    return count


def _batches(events: Iterable[StoredEvent]) -> Iterator[list[StoredEvent]]:
    batch: list[StoredEvent] = []
    size = 0
    for one in events:
        length = len(one.row.payload.encode())
        if batch and (len(batch) == _EVENTS or size + length > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += length
    if batch:
        yield batch


def _copy_events(table: Table, execution: str, batch: list[StoredEvent]) -> None:
    writes, stored = [], []
    for kind, row in batch:
        own = uuid.uuid4().hex
        text = put_parts(table, row.payload, own)
        stored.append(text)
        values: dict[str, Scalar] = {
            "kind": kind,
            "at": row.at,
            **text,
            "prev": row.prev,
            "hash": row.hash,
            "own": own,
        }
        writes.append(Write.put(keys.event(execution, row.seq), values, ABSENT))
    if not table.transact(writes, uuid.uuid4().hex):
        return
    # an earlier copy was cut off: what it wrote stays, if it is the same
    for write, text, (_, row) in zip(writes, stored, batch, strict=True):
        if table.write(write):
            continue
        drop_parts(table, text)
        found = table.get(write.key)
        if found is None or found["hash"] != row.hash or text_of(table, found) != row.payload:
            raise JournalError(
                f"event {row.seq} of execution {execution} is in the table {table.name} already, "
                "and is another",
                why="the table holds a part of another journal",
                hint="copy into a new table: drstate journal init --journal "
                f"'dynamodb://<table>?region={table.calls.region}'",
            )


def _copy_catalog(table: Table, scope: str, version: int, text: str) -> bool:
    found = table.get(keys.catalog(scope))
    if found is not None and found["version"] >= version:
        return False
    own = uuid.uuid4().hex
    stored = put_parts(table, text, own)
    values: dict[str, Scalar] = {**stored, "version": version, "own": own}
    lower = Condition("attribute_not_exists(#pk) OR #version < :version", {"version": version})
    if table.write(Write.put(keys.catalog(scope), values, lower)):
        return True
    drop_parts(table, stored)
    return False


def _put_new(table: Table, key: Key, text: str, more: dict[str, Scalar]) -> None:
    stored = put_parts(table, text, uuid.uuid4().hex)
    if not table.write(Write.put(key, {**stored, **more}, ABSENT)):
        drop_parts(table, stored)
