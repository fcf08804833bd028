"""``drstate watch``: follow an execution from anywhere that reaches its journal."""

from __future__ import annotations

import typer

from drstate_cli.opening import open_readers
from drstate_cli.options import Common, Customer, Environment, ExecutionId, verb
from drstate_cli.scoping import optional_scope


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("watch")(watch)


@verb
def watch(
    common: Common,
    execution: ExecutionId = None,
    customer: Customer = None,
    environment: Environment = None,
) -> int:
    """Follow an execution until it ends, stops or waits. Ends with its exit code."""
    from drstate.execution.executing import exit_code
    from drstate_cli.render.final import show_view
    from drstate_cli.render.progress import following

    with open_readers(common) as readers:
        view = readers.status(execution, scope=optional_scope(customer, environment))
        with following(common) as follower:
            for event in readers.follow(view.execution):
                follower(event)
        view = readers.status(view.execution)
        show_view(common, view)
    return int(exit_code(view))
