"""What a gate says of the wave before it, and what an adapter is told of an emergency."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from drstate.adapters.actions import Work
from drstate.adapters.registry import adapter_for
from drstate.adapters.site import SiteContext
from drstate.execution.gates import question
from drstate.execution.worksource import AdapterWork
from drstate.model.health import Impaired, ResourceStatus, WaveHealth
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.probe import ProbeKind
from drstate.planning.compiling import compile_plan
from drstate.planning.requests import PlanRequest
from drstate.planning.work import WorkRequest
from tests.planning.planning_estate import (
    DATA,
    EAST,
    SCOPE,
    WEST,
    ScriptedWork,
    catalog,
    demo,
    entry,
)

PLAN = compile_plan(
    PlanRequest(operation=Operation.PHASE, phases=(Phase.ACTIVATE,)), demo(), SCOPE, ScriptedWork()
)
WORKER = Impaired(
    stage="activate.w1",
    wave=1,
    verdict=WaveHealth.DEGRADED,
    resource="ecs/1/shop/worker",
    status=ResourceStatus.UNHEALTHY,
    detail="runs 0 of 2 tasks",
    hint="look at its events",
)


def test_a_gate_names_wave_resource_and_reason_of_what_is_degraded_before_it() -> None:
    asked = question("x", PLAN, PLAN.stages[1], (WORKER,))
    assert asked.reason == (
        "approval is required before activate.w2 in us-west-2; "
        "activate.w1 is DEGRADED: ecs/1/shop/worker"
    )
    assert asked.checklist[0] == (
        "wave 1: ecs/1/shop/worker is UNHEALTHY: runs 0 of 2 tasks (help: look at its events)"
    )
    assert asked.impaired == (WORKER,)


def test_a_gate_after_a_healthy_wave_says_nothing_of_it() -> None:
    asked = question("x", PLAN, PLAN.stages[1])
    assert asked.reason == "approval is required before activate.w2 in us-west-2"
    assert asked.checklist == question("x", PLAN, PLAN.stages[1], ()).checklist


def test_an_emergency_reaches_the_adapter_that_plans_its_actions() -> None:
    seen: list[SiteContext] = []

    def work(_phase: Phase, _entry: Any, site: SiteContext) -> Work:
        seen.append(site)
        return Work(no_op="nothing")

    source = AdapterWork(
        lambda _: SimpleNamespace(work=work),  # type: ignore[arg-type, return-value]
        lambda _: (),
        lambda *_: 1,
    )
    known = demo()
    for emergency in (False, True):
        source.work(
            WorkRequest(
                entry=known.entries[0],
                phase=Phase.ACTIVATE,
                region=WEST,
                state=SiteState.ACTIVE,
                catalog=known,
                scope=SCOPE,
                emergency=emergency,
            )
        )
    assert [site.emergency for site in seen] == [False, True]
    assert [site.by_stack for site in seen] == [True, False]


def test_technologies_say_what_is_to_be_probed_at_an_active_site_only() -> None:
    instance = {"identifier": "orders-1", "instance_class": "db.r6g.large"}
    spec = {
        "region": EAST,
        "captured_at": "2026-03-01T12:00:00Z",
        "identifier": "orders",
        "arn": f"arn:aws:rds:{EAST}:{DATA}:cluster:orders",
        "engine": "aurora-postgresql",
        "engine_version": "15.4",
        "instances": [instance],
    }
    orders = entry("orders", spec=spec).model_copy(
        update={"endpoints": {WEST: {"writer": "orders.west.example"}}}
    )
    known = catalog(orders)

    def probes(region: str, state: SiteState) -> list[tuple[ProbeKind, str]]:
        site = SiteContext.of(SCOPE, known, orders, region, state)
        found = adapter_for("aurora").probes(orders, site)
        return [(probe.kind, probe.target) for probe in found]

    assert probes(WEST, SiteState.ACTIVE) == [(ProbeKind.TCP, "orders.west.example:5432")]
    assert probes(WEST, SiteState.STANDBY) == []
    # where it answers there is not known yet
    assert probes(EAST, SiteState.ACTIVE) == []
