"""The plan of an execution that was started before it was planned: made by whoever runs it.

Where it cannot be made, or is refused, the execution has failed, and its journal says why: a
process in the background has nobody else to tell.
"""

from __future__ import annotations

from drstate.errors import DrstateError, JournalError, PlanRefusedError
from drstate.execution.consenting import DATA_LOSS
from drstate.execution.errorinfo import error_info
from drstate.execution.executing import check, save
from drstate.execution.foreseen import foreseen
from drstate.execution.making_plan import make_plan
from drstate.execution.recorder import Recorder
from drstate.execution.services import Services
from drstate.execution.starting import look
from drstate.execution.verifying import verification_or_none
from drstate.model import events as e
from drstate.model.actor import Actor
from drstate.model.catalog import Catalog
from drstate.model.events import ExecutionStatus
from drstate.model.plan import Plan
from drstate.model.scope import Scope


def plan_now(services: Services, scope: Scope, recorder: Recorder, fence: int) -> Catalog:
    """Make, check and journal the plan; the saved catalog. Raises what forbids it, journaled."""
    try:
        return _planned(services, scope, recorder, fence)
    except DrstateError as error:
        recorder.append(
            e.ExecutionFinished(
                status=ExecutionStatus.FAILED,
                changes=0,
                error=error_info(error),
                duration_seconds=recorder.seconds_since("execution"),
            )
        )
        raise


def _starter(services: Services, created: e.ExecutionCreated, plan: Plan) -> Actor | None:
    """Who began it, where this process is theirs: started in the background, or resumed by them."""
    if created.actor is not None or created.operator != services.operator:
        return None
    return services.actor(plan.recovery)


def check_direction(plan: Plan, to: str | None) -> None:
    """Raise PlanRefusedError where the plan acts on another region than ``to``."""
    regions = {stage.region for stage in plan.stages if stage.region != "global"}
    if to is not None and regions - {to}:
        found = ", ".join(sorted(regions))
        raise PlanRefusedError(
            f"--to {to} was given, but this plan acts on {found}",
            why=f"{plan.serving} serves now and {plan.recovery} is the recovery site",
            hint="drstate status shows the roles; leave out --to to act on the recovery site",
        )


def _planned(services: Services, scope: Scope, recorder: Recorder, fence: int) -> Catalog:
    story = services.journal.events(recorder.execution, kinds=("execution_created",))
    created = story[0].payload
    if not isinstance(created, e.ExecutionCreated):
        raise JournalError(
            f"execution {recorder.execution} does not say what is wanted",
            why="its first event is another one",
            hint="drstate history lists the executions that can go on",
        )
    wanted = created.wanted or e.Wanted()
    planned = make_plan(
        services,
        scope,
        phases=created.phases,
        operation=created.operation,
        waves=wanted.waves,
        targets=wanted.targets,
        approval=wanted.approval,
        force=created.force,
        emergency=wanted.emergency,
        graceful_seconds=wanted.graceful_seconds,
    )
    check_direction(planned.plan, wanted.to)
    seen = look(
        services,
        planned,
        parallel=wanted.parallel,
        wait_seconds=wanted.wait_seconds,
        tell=recorder.warn,
        own=recorder.execution,
    )
    consent = created.operator if DATA_LOSS in recorder.state.consents else None
    seen = check(
        services,
        planned,
        preview=seen,
        consent=consent,
        parallel=wanted.parallel,
        own=recorder.execution,
    )
    verdict = verification_or_none(services, planned)
    catalog = save(services, planned, fence)
    plan = planned.plan
    recorder.append(
        e.ExecutionPlanned(
            plan=plan,
            plan_digest=plan.digest(),
            engine=services.carrier(plan),
            actor=_starter(services, created, plan),
            verification=verdict,
        )
    )
    for warned in foreseen(services, scope, seen):
        recorder.append(warned)
    return catalog
