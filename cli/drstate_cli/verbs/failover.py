"""``drstate failover`` and ``drstate failback``: the operations that turn the sites' roles."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from drstate.errors import UsageError
from drstate_cli.options import Common, Wish, verb
from drstate_cli.order import Order
from drstate_cli.running import Graceful, How, in_emergency, seconds_of

Emergency = Annotated[
    bool,
    typer.Option(
        "--emergency",
        help="The region that serves is gone: by actions alone. The same as drstate emergency.",
    ),
]
OperationPhases = Annotated[
    str | None,
    typer.Option(
        "--phases",
        metavar="PHASE,…",
        help="Phases to run instead of the operation's own, in this order.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("failover")(failover)
    app.command("failback")(failback)


@verb
def failover(
    common: Common,
    wish: Wish,
    how: How,
    phases: OperationPhases = None,
    emergency: Emergency = False,
    graceful: Graceful = None,
) -> int:
    """Have the recovery region take over. INSTANTIATE, then ACTIVATE, wave by wave."""
    from drstate.model.phases import Operation

    if emergency and (phases or wish.phase):
        raise UsageError(
            "--emergency has its own phase",
            why="it activates by actions alone; there is no time for another one",
            hint="leave --phases out",
        )
    if graceful and not emergency:
        raise UsageError(
            "--graceful has no meaning without --emergency",
            why="a planned failover loses no data anyway",
            hint="leave --graceful out",
        )
    order = Order(
        graceful_seconds=round(seconds_of(graceful, "--graceful")),
        wish=in_emergency(wish) if emergency else _with_phases(wish, phases),
        operation=Operation.FAILOVER,
        emergency=emergency,
    )
    return how.run(common, order)


@verb
def failback(
    common: Common,
    wish: Wish,
    how: How,
    phases: OperationPhases = None,
) -> int:
    """Bring production back to its original region. The phases left to do, wave by wave."""
    from drstate.model.phases import Operation

    order = Order(
        wish=_with_phases(wish, phases),
        operation=Operation.FAILBACK,
    )
    return how.run(common, order)


def _with_phases(wish: Wish, phases: str | None) -> Wish:
    if phases is None:
        return wish
    if wish.phase:
        raise UsageError(
            "--phases and --phase are both given",
            why="they say the same",
            hint="use one: --phases instantiate,activate",
        )
    return replace(wish, phase=[name.strip() for name in phases.split(",") if name.strip()])
