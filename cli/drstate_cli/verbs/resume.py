"""``drstate resume``: go on with an execution that stopped, from wherever its journal is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, Customer, Environment, ExecutionId, Parallel, Yes, verb
from drstate_cli.payload import SANDBOX_NOTICE, say
from drstate_cli.scoping import optional_scope

if TYPE_CHECKING:
    from drstate.execution.services import Services
    from drstate.model.events import Event

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
) -> int:
    """Go on after a crash, a failure or at a gate. `--yes` approves it; nothing is repeated."""
    from drstate.execution.executing import exit_code
    from drstate.execution.resuming import resume as go_on
    from drstate_cli.asking import asker
    from drstate_cli.interrupting import interrupt_policy
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
            ask=asker(common, yes, services.operator, follower.paused),
            on_event=_announced(common, services, follower),
            parallel=parallel,
            interrupts=interrupt_policy(common),
        )
    show_view(common, view)
    return int(exit_code(view))


def _announced(
    common: Common, services: Services, show: Callable[[Event], None]
) -> Callable[[Event], None]:
    # which execution it is may only be known when it goes on; it is said before anything is changed
    said = False

    def on_event(event: Event) -> None:
        nonlocal said
        if not said:
            said = True
            header = services.journal.header(event.execution)
            say(f"{header.scope}  {' + '.join(header.phases)}  execution {header.execution}")
            if common.sandbox:
                say(SANDBOX_NOTICE)
        show(event)

    return on_event
