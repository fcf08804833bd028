"""``drstate up``: bring a site of a scope to the state that the phase leaves."""

from __future__ import annotations

from typing import Annotated

import typer

from drstate_cli.opening import open_services
from drstate_cli.options import Common, ExpectNoChanges, Message, Parallel, Wish, Yes, verb
from drstate_cli.planned import make

SkipPreview = Annotated[
    bool,
    typer.Option(
        "-f", "--skip-preview", help="Do not show what would change. Refusals still hold."
    ),
]


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
) -> int:
    """Run a phase, wave by wave. Stacks, actions, and a health check after each wave."""
    from drstate.execution.executing import execute, exit_code
    from drstate.execution.previewing import preview
    from drstate_cli.asking import asker, confirm, require_yes
    from drstate_cli.interrupting import interrupt_policy
    from drstate_cli.payload import say
    from drstate_cli.render.final import show_view
    from drstate_cli.render.plan import preview_text
    from drstate_cli.render.progress import following

    require_yes(common, yes)
    with open_services(common) as services:
        planned = make(common, services, wish)
        found = preview(services, planned, parallel=parallel)
        if not skip_preview:
            say(preview_text(found, planned.plan))
        if not found.refusals and not (expect_no_changes and not found.empty):
            confirm(common, yes, found, planned.plan)
        with following(common) as follower:
            view = execute(
                services,
                planned,
                message=message,
                preview=found,
                ask=asker(common, yes, services.operator, follower.paused),
                # whoever typed --force agrees to the loss of data
                consent=services.operator if wish.force else None,
                expect_no_changes=expect_no_changes,
                parallel=parallel,
                on_event=follower,
                interrupts=interrupt_policy(common),
            )
    show_view(common, view)
    return int(exit_code(view))
