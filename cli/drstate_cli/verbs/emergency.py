"""``drstate emergency``: the region that serves is gone; bring the other one up without it."""

from __future__ import annotations

import typer

from drstate_cli.options import (
    Common,
    Customer,
    Environment,
    Message,
    Parallel,
    Targets,
    To,
    Waves,
    Wish,
    Yes,
    verb,
)
from drstate_cli.order import Order
from drstate_cli.running import Detach, Graceful, in_emergency, seconds_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("emergency")(emergency)


@verb
def emergency(
    common: Common,
    customer: Customer = None,
    environment: Environment = None,
    wave: Waves = None,
    target: Targets = None,
    to: To = None,
    yes: Yes = False,
    message: Message = "",
    parallel: Parallel = None,
    graceful: Graceful = None,
    detach: Detach = False,
) -> int:
    """Fail over without the region that serves. By actions alone, from what was captured before."""
    from drstate.model.phases import Operation
    from drstate_cli.running import carry_out, hand_over

    wish = Wish(customer=customer, environment=environment, wave=wave, target=target, to=to)
    order = Order(
        wish=in_emergency(wish),
        operation=Operation.FAILOVER,
        emergency=True,
        graceful_seconds=round(seconds_of(graceful, "--graceful")),
        yes=yes,
        message=message,
        parallel=parallel,
    )
    return hand_over(common, order) if detach else carry_out(common, order)
