"""Waves that overlap, depend on results, hold hooks of their own, or are owed."""

from __future__ import annotations

from typing import Any

import pytest

from drstate.errors import ConfigError
from drstate.model.catalog import Catalog
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.plan import Place, Plan
from drstate.model.schedule import alone, schedule
from drstate.model.scope import Approval, Scope
from drstate.planning.compiling import compile_plan
from drstate.planning.requests import PlanRequest
from tests.planning.planning_estate import APP, DATA, DNS, EAST, SCOPE, WEST, ScriptedWork, entry
from tests.planning.planning_estate import catalog as estate

ORDERS, WEB, MAIL, SITE = (
    f"aurora/{DATA}/orders",
    f"ecs/{APP}/shop/web",
    f"ecs/{APP}/shop/mail",
    f"route53/{DNS}/app./CNAME",
)


def scope(**waves: Any) -> Scope:
    return scoped(waves=waves)


def scoped(**fields: Any) -> Scope:
    return Scope.model_validate({**SCOPE.model_dump(mode="json", by_alias=True), **fields})


def shop(**site: Any) -> Catalog:
    """web needs orders, mail needs web, reports need nothing."""
    return estate(
        entry("orders"),
        entry("reports", technology="opensearch", wave=2),
        entry("shop/web", technology="ecs", account=APP, wave=3, needs=("orders",)),
        entry("shop/mail", technology="ecs", account=APP, wave=4, needs=("shop/web",)),
        entry("app./CNAME", technology="route53", account=DNS, wave=5, declared=(), **site),
    )


def planned(known: Catalog, of: Scope, *phases: Phase, **more: Any) -> Plan:
    request = PlanRequest(Operation.PHASE, phases or (Phase.ACTIVATE,), **more)
    return compile_plan(request, known, of, ScriptedWork())


def needs(plan: Plan) -> dict[int, list[int] | None]:
    waves = {stage.id: stage.wave for stage in plan.stages}
    return {
        stage.wave: None if stage.needs is None else [waves[one] for one in stage.needs]
        for stage in plan.stages
    }


def test_a_wave_waits_for_what_its_resources_depend_on_and_traffic_waits_for_all() -> None:
    assert needs(planned(shop(), SCOPE)) == dict.fromkeys(range(1, 6))
    assert needs(planned(shop(), scope(overlap=True))) == {
        1: [],
        2: [],
        3: [1],
        # through web
        4: [1, 3],
        5: [1, 2, 3, 4],
    }


def test_traffic_that_says_what_it_depends_on_waits_for_that_alone() -> None:
    found = needs(planned(shop(needs=("shop/web",)), scope(overlap=True)))
    assert found[5] == [1, 3]


def test_a_host_name_in_a_configuration_is_a_dependency_and_global_stacks_come_first() -> None:
    spec = {"region": EAST, "endpoints": {}, "environment": {"DB": "orders.example:5432"}}
    known = estate(
        entry(
            "orders",
            declared=(WEST, "global"),
            spec={"region": EAST, "endpoints": {"writer": "orders.example"}},
        ),
        entry("shop/web", technology="ecs", account=APP, wave=2, spec=spec),
    )
    found = planned(known, scope(overlap=True), Phase.INSTANTIATE)
    assert needs(found) == {0: [], 1: [0], 2: [0, 1]}


def test_in_an_emergency_waves_follow_each_other() -> None:
    known = planned(shop(), scope(overlap=True), emergency=True, force=True)
    assert set(needs(known).values()) == {None}


def test_the_estimate_is_the_longest_chain_and_names_it() -> None:
    freely = {"approval": Approval.AUTOMATIC}
    in_turn, beside = (planned(shop(), of, **freely) for of in (SCOPE, scope(overlap=True)))
    assert in_turn.estimate_seconds == sum(stage.estimate_seconds for stage in in_turn.stages)
    assert in_turn.critical_path == ()
    assert beside.critical_path == ("activate.w1", "activate.w3", "activate.w4", "activate.w5")
    least = [row.estimate_seconds for row in beside.stages if row.wave != 2]
    assert beside.estimate_seconds == sum(least)
    assert not [text for text in beside.warnings if "gate" in text]


def test_where_a_gate_stands_before_every_wave_the_plan_says_that_none_overlap() -> None:
    found = planned(shop(), scope(overlap=True), approval=Approval.REQUIRED)
    assert [text for text in found.warnings if "a gate stands before every wave" in text]
    assert found.estimate_seconds == sum(stage.estimate_seconds for stage in found.stages)


def test_a_gate_ends_what_is_before_it_and_begins_what_is_behind_it() -> None:
    stages = planned(shop(), scope(overlap=True)).stages
    gated = [row.model_copy(update={"gate": row.wave in (1, 3)}) for row in stages]
    times = schedule(gated, {"activate.w2": 100.0} | {f"activate.w{n}": 1.0 for n in (1, 3, 4, 5)})
    # wave 3 needs wave 1 only; its gate waits for wave 2 as well
    assert times.begins["activate.w3"] == 100.0
    assert times.begins["activate.w4"] == 101.0


def test_what_no_other_wave_can_run_beside_is_known() -> None:
    everything = {f"activate.w{number}" for number in range(1, 6)}
    assert alone(planned(shop(), SCOPE).stages) == everything
    beside = planned(shop(), scope(overlap=True), approval=Approval.AUTOMATIC).stages
    # only DNS waits for everything; wave 2 may run beside 1, 3 and 4
    assert alone(beside) == {"activate.w5"}
    gated = [row.model_copy(update={"gate": row.wave == 3}) for row in beside]
    assert alone(gated) == {"activate.w3", "activate.w4", "activate.w5"}


def test_a_condition_names_keys_and_is_part_of_what_a_wave_waits_for() -> None:
    text = "health.w2 == 'HEALTHY' and resource('orders').status == 'HEALTHY'"
    found = planned(shop(), scope(**{"overlap": True, "3": {"when": text}}))
    stage = next(row for row in found.stages if row.wave == 3)
    assert stage.when == f"health.w2 == 'HEALTHY' and resource('{ORDERS}').status == 'HEALTHY'"
    assert stage.needs == ("activate.w1", "activate.w2")
    assert all(row.when is None for row in found.stages if row.wave != 3)


@pytest.mark.parametrize(
    ("wave", "text", "said"),
    [
        ("2", "health.w3 == 'HEALTHY'", "wave 3 is not before it"),
        ("1", "health.w1 == 'HEALTHY'", "what it may read: none"),
        ("2", "resource('orderz').status == 'HEALTHY'", "did you mean"),
        ("2", "resource('shop/web').status == 'HEALTHY'", "is in no wave before it"),
        ("2", "open('x')", "is not allowed"),
    ],
)
def test_a_condition_that_cannot_be_judged_is_refused_before_anything_is_done(
    wave: str, text: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=f"waves.{wave}.when is") as caught:
        planned(shop(), scope(**{wave: {"when": text}}))
    assert said in caught.value.what


def test_a_condition_on_what_was_not_chosen_is_not_asked_and_the_plan_says_so() -> None:
    of = scope(**{"3": {"when": "health.w1 == 'HEALTHY'"}})
    found = planned(shop(), of, waves=(3,))
    assert [stage.when for stage in found.stages] == [None]
    assert [text for text in found.warnings if "waves.3.when is not asked in activate" in text]


def test_a_condition_of_a_wave_that_holds_nothing_is_told() -> None:
    found = planned(shop(), scope(**{"9": {"when": "forced"}}))
    assert [text for text in found.warnings if "waves.9.when" in text]


def hook(name: str, **changes: Any) -> dict[str, Any]:
    given = {"name": name, "kind": "command", "wave": 1, "phases": ["activate"]}
    return {**given, "command": ["true"], **changes}


def test_hooks_of_a_wave_are_shards_of_their_own_before_and_after_the_others() -> None:
    of = scoped(
        hooks=[
            hook("freeze", when="before"),
            hook("check"),
            {**hook("local", around="account"), "account": APP},
        ]
    )
    known = estate(
        entry("orders"),
        entry("freeze", technology="command-hook", declared=()),
        entry("check", technology="command-hook", declared=()),
        entry("local", technology="command-hook", account=APP, declared=()),
    )
    [stage] = planned(known, of).stages
    found = [
        (row.place, row.id.group, [key.split("/")[-1] for key in row.resources])
        for row in stage.shards
    ]
    assert found == [
        (Place.BEFORE, "w1-before", ["freeze"]),
        (Place.WORK, "w1", ["orders"]),
        (Place.WORK, "w1", ["local"]),
        (Place.AFTER, "w1-after", ["check"]),
    ]


def retired(*owed: str) -> Catalog:
    """The west serves, the east is retired, but for what is owed."""
    return shop().model_copy(
        update={
            "serving": WEST,
            "sites": {EAST: SiteState.RETIRED, WEST: SiteState.ACTIVE},
            "uncleaned": {EAST: owed} if owed else {},
        }
    )


def test_a_cleanup_that_is_owed_is_planned_for_what_is_owed_alone() -> None:
    whole = planned(retired(), SCOPE, Phase.CLEANUP)
    assert len(whole.stages) == 5
    owed = planned(retired(WEB), SCOPE, Phase.CLEANUP)
    assert [stage.id for stage in owed.stages] == ["cleanup.w3"]
    assert not owed.partial
    assert owed.skips == ()
    [told] = [text for text in owed.warnings if "is owed" in text]
    assert WEB in told
    assert "4 resources cleaned up before" in told


def test_other_plans_say_that_a_cleanup_is_owed_and_replicate_settles_it() -> None:
    known = retired(WEB)
    replicate = planned(known, SCOPE, Phase.REPLICATE)
    assert not [text for text in replicate.warnings if "is owed" in text]
    assert known.after(Phase.REPLICATE).uncleaned == {}
    later = known.after(Phase.REPLICATE).model_copy(update={"uncleaned": {EAST: (WEB,)}})
    found = planned(later, SCOPE, Phase.INSTANTIATE)
    [told] = [text for text in found.warnings if "is owed" in text]
    assert "drstate up --phase cleanup -c acme -e production" in told


def test_what_cleanup_owes_grows_and_shrinks_by_what_was_handled() -> None:
    known = retired(WEB, MAIL)
    assert known.after_cleanup(EAST, {WEB}, set()).uncleaned == {EAST: (MAIL,)}
    assert known.after_cleanup(EAST, {WEB, MAIL}, {WEB}).uncleaned == {EAST: (WEB,)}
    assert known.after_cleanup(EAST, {WEB, MAIL}, set()).uncleaned == {}
