"""What a plan holds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drstate.errors import ConfigError, PlanRefusedError, UnknownNameError
from drstate.model.catalog import Catalog
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.plan import Plan, Skip
from drstate.model.problem import Problem
from drstate.model.scope import Approval
from drstate.model.tags import Priority
from drstate.planning.compiling import compile_plan
from drstate.planning.requests import PlanRequest, phases_of
from tests.planning.planning_estate import (
    APP,
    DATA,
    DNS,
    EAST,
    NOW,
    SCOPE,
    WEST,
    ScriptedWork,
    catalog,
    demo,
    entry,
    many,
)

FAILOVER = (Phase.INSTANTIATE, Phase.ACTIVATE)


def plan(
    known: Catalog | None = None,
    *phases: Phase,
    work: ScriptedWork | None = None,
    scope=SCOPE,
    **more,
) -> Plan:
    request = PlanRequest(Operation.PHASE, phases or (Phase.ACTIVATE,), **more)
    return compile_plan(request, known or demo(), scope, work or ScriptedWork())


def test_stages_are_phases_times_waves_in_order_and_global_comes_first():
    found = plan(demo(), Phase.INSTANTIATE, Phase.ACTIVATE)
    assert [stage.id for stage in found.stages] == [
        "instantiate.global",
        "instantiate.w1",
        "instantiate.w2",
        "instantiate.w3",
        "activate.w1",
        "activate.w2",
        "activate.w3",
    ]
    assert {stage.region for stage in found.stages} == {WEST}


@pytest.mark.parametrize(
    ("phase", "has_global"),
    [(Phase.REPLICATE, True), (Phase.INSTANTIATE, True), (Phase.ACTIVATE, False)],
)
def test_what_spans_both_sites_is_brought_up_only_by_phases_that_create(phase, has_global):
    found = plan(demo(), phase)
    shards = [shard for stage in found.stages if stage.wave == 0 for shard in stage.shards]
    assert [shard.stack for shard in shards] == (
        [f"acme.production.global.{DATA}"] if has_global else []
    )


def test_a_shard_is_an_account_and_names_its_stack_and_what_it_declares():
    wave = plan().stages[1]
    [shard] = wave.shards
    assert shard.stack == f"acme.production.{WEST}.{APP}.w2"
    assert shard.site_state is SiteState.ACTIVE
    assert shard.resources == (f"ecs/{APP}/shop/web", f"ecs/{APP}/shop/worker")
    assert shard.declared == shard.resources
    assert [one.id for one in shard.actions] == [f"{key}#activate" for key in shard.resources]


def test_activate_includes_the_dns_wave_without_a_stack():
    [shard] = plan().stages[-1].shards
    assert (shard.id.account, shard.stack, shard.declared) == (DNS, None, ())
    assert len(shard.actions) == 1


def test_shards_of_one_wave_are_told_apart_by_account_and_group():
    known = catalog(
        entry("a", account=DATA), entry("b", account=APP), entry("c", account=APP, group="w1b")
    )
    [stage] = plan(known).stages
    assert [str(shard.id) for shard in stage.shards] == [
        f"{WEST}.{DATA}.w1",
        f"{WEST}.{APP}.w1",
        f"{WEST}.{APP}.w1b",
    ]


def test_a_phase_with_nothing_to_do_is_told_with_its_reason():
    work = ScriptedWork(idle={("route53", Phase.CLEANUP): "records moved with activate"})
    known = demo().after(Phase.ACTIVATE)
    found = plan(known, Phase.CLEANUP, work=work)
    [row] = found.stages[-1].shards[0].no_ops
    assert row.reason == "records moved with activate"


def test_after_activate_cleanup_acts_on_the_old_source_and_replicate_makes_it_the_standby():
    found = plan(demo(), Phase.ACTIVATE, Phase.CLEANUP, Phase.REPLICATE)
    regions = {stage.phase: stage.region for stage in found.stages}
    assert regions == {Phase.ACTIVATE: WEST, Phase.CLEANUP: EAST, Phase.REPLICATE: EAST}
    assert (found.serving, found.recovery) == (EAST, WEST)


def test_the_way_back_acts_on_the_foreign_source_with_actions_only():
    known = demo()
    for phase in (Phase.ACTIVATE, Phase.CLEANUP, Phase.REPLICATE):
        known = known.after(phase)
    found = plan(known, *FAILOVER)
    regional = [shard for stage in found.stages for shard in stage.shards if stage.wave]
    assert {shard.id.region for shard in regional} == {EAST}
    assert {shard.stack for shard in regional} == {None}
    assert all(shard.actions for shard in regional)


def test_work_is_asked_with_the_roles_as_they_stand_when_the_phase_begins():
    work = ScriptedWork()
    plan(demo(), Phase.ACTIVATE, Phase.CLEANUP, work=work)
    serving = {asked.phase: asked.catalog.serving for asked in work.asked}
    assert serving == {Phase.ACTIVATE: EAST, Phase.CLEANUP: WEST}


def test_activating_what_serves_already_has_the_same_stages():
    first = plan(demo())
    again = plan(demo().after(Phase.ACTIVATE))
    assert [one.id for one in again.stages] == [one.id for one in first.stages]
    assert {one.region for one in again.stages} == {WEST}


@pytest.mark.parametrize(
    ("approval", "emergency", "gates"),
    [
        (Approval.REQUIRED, False, [True, True, True]),
        (Approval.REQUIRED, True, [True, False, False]),
        (Approval.AUTOMATIC, False, [False, False, False]),
        (None, False, [True, True, True]),
    ],
)
def test_gates(approval, emergency, gates):
    found = plan(approval=approval, emergency=emergency)
    assert [stage.gate for stage in found.stages] == gates


def test_an_emergency_needs_no_stack():
    found = plan(demo(), *FAILOVER, emergency=True)
    assert {shard.stack for stage in found.stages for shard in stage.shards} == {None}


def test_a_vanished_resource_stays_declared_and_is_warned_about():
    known = catalog(entry("kept"), entry("gone", missing_since=NOW))
    found = plan(known)
    assert f"aurora/{DATA}/gone" in found.stages[0].shards[0].declared
    [warning] = [text for text in found.warnings if "gone" in text]
    assert "tag it again" in warning


def test_an_empty_catalog_is_refused():
    with pytest.raises(PlanRefusedError, match="no protected resources") as caught:
        plan(catalog())
    assert "drstate discover" in caught.value.hint


def test_missing_site_map_entries_are_told_all_at_once_with_key_and_file():
    lacking = tuple(
        Problem(
            resource=f"ecs/{APP}/shop/{name}",
            file="stacks/acme/production.yaml",
            field=f"site_map.{WEST}.subnets.subnet-{name}",
            what=f"subnet-{name} has no counterpart",
            hint=f"add subnet-{name}",
        )
        for name in ("web", "worker")
    )
    with pytest.raises(ConfigError) as caught:
        plan(work=ScriptedWork(lacking=lacking))
    for name in ("web", "worker"):
        assert f"stacks/acme/production.yaml: site_map.{WEST}.subnets.subnet-{name}" in (
            caught.value.why
        )
        assert f"add subnet-{name}" in caught.value.hint


def test_chosen_waves_leave_out_the_others_and_say_how_to_bring_them_in():
    found = plan(waves=(1,))
    assert [stage.id for stage in found.stages] == ["activate.w1"]
    assert found.partial
    assert {skip.resource for skip in found.skips} == {
        f"ecs/{APP}/shop/web",
        f"ecs/{APP}/shop/worker",
        f"route53/{DNS}/app./CNAME",
    }
    assert all("--wave" in skip.mend for skip in found.skips)


def test_a_chosen_resource_takes_its_whole_stack_along_and_says_so():
    found = plan(targets=("shop/web",))
    [stage] = found.stages
    assert stage.shards[0].declared == (f"ecs/{APP}/shop/web", f"ecs/{APP}/shop/worker")
    assert any("shop/worker" in text for text in found.warnings)


def test_an_unknown_wave_names_the_known_ones():
    with pytest.raises(ConfigError, match="wave 7") as caught:
        plan(waves=(7,))
    assert "1, 2, 3" in caught.value.why


def test_an_unknown_target_names_known_resources():
    with pytest.raises(UnknownNameError, match="'nothing'") as caught:
        plan(targets=("nothing",))
    assert f"aurora/{DATA}/orders" in caught.value.why


def test_what_inventory_left_out_is_told_in_the_plan():
    skip = Skip(resource="arn:bad", reason="tag dr:wave is missing", mend="set dr:wave")
    assert skip in plan(skips=(skip,)).skips
    assert not plan(skips=(skip,)).partial


def test_the_plan_is_complete_as_json():
    found = plan(demo(), *FAILOVER)
    assert Plan.model_validate_json(found.model_dump_json()) == found


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(range(6)), phase=st.sampled_from(list(FAILOVER)))
def test_the_same_input_in_any_order_is_the_same_plan_byte_for_byte(order, phase):
    entries = [
        entry("a", priority=Priority.HIGH, needs=("b",)),
        entry("b", account=APP, wave=1),
        entry("c", technology="ecs", priority=Priority.CRITICAL),
        entry("d", wave=3, group="w1"),
        entry("e", technology="route53", account=DNS, wave=2, declared=()),
        entry("f", needs=("nowhere",), missing_since=NOW),
    ]
    shuffled = catalog(*(entries[index] for index in order))
    expected = plan(catalog(*entries), phase).model_dump_json()
    assert plan(shuffled, phase).model_dump_json() == expected


def test_ten_thousand_resources_are_all_planned_once_a_phase():
    found = plan(many(10_000), Phase.INSTANTIATE, Phase.ACTIVATE)
    assert sum(len(shard.resources) for one in found.stages for shard in one.shards) == 20_000
    assert any("above 150" in text for text in found.warnings)


def test_operations_stand_for_phases_and_a_bare_one_is_refused():
    assert phases_of(Operation.FAILOVER) == FAILOVER
    with pytest.raises(ConfigError, match="needs its phases"):
        phases_of(Operation.PHASE)


@pytest.mark.parametrize(
    ("phases", "waves", "says"),
    [((), (), "no phase"), ((Phase.ACTIVATE,) * 2, (), "twice"), (FAILOVER, (0,), "wave 0")],
)
def test_requests_that_make_no_sense_are_refused(phases, waves, says):
    with pytest.raises(ConfigError, match=says):
        PlanRequest(Operation.PHASE, phases, waves=waves)
