"""``drstate rollback``: take back what a stopped execution did."""

from __future__ import annotations

from typing import Annotated

import typer

from drstate.errors import CancelledError
from drstate_cli.opening import open_services
from drstate_cli.options import (
    Common,
    Customer,
    Environment,
    ExecutionId,
    Message,
    Parallel,
    Yes,
    verb,
)
from drstate_cli.scoping import optional_scope

RolledWaves = Annotated[
    list[int] | None,
    typer.Option(
        "--wave",
        min=0,
        metavar="N",
        help="Only what this wave did (repeatable).",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("rollback")(rollback)


@verb
def rollback(
    common: Common,
    execution: ExecutionId = None,
    customer: Customer = None,
    environment: Environment = None,
    wave: RolledWaves = None,
    yes: Yes = False,
    message: Message = "",
    parallel: Parallel = None,
) -> int:
    """Undo a paused or failed execution, backwards. Shows first what goes back and what cannot."""
    from drstate.execution.rolling_back import exit_code, look_back
    from drstate.execution.rolling_back import rollback as go_back
    from drstate_cli.asking import require_yes
    from drstate_cli.interrupting import interrupt_policy
    from drstate_cli.payload import SANDBOX_NOTICE, say
    from drstate_cli.render.final import show_view
    from drstate_cli.render.progress import following
    from drstate_cli.render.rollback import way_text

    with open_services(common) as services:
        looked = look_back(
            services,
            execution,
            scope=optional_scope(customer, environment),
            waves=tuple(wave or ()),
        )
        way = looked.way
        say(way_text(looked.header, looked.waves, way.steps, way.left, way.later))
        if common.sandbox:
            say(SANDBOX_NOTICE)
        require_yes(common, yes)
        if not yes:
            _agree(looked.plan.scope.customer)
        with following(common, earlier=services.readers.logs) as follower:
            view = go_back(
                services,
                looked,
                reason=message,
                on_event=follower,
                parallel=parallel,
                interrupts=interrupt_policy(common),
            )
    show_view(common, view)
    return int(exit_code(view))


def _agree(customer: str) -> None:
    from drstate_cli.asking import ask_line

    if ask_line(f"\nUndo this? Type the customer's name ({customer}): ") != customer:
        raise CancelledError("not confirmed; nothing was undone")
