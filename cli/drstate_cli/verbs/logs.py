"""``drstate logs``: the journal of one execution, line by line."""

from __future__ import annotations

from typing import Annotated

import typer

from drstate_cli.opening import open_readers
from drstate_cli.options import Common, Customer, Environment, ExecutionId, Output, verb
from drstate_cli.payload import emit, emit_line
from drstate_cli.scoping import optional_scope

After = Annotated[int, typer.Option("--after", min=0, help="Only events after this number.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("logs")(logs)


@verb
def logs(
    common: Common,
    execution: ExecutionId = None,
    customer: Customer = None,
    environment: Environment = None,
    after: After = 0,
) -> None:
    """Show what an execution did, event by event."""
    from drstate.report.timeline import timeline
    from drstate_cli.render.history import log_text

    with open_readers(common) as readers:
        events = readers.logs(execution, scope=optional_scope(customer, environment), after=after)
    if common.output is Output.NDJSON:
        for event in events:
            emit_line({"schema": "drstate.event/1", **event.model_dump(mode="json")})
        emit_line({"schema": "drstate.logs/1", "summary": {"events": len(events)}})
        return
    emit(
        common,
        "drstate.logs/1",
        {"events": [event.model_dump(mode="json") for event in events]},
        lambda: log_text(timeline(events)),
    )
