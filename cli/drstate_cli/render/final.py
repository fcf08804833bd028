"""The end of up, resume and watch: the report for people, or the summary for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate_cli.options import Common, Output
from drstate_cli.payload import emit, emit_line
from drstate_cli.render.view import text

if TYPE_CHECKING:
    from drstate.report.view import ExecutionView


def show_view(common: Common, view: ExecutionView) -> None:
    """Print the final view; in ndjson it is the last line, marked as the summary."""
    document = view.model_dump(mode="json", by_alias=True, exclude={"schema_"})
    if common.output is Output.NDJSON:
        emit_line({"schema": "drstate.status/1", "summary": document})
        return
    emit(common, "drstate.status/1", document, lambda: text(view))
