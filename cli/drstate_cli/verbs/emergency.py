"""``drstate emergency``: the region that serves is gone; bring the other one up without it."""

from __future__ import annotations

import typer

from drstate_cli.opening import open_services
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
from drstate_cli.planned import make


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
) -> int:
    """Fail over without the region that serves. By actions alone, from what was captured before."""
    from drstate.execution.executing import execute, exit_code
    from drstate.execution.previewing import preview
    from drstate_cli.asking import asker, confirm, require_yes
    from drstate_cli.interrupting import interrupt_policy
    from drstate_cli.payload import say
    from drstate_cli.render.final import show_view
    from drstate_cli.render.plan import preview_text
    from drstate_cli.render.progress import following

    require_yes(common, yes)
    wish = Wish(
        customer=customer,
        environment=environment,
        phase=["activate"],
        wave=wave,
        target=target,
        # one consent at the start is all that an emergency asks for
        approval="automatic",
        force=True,
        to=to,
    )
    with open_services(common) as services:
        planned = make(common, services, wish, emergency=True)
        found = preview(services, planned, parallel=parallel)
        say(preview_text(found, planned.plan))
        confirm(common, yes, found, planned.plan)
        with following(common) as follower:
            view = execute(
                services,
                planned,
                message=message,
                preview=found,
                ask=asker(common, yes, services.operator, follower.paused),
                consent=services.operator,
                parallel=parallel,
                on_event=follower,
                interrupts=interrupt_policy(common),
            )
    show_view(common, view)
    return int(exit_code(view))
