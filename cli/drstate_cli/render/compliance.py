"""Past recoveries against their targets as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.model.phases import meant
from drstate_cli.render.words import duration, many, table

if TYPE_CHECKING:
    from drstate.report.compliance import Compliance, ComplianceRow, ExecutionLine

_HEAD = ("", "RUNS", "RECOVERIES", "RTO MET", "SLOWEST", "POINTS", "RPO MET", "MOST LOST")


def text(found: Compliance) -> str:
    """Totals first, then each execution."""
    lines = [f"warning: not counted: {line}" for line in found.unread]
    if found.total is None:
        return "\n".join([*lines, "no recovery has ended yet: failover, failback and test count"])
    if found.success_rate is not None:
        lines.append(
            f"{many(len(found.executions), 'execution')}, {found.success_rate:.0%} completed"
        )
    rows: list[tuple[str, ...]] = [_HEAD]
    for group in ((found.total,), found.waves, found.priorities, found.accounts):
        rows += [_row(one) for one in group]
    lines += ["", *table(rows)]
    if found.total.defaults:
        lines.append(
            f"{found.total.defaults} of {found.total.recoveries} recoveries were promised nothing: "
            f"held to {found.default_rto_minutes} min, and to {found.default_rpo_minutes} min of "
            "lost writes"
        )
    head = ("EXECUTION", "STARTED (UTC)", "SCOPE", "WHAT", "STATUS", "RECOVERED", "TOOK", "RTO MET")
    lines += ["", *table([head, *map(_line, found.executions)])]
    return "\n".join(lines)


def _row(one: ComplianceRow) -> tuple[str, ...]:
    return (
        one.name,
        str(one.executions),
        str(one.recoveries),
        _share(one.rto_share),
        "" if one.worst_seconds is None else duration(one.worst_seconds),
        str(one.points),
        _share(one.rpo_share),
        "" if one.worst_point_seconds is None else f"{one.worst_point_seconds:g} s",
    )


def _line(one: ExecutionLine) -> tuple[str, ...]:
    row = one.recovery
    return (
        one.execution,
        f"{one.started_at:%Y-%m-%d %H:%M:%S}",
        str(one.scope),
        meant(one.operation, one.phases),
        str(one.status),
        f"{row.recovered} of {row.resources}",
        "" if row.seconds is None else duration(row.seconds),
        {True: "yes", False: "NO", None: ""}[row.met],
    )


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"
