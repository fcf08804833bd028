"""A drill's report as text: what it proved, wave by wave, and that nothing of it is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.model.events import ExecutionStatus
from drstate_cli.render.words import bare, duration, table

if TYPE_CHECKING:
    from drstate.report.drill import DrillReport, RehearsedResource


def drill_text(report: DrillReport, cleanup: str) -> str:
    """The whole report. ``cleanup`` is the command that removes what is left."""
    lines = [_verdict(report)]
    for wave in report.waves:
        health = wave.health or "not reached"
        reached = duration(wave.recovered_seconds) or "never"
        lines += [
            "",
            (
                f"wave {wave.wave}  {health}  took {duration(wave.seconds) or '-'}, "
                f"recovered after {reached}"
            ),
        ]
        rows = [row for row in report.resources if row.wave == wave.wave]
        lines += table([_row(row) for row in rows], indent="  ")
        for row in rows:
            if row.status is not None and row.seconds is None:
                lines.append(f"  {bare(row.resource)}: {row.detail}")
                lines += [f"    help: {row.hint}"] if row.hint else []
    lines.append("")
    if report.status is ExecutionStatus.PAUSED:
        made = any(row.status is not None for row in report.resources)
        lines.append(
            "The drill waits; its copies are there until it goes on or is cleaned up."
            if made
            else "The drill waits for an approval; nothing was made so far."
        )
        lines.append(f"  go on: drstate approve {report.execution}")
        lines.append(f"  or:    {cleanup}")
    elif report.removed:
        lines.append("Everything that the drill made is gone.")
    else:
        lines.append("LEFT: what the drill made may still be there, and costs.")
        lines += [f"  {bare(key)}: {why}" for key, why in report.left.items()]
        lines.append(f"  help: {cleanup}")
    return "\n".join(lines)


def _verdict(report: DrillReport) -> str:
    head = f"Drill {report.drill} in {report.region}: "
    if not report.waves:
        return head + "removal only"
    if not report.proved:
        return head + "NOT PROVED, see below"
    late = [row for row in report.resources if row.rto_met is False]
    told = f"recovery proved in {duration(report.rto_seconds)}"
    if late:
        return (
            head + f"{told}, LATER than the target of {', '.join(bare(x.resource) for x in late)}"
        )
    return head + told


def _row(row: RehearsedResource) -> tuple[str, ...]:
    if row.left_out is not None:
        return (bare(row.resource), "left out", "", row.left_out)
    target = "" if row.rto_minutes is None else f"target {row.rto_minutes} min"
    if row.rto_met is False:
        target += ": MISSED"
    status = str(row.status or "not reached")
    return (bare(row.resource), status, duration(row.seconds), target)
