"""``drstate resume``: go on with an execution that stopped, from wherever its journal is."""

from __future__ import annotations

from typing import Annotated

import typer

from drstate_cli.announcing import announced
from drstate_cli.opening import open_services
from drstate_cli.options import Common, Customer, Environment, ExecutionId, Parallel, Yes, verb
from drstate_cli.running import Stay
from drstate_cli.scoping import optional_scope

Comment = Annotated[str, typer.Option("--comment", help="Kept with your approval.")]

Override = Annotated[
    str | None,
    typer.Option(
        "--override",
        metavar="REASON",
        help="Go on after an UNHEALTHY wave. The reason is kept with your name.",
        show_default=False,
    ),
]

TakeOver = Annotated[
    bool,
    typer.Option(
        "--take-over",
        help="You know that the last runner is dead: do not wait for calls it may have under way. "
        "Journaled with your name.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("resume")(resume)


@verb
def resume(
    common: Common,
    execution: ExecutionId = None,
    customer: Customer = None,
    environment: Environment = None,
    yes: Yes = False,
    comment: Comment = "",
    override: Override = None,
    parallel: Parallel = None,
    stay: Stay = False,
    take_over: TakeOver = False,
) -> int:
    """Go on after a crash, a failure or at a gate. `--yes` approves it; nothing is repeated."""
    from drstate.execution.executing import exit_code
    from drstate.execution.resuming import resume as go_on
    from drstate_cli.asking import asker, token_teller
    from drstate_cli.interrupting import interrupt_policy
    from drstate_cli.payload import say
    from drstate_cli.render.final import show_view
    from drstate_cli.render.progress import following

    with (
        open_services(common) as services,
        following(common, earlier=services.readers.logs) as follower,
    ):
        view = go_on(
            services,
            execution,
            scope=optional_scope(customer, environment),
            approve=True if yes else None,
            comment=comment,
            override=override,
            ask=asker(common, yes, services.operator, follower.paused, stay=stay),
            on_event=announced(common, services, follower),
            parallel=parallel,
            interrupts=interrupt_policy(common),
            tell_token=token_teller(common),
            take_over=take_over,
            tell=say,
        )
    show_view(common, view)
    return int(exit_code(view))
