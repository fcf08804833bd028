"""``drstate up``: bring a site of a scope to the state that the phase leaves."""

from __future__ import annotations

import typer

from drstate_cli.options import Common, ExpectNoChanges, Wish, verb
from drstate_cli.order import Order
from drstate_cli.running import How


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("up")(up)


@verb
def up(common: Common, wish: Wish, how: How, expect_no_changes: ExpectNoChanges = False) -> int:
    """Run a phase, wave by wave. Stacks, actions, and a health check after each wave."""
    from drstate.model.phases import Operation

    order = Order(wish=wish, operation=Operation.PHASE, expect_no_changes=expect_no_changes)
    return how.run(common, order)
