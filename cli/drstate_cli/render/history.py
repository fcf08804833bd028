"""Lists of executions and of journal lines as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.model.phases import meant
from drstate_cli.render.words import duration, table

if TYPE_CHECKING:
    from drstate.report.history import History, HistoryRow
    from drstate.report.timeline import TimelineEntry


def text(found: History) -> str:
    """Executions, newest first."""
    if not found.rows:
        return "no executions yet; the first one: drstate up --phase replicate -c … -e …"
    rows = [("EXECUTION", "STARTED (UTC)", "SCOPE", "WHAT", "STATUS", "TOOK", "BY", "MESSAGE")]
    rows += [
        (
            row.execution,
            f"{row.started_at:%Y-%m-%d %H:%M:%S}",
            str(row.scope),
            meant(row.operation, row.phases),
            _status(row),
            duration(row.duration_seconds),
            row.operator,
            row.message,
        )
        for row in found.rows
    ]
    lines = table(rows)
    if found.success_rate is not None:
        lines += ["", f"{found.success_rate:.0%} of those that ended completed"]
    return "\n".join(lines)


def _status(row: HistoryRow) -> str:
    notes = ["sandbox"] if row.sandbox else []
    notes += ["rolled back"] if row.rolled_back else []
    notes += ["hidden"] if row.hidden else []
    notes += [f"{stage} overridden" for stage in row.overridden]
    return str(row.status) + (f" ({', '.join(notes)})" if notes else "")


def log_text(entries: list[TimelineEntry]) -> str:
    """The timeline of one execution."""
    rows = [
        (
            f"{entry.at:%H:%M:%S}",
            f"+{entry.offset_seconds:.1f}s",
            "" if entry.level == "info" else entry.level.upper(),
            entry.text,
        )
        for entry in entries
    ]
    return "\n".join(table(rows))
