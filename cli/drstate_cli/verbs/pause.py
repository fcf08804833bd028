"""``drstate pause``: have a running execution stop once its wave has ended."""

from __future__ import annotations

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, Customer, Environment, ExecutionId, Message, verb
from drstate_cli.scoping import optional_scope


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("pause")(pause)


@verb
def pause(
    common: Common,
    execution: ExecutionId = None,
    customer: Customer = None,
    environment: Environment = None,
    message: Message = "",
) -> None:
    """Ask a running execution to stop after its wave. `resume` checks that wave once more."""
    from drstate.execution.deciding import request_pause
    from drstate_cli.payload import say
    from drstate_cli.render.final import show_view

    with open_services(common) as services:
        header, runner = request_pause(
            services, execution, scope=optional_scope(customer, environment), reason=message
        )
        tail = " --sandbox" if common.sandbox else ""
        say(
            f"{header.scope}: process {runner.pid} on {runner.host} pauses {header.execution} "
            f"once the running wave has ended: drstate watch {header.execution}{tail}"
        )
        show_view(common, services.readers.status(header.execution))
