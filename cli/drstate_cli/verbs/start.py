"""``drstate start``: begin an operation in the background and print its execution's id."""

from __future__ import annotations

from typing import Annotated

import typer

from drstate.errors import UsageError
from drstate_cli.options import Common, Message, Parallel, Wish, Yes, verb
from drstate_cli.order import Order
from drstate_cli.running import Dispatcher, Wait, in_emergency, seconds_of

OperationName = Annotated[
    str | None,
    typer.Argument(
        metavar="[OPERATION]",
        help="failover, failback or emergency; left out: the phases that --phase names.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("start")(start)


@verb
def start(
    common: Common,
    wish: Wish,
    operation: OperationName = None,
    yes: Yes = False,
    message: Message = "",
    parallel: Parallel = None,
    wait: Wait = None,
    dispatcher: Dispatcher = "local",
) -> int:
    """Start an execution in a process of its own. Prints its id at once; `watch` follows it."""
    from drstate.model.phases import Operation
    from drstate_cli.running import hand_over

    known = {
        "failover": Operation.FAILOVER,
        "failback": Operation.FAILBACK,
        "emergency": Operation.FAILOVER,
        None: Operation.PHASE,
    }
    if operation not in known:
        raise UsageError(
            f"operation {operation!r} does not exist",
            hint="one of: failover, failback, emergency; or leave it out and name --phase",
        )
    emergency = operation == "emergency"
    order = Order(
        wish=in_emergency(wish) if emergency else wish,
        operation=known[operation],
        emergency=emergency,
        yes=yes,
        message=message,
        parallel=parallel,
        wait_seconds=seconds_of(wait),
        dispatcher=dispatcher,
    )
    return hand_over(common, order)
