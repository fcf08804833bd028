"""Names are turned last in their wave, once what they lead to is there."""

from __future__ import annotations

from drstate.model.phases import Operation, Phase
from drstate.model.plan import Plan
from drstate.model.scope import Approval
from drstate.planning.compiling import compile_plan
from drstate.planning.requests import PlanRequest
from tests.planning.planning_estate import APP, SCOPE, ScriptedWork, catalog, entry

WEB = entry("web", technology="ecs", account=APP)
NAME = entry("www", technology="route53")


def plan_of(*entries, phase: Phase = Phase.ACTIVATE, emergency: bool = False) -> Plan:  # type: ignore[no-untyped-def]
    request = PlanRequest(
        operation=Operation.PHASE,
        phases=(phase,),
        approval=Approval.REQUIRED,
        force=emergency,
        emergency=emergency,
    )
    return compile_plan(request, catalog(*entries), SCOPE, ScriptedWork())


def stages(plan: Plan) -> dict[str, list[str]]:
    return {
        stage.id: [key for shard in stage.shards for key in shard.resources]
        for stage in plan.stages
        if stage.wave
    }


def test_a_wave_with_both_is_made_into_two_stages_and_asks_once() -> None:
    plan = plan_of(WEB, NAME)
    assert stages(plan) == {"activate.w1": [WEB.key], "activate.w1-traffic": [NAME.key]}
    assert [(stage.wave, stage.gate) for stage in plan.stages] == [(1, True), (1, False)]
    assert list(stages(plan_of(WEB, NAME, emergency=True))) == list(stages(plan))


def test_a_wave_of_names_alone_and_other_phases_stay_as_they_are() -> None:
    assert list(stages(plan_of(NAME))) == ["activate.w1"]
    assert list(stages(plan_of(WEB, NAME, phase=Phase.INSTANTIATE))) == ["instantiate.w1"]


def test_a_name_that_another_resource_depends_on_comes_with_it() -> None:
    web = entry("web", technology="ecs", account=APP, needs=("www",))
    assert set(stages(plan_of(web, NAME))) == {"activate.w1"}
