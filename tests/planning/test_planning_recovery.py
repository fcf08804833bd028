"""The predicted recovery time: of the failover that a plan prepares, and what it waits for."""

from __future__ import annotations

import pytest

from drstate.errors import PlanRefusedError
from drstate.model.catalog import Catalog
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.scope import Approval, Scope
from drstate.planning.compiling import compile_plan
from drstate.planning.recovery import recovery_time
from drstate.planning.requests import PlanRequest
from tests.planning.planning_estate import (
    EAST,
    SCOPE,
    WEST,
    ScriptedWork,
    catalog,
    demo,
    entry,
)


def predicted(
    held: Catalog, *phases: Phase, scope: Scope = SCOPE, work: ScriptedWork | None = None
):
    used = work or ScriptedWork()
    request = PlanRequest(operation=Operation.PHASE, phases=phases, approval=Approval.AUTOMATIC)
    plan = compile_plan(request, held, scope, used)
    return plan, recovery_time(plan, held, scope, used)


def test_a_replicate_is_followed_by_the_failover_that_it_prepares():
    held = demo().model_copy(update={"sites": {EAST: SiteState.ACTIVE, WEST: SiteState.STANDBY}})
    _, time = predicted(held, Phase.REPLICATE)
    assert time.phases == (Phase.INSTANTIATE, Phase.ACTIVATE)
    whole = compile_plan(
        PlanRequest(operation=Operation.FAILOVER, phases=time.phases), held, SCOPE, ScriptedWork()
    )
    assert time.seconds == whole.estimate_seconds
    assert sum(step.seconds for step in time.critical_path) == time.seconds


def test_a_warm_site_has_only_to_be_activated():
    _, time = predicted(demo(), Phase.INSTANTIATE)
    assert time.phases == (Phase.ACTIVATE,)
    assert [step.stage for step in time.critical_path] == [
        "activate.w1",
        "activate.w2",
        "activate.w3",
    ]


def test_a_plan_that_activates_is_its_own_recovery():
    plan, time = predicted(demo(), Phase.ACTIVATE)
    assert time.seconds == plan.estimate_seconds
    assert time.phases == (Phase.ACTIVATE,)


def test_what_takes_longest_in_a_stage_is_named():
    _, time = predicted(demo(), Phase.ACTIVATE)
    first, second, third = time.critical_path
    assert first.slowest == "aurora/211111111101/orders"
    assert second.slowest.startswith("ecs/211111111102/shop/")
    assert third.slowest == "route53/100000000002/app./CNAME"


def test_waves_that_overlap_are_counted_by_their_longest_chain_only():
    held = catalog(
        entry("orders", wave=1), entry("files", technology="efs", wave=2), west=SiteState.WARM
    )
    overlapping = SCOPE.model_copy(
        update={
            "waves": SCOPE.waves.model_copy(update={"overlap": True}),
            "policies": SCOPE.policies.model_copy(update={"approval": Approval.AUTOMATIC}),
        }
    )
    _, one_by_one = predicted(held, Phase.INSTANTIATE)
    _, beside = predicted(held, Phase.INSTANTIATE, scope=overlapping)
    assert len(one_by_one.critical_path) == 2
    assert len(beside.critical_path) == 1
    assert beside.seconds < one_by_one.seconds


def test_a_site_with_nothing_in_standby_has_no_time():
    held = demo().model_copy(
        update={
            "sites": {EAST: SiteState.SUPERSEDED, WEST: SiteState.ACTIVE},
            "serving": WEST,
            "recovery": WEST,
        }
    )
    with pytest.raises(PlanRefusedError, match="nothing would stand by") as raised:
        predicted(held, Phase.CLEANUP)
    assert "drstate up --phase replicate -c acme -e production" in raised.value.hint
