"""``drstate up``: bring a site of a scope to the state that the phase leaves."""

from __future__ import annotations

import typer

from drstate_cli.options import Common, ExpectNoChanges, Message, Parallel, Wish, Yes, verb
from drstate_cli.running import Detach, Dispatcher, Order, SkipPreview, Stay, Wait, seconds_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("up")(up)


@verb
def up(
    common: Common,
    wish: Wish,
    yes: Yes = False,
    skip_preview: SkipPreview = False,
    message: Message = "",
    parallel: Parallel = None,
    expect_no_changes: ExpectNoChanges = False,
    wait: Wait = None,
    stay: Stay = False,
    detach: Detach = False,
    dispatcher: Dispatcher = "local",
) -> int:
    """Run a phase, wave by wave. Stacks, actions, and a health check after each wave."""
    from drstate.model.phases import Operation
    from drstate_cli.running import carry_out, hand_over

    order = Order(
        wish=wish,
        operation=Operation.PHASE,
        yes=yes,
        skip_preview=skip_preview,
        message=message,
        parallel=parallel,
        expect_no_changes=expect_no_changes,
        wait_seconds=seconds_of(wait),
        stay=stay,
        dispatcher=dispatcher,
    )
    return hand_over(common, order) if detach else carry_out(common, order)
