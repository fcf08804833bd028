"""``drstate approve`` and ``drstate reject``: decide the gate at which an execution waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from drstate_cli.announcing import announce
from drstate_cli.dispatching import workers_go_on
from drstate_cli.opening import open_services
from drstate_cli.options import Common, Customer, Environment, ExecutionId, Parallel, verb
from drstate_cli.running import Detach, Stay
from drstate_cli.scoping import optional_scope

if TYPE_CHECKING:
    from drstate.execution.deciding import Decided
    from drstate.execution.services import Services

Comment = Annotated[str, typer.Option("--comment", help="Kept with your decision.")]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TOKEN",
        help="The gate's one-time token, where you were given one.",
        show_default=False,
    ),
]
Rollback = Annotated[
    bool, typer.Option("--rollback", help="Also undo what the execution has done so far.")
]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("approve")(approve)
    app.command("reject")(reject)


@verb
def approve(
    common: Common,
    execution: ExecutionId = None,
    customer: Customer = None,
    environment: Environment = None,
    comment: Comment = "",
    token: Token = None,
    parallel: Parallel = None,
    stay: Stay = False,
    detach: Detach = False,
) -> int:
    """Approve the open gate. Its runner goes on; where none lives, this command does."""
    from drstate.execution.deciding import decide
    from drstate_cli.payload import say

    with open_services(common) as services:
        decided = decide(
            services,
            execution,
            scope=optional_scope(customer, environment),
            approved=True,
            comment=comment,
            token=token,
        )
        name = decided.header.execution
        announce(common, decided.header)
        say(f"the gate before {decided.stage} is approved")
        if decided.runner is not None or workers_go_on(services, name):
            return _leave(common, services, decided)
        if detach:
            from drstate.execution.detaching import launch
            from drstate_cli.background import show_started, spawner

            show_started(common, launch(services, name, spawner(common)))
            return 0
        return _go_on(common, services, name, parallel, stay=stay)


@verb
def reject(
    common: Common,
    execution: ExecutionId = None,
    customer: Customer = None,
    environment: Environment = None,
    comment: Comment = "",
    token: Token = None,
    rollback: Rollback = False,
    parallel: Parallel = None,
) -> int:
    """Reject the open gate: the execution is cancelled. `--rollback` also undoes what it did."""
    from drstate.execution.deciding import decide
    from drstate_cli.payload import say

    with open_services(common) as services:
        decided = decide(
            services,
            execution,
            scope=optional_scope(customer, environment),
            approved=False,
            comment=comment,
            rollback=rollback,
            token=token,
        )
        name = decided.header.execution
        announce(common, decided.header)
        say(f"the gate before {decided.stage} is rejected")
        if rollback:
            return _undo(common, services, decided, comment, parallel)
        if decided.runner is not None or workers_go_on(services, name):
            return _leave(common, services, decided)
        code = _go_on(common, services, name, parallel)
        # the execution's own code says that it was cancelled; that was what was asked for
        return 0 if code == _CANCELLED else code


_CANCELLED = 8


def _leave(common: Common, services: Services, decided: Decided) -> int:
    """The runner that lives goes on; what it does is shown by watch."""
    from drstate_cli.payload import say
    from drstate_cli.render.final import show_view

    runner = decided.runner
    tail = " --sandbox" if common.sandbox else ""
    name = decided.header.execution
    if runner is not None:
        say(f"process {runner.pid} on {runner.host} goes on: drstate watch {name}{tail}")
    show_view(common, services.readers.status(name))
    return 0


def _go_on(
    common: Common, services: Services, execution: str, parallel: int | None, *, stay: bool = False
) -> int:
    from drstate.execution.executing import exit_code
    from drstate.execution.resuming import resume
    from drstate_cli.asking import asker, token_teller
    from drstate_cli.interrupting import interrupt_policy
    from drstate_cli.render.final import show_view
    from drstate_cli.render.progress import following

    with following(common, earlier=services.readers.logs) as follower:
        view = resume(
            services,
            execution,
            ask=asker(common, False, services.operator, follower.paused, stay=stay),
            on_event=follower,
            parallel=parallel,
            interrupts=interrupt_policy(common),
            tell_token=token_teller(common),
        )
    show_view(common, view)
    return int(exit_code(view))


def _undo(
    common: Common, services: Services, decided: Decided, comment: str, parallel: int | None
) -> int:
    from drstate.execution.deciding import await_free
    from drstate.execution.rolling_back import exit_code, look_back, rollback
    from drstate_cli.interrupting import interrupt_policy
    from drstate_cli.payload import say
    from drstate_cli.render.final import show_view
    from drstate_cli.render.progress import following
    from drstate_cli.render.rollback import way_text

    await_free(services, decided.header)
    looked = look_back(services, decided.header.execution)
    say(way_text(looked.header, looked.waves, looked.way.steps, looked.way.left))
    with following(common, earlier=services.readers.logs) as follower:
        view = rollback(
            services,
            looked,
            reason=comment or "rejected at the gate",
            on_event=follower,
            parallel=parallel,
            interrupts=interrupt_policy(common),
        )
    show_view(common, view)
    return int(exit_code(view))
