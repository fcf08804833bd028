"""``drstate history``: past executions."""

from __future__ import annotations

from typing import Annotated

import typer

from drstate_cli.opening import open_readers
from drstate_cli.options import Common, Customer, Environment, verb
from drstate_cli.payload import emit
from drstate_cli.scoping import optional_scope

Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many, newest first.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("history")(history)


@verb
def history(
    common: Common, customer: Customer = None, environment: Environment = None, limit: Limit = 20
) -> None:
    """List past executions, newest first."""
    from drstate_cli.render.history import text

    with open_readers(common) as readers:
        found = readers.history(scope=optional_scope(customer, environment), limit=limit)
    emit(
        common,
        "drstate.history/1",
        found.model_dump(mode="json", by_alias=True, exclude={"schema_"}),
        lambda: text(found),
    )
