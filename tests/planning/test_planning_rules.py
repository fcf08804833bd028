"""Preconditions, dependencies, moves, estimates, safety, bindings: rule by rule."""

from __future__ import annotations

import pytest

from drstate.errors import ConfigError, PlanRefusedError
from drstate.model.catalog import GLOBAL
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.stackops import Op, ResourceOp, StackOutcome
from drstate.model.tags import Priority, Severity
from drstate.planning import bindings, dependencies, estimate, preconditions, roles, safety, waves
from drstate.planning.compiling import compile_plan
from drstate.planning.requests import PlanRequest
from drstate.planning.shards import shard_input
from tests.planning.planning_estate import (
    APP,
    DATA,
    EAST,
    SCOPE,
    WEST,
    ScriptedWork,
    catalog,
    demo,
    entry,
)


def plan(known, *phases, work=None, **more):
    request = PlanRequest(Operation.PHASE, phases or (Phase.ACTIVATE,), **more)
    return compile_plan(request, known, SCOPE, work or ScriptedWork())


# preconditions

_S = SiteState


@pytest.mark.parametrize(
    ("phase", "west", "remedy"),
    [
        (Phase.INSTANTIATE, _S.ABSENT, "--phase replicate"),
        (Phase.ACTIVATE, _S.ABSENT, "--phase replicate"),
        (Phase.ACTIVATE, _S.RETIRED, "--phase replicate"),
        (Phase.CLEANUP, _S.WARM, "--phase activate"),
        (Phase.CLEANUP, _S.STANDBY, "--phase activate"),
        (Phase.REPLICATE, _S.SUPERSEDED, "--phase cleanup"),
    ],
)
def test_a_phase_out_of_turn_is_refused_with_what_to_run_first(phase, west, remedy):
    with pytest.raises(PlanRefusedError) as caught:
        plan(catalog(entry("a"), west=west), phase)
    assert remedy in caught.value.hint
    assert "-c acme -e production" in caught.value.hint


@pytest.mark.parametrize(
    ("phase", "west"),
    [
        (Phase.REPLICATE, _S.ABSENT),
        (Phase.REPLICATE, _S.STANDBY),
        (Phase.REPLICATE, _S.RETIRED),
        (Phase.INSTANTIATE, _S.STANDBY),
        (Phase.INSTANTIATE, _S.WARM),
        (Phase.ACTIVATE, _S.WARM),
        (Phase.CLEANUP, _S.SUPERSEDED),
        (Phase.CLEANUP, _S.RETIRED),
    ],
)
def test_a_phase_in_its_turn_or_once_more_is_allowed_without_a_word(phase, west):
    assert preconditions.check(phase, catalog(entry("a"), west=west)) is None


def test_a_serving_site_is_never_instantiated():
    serving = demo().after(Phase.ACTIVATE)
    with pytest.raises(PlanRefusedError, match="us-west-2 of acme/production is active"):
        plan(serving, Phase.INSTANTIATE)


def test_activate_from_standby_is_allowed_with_a_warning():
    found = plan(catalog(entry("a"), west=_S.STANDBY))
    assert any("prewarmed" in text and "--phase instantiate" in text for text in found.warnings)


def test_an_emergency_from_standby_is_advised_nothing_that_takes_time():
    found = plan(catalog(entry("a"), west=_S.STANDBY), emergency=True, force=True)
    (told,) = [text for text in found.warnings if "prewarmed" in text]
    assert "--phase" not in told


def test_what_serves_already_is_not_taken_over_by_force_once_more():
    serving = demo().after(Phase.ACTIVATE)
    with pytest.raises(PlanRefusedError, match="us-west-2 serves acme/production already") as told:
        plan(serving, emergency=True, force=True)
    assert "us-east-1 is superseded" in told.value.why
    assert "drstate up --phase activate -c acme -e production" in told.value.hint
    assert plan(serving).stages, "the phase itself may be run again"


def refused_first(phase, known) -> Phase | None:
    """The phase that the refusal asks for, or None where the phase may run."""
    try:
        preconditions.check(phase, known)
    except PlanRefusedError as error:
        return next(one for one in Phase if f"--phase {one} " in error.hint)
    return None


@pytest.mark.parametrize(
    ("phase", "known"),
    [
        *((phase, catalog(entry("a"), west=_S.ABSENT)) for phase in Phase if phase != "cleanup"),
        *((phase, demo().after(Phase.ACTIVATE)) for phase in Phase),
        *((phase, demo().after(Phase.ACTIVATE).after(Phase.CLEANUP)) for phase in Phase),
    ],
)
def test_following_the_remedies_leads_to_where_the_phase_may_run(phase, known):
    for _ in range(4):
        first = refused_first(phase, known)
        if first is None:
            return
        while (before := refused_first(first, known)) is not None:
            first = before
        known = known.after(first)
    pytest.fail(f"the remedies for {phase} go round in circles")


# dependencies


def test_a_cycle_is_named_in_order():
    known = catalog(
        entry("a", needs=("b",)), entry("b", needs=("c",)), entry("c", needs=("a",)), entry("d")
    )
    with pytest.raises(PlanRefusedError) as caught:
        plan(known)
    assert caught.value.why == " -> ".join(f"aurora/{DATA}/{name}" for name in "abca")
    assert f"aurora/{DATA}/b from dr:dependencies of aurora/{DATA}/a" in caught.value.hint


def test_a_resource_that_depends_on_itself_is_a_cycle():
    with pytest.raises(PlanRefusedError, match="circle"):
        plan(catalog(entry("a", needs=("a",))))


def test_a_long_chain_is_no_cycle_and_no_recursion():
    chain = [entry(f"n{i:05}", needs=(f"n{i + 1:05}",)) for i in range(5000)]
    found = dependencies.resolve([*chain, entry("n05000")])
    assert len(found.of) == 5001


@pytest.mark.parametrize(
    "written",
    [f"aurora/{DATA}/db", "db", f"arn:aws:aurora:{EAST}:{DATA}:db"],
)
def test_dependencies_are_found_by_key_name_and_arn(written):
    found = dependencies.resolve([entry("db"), entry("app", needs=(written,))])
    assert found.of[f"aurora/{DATA}/app"] == (f"aurora/{DATA}/db",)
    assert found.warnings == ()


def test_the_last_part_of_a_name_is_enough():
    service = entry("shop/web", technology="ecs")
    found = dependencies.resolve([service, entry("app", needs=("web",))])
    assert found.of[f"aurora/{DATA}/app"] == (service.key,)


def test_an_unknown_dependency_and_an_ambiguous_one_are_warnings():
    known = [
        entry("db"),
        entry("db", account=APP),
        entry("app", needs=("db", "nowhere")),
    ]
    found = dependencies.resolve(known)
    assert found.of[f"aurora/{DATA}/app"] == ()
    assert any("'nowhere' is not a protected resource" in text for text in found.warnings)
    assert any(f"fits aurora/{DATA}/db, aurora/{APP}/db" in text for text in found.warnings)


def test_a_dependency_on_a_later_wave_is_refused_naming_both_and_the_mend():
    known = catalog(entry("early", wave=1, needs=("late",)), entry("late", wave=2))
    with pytest.raises(PlanRefusedError) as caught:
        plan(known)
    for text in (f"aurora/{DATA}/early (wave 1)", f"aurora/{DATA}/late (wave 2)", "to 2 or more"):
        assert text in caught.value.why


def test_a_dependency_in_the_same_wave_but_another_account_is_a_warning():
    known = catalog(entry("db", account=APP), entry("app", needs=("db",)))
    assert any("at the same time in another account" in text for text in plan(known).warnings)


def test_admission_is_dependencies_then_priority_then_key():
    ordered = dependencies.admission_order(
        [
            entry("z", priority=Priority.CRITICAL, needs=("y",)),
            entry("y", priority=Priority.LOW),
            entry("m", priority=Priority.HIGH),
            entry("b", priority=Priority.MEDIUM),
            entry("a", priority=Priority.MEDIUM),
        ],
        {f"aurora/{DATA}/z": (f"aurora/{DATA}/y",)},
    )
    assert [one.resource.name for one in ordered] == ["m", "a", "b", "y", "z"]


# waves and moves


def test_a_changed_wave_is_a_move_in_replicate_and_the_new_wave_there():
    known = catalog(entry("a", wave=2, group="w1"), entry("b"), west=_S.STANDBY)
    found = plan(known, Phase.REPLICATE)
    [move] = found.moves
    assert (move.from_stack, move.to_stack) == (
        f"acme.production.{WEST}.{DATA}.w1",
        f"acme.production.{WEST}.{DATA}.w2",
    )
    declared = {shard.stack: shard.declared for one in found.stages for shard in one.shards}
    assert declared == {
        move.from_stack: (f"aurora/{DATA}/b",),
        move.to_stack: (f"aurora/{DATA}/a",),
    }


@pytest.mark.parametrize("phase", [Phase.INSTANTIATE, Phase.ACTIVATE])
def test_other_phases_leave_it_in_its_old_wave_and_say_when_it_moves(phase):
    found = plan(catalog(entry("a", wave=2, group="w1")), phase)
    assert found.moves == ()
    assert [stage.wave for stage in found.stages] == [1]
    assert any("until `drstate up --phase replicate` has moved it" in w for w in found.warnings)


def test_a_resource_without_state_changes_its_wave_at_once():
    found = plan(catalog(entry("a", wave=2, group="w1", declared=())))
    assert [stage.wave for stage in found.stages] == [2]
    assert found.moves == ()
    assert found.warnings == ()


def test_state_at_both_sites_moves_at_both():
    known = catalog(entry("a", wave=2, group="w1", declared=(EAST, WEST)), west=_S.STANDBY)
    regions = [move.from_stack.split(".")[2] for move in plan(known, Phase.REPLICATE).moves]
    assert regions == [EAST, WEST]


def test_a_move_of_a_wave_that_was_not_chosen_waits():
    known = catalog(entry("a", wave=2, group="w1"), entry("b", wave=3), west=_S.STANDBY)
    found = plan(known, Phase.REPLICATE, waves=(3,))
    assert found.moves == ()
    assert any("is still w1" in text for text in found.warnings)


def test_the_catalog_of_a_later_phase_has_moved_groups_and_swapped_roles():
    known = demo().after(Phase.ACTIVATE).after(Phase.CLEANUP)
    changed = known.entry(f"ecs/{APP}/shop/web")
    tags = changed.resource.tags.model_copy(update={"wave": 3})
    resource = changed.resource.model_copy(update={"tags": tags})
    known = known.with_entry(changed.model_copy(update={"resource": resource}))
    found = plan(known, Phase.REPLICATE, Phase.INSTANTIATE)
    at = roles.catalog_for(found, Phase.INSTANTIATE, known)
    assert at.entry(changed.key).group == "w3"
    assert (at.serving, at.recovery) == (WEST, EAST)


@pytest.mark.parametrize(("group", "wave"), [("w1", 1), ("w12b", 12)])
def test_groups_tell_their_wave(group, wave):
    assert waves.group_wave(group) == wave


def test_a_group_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="'wave1'"):
        waves.group_wave("wave1")


# estimates


def test_a_stage_is_as_slow_as_its_slowest_shard_and_the_plan_the_sum_of_its_stages():
    a, b = entry("a"), entry("b", needs=("a",))
    known = catalog(a, b, entry("c", account=APP), entry("e", account=APP), entry("d", wave=2))
    found = plan(known, work=ScriptedWork(seconds=100, declare_seconds=30))
    stack = estimate.STACK_SECONDS + 30
    # b waits for a; c and e are worked on at once
    first, second = found.stages
    assert [shard.estimate_seconds for shard in first.shards] == [stack + 200, stack + 100]
    assert first.estimate_seconds == stack + 200 + estimate.HEALTH_SECONDS
    assert found.estimate_seconds == first.estimate_seconds + second.estimate_seconds


def test_an_objective_below_the_prediction_is_a_warning_and_one_above_is_not():
    known = catalog(entry("slow", rto=1), entry("fine", rto=60, wave=2))
    found = plan(known, Phase.INSTANTIATE, Phase.ACTIVATE, work=ScriptedWork(seconds=100))
    [warning] = [text for text in found.warnings if "dr:rto-target" in text]
    assert warning.startswith(f"aurora/{DATA}/slow")


def test_many_objectives_that_are_missed_alike_are_one_warning():
    late = [entry(f"n{number}", rto=1) for number in range(5)]
    found = plan(catalog(*late, entry("other", rto=2)), work=ScriptedWork(seconds=200))
    told = [text for text in found.warnings if "dr:rto-target" in text]
    assert len(told) == 2
    assert told[0].startswith(
        f"aurora/{DATA}/n0, aurora/{DATA}/n1, aurora/{DATA}/n2 and 2 more in activate.w1: "
    )
    assert told[1].startswith(f"aurora/{DATA}/other: ")


def test_the_time_of_earlier_phases_counts_towards_the_objective():
    known = catalog(entry("a", rto=2))
    work = ScriptedWork(seconds=30)
    alone = plan(known, Phase.ACTIVATE, work=work)
    assert not any("dr:rto-target" in text for text in alone.warnings)
    both = plan(known, Phase.INSTANTIATE, Phase.ACTIVATE, work=work)
    assert any("dr:rto-target" in text for text in both.warnings)


def test_budgets_share_out_the_phase_and_too_long_a_phase_is_warned_about():
    known = catalog(entry("a"), entry("b", wave=2))
    found = plan(known, work=ScriptedWork(seconds=3000))
    assert sum(stage.budget_seconds for stage in found.stages) <= 30 * 60
    assert all(stage.budget_seconds > 800 for stage in found.stages)
    assert any("its budget is 30 min" in text for text in found.warnings)


# safety


def outcome(op: Op, kind: str, **more) -> StackOutcome:
    row = ResourceOp(urn=f"urn:x::{kind}::n", type=kind, name="n", op=op, **more)
    return StackOutcome(stack="s", ok=True, ops=(row,), counts={})


CLUSTER, SERVICE = "aws:rds/cluster:Cluster", "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"


@pytest.mark.parametrize(
    ("phase", "op", "kind", "expected"),
    [
        (Phase.REPLICATE, Op.REPLACE, CLUSTER, Severity.ERROR),
        (Phase.REPLICATE, Op.DELETE, CLUSTER, Severity.ERROR),
        (Phase.CLEANUP, Op.DELETE, CLUSTER, Severity.ERROR),
        (Phase.ACTIVATE, Op.DELETE, SERVICE, Severity.ERROR),
        (Phase.INSTANTIATE, Op.DELETE, SERVICE, Severity.ERROR),
        (Phase.REPLICATE, Op.DELETE, SERVICE, None),
        (Phase.ACTIVATE, Op.REPLACE, TASK, None),
        (Phase.ACTIVATE, Op.CREATE, SERVICE, Severity.WARNING),
        (Phase.ACTIVATE, Op.CREATE, "pulumi:providers:aws", None),
        (Phase.ACTIVATE, Op.DELETE, "pulumi:providers:aws", None),
        (Phase.INSTANTIATE, Op.CREATE, CLUSTER, None),
        (Phase.ACTIVATE, Op.UPDATE, CLUSTER, None),
    ],
)
def test_what_is_refused_and_what_is_told(phase, op, kind, expected):
    found = safety.check(phase, [outcome(op, kind)])
    assert [one.severity for one in found] == ([expected] if expected else [])
    assert all(one.hint and one.why for one in found)


def test_refusals_are_raised_together_and_name_what_changed():
    found = safety.check(
        Phase.REPLICATE,
        [outcome(Op.REPLACE, CLUSTER, changed=("kmsKeyId",)), outcome(Op.DELETE, CLUSTER)],
    )
    with pytest.raises(PlanRefusedError, match="2 changes refused") as caught:
        safety.refuse(found)
    assert "kmsKeyId" in caught.value.why


def test_warnings_alone_refuse_nothing():
    safety.refuse(safety.check(Phase.ACTIVATE, [outcome(Op.CREATE, SERVICE)]))


# inputs and bindings


def test_a_program_gets_all_that_its_stack_declares_and_the_site_map_of_its_region():
    known = demo()
    found = plan(known)
    given = shard_input(found.stages[1].shards[0], known, SCOPE)
    assert [one.key for one in given.resources] == [
        f"ecs/{APP}/shop/{n}" for n in ("web", "worker")
    ]
    assert given.provider_region == WEST
    assert given.site_map == SCOPE.site_map[WEST]
    assert given.account.id == APP


def test_the_global_shard_is_provided_from_the_primary_region():
    known = demo()
    shard = plan(known, Phase.INSTANTIATE).stages[0].shards[0]
    given = shard_input(shard, known, SCOPE)
    assert (given.id.region, given.provider_region) == (GLOBAL, EAST)
    assert given.site_state is SiteState.WARM


def test_a_shard_without_a_stack_has_no_program():
    known = demo()
    with pytest.raises(ValueError, match="no stack"):
        shard_input(plan(known).stages[-1].shards[0], known, SCOPE)


HOST = "orders.cluster-x1.us-east-1.rds.amazonaws.com"


def bound(text: str, recorded: dict[str, dict[str, str]]):
    db = entry("orders", spec={"region": EAST, "endpoints": {"writer": HOST}})
    db = db.model_copy(update={"endpoints": recorded})
    web = entry("web", wave=2, spec={"region": EAST, "env": [{"name": "DB", "value": text}]})
    return bindings.Endpoints(catalog(db, web)).bindings([web], WEST)


@pytest.mark.parametrize(
    "text", [HOST, f"postgres://u:p@{HOST}:5432/shop", f"{HOST},other", f"{HOST}."]
)
def test_an_endpoint_is_found_inside_any_text(text):
    [found] = bound(text, {WEST: {"writer": "orders.west"}})
    assert (found.key, found.name) == (f"aurora/{DATA}/orders", "writer")
    assert (found.source, found.target) == (HOST, "orders.west")


def test_an_endpoint_that_is_not_made_yet_is_bound_to_nothing():
    [found] = bound(HOST, {})
    assert found.target is None


@pytest.mark.parametrize("text", [f"not-{HOST}", f"{HOST}.evil.example", "orders"])
def test_a_longer_host_name_is_another_host(text):
    assert bound(text, {}) == ()


def test_a_resource_is_not_bound_to_itself():
    db = entry("orders", spec={"region": EAST, "endpoints": {"writer": HOST}, "host": HOST})
    assert bindings.Endpoints(catalog(db)).bindings([db], WEST) == ()


def test_force_is_refused_where_nothing_fails_over():
    with pytest.raises(ConfigError, match="--force has no meaning for replicate"):
        PlanRequest(Operation.PHASE, (Phase.REPLICATE,), force=True)
    assert PlanRequest(Operation.PHASE, (Phase.ACTIVATE,), force=True).force
