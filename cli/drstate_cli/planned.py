"""What plan, preview and up share: from options to a compiled plan, and the header line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.errors import UsageError
from drstate_cli.options import Common, Wish
from drstate_cli.payload import SANDBOX_NOTICE, say
from drstate_cli.scoping import scope_names

if TYPE_CHECKING:
    from drstate.execution.making_plan import PlannedRun
    from drstate.execution.services import Services
    from drstate.model.phases import Operation, Phase
    from drstate.model.plan import Plan


def parse_phases(names: list[str] | None) -> list[Phase]:
    """The phases in the order given. Refuses unknown names and none at all."""
    from drstate.model.phases import Phase

    known = ", ".join(Phase)
    if not names:
        raise UsageError("--phase is missing", hint=f"one or more of: {known}")
    for name in names:
        if name not in list(Phase):
            raise UsageError(f"--phase {name!r} does not exist", hint=f"one of: {known}")
    return [Phase(name) for name in names]


def make(
    common: Common,
    services: Services,
    wish: Wish,
    *,
    announce: bool = True,
    emergency: bool = False,
    graceful_seconds: int = 0,
    operation: Operation | None = None,
) -> PlannedRun:
    """Compile the plan that the options ask for.

    ``announce`` says scope and direction on stderr; who prints them otherwise need not.
    ``emergency``: actions alone, a failover by force. ``operation`` other than PHASE has phases of
    its own where none are named.
    """
    from drstate.execution.making_plan import make_plan
    from drstate.execution.notifying import untold
    from drstate.execution.planning_late import check_direction
    from drstate.model.phases import Operation
    from drstate.model.scope import Approval

    own = operation not in (None, Operation.PHASE) and not wish.phase
    phases = [] if own else parse_phases(wish.phase)
    if wish.approval is not None and wish.approval not in list(Approval):
        raise UsageError(
            f"--approval {wish.approval!r} does not exist", hint=f"one of: {', '.join(Approval)}"
        )
    scope = services.scope(*scope_names(common, wish.customer, wish.environment))
    planned = make_plan(
        services,
        scope,
        phases=phases,
        waves=tuple(wish.wave or ()),
        targets=tuple(wish.target or ()),
        approval=Approval(wish.approval) if wish.approval else None,
        force=wish.force,
        emergency=emergency,
        graceful_seconds=graceful_seconds,
        operation=operation or (Operation.FAILOVER if emergency else Operation.PHASE),
    )
    check_direction(planned.plan, wish.to)
    if announce:
        say(header(common, services, planned.plan))
        said = untold(services, scope)
        if said is not None:
            say(f"note: {said}")
    return planned


def header(common: Common, services: Services, plan: Plan) -> str:
    """Scope, direction, phases and engine: printed before anything is changed."""
    other = next(iter({stage.region for stage in plan.stages}), plan.recovery)
    phases = " + ".join(plan.phases)
    carrier = services.carrier_line(plan)
    lines = [f"{plan.scope}  {phases}  on {other}   (serving: {plan.serving})   {carrier}"]
    if common.sandbox:
        lines.append(SANDBOX_NOTICE)
    if plan.emergency:
        asked = (
            f"{plan.serving} is asked for {plan.graceful_seconds} s at most"
            if plan.graceful_seconds
            else "nothing is asked of the region that serves"
        )
        lines.append(f"EMERGENCY: actions only, {asked}")
    if plan.force:
        lines.append("FORCE: data that was not replicated yet will be lost")
    return "\n".join(lines)
