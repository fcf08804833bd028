"""``drstate cancel``: give up an execution that runs, waits, or stopped in the middle."""

from __future__ import annotations

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, Customer, Environment, ExecutionId, Message, verb
from drstate_cli.scoping import optional_scope


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("cancel")(cancel)


@verb
def cancel(
    common: Common,
    execution: ExecutionId = None,
    customer: Customer = None,
    environment: Environment = None,
    message: Message = "",
) -> None:
    """Give up an execution; one that runs is ended. What was done stays, nothing is undone."""
    from drstate.execution.cancelling import cancel as give_up
    from drstate_cli.render.final import show_view

    with open_services(common) as services:
        view = give_up(
            services, execution, scope=optional_scope(customer, environment), reason=message
        )
    show_view(common, view)
