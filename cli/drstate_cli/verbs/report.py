"""``drstate report``: what an execution did, against its targets, with the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from drstate_cli.opening import open_readers
from drstate_cli.options import Common, Customer, Environment, ExecutionId, Output, verb
from drstate_cli.payload import emit, write
from drstate_cli.scoping import optional_scope

if TYPE_CHECKING:
    from drstate.report.evidence import Report


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("report")(report)


@verb
def report(
    common: Common,
    execution: ExecutionId = None,
    customer: Customer = None,
    environment: Environment = None,
) -> None:
    """Show how long it took and what was lost. With the proof; also `-o html|markdown|junit`."""
    import sys

    with open_readers(common) as readers:
        found = readers.report(execution, scope=optional_scope(customer, environment))
    written = _DOCUMENTS.get(common.output)
    if written is not None:
        write(sys.stdout, written(found).rstrip("\n"))
        return
    document = found.model_dump(mode="json", by_alias=True, exclude={"schema_"})
    emit(common, "drstate.report/1", document, lambda: _text(found))


def _markdown(found: Report) -> str:
    from drstate.report.evidence_markdown import report_markdown

    return report_markdown(found)


def _html(found: Report) -> str:
    from drstate.report.evidence_html import report_html

    return report_html(found)


def _junit(found: Report) -> str:
    from drstate.report.junit import junit, of_execution

    return junit(of_execution(found.view))


_DOCUMENTS = {Output.MD: _markdown, Output.HTML: _html, Output.JUNIT: _junit}


def _text(found: Report) -> str:
    from drstate.report.evidence_markdown import (
        RECOVERY_HEAD,
        more_text,
        point_text,
        recovery_cells,
    )
    from drstate_cli.render.view import text
    from drstate_cli.render.words import bare, duration, table

    lines = [text(found.view)]
    if found.waves:
        groups = (*found.waves, *found.priorities, *found.accounts)
        rows = [recovery_cells(row) for row in groups]
        lines += ["", *table([RECOVERY_HEAD, *rows], indent="  ")]
    for row in found.results:
        told = [part for part in (point_text(row), row.data_loss, more_text(row)) if part]
        if told:
            lines += ["", f"  {bare(row.resource)}: {row.title} ({row.stage})"]
            lines += [f"    {part}" for part in told]
    waited = duration(found.waited_seconds)
    lines += ["", f"waited for people: {waited}" if found.waited_seconds else "waited for nobody"]
    if found.verification is not None:
        lines.append(f"the plan as it was when it started: {found.verification.said}")
    lines.append(
        f"{found.verified_events} events, their hash chain is whole; sha256 {found.digest}"
    )
    lines.append("the timeline: drstate logs, or drstate report -o html")
    return "\n".join(lines)
