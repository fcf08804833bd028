"""What a failover would take, once what is planned now is done. Pure.

A change in a pull request is mostly a REPLICATE; what people want to know of it is what it does to
the recovery that it prepares. That is compiled here from the catalog as the plan leaves it, with
the same estimates as any plan. A scope that would have nothing to recover to has no time.
"""

from __future__ import annotations

from drstate.errors import PlanRefusedError
from drstate.model.catalog import Catalog
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.plan import Plan, Stage
from drstate.model.recovery import RecoveryStep, RecoveryTime
from drstate.model.scope import Scope
from drstate.planning import roles
from drstate.planning.compiling import compile_plan
from drstate.planning.estimate import predicted
from drstate.planning.requests import PlanRequest
from drstate.planning.work import WorkSource

#: state of the site to recover in -> what a failover has left to do
_LEFT = {
    SiteState.STANDBY: (Phase.INSTANTIATE, Phase.ACTIVATE),
    SiteState.WARM: (Phase.ACTIVATE,),
}


def recovery_time(plan: Plan, catalog: Catalog, scope: Scope, work: WorkSource) -> RecoveryTime:
    """The time; ``catalog`` is what ``plan`` was compiled from.

    Raises PlanRefusedError where nothing would stand by, and as ``compile_plan``.
    """
    if Phase.ACTIVATE in plan.phases:
        return timed(plan)
    last = plan.phases[-1]
    after = roles.catalog_for(plan, last, catalog)
    # a choice of waves leaves the site as it is, but a failover would still be of all of it
    after = after.after(last) if not plan.drill else after
    phases = _LEFT.get(after.sites.get(after.recovery, SiteState.ABSENT))
    if phases is None or after.recovery == after.serving:
        raise PlanRefusedError(
            f"nothing would stand by in {after.recovery}",
            why=f"it would be {after.sites.get(after.recovery, SiteState.ABSENT)}",
            hint=f"protect it: drstate up --phase replicate -c {scope.customer} "
            f"-e {scope.environment}",
        )
    request = PlanRequest(operation=Operation.FAILOVER, phases=phases)
    return timed(compile_plan(request, after, scope, work))


def timed(plan: Plan) -> RecoveryTime:
    """The predicted time of a plan and its longest chain of stages."""
    times = predicted(plan.stages)
    stages = {stage.id: stage for stage in plan.stages}
    return RecoveryTime(
        seconds=round(times.seconds),
        phases=plan.phases,
        critical_path=tuple(_step(stages[one]) for one in times.critical_path),
    )


def _step(stage: Stage) -> RecoveryStep:
    shard = max(stage.shards, key=lambda one: one.estimate_seconds, default=None)
    spent: dict[str, int] = {}
    for action in shard.actions if shard else ():
        spent[action.resource] = spent.get(action.resource, 0) + action.estimate_seconds
    slowest = max(spent, key=lambda key: spent[key], default="")
    if not slowest and shard is not None and len(shard.declared) == 1:
        slowest = shard.declared[0]
    return RecoveryStep(stage=stage.id, seconds=stage.estimate_seconds, slowest=slowest)
