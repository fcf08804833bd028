"""Use case: terminate the instances that an execution launched, a drill's or a recovery's.

What serves production is not terminated, whoever asks. An instance that a stack of ours declares is
made anew by the next REPLICATE: until then its region counts as not reconciled, so that the stack
looks at what is there first.
"""

from __future__ import annotations

from drstate.errors import PlanRefusedError, UsageError
from drstate.execution.drilling import DrillWork, make_cleanup, saved_catalog, seen_from
from drstate.execution.making_plan import PlannedRun
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.phases import LAUNCHED
from drstate.model.plan import Plan
from drstate.report.terminated import Terminated, terminated

__all__ = ["Terminated", "make_termination", "terminated"]

_LAUNCH = "#launch"


def make_termination(services: Services, execution: str) -> PlannedRun:
    """The plan that terminates what ``execution`` launched.

    Raises UnknownNameError, UsageError (it launched nothing; its drill is cleaned up already),
    PlanRefusedError (what it launched serves production).
    """
    from drstate.planning.drill import compile_removal  # noqa: PLC0415 loaded when it is needed

    plan = _plan_of(services, execution)
    scope = services.scope(plan.scope.customer, plan.scope.environment)
    catalog = saved_catalog(services, scope)
    if plan.drill and plan.drill != LAUNCHED:
        if plan.drill not in {one.id for one in catalog.drills}:
            raise UsageError(
                f"nothing of drill {plan.drill} is left to terminate",
                why="its removal has ended well",
                hint=f"see it: drstate status {execution}",
            )
        return make_cleanup(services, scope, plan.drill)
    launched = {
        action.resource: stage.region
        for stage in plan.stages
        for shard in stage.shards
        for action in shard.actions
        if action.id.endswith(_LAUNCH)
    }
    if not launched:
        raise UsageError(
            f"execution {execution} launched no instances",
            why="only servers recovered by DRS have instances that can be terminated",
            hint="drstate history lists the executions and what they were",
        )
    region = next(iter(launched.values()))
    if catalog.serving == region:
        raise PlanRefusedError(
            f"what execution {execution} launched in {region} serves production",
            why=f"{region} is the serving region of {scope.key}: {', '.join(sorted(launched))}",
            hint=f"go back first: drstate failback -c {scope.customer} -e {scope.environment}",
        )
    there = seen_from(catalog, region)
    work = DrillWork(services.adapter, scope, there, LAUNCHED)
    removal = compile_removal(there, scope, work, LAUNCHED, launched)
    behind = tuple(sorted({*catalog.unreconciled, region}))
    return PlannedRun(
        scope=scope,
        plan=removal,
        catalog=catalog.model_copy(update={"unreconciled": behind}),
    )


def _plan_of(services: Services, execution: str) -> Plan:
    services.journal.header(execution)
    for event in services.journal.events(execution):
        known = event.payload
        if isinstance(known, e.ExecutionCreated | e.ExecutionPlanned) and known.plan.stages:
            return known.plan
    raise UsageError(
        f"execution {execution} has no plan yet",
        why="nothing was launched by it",
        hint="drstate history lists the executions",
    )
