"""Lists of executions in DynamoDB: by id, by scope, by date, by status. Nothing is scanned.

The lists of a scope and of all executions are written with each execution and are as strongly
consistent as everything else, because who may start depends on them. The index by status follows a
moment later; each header that it names is read and judged as it is now.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from drstate.journal import dynamodb_keys as keys
from drstate.journal import refusals
from drstate.journal.chain import Row, verify_rows
from drstate.journal.dynamodb_table import Table
from drstate.journal.dynamodb_texts import text_of
from drstate.journal.port import ExecutionHeader
from drstate.model.events import ExecutionStatus
from drstate.model.scope import ScopeKey

#: ids read at once
_PAGE = 50
#: what to do with a table in which a chain is broken
_KEEP = (
    "keep the table as evidence, restore it to a moment before under another name (aws dynamodb "
    "restore-table-to-point-in-time) and compare"
)
#: how many executions a refusal names
_LATEST = 5


class Headers:
    """The executions' headers and the lists of them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def item(self, execution: str) -> dict[str, Any]:
        """The header as it is stored. Raises UnknownNameError."""
        found = self._table.get(keys.header(execution))
        if found is None:
            rows = self._table.query(keys.ALL, newest_first=True, page=_LATEST)
            raise refusals.unknown_execution(
                execution, [row["execution"] for row in islice(rows, _LATEST)]
            )
        return found

    def header(self, execution: str) -> ExecutionHeader:
        """See ``Journal.header``."""
        return _header(self.item(execution))

    def executions(
        self,
        scope: ScopeKey | None,
        limit: int,
        *,
        status: ExecutionStatus | None,
        since: datetime | None,
        until: datetime | None,
    ) -> list[ExecutionHeader]:
        """See ``Journal.executions``."""
        found: list[ExecutionHeader] = []
        page = min(limit, _PAGE)
        ids = self._ids(scope, status, since, until, page)
        while len(found) < limit and (some := list(islice(ids, page))):
            found += [
                header
                for header in self._headers(some)
                if (status is None or header.status is status)
                and (since is None or header.created_at >= since)
                and (until is None or header.created_at < until)
            ]
        return found[:limit]

    def _ids(
        self,
        scope: ScopeKey | None,
        status: ExecutionStatus | None,
        since: datetime | None,
        until: datetime | None,
        page: int,
    ) -> Iterator[str]:
        rows: Iterable[dict[str, Any]]
        if scope is not None:
            # a little more than a prefix: nothing else in the partition begins like this
            rows = self._table.query(
                keys.scope(scope),
                low=keys.OF_SCOPE,
                high=f"{keys.OF_SCOPE}~",
                newest_first=True,
                page=page,
            )
        elif status is not None:
            rows = self._table.query_index(keys.BY_STATUS, keys.STATUS_KEYS, status, page=page)
            return (row["pk"].partition("#")[2] for row in rows)
        else:
            rows = self._table.query(
                keys.ALL,
                low=keys.moment(since) if since else "",
                high=keys.moment(until) if until else "~",
                newest_first=True,
                page=page,
            )
        return (row["execution"] for row in rows)

    def _headers(self, executions: list[str]) -> list[ExecutionHeader]:
        found = self._table.get_many([keys.header(one) for one in executions])
        items = [found.get(keys.header(one)) for one in executions]
        return [_header(item) for item in items if item is not None]

    def rows(self, execution: str) -> Iterator[Row]:
        """The events as they are stored, in order."""
        for row in self._table.query(keys.events(execution)):
            text = text_of(self._table, row)
            yield Row(int(row["sk"]), row["at"], text, row["prev"], row["hash"])

    def verify(self, execution: str) -> int:
        """See ``Journal.verify``."""
        head = self.item(execution)
        rows = list(self.rows(execution))
        known = int(head["last_seq"])
        if len(rows) > known:
            # appended meanwhile, or put there by somebody else: the header tells
            head = self.item(execution)
            known = max(known, min(int(head["last_seq"]), len(rows)))
        last = rows[known - 1].hash if known < int(head["last_seq"]) else head["last_hash"]
        return verify_rows(execution, rows, known, last, keep=_KEEP)


def _header(item: dict[str, Any]) -> ExecutionHeader:
    return ExecutionHeader(
        execution=item["execution"],
        status=item["state"],
        created_at=item["created_at"],
        updated_at=item["updated_at"],
        events=item["last_seq"],
        **json.loads(item["head"]),
    )
