"""The report as markdown: the execution's own page, then figures against targets, and the proof."""

from __future__ import annotations

from collections.abc import Iterator

from drstate.report.evidence import RecoveryRow, Report, ResultView
from drstate.report.markdown import escaped, markdown


def report_markdown(report: Report) -> str:
    """The whole report, ending in a newline."""
    lines = [*_recovery(report), *_results(report), *_waits(report), *_timeline(report)]
    return "\n".join([markdown(report.view).rstrip(), "", *lines, *_proof(report), ""])


def _recovery(report: Report) -> Iterator[str]:
    rows = [*report.waves, *report.priorities, *report.accounts]
    if not rows:
        return
    yield "## Recovery times"
    yield ""
    yield f"| {' | '.join(RECOVERY_HEAD)} |"
    yield f"|{'---|' * len(RECOVERY_HEAD)}"
    for row in rows:
        yield f"| {' | '.join(recovery_cells(row))} |"
    yield ""


#: what ``recovery_cells`` are
RECOVERY_HEAD = (
    "wave, priority, account", "recovered", "lost", "RPO target", "RPO met", "time", "RTO target",
    "RTO met",
)  # fmt: skip


def recovery_cells(row: RecoveryRow) -> tuple[str, ...]:
    """One row as texts, in the order of ``RECOVERY_HEAD``."""
    time = f"{row.seconds:.0f} s" if row.seconds is not None else "not yet"
    lost = f"{row.point_seconds:g} s" if row.point_seconds is not None else "not measured"
    return (
        row.name,
        f"{row.recovered} of {row.resources}",
        lost,
        _target(row.point_target_minutes, default=row.default_point),
        _met(row.point_met),
        time,
        _target(row.target_minutes, default=row.default_target),
        _met(row.met),
    )


def _target(minutes: int | None, *, default: bool) -> str:
    if minutes is None:
        return ""
    return f"{minutes} min (default)" if default else f"{minutes} min"


def _met(met: bool | None) -> str:
    return {True: "yes", False: "NO", None: ""}[met]


def _results(report: Report) -> Iterator[str]:
    if not report.results:
        return
    yield "## What actions told"
    yield ""
    yield "| stage | resource | action | recovery point | data loss | more |"
    yield "|---|---|---|---|---|---|"
    for row in report.results:
        cells = (row.stage, row.resource, row.title, point_text(row), row.data_loss, more_text(row))
        yield f"| {' | '.join(escaped(cell) for cell in cells)} |"
    yield ""


def point_text(row: ResultView) -> str:
    """The recovery point against its target."""
    if row.achieved_rpo_seconds is None:
        return ""
    told = f"{row.achieved_rpo_seconds:g} s"
    if row.rpo_minutes is None:
        return told
    met = row.achieved_rpo_seconds <= row.rpo_minutes * 60
    return f"{told}, target {row.rpo_minutes} min {'met' if met else 'MISSED'}"


def more_text(row: ResultView) -> str:
    """Everything else that the action told."""
    told = {"achieved_rpo_seconds", "data_loss"}
    return "; ".join(
        f"{name.replace('_', ' ')}: {_shown(value)}"
        for name, value in row.result.items()
        if name not in told and value not in (None, "", [], {})
    )


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list | tuple):
        return ", ".join(_shown(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(one)}" for name, one in value.items())
    return str(value)


def _waits(report: Report) -> Iterator[str]:
    gates = [stage for stage in report.view.stages if stage.gate and stage.gate.by]
    if not report.view.pauses and not gates:
        return
    yield "## Decisions and waiting"
    yield ""
    for stage in gates:
        gate = stage.gate
        if gate is not None:
            verdict = "approved" if str(gate.state) == "done" else "rejected"
            comment = f": {escaped(gate.comment)}" if gate.comment else ""
            yield f"- gate before {stage.id} {verdict} by {escaped(gate.by)}{comment}"
    for row in report.view.pauses:
        took = f"{row.seconds:.0f} s" if row.seconds is not None else "still waiting"
        yield f"- waited from {row.begun_at:%Y-%m-%d %H:%M:%S} UTC, {took}: {escaped(row.reason)}"
    yield f"- in all: {report.waited_seconds:.0f} s of {report.view.duration_seconds:.0f} s"
    yield ""


def _timeline(report: Report) -> Iterator[str]:
    yield "## Timeline"
    yield ""
    yield "| time (UTC) | after | what |"
    yield "|---|---|---|"
    for row in report.timeline:
        mark = "" if str(row.level) == "info" else f"{str(row.level).upper()} "
        text = escaped(f"{mark}{row.text}")
        yield f"| {row.at:%Y-%m-%d %H:%M:%S} | {row.offset_seconds:.1f} s | {text} |"
    yield ""


def _proof(report: Report) -> Iterator[str]:
    yield "## Proof"
    yield ""
    if report.verified_events is not None:
        yield f"- {report.verified_events} events, their hash chain is whole"
    if report.verification is not None:
        yield f"- the plan as it was when it started: {escaped(report.verification.said)}"
    yield f"- digest of the events (sha256): {report.digest}"
