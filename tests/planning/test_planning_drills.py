"""Plans of drills: their own stacks, and removals of just those that a drill had."""

from __future__ import annotations

from typing import Any

from drstate.model.catalog import Catalog, OwedStack
from drstate.model.names import MAX_STACK_NAME, drill_stack_name
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import Plan
from drstate.model.scope import Approval, Scope
from drstate.planning.drill import bubble_input, compile_drill, compile_removal, owed_stacks
from drstate.planning.work import PlannedWork, WorkRequest
from tests.planning.planning_estate import APP, DATA, SCOPE, WEST, ScriptedWork, catalog, entry

DRILL = "dabc123"
FIRST = f"acme.production.{WEST}.{DATA}.w1"
SECOND = f"acme.production.{WEST}.{APP}.w2"


class Copies(ScriptedWork):
    """Copies of everything but DNS; those of functions take no security group."""

    def work(self, request: WorkRequest) -> PlannedWork:
        found = super().work(request)
        if request.entry.resource.technology != "lambda" or request.phase is not Phase.ACTIVATE:
            return found
        return PlannedWork(actions=found.actions, warnings=("its copy takes no security group",))

    def declares(self, entry: Any, site: str) -> bool:
        return bool(entry.resource.technology not in ("lambda", "route53"))


def estate() -> Catalog:
    return catalog(
        entry("orders", declared=()),
        entry("shop/web", technology="ecs", account=APP, wave=2, declared=()),
        entry("clean", technology="lambda", account=APP, wave=3, declared=()),
        entry("tidy", technology="lambda", account=APP, wave=3, declared=()),
        west=SiteState.STANDBY,
    )


def drill(scope: Scope = SCOPE, known: Catalog | None = None) -> Plan:
    return compile_drill(known or estate(), scope, Copies(), DRILL, approval=Approval.AUTOMATIC)


def stacks(plan: Plan) -> dict[str, list[str | None]]:
    return {stage.id: [shard.stack for shard in stage.shards] for stage in plan.stages}


def test_a_shard_has_a_stack_of_the_drills_own_which_goes_in_its_removal() -> None:
    assert stacks(drill()) == {
        "drill.w1": [f"{FIRST}.drill-{DRILL}"],
        "drill.w2": [f"{SECOND}.drill-{DRILL}"],
        "drill.w3": [None],
        "removal.w3": [None],
        "removal.w2": [f"{SECOND}.drill-{DRILL}"],
        "removal.w1": [f"{FIRST}.drill-{DRILL}"],
    }


def test_a_drill_owes_its_stacks_and_loads_what_they_declare_alone() -> None:
    plan = drill()
    assert owed_stacks(plan) == (
        OwedStack(stack=f"{FIRST}.drill-{DRILL}", account=DATA, group="w1", wave=1),
        OwedStack(stack=f"{SECOND}.drill-{DRILL}", account=APP, group="w2", wave=2),
    )
    assert plan.with_stacks
    assert plan.declared_technologies == {"security-group"}


def test_the_plan_says_what_copies_reach_and_which_take_no_group() -> None:
    told = drill().warnings
    assert [text for text in told if "drill_egress: vpc" in text]
    # the same of two resources is said once
    alone = [text for text in told if "takes no security group" in text]
    assert len(alone) == 1
    assert f"lambda/{APP}/clean, lambda/{APP}/tidy" in alone[0]
    policies = SCOPE.policies.model_validate({"drill_egress": "none"})
    strict = drill(SCOPE.model_copy(update={"policies": policies})).warnings
    assert [text for text in strict if "drill_egress: none" in text]


def test_a_removal_destroys_what_the_drill_had_and_no_other_stack() -> None:
    plan = drill()
    keys = [key for stage in plan.stages for shard in stage.shards for key in shard.resources]
    (first, _) = owed_stacks(plan)
    removal = compile_removal(estate(), SCOPE, Copies(), DRILL, keys, (first,))
    assert stacks(removal) == {
        "removal.w3": [None],
        "removal.w2": [None],
        "removal.w1": [first.stack],
    }
    # a drill of an older version had none
    old = compile_removal(estate(), SCOPE, Copies(), DRILL, keys)
    assert not old.with_stacks


def test_a_stack_whose_resources_left_the_catalog_is_destroyed_last() -> None:
    owed = owed_stacks(drill())
    left = catalog(entry("orders", declared=()), west=SiteState.STANDBY)
    keys = (f"aurora/{DATA}/orders", f"ecs/{APP}/shop/web")
    removal = compile_removal(left, SCOPE, Copies(), DRILL, keys, owed)
    assert stacks(removal) == {
        "removal.w1": [owed[0].stack],
        "removal.stacks": [owed[1].stack],
    }
    assert [skip.resource for skip in removal.skips] == [f"ecs/{APP}/shop/web"]
    (orphan,) = removal.stages[-1].shards
    given = bubble_input(orphan, SCOPE, DRILL)
    assert (given.account.id, given.provider_region, given.drill) == (APP, WEST, DRILL)


def test_a_long_name_is_shortened_and_stays_one_of_its_own() -> None:
    live = [f"{'c' * 60}.production.{WEST}.{DATA}.{group}" for group in ("w1", "w2")]
    made = [drill_stack_name(name, DRILL) for name in live]
    assert all(len(name) <= MAX_STACK_NAME for name in made)
    assert all(name.endswith(f".drill-{DRILL}") for name in made)
    assert len(set(made)) == 2
