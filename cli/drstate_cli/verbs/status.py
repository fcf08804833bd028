"""``drstate status``: where an execution stands. Reads the journal and nothing else."""

from __future__ import annotations

from typing import Annotated

import typer

from drstate_cli.opening import open_readers
from drstate_cli.options import Common, Customer, Environment, ExecutionId, verb
from drstate_cli.payload import emit
from drstate_cli.scoping import optional_scope

Accounts = Annotated[bool, typer.Option("--accounts", help="How each account fares, instead.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("status")(status)


@verb
def status(
    common: Common,
    execution: ExecutionId = None,
    customer: Customer = None,
    environment: Environment = None,
    accounts: Accounts = False,
) -> None:
    """Show where an execution stands. What was done, what failed and what helps."""
    from drstate.report.accounts import by_account
    from drstate_cli.render.accounts import text as accounts_text
    from drstate_cli.render.view import text

    with open_readers(common) as readers:
        view = readers.status(execution, scope=optional_scope(customer, environment))
    rows = by_account(view)
    emit(
        common,
        "drstate.status/1",
        {
            **view.model_dump(mode="json", by_alias=True, exclude={"schema_"}),
            "accounts": [row.model_dump(mode="json") for row in rows],
        },
        lambda: accounts_text(view, rows) if accounts else text(view),
    )
