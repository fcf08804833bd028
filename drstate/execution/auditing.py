"""Use case: who did what, over all executions. Reads the journal's indices, changes nothing.

Executions are taken from the list by scope and date, and of each only the kinds of events that are
asked for; nothing else of the store is read. Hidden executions are told as all others are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from drstate.errors import JournalError
from drstate.execution.readers import Readers
from drstate.journal.port import ExecutionHeader
from drstate.model.scope import ScopeKey
from drstate.report.audit import PEOPLE, Audit, AuditRow, is_by, row_of


def audit(
    readers: Readers,
    *,
    execution: str | None = None,
    scope: ScopeKey | None = None,
    by: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    kinds: Collection[str] | None = PEOPLE,
    limit: int = 200,
    verify: bool = False,
) -> Audit:
    """The newest ``limit`` events that fit, oldest first.

    ``kinds``: payload types; None: all. ``since`` and ``until`` are of the events, ``until`` not
    included. ``verify``: walk the hash chain of every execution that has a row. Raises
    UnknownNameError for an unknown ``execution``.
    """
    headers = [readers.journal.header(execution)] if execution else _headers(readers, scope, until)
    rows: list[AuditRow] = []
    for header in headers:
        rows += _rows(readers, header, by, since, until, kinds)
    rows.sort(key=lambda row: (row.at, row.execution, row.seq))
    told = rows[-limit:]
    verified, broken = _verified(readers, (row.execution for row in told)) if verify else ((), {})
    return Audit(rows=tuple(told), more=len(rows) > limit, verified=verified, broken=broken)


def _headers(
    readers: Readers, scope: ScopeKey | None, until: datetime | None
) -> Iterator[ExecutionHeader]:
    """Executions that may have an event in the time: any that had begun by its end.

    One that has ended long ago may have been hidden since, so its end says nothing.
    """
    return readers.headers(scope, until=until)


def _rows(
    readers: Readers,
    header: ExecutionHeader,
    by: str | None,
    since: datetime | None,
    until: datetime | None,
    kinds: Collection[str] | None,
) -> Iterator[AuditRow]:
    for event in readers.journal.events(header.execution, kinds=kinds):
        if (since is not None and event.at < since) or (until is not None and event.at >= until):
            continue
        row = row_of(event, header.scope)
        if by is None or is_by(by, row.by, getattr(event.payload, "actor", None)):
            yield row


def _verified(
    readers: Readers, executions: Iterable[str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    sound: list[str] = []
    broken: dict[str, str] = {}
    for execution in dict.fromkeys(executions):
        try:
            readers.journal.verify(execution)
        except JournalError as error:
            broken[execution] = error.what
        else:
            sound.append(execution)
    return tuple(sound), broken
