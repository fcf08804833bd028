"""Executions and their events in DynamoDB: numbered, chained, fenced, never changed.

An event, its execution's header and the check of the fence are one transaction. The header says
where the chain ends, so that an append needs no read as long as nobody else appends: the end that
was written last is tried first, and read again where it has moved on.

An answer can be lost after the event was stored. Each event carries an id of its own: before an
append is tried again with the next number, what stands under the first one is looked at.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from drstate.errors import JournalError, Retry, UnknownNameError
from drstate.journal import dynamodb_keys as keys
from drstate.journal import refusals
from drstate.journal.chain import GENESIS, chained
from drstate.journal.dynamodb_headers import Headers
from drstate.journal.dynamodb_leases import DynamoLeases, fence_check
from drstate.journal.dynamodb_table import (
    ABSENT,
    FAILED,
    PATIENCE,
    Condition,
    Scalar,
    Table,
    Write,
)
from drstate.journal.dynamodb_texts import drop_parts, put_parts, text_of
from drstate.journal.port import AFTER_END, UNFENCED
from drstate.journal.status import ENDED, status_after
from drstate.journal.stored import payload_of
from drstate.model.events import Event, ExecutionCreated, ExecutionStatus, Payload

#: what a list of executions shows of the first event
HEADER_FIELDS = frozenset({"scope", "operation", "phases", "operator", "message", "sandbox"})


@dataclass(frozen=True)
class _Tip:
    """Where an execution's chain ends."""

    scope: str
    status: ExecutionStatus
    seq: int
    hash: str


@dataclass(frozen=True)
class _New:
    """An event about to be stored, under whatever number; ``own`` tells it from all others."""

    execution: str
    payload: Payload
    fence: int | None
    at: datetime
    text: str
    stored: dict[str, Scalar]
    own: str

    def item(self, seq: int, prev: str) -> dict[str, Scalar]:
        """The event's item as number ``seq``."""
        digest = chained(prev, self.execution, seq, self.at.isoformat(), self.text)
        return {
            "kind": self.payload.type,
            "at": self.at.isoformat(),
            **self.stored,
            "prev": prev,
            "hash": digest,
            "own": self.own,
        }


class DynamoEvents:
    """The event part of ``port.Journal``."""

    def __init__(
        self, table: Table, leases: DynamoLeases, headers: Headers, now: Callable[[], datetime]
    ) -> None:
        self._table = table
        self._leases = leases
        self._headers = headers
        self._now = now
        self._tips: dict[str, _Tip] = {}
        # threads of one process take turns here instead of meeting in the store
        self._lock = threading.Lock()

    def append(self, execution: str, payload: Payload, fence: int | None) -> Event:
        """See ``Journal.append``."""
        own = uuid.uuid4().hex
        text = payload.model_dump_json()
        at = self._now().astimezone(UTC)
        with self._lock:
            stored = put_parts(self._table, text, own)
            new = _New(execution, payload, fence, at, text, stored, own)
            try:
                if isinstance(payload, ExecutionCreated):
                    seq = self._create(new, payload)
                else:
                    seq = self._continue(new)
            except (JournalError, UnknownNameError) as error:
                # a store that does not answer may have stored the event that names them
                if error.retry is not Retry.TRANSIENT:
                    drop_parts(self._table, stored)
                raise
        return Event(execution=execution, seq=seq, at=at, payload=payload)

    def _create(self, new: _New, payload: ExecutionCreated) -> int:
        if new.fence is None:
            raise refusals.fence_missing(str(payload.scope))
        item = new.item(1, GENESIS)
        status = status_after(ExecutionStatus.PENDING, payload)
        created = keys.moment(new.at)
        head: dict[str, Scalar] = {
            "execution": new.execution,
            "scope": str(payload.scope),
            "state": str(status),
            "created": f"{created}#{new.execution}",
            "created_at": new.at.isoformat(),
            "updated_at": new.at.isoformat(),
            "head": payload.model_dump_json(include=set(HEADER_FIELDS)),
            "last_seq": 1,
            "last_hash": str(item["hash"]),
            "kinds": frozenset({payload.type}),
        }
        listed: dict[str, Scalar] = {"execution": new.execution, "created_at": new.at.isoformat()}
        refused = self._transact(
            new,
            (
                fence_check(payload.scope, new.fence),
                Write.put(keys.event(new.execution, 1), item, ABSENT),
                Write.put(keys.header(new.execution), head, ABSENT),
                Write.put(keys.in_scope(payload.scope, new.fence, created, new.execution), listed),
                Write.put(keys.in_all(created, new.execution), listed),
            ),
        )
        if refused and not self._stored(new, 1):
            if refused[0] == FAILED:
                raise self._leases.lost(payload.scope)
            raise refusals.exists_already(new.execution)
        self._tips[new.execution] = _Tip(str(payload.scope), status, 1, str(item["hash"]))
        return 1

    def _continue(self, new: _New) -> int:
        tip = self._tips.pop(new.execution, None) or self._read_tip(new.execution)
        attempt = 0
        crowded_until = self._table.calls.monotonic() + PATIENCE
        while True:
            fenced = new.fence is not None or new.payload.type not in UNFENCED
            if fenced and new.fence is None:
                raise refusals.fence_missing(tip.scope)
            if tip.status in ENDED and new.payload.type not in AFTER_END:
                if new.fence is not None and not self._leases.holds(tip.scope, new.fence):
                    raise self._leases.lost(tip.scope)
                raise refusals.has_ended(new.execution, tip.status)
            after = self._try(new, tip)
            if isinstance(after, _Tip):
                self._tips[new.execution] = after
                return after.seq
            if fenced and after[0] == FAILED:
                raise self._leases.lost(tip.scope)
            # somebody else appended; the first time that may have been long ago
            if attempt:
                # many workers write to one execution: a recovery is not broken off for a crowd
                runner = new.fence is not None
                self._table.pause(attempt, until=crowded_until if runner else None)
            attempt += 1
            tip = self._read_tip(new.execution)

    def _try(self, new: _New, tip: _Tip) -> _Tip | tuple[str | None, ...]:
        """Append behind ``tip``: the new end, or why not (the fence's reason first, if any)."""
        seq = tip.seq + 1
        item = new.item(seq, tip.hash)
        status = status_after(tip.status, new.payload)
        unmoved = Condition(
            "#last_seq = :seq AND #last_hash = :hash", {"seq": tip.seq, "hash": tip.hash}
        )
        changes: dict[str, Scalar] = {"last_seq": seq, "last_hash": str(item["hash"])}
        if new.payload.type not in AFTER_END:
            changes["updated_at"] = new.at.isoformat()
        if status is not tip.status:
            changes["state"] = str(status)
        writes = [
            Write.put(keys.event(new.execution, seq), item, ABSENT),
            Write.update(
                keys.header(new.execution),
                changes,
                unmoved,
                add={"kinds": frozenset({new.payload.type})},
            ),
        ]
        if new.fence is not None:
            writes.insert(0, fence_check(tip.scope, new.fence))
        refused = self._transact(new, writes)
        if not refused or self._stored(new, seq):
            return _Tip(tip.scope, status, seq, str(item["hash"]))
        return refused if new.fence is not None else (None, *refused)

    def _transact(self, new: _New, writes: Sequence[Write]) -> tuple[str | None, ...]:
        # the same changes under the same conditions: carried out once, however often it is asked
        return self._table.patiently(
            lambda: self._table.transact(writes, new.own), fenced=new.fence is not None
        )

    def _stored(self, new: _New, seq: int) -> bool:
        """Whether the event is there after all: its answer was lost."""
        item = self._table.patiently(
            lambda: self._table.get(keys.event(new.execution, seq)), fenced=new.fence is not None
        )
        return item is not None and item.get("own") == new.own

    def _read_tip(self, execution: str) -> _Tip:
        head = self._headers.item(execution)
        return _Tip(
            head["scope"], ExecutionStatus(head["state"]), head["last_seq"], head["last_hash"]
        )

    def events(
        self, execution: str, after: int = 0, *, kinds: Collection[str] | None = None
    ) -> list[Event]:
        """See ``Journal.events``. Kinds that the execution has none of cost one read."""
        only = None
        if kinds is not None:
            wanted = self._headers.item(execution)["kinds"].intersection(kinds)
            if not wanted:
                return []
            given = {f"kind{number}": kind for number, kind in enumerate(sorted(wanted))}
            names = ", ".join(f":{name}" for name in given)
            only = Condition(f"#kind IN ({names})", given)
        rows = self._table.query(keys.events(execution), low=keys.number(after + 1), only=only)
        found = [self._event(execution, row) for row in rows]
        if not found and kinds is None:
            self._headers.item(execution)  # an unknown one is told
        return found

    def _event(self, execution: str, row: dict[str, Any]) -> Event:
        return Event.model_construct(
            execution=execution,
            seq=int(row["sk"]),
            at=datetime.fromisoformat(row["at"]),
            payload=payload_of(execution, int(row["sk"]), text_of(self._table, row)),
        )
