"""What up, failover, failback, emergency and start share: from a wish to a run and its exit code.

A verb says which operation it is; here the plan is made and shown, a person agrees, and it is
carried out in the foreground, or handed to a process of its own (``--detach``, ``start``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from drstate.errors import UsageError
from drstate_cli.dispatching import check_dispatcher
from drstate_cli.opening import open_services
from drstate_cli.options import Common, Message, Parallel, Wish, Yes
from drstate_cli.order import Order
from drstate_cli.planned import make, parse_phases
from drstate_cli.scoping import scope_names

Wait = Annotated[
    str | None,
    typer.Option(
        "--wait",
        metavar="DURATION",
        help="Wait so long (90s, 10m, 2h) for prerequisites that are not met, such as a lag.",
        show_default=False,
    ),
]
Detach = Annotated[
    bool,
    typer.Option("--detach", help="Run in a process of its own and return its execution's id."),
]
Stay = Annotated[
    bool,
    typer.Option(
        "--stay",
        help="Wait at a gate until it is decided elsewhere, instead of ending with exit code 10.",
    ),
]
SkipPreview = Annotated[
    bool,
    typer.Option(
        "-f", "--skip-preview", help="Do not show what would change. Refusals still hold."
    ),
]
Graceful = Annotated[
    str | None,
    typer.Option(
        "--graceful",
        metavar="DURATION",
        help="In an emergency: first try so long (30s, 2m) to lose no data. Asks the lost region.",
        show_default=False,
    ),
]
Dispatcher = Annotated[
    str,
    typer.Option(
        "--dispatcher",
        metavar="NAME",
        help="Who runs the steps: local (this machine), or stepfunctions (drstate worker).",
    ),
]
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class How:
    """How a run is to go: the options that up, failover and failback share, as one parameter."""

    yes: Yes = False
    skip_preview: SkipPreview = False
    message: Message = ""
    parallel: Parallel = None
    wait: Wait = None
    stay: Stay = False
    detach: Detach = False
    dispatcher: Dispatcher = "local"

    def run(self, common: Common, order: Order) -> int:
        """Carry the order out, or hand it over, in this way. Returns the exit code."""
        whole = replace(
            order,
            yes=self.yes,
            skip_preview=self.skip_preview,
            message=self.message,
            parallel=self.parallel,
            wait_seconds=seconds_of(self.wait),
            stay=self.stay,
            dispatcher=self.dispatcher,
        )
        return hand_over(common, whole) if self.detach else carry_out(common, whole)


def seconds_of(text: str | None, option: str = "--wait") -> float:
    """A duration such as ``90s``, ``10m`` or ``2h`` in seconds; none: 0."""
    if text is None:
        return 0.0
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text.strip())
    if found is None:
        raise UsageError(
            f"{option} {text!r} is no duration",
            why="it is a number and a unit: s, m or h",
            hint=f"for example: {option} 10m",
        )
    return float(found[1]) * _UNITS[found[2]]


def in_emergency(wish: Wish) -> Wish:
    """The wish as an emergency has it: by force, one consent at the start, ACTIVATE alone."""
    return replace(wish, phase=["activate"], approval="automatic", force=True)


def carry_out(common: Common, order: Order) -> int:
    """Plan, show, agree, run to the end or to a gate. Returns the exit code."""
    from drstate.execution.executing import execute, exit_code
    from drstate.execution.starting import look
    from drstate_cli.asking import asker, confirm, require_yes, token_teller
    from drstate_cli.interrupting import interrupt_policy
    from drstate_cli.payload import say
    from drstate_cli.render.final import show_view
    from drstate_cli.render.plan import preview_text
    from drstate_cli.render.progress import following

    require_yes(common, order.yes)
    check_dispatcher(order.dispatcher)
    wish = order.wish
    with open_services(common) as services:
        planned = make(
            common,
            services,
            wish,
            emergency=order.emergency,
            graceful_seconds=order.graceful_seconds,
            operation=order.operation,
        )
        found = look(
            services,
            planned,
            parallel=order.parallel,
            wait_seconds=order.wait_seconds,
            tell=say,
        )
        if not order.skip_preview:
            say(preview_text(found, planned.plan))
        if not found.refusals and not (order.expect_no_changes and not found.empty):
            confirm(common, order.yes, found, planned.plan)
        if order.dispatcher != "local":
            from drstate_cli.dispatching import over_step_functions

            return over_step_functions(common, services, planned, found, order)
        with following(common) as follower:
            view = execute(
                services,
                planned,
                message=order.message,
                preview=found,
                ask=asker(common, order.yes, services.operator, follower.paused, stay=order.stay),
                # whoever typed --force agrees to the loss of data
                consent=services.operator if wish.force else None,
                expect_no_changes=order.expect_no_changes,
                parallel=order.parallel,
                on_event=follower,
                interrupts=interrupt_policy(common),
                tell_token=token_teller(common),
            )
    show_view(common, view)
    return int(exit_code(view))


def hand_over(common: Common, order: Order) -> int:
    """Journal what is wanted, start the process that does it, and print the execution's id."""
    from drstate.execution.detaching import start
    from drstate.model.events import Wanted
    from drstate.model.scope import Approval
    from drstate_cli.asking import require_yes
    from drstate_cli.background import agree, show_started, spawner

    wish = order.wish
    if order.dispatcher != "local":
        # the plan is made here: what workers are handed is a reference to it
        return carry_out(common, replace(order, detach=True))
    if order.expect_no_changes:
        raise UsageError(
            "--expect-no-changes does not go with --detach",
            why="it compares before anything is begun, and the plan is made in the background",
            hint="look first: drstate preview; or leave --detach out",
        )
    if wish.approval is not None and wish.approval not in list(Approval):
        raise UsageError(
            f"--approval {wish.approval!r} does not exist", hint=f"one of: {', '.join(Approval)}"
        )
    phases = tuple(parse_phases(wish.phase)) if wish.phase else ()
    if not phases and order.operation.value == "phase":
        parse_phases(None)
    require_yes(common, order.yes)
    with open_services(common) as services:
        scope = services.scope(*scope_names(common, wish.customer, wish.environment))
        if not order.yes:
            agree(scope, order.operation, phases, force=wish.force)
        started = start(
            services,
            scope,
            operation=order.operation,
            phases=phases,
            wanted=Wanted(
                waves=tuple(wish.wave or ()),
                targets=tuple(wish.target or ()),
                approval=Approval(wish.approval) if wish.approval else None,
                emergency=order.emergency,
                graceful_seconds=order.graceful_seconds,
                to=wish.to,
                parallel=order.parallel,
                wait_seconds=order.wait_seconds,
            ),
            spawn=spawner(common),
            force=wish.force,
            consent=services.operator if wish.force else None,
            message=order.message,
        )
    show_started(common, started)
    return 0
