"""The report as one page of HTML: figures, a chart of the waves, what happened, and the proof.

For people who were not there: it opens from a mail or an archive, and prints. It tells what the
markdown tells, of the same values; nothing is judged or worked out here but places in the chart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from drstate.model.events import ExecutionStatus
from drstate.model.health import ResourceStatus, WaveHealth
from drstate.report.evidence import RecoveryRow, Report
from drstate.report.evidence_markdown import (
    RECOVERY_HEAD,
    more_text,
    point_text,
    recovery_cells,
)
from drstate.report.markdown import (
    actions_text,
    declared_text,
    recovery_text,
    regions_text,
    shards_of,
)
from drstate.report.page import Part, page, table, tag
from drstate.report.savings import savings_lines
from drstate.report.view import ExecutionView, Progress, StageView

_GOOD = {ExecutionStatus.COMPLETED}
_BAD = {ExecutionStatus.FAILED}
_HEALTH = {
    WaveHealth.HEALTHY: "good",
    WaveHealth.DEGRADED: "poor",
    WaveHealth.UNHEALTHY: "bad",
    ResourceStatus.HEALTHY: "good",
    ResourceStatus.DEGRADED: "poor",
    ResourceStatus.UNHEALTHY: "bad",
    ResourceStatus.UNKNOWN: "bad",
}


def report_html(report: Report) -> str:
    """The whole page, ending in a newline."""
    view = report.view
    parts: list[ET.Element | None] = [
        *_head(view),
        _tiles(report),
        *_failures(view),
        *_chart(report),
        *_recovery(report),
        *_told(report),
        *_decisions(report),
        *_owed(view),
        *_stages(view),
        *_timeline(report),
        *_proof(report),
    ]
    return page(f"{view.scope}: {view.meant} {view.status} ({view.execution})", parts)


def _head(view: ExecutionView) -> Iterator[ET.Element]:
    kind = "good" if view.status in _GOOD else "bad" if view.status in _BAD else "poor"
    badge = tag("span", str(view.status), class_=f"badge {kind}")
    where = " in the sandbox" if view.sandbox else ""
    yield tag("h1", f"{view.scope}: {view.meant}{where} ", badge)
    yield tag(
        "p",
        f"Execution {view.execution}, begun {view.started_at:%Y-%m-%d %H:%M:%S} UTC by "
        f"{view.actor or view.operator}; {regions_text(view)}",
        class_="soft",
    )
    if view.message:
        yield tag("p", view.message)
    if view.readiness is not None:
        yield tag("p", f"DR readiness: {view.readiness.said}")


def _tiles(report: Report) -> ET.Element:
    view = report.view
    figures = [
        ("took", _length(view.duration_seconds)),
        ("of it waiting for people", _length(report.waited_seconds)),
        ("changes", str(view.changes)),
        ("healthy", f"{view.counts.healthy} of {view.counts.total}"),
        ("retried calls", str(view.retries)),
        ("targets met", _met(report)),
    ]
    tiles = [tag("div", tag("b", value), name, class_="tile") for name, value in figures if value]
    return tag("div", *tiles, class_="tiles")


def _met(report: Report) -> str:
    judged = [
        row.rto_met for stage in report.view.stages for row in stage.resources
        if row.rto_met is not None
    ]  # fmt: skip
    return f"{sum(judged)} of {len(judged)}" if judged else ""


def _length(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min"


def _failures(view: ExecutionView) -> Iterator[ET.Element]:
    if not view.failed and view.error is None:
        return
    yield tag("h2", "What failed")
    if view.error is not None and not view.failed:
        yield _point(view.error.what, f"{view.error.why}. {view.error.hint}")
    for row in view.failed:
        why = f" ({row.why})" if row.why else ""
        yield _point(f"{row.resource} in {row.stage}", f"{row.what}{why}. {row.hint}")


def _point(head: str, text: str) -> ET.Element:
    return tag("p", tag("b", head, class_="bad"), f": {text}")


@dataclass(frozen=True)
class _Bar:
    name: str
    begun: float
    seconds: float
    kind: str
    said: str


def _chart(report: Report) -> Iterator[ET.Element]:
    bars = sorted(_bars(report), key=lambda bar: bar.begun)
    whole = max((bar.begun + bar.seconds for bar in bars), default=0.0)
    if whole <= 0:
        return
    yield tag("h2", "Where the time went")
    cells: list[Part] = []
    for bar in bars:
        left, width = 100 * bar.begun / whole, 100 * bar.seconds / whole
        style = f"left: {left:.2f}%; width: {width:.2f}%"
        cells += [
            tag("span", bar.name),
            tag("span", tag("i", class_=bar.kind, style=style), class_="track", title=bar.said),
            tag("span", bar.said, class_="soft"),
        ]
    yield tag("div", *cells, class_="chart")


def _bars(report: Report) -> Iterator[_Bar]:
    start = report.view.started_at
    for stage in report.view.stages:
        if stage.started_at is not None and stage.ended_at is not None:
            kind = _HEALTH.get(stage.health, "") if stage.health else ""
            took = (stage.ended_at - stage.started_at).total_seconds()
            said = f"{_length(took)}, planned {_length(stage.estimate_seconds)}"
            # what is well is not shown in a colour of its own: the rest stands out
            shown = "" if kind == "good" else kind
            at = (stage.started_at - start).total_seconds()
            yield _Bar(stage.id, at, took, shown, said)
    for pause in report.view.pauses:
        if pause.seconds is not None:
            at = max(0.0, (pause.begun_at - start).total_seconds())
            name = f"waiting before {pause.stage}" if pause.stage else "waiting"
            yield _Bar(name, at, pause.seconds, "wait", _length(pause.seconds))


def _recovery(report: Report) -> Iterator[ET.Element | None]:
    rows = [*report.waves, *report.priorities, *report.accounts]
    if rows:
        yield tag("h2", "Recovery times and points against targets")
        yield table(RECOVERY_HEAD, [_recovery_row(row) for row in rows])


def _recovery_row(row: RecoveryRow) -> list[Part]:
    verdicts = {"yes": "good", "NO": "bad"}
    return [
        tag("b", cell, class_=verdicts[cell]) if cell in verdicts else cell
        for cell in recovery_cells(row)
    ]


def _told(report: Report) -> Iterator[ET.Element | None]:
    if not report.results:
        return
    yield tag("h2", "What was measured: recovery points, losses, what was kept")
    head = ("stage", "resource", "action", "recovery point", "data loss", "more")
    yield table(
        head,
        [
            (row.stage, row.resource, row.title, point_text(row), row.data_loss, more_text(row))
            for row in report.results
        ],
    )


def _decisions(report: Report) -> Iterator[ET.Element | None]:
    view = report.view
    rows: list[tuple[Part, ...]] = []
    for stage in view.stages:
        gate = stage.gate
        if gate is not None and gate.by:
            verdict = "approved" if gate.state is Progress.DONE else "rejected"
            rows.append((f"gate before {stage.id}", verdict, gate.by, gate.comment, ""))
    rows += [("consent", kind, view.actor or view.operator, "", "") for kind in view.consents]
    rows += [
        (f"{over.stage} was UNHEALTHY", "went on", over.by, over.reason, "")
        for over in view.overrides
    ]
    for pause in view.pauses:
        took = _length(pause.seconds) if pause.seconds is not None else "still waiting"
        rows.append((f"waited for people {pause.stage}".strip(), "", pause.by, pause.reason, took))
    if view.rollback is not None:
        done = sum(row.state is Progress.DONE for row in view.rollback.steps)
        said = f"{done} of {len(view.rollback.steps)} steps"
        rows.append(("rollback", said, view.rollback.by, view.rollback.reason, ""))
    if rows:
        yield tag("h2", "Decisions and waiting")
        yield table(("what", "decision", "by", "why", "took"), rows)


def _owed(view: ExecutionView) -> Iterator[ET.Element | None]:
    if view.owed:
        yield tag("h2", "Still owed")
        rows = [
            (str(row.phase), row.region, row.why, tag("code", row.command)) for row in view.owed
        ]
        yield table(("phase", "region", "why", "command"), rows)
    lines = [(row.resource, f"{row.reason}. {row.mend}") for row in view.skips]
    lines += [("warning", f"{row.text} {row.hint}".strip()) for row in view.warnings]
    if view.savings is not None:
        lines += [("savings", line) for line in savings_lines(view.savings, view.saved)]
    if lines:
        yield tag("h2", "Left out, and warnings")
        yield table(("what", "why"), lines)
    if view.next:
        yield tag("h2", "Next")
        yield tag("pre", "\n".join(view.next))


def _stages(view: ExecutionView) -> Iterator[ET.Element | None]:
    yield tag("h2", "Waves and health checks")
    for stage in view.stages:
        word = str(stage.health or stage.state)
        kind = _HEALTH.get(stage.health, "soft") if stage.health else "soft"
        took = f" {_length(stage.seconds)}" if stage.seconds is not None else ""
        yield tag("h3", f"{stage.id} in {stage.region} ", tag("span", word, class_=kind), took)
        if stage.judged:
            yield tag("p", stage.judged, class_="soft")
        head = ("resource", "declared", "actions", "health", "recovery time", "endpoints")
        yield table(head, _resources(stage))
        for shard in stage.shards:
            link = shard.stack.permalink if shard.stack is not None else ""
            if link.startswith("https://"):
                yield tag("p", tag("a", f"update of {shard.stack.name}", href=link))  # type: ignore[union-attr]


def _resources(stage: StageView) -> Iterator[tuple[Part, ...]]:
    for row in stage.resources:
        mine = shards_of(stage, row)
        status = str(row.status or row.state)
        kind = _HEALTH.get(row.status, "soft") if row.status else "soft"
        ends = "; ".join(
            f"{name}: {row.endpoints_before.get(name, 'none')} → {host}"
            for name, host in sorted(row.endpoints_after.items())
        )
        yield (
            tag("code", row.key),
            declared_text(mine, row),
            actions_text(mine, row.key),
            tag("span", tag("b", status, class_=kind), f" {row.detail}"),
            recovery_text(row),
            ends,
        )


def _timeline(report: Report) -> Iterator[ET.Element | None]:
    yield tag("h2", "Timeline")
    kinds = {"info": "", "warning": "poor", "error": "bad"}
    rows: list[tuple[Part, ...]] = [
        (
            f"{row.at:%Y-%m-%d %H:%M:%S}",
            f"{row.offset_seconds:.1f} s",
            tag("span", row.text, class_=kinds[str(row.level)]),
        )
        for row in report.timeline
    ]
    listed = table(("time (UTC)", "after", "what"), rows)
    yield tag("details", tag("summary", f"{len(rows)} entries"), listed, open_="open")


def _proof(report: Report) -> Iterator[ET.Element]:
    yield tag("h2", "Proof")
    if report.verified_events is not None:
        yield tag("p", f"{report.verified_events} events, their hash chain is whole")
    if report.verification is not None:
        yield tag("p", f"The plan as it was when it started: {report.verification.said}")
    yield tag("p", "Digest of the events (sha256): ", tag("code", report.digest))
    check = f"drstate report {report.view.execution} -o json"
    yield tag("p", "The same digest is told by ", tag("code", check), class_="soft")
