"""Use case: past recoveries against what was promised, by wave, priority and account. Reads only.

Nothing but the journal is asked. An execution that cannot be read is named, and keeps no other from
being counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from drstate.errors import DrstateError
from drstate.execution.readers import Readers
from drstate.journal.port import ExecutionHeader
from drstate.model.events import ExecutionStatus
from drstate.model.phases import Operation, Phase
from drstate.model.scope import ScopeKey
from drstate.report.compliance import (
    Compliance,
    ExecutionLine,
    Measure,
    Targets,
    compliance,
    measures,
    promised,
    row,
)
from drstate.report.evidence import report_of, worst_points

_ENDED = (ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED)


def complying(
    readers: Readers,
    scope: ScopeKey | None = None,
    *,
    limit: int = 100,
    since: datetime | None = None,
    until: datetime | None = None,
    drills: bool = True,
    now: datetime,
) -> Compliance:
    """The newest ``limit`` executions that were to activate something and have ended.

    What was cancelled counts as an execution; its resources are judged where they recovered.
    """
    promises: dict[ScopeKey, dict[str, Targets]] = {}
    unread: list[str] = []

    def pairs() -> Iterator[tuple[ExecutionLine, Sequence[Measure]]]:
        for header in readers.headers(scope, since=since, until=until):
            if header.status not in _ENDED or Phase.ACTIVATE not in header.phases:
                continue
            if not drills and header.operation is Operation.TEST:
                continue
            try:
                if header.scope not in promises:
                    promises[header.scope] = promised(readers.journal.load_catalog(header.scope))
                yield _measured(readers, header, promises[header.scope], now)
            except DrstateError as error:
                unread.append(f"{header.execution}: {error.what}")

    found = list(islice(pairs(), limit))
    return compliance(found, unread)


def _measured(
    readers: Readers, header: ExecutionHeader, targets: dict[str, Targets], now: datetime
) -> tuple[ExecutionLine, Sequence[Measure]]:
    report = report_of(readers.journal.events(header.execution), now, targets=targets)
    found = measures(report.view, worst_points(report.results), targets)
    if header.status is ExecutionStatus.CANCELLED:
        # a person gave it up: what had not recovered by then broke no promise
        found = tuple(one for one in found if one.seconds is not None)
    line = ExecutionLine(
        execution=header.execution,
        scope=header.scope,
        operation=header.operation,
        phases=header.phases,
        status=header.status,
        started_at=header.created_at,
        drill=header.operation is Operation.TEST,
        recovery=row("all", found),
    )
    return line, found
