"""A drill of acme/staging: what it leaves, what it is told as, and what a killed one leaves."""

from __future__ import annotations

import re
import signal
from collections import Counter

import pytest

from drstate.errors import PlanRefusedError, UnknownNameError, UsageError
from drstate.execution.cancelling import cancel
from drstate.execution.drilling import (
    give_up_open_drill,
    left_behind,
    make_cleanup,
    make_drill,
    owed_drill,
)
from drstate.execution.executing import execute
from drstate.execution.making_plan import PlannedRun, make_plan
from drstate.execution.resuming import resume
from drstate.execution.rolling_back import look_back
from drstate.execution.services import Services
from drstate.execution.terminating import make_termination
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.notify import Kind, Severity
from drstate.model.phases import Phase
from drstate.model.scope import Approval, Scope
from drstate.report.drill import DrillReport, drill_report
from drstate.report.preview import PlanPreview
from drstate.report.view import ExecutionView
from drstate.sandbox import process
from tests import forks
from tests.contract.drilling import security_groups
from tests.contract.masks import differences, masked
from tests.execution.crash_runner import HastyClock, open_services
from tests.execution.worlds import World

#: AWS goes on telling of a deleted service
_TOLD_OF = "/ecs/services/"


def exists(world: World) -> Counter[str]:
    process.advance(world.home / "sandbox", 0.0, settle=True)
    return masked(world.digest())


def left(before: Counter[str], world: World) -> list[str]:
    return [line for line in differences(before, exists(world)) if _TOLD_OF not in line]


def opened(world: World) -> Services:
    """Its services; waiting takes next to no time."""
    return open_services(world.project, world.home, clock=HastyClock())


def scope_of(services: Services) -> Scope:
    return services.scope("acme", "staging")


def drill(services: Services, *, look: bool = False, **wish: object) -> ExecutionView:
    """A whole drill; ``look``: previewed before, which takes as long again."""
    planned = make_drill(services, scope_of(services), approval=Approval.AUTOMATIC, **wish)  # type: ignore[arg-type]
    return execute(services, planned) if look else carried_out(services, planned)


def carried_out(services: Services, planned: PlannedRun) -> ExecutionView:
    """The plan, without a preview of it."""
    seen = PlanPreview(plan=planned.plan, plan_digest=planned.plan.digest(), engine="", stages=())
    return execute(services, planned, preview=seen)


def clean_up(services: Services) -> ExecutionView:
    scope = scope_of(services)
    owed = owed_drill(services, scope, None)
    assert owed is not None
    give_up_open_drill(services, scope)
    return carried_out(services, make_cleanup(services, scope, owed.id))


def report_of(services: Services, execution: str) -> DrillReport:
    report = drill_report(services.readers.logs(execution))
    assert report is not None
    return report


def test_a_drill_proves_recovery_and_leaves_everything_as_it_was(world: World) -> None:
    before = exists(world)
    with opened(world) as services:
        catalog = services.journal.load_catalog(scope_of(services).key)
        assert catalog is not None
        view = drill(services, look=True)
        assert view.status is ExecutionStatus.COMPLETED, view.error
        report = report_of(services, view.execution)
        after = services.journal.load_catalog(catalog.scope)
        with pytest.raises(UsageError, match="nothing of drill"):
            make_termination(services, view.execution)
        replicated = services.journal.executions(catalog.scope)[-1].execution
        with pytest.raises(UsageError, match="launched no instances"):
            make_termination(services, replicated)
    assert report.proved
    assert report.removed
    assert report.rto_seconds is not None
    assert [wave.health for wave in report.waves] == ["HEALTHY"] * len(report.waves)
    reached = [wave.recovered_seconds or 0.0 for wave in report.waves]
    assert reached == sorted(reached)
    assert report.rto_seconds == reached[-1]
    rows = {row.resource.split("/")[0]: row for row in report.resources}
    assert rows["aurora"].seconds is not None
    assert "DNS" in (rows["route53"].left_out or "")
    # neither a role nor a state, nor anything that is known of a resource
    assert after is not None
    assert after.model_copy(update={"version": catalog.version}) == catalog
    assert left(before, world) == []


def test_copies_carry_the_drill_and_nothing_of_production_is_written(world: World) -> None:
    home = world.home / "sandbox"
    before = world.digest()["resources"]
    seen = max((call["number"] for call in process.calls(home)), default=0)
    with opened(world) as services:
        stacks = set(services.stacks().names())
        planned = make_drill(services, scope_of(services), approval=Approval.AUTOMATIC, hold=True)
        view = carried_out(services, planned)
        assert view.status is ExecutionStatus.PAUSED
        name = planned.plan.drill
        process.advance(home, 0.0, settle=True)
        there = world.digest()["resources"]
        made = {key: value for key, value in there.items() if key not in before}
        named = [key for key in made if name in key]
        assert {key.split("/")[2] for key in named} >= {"rds", "ecs"}
        assert all(name in str(value) for value in made.values()), sorted(made)
        # what a failover would have promoted goes on following
        assert all(there[key] == before[key] for key in before if "/rds/clusters/" in key)
        # each shard has a stack of its own, and its copies stand in that one's group alone
        own = {shard.stack for stage in planned.plan.stages for shard in stage.shards} - {None}
        assert {stack.split(".")[4] for stack in own if stack} == {"w1", "w2"}
        assert set(services.stacks().names()) == stacks | own
        owed = owed_drill(services, scope_of(services), None)
        assert owed is not None
        assert {one.stack for one in owed.stacks} == own
        copies = {key: value for key, value in made.items() if "/ec2/groups/" not in key}
        assert set(security_groups(copies)) == set(owed.groups.values())
        assert set(owed.groups) == {
            key for stage in planned.plan.stages for shard in stage.shards for key in shard.declared
        }
        # nothing that is live has changed
        changed = [key for key in before if there.get(key) != before[key]]
        # these list what is in them: groups of a VPC, services of a cluster
        assert [key for key in changed if not re.search(r"/(ec2/groups|ecs/clusters)/", key)] == []
        # whoever cancels it may need the scope for a recovery: no removal follows by itself
        cancel(services)
        assert left_behind(services, scope_of(services), view.execution) is None
        view = clean_up(services)
        assert view.status is ExecutionStatus.COMPLETED
        assert set(services.stacks().names()) == stacks
    writes = [
        call
        for call in process.calls(home, seen)
        if not call["operation"].startswith(("Describe", "Get", "List", "AssumeRole"))
    ]
    assert writes
    assert {call["region"] for call in writes} == {"us-west-2"}
    # a group goes after the copies that stood in it
    done = [call["operation"] for call in writes]
    assert done.index("DeleteSecurityGroup") > done.index("DeleteService")
    assert done[::-1].index("DeleteSecurityGroup") < done[::-1].index("DeleteDBCluster")


@pytest.mark.parametrize(
    ("kind", "last"),
    [
        ("action_intended", False),
        ("phase_finished", False),
        # in the middle of making a drill's own stack, and of destroying one
        ("stack_progress", False),
        ("stack_progress", True),
    ],
)
def test_a_killed_drill_is_told_as_owed_and_leaves_nothing(
    kind: str, last: bool, whole: list[str], world: World
) -> None:
    kill_after = len(whole) - whole[::-1].index(kind) if last else whole.index(kind) + 1
    before = exists(world)
    arguments = ["--project", str(world.project), "--home", str(world.home)]
    arguments += ["--kill-after", str(kill_after)]
    done = forks.run("tests.execution.drill_runner:main", arguments, seconds=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with opened(world) as services:
        stacks = {name for name in services.stacks().names() if ".drill-" not in name}
        scope = scope_of(services)
        with pytest.raises(PlanRefusedError, match="not cleaned up"):
            make_drill(services, scope)
        told = make_plan(services, scope, phases=[Phase.INSTANTIATE]).plan.warnings
        assert any("drstate test --cleanup" in text for text in told)
        # either way leads there: giving it up in the middle, or going on with it
        given_up = kind in ("action_intended", "stack_progress") and not last
        ended = clean_up(services) if given_up else resume(services)
        assert ended.status is ExecutionStatus.COMPLETED, ended.error
        assert owed_drill(services, scope, None) is None
        assert set(services.stacks().names()) == stacks
    assert left(before, world) == []


@pytest.fixture(scope="module")
def whole(ready: World, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The kinds of events of a drill that nobody kills, in their order."""
    world = ready.copy(tmp_path_factory.mktemp("whole") / "home")
    try:
        with opened(world) as services:
            view = drill(services)
            return [event.payload.type for event in services.readers.logs(view.execution)]
    finally:
        world.stop()


def test_what_does_not_work_is_found_and_removed_all_the_same(world: World) -> None:
    before = exists(world)
    home = world.home / "sandbox"
    rule = process.add_fault(
        home, {"effect": "error", "operation": "CreateService", "code": "AccessDeniedException"}
    )
    with opened(world) as services:
        view = drill(services)
        assert view.status is ExecutionStatus.FAILED
        report = report_of(services, view.execution)
        assert not report.proved
        assert report.rto_seconds is None
        assert report.removed
        bad = [row.resource for row in report.resources if row.status == "UNHEALTHY"]
        assert bad
        assert all(key.startswith("ecs/") for key in bad)
        # nothing is owed, and a failed drill is not gone on with
        assert owed_drill(services, scope_of(services), None) is None
        with pytest.raises(UsageError, match="drill that has failed"):
            resume(services)
        with pytest.raises(UsageError, match="is a drill"):
            look_back(services)
        process.clear_faults(home, rule)
        # it does not stand in the way of the next one
        assert drill(services, waves=[1]).status is ExecutionStatus.COMPLETED
    assert left(before, world) == []


def test_what_cannot_be_removed_stays_owed_until_it_is(world: World) -> None:
    before = exists(world)
    home = world.home / "sandbox"
    rule = process.add_fault(
        home, {"effect": "error", "operation": "DeleteDBCluster", "code": "AccessDenied"}
    )
    with opened(world) as services:
        view = drill(services)
        assert view.status is ExecutionStatus.FAILED
        report = report_of(services, view.execution)
        assert report.proved
        assert not report.removed
        assert {key.split("/")[0] for key in report.left} == {"aurora"}
        process.clear_faults(home, rule)
        assert clean_up(services).status is ExecutionStatus.COMPLETED
        assert owed_drill(services, scope_of(services), None) is None
    assert left(before, world) == []


def test_without_a_network_of_its_own_a_drill_makes_no_copies(world: World) -> None:
    before = exists(world)
    home = world.home / "sandbox"
    process.add_fault(
        home, {"effect": "error", "operation": "CreateSecurityGroup", "code": "AccessDenied"}
    )
    seen = max((call["number"] for call in process.calls(home)), default=0)
    with opened(world) as services:
        view = drill(services, waves=[1])
        assert view.status is ExecutionStatus.FAILED
        assert owed_drill(services, scope_of(services), None) is None
        assert any("security" in row.what.lower() for row in view.failed), view.failed
    made = {call["operation"] for call in process.calls(home, seen)}
    assert "RestoreDBClusterToPointInTime" not in made
    assert left(before, world) == []


def test_a_network_that_cannot_be_removed_is_owed(world: World) -> None:
    before = exists(world)
    home = world.home / "sandbox"
    rule = process.add_fault(
        home, {"effect": "error", "operation": "DeleteSecurityGroup", "code": "AccessDenied"}
    )
    with opened(world) as services:
        view = drill(services, waves=[1])
        assert view.status is ExecutionStatus.FAILED
        report = report_of(services, view.execution)
        assert report.proved
        assert not report.removed
        owed = owed_drill(services, scope_of(services), None)
        assert owed is not None
        assert [name for name in report.left if name in {one.stack for one in owed.stacks}]
        (stack,) = [one.stack for one in owed.stacks]
        # also where the resources of its shard leave the catalog meanwhile
        catalog = services.journal.load_catalog(scope_of(services).key)
        assert catalog is not None
        others = tuple(one for one in catalog.entries if one.key not in owed.groups)
        services.journal.save_catalog(catalog.model_copy(update={"entries": others}), fence=None)
        again = clean_up(services)
        assert again.status is ExecutionStatus.FAILED
        assert stack in report_of(services, again.execution).left
        assert owed_drill(services, scope_of(services), None) is not None
        process.clear_faults(home, rule)
        # what the state forgot is found by its tags
        services.stacks().import_state(stack, {**services.stacks().export(stack), "resources": []})
        assert clean_up(services).status is ExecutionStatus.COMPLETED
        assert owed_drill(services, scope_of(services), None) is None
        assert stack not in services.stacks().names()
    assert left(before, world) == []


def test_somebody_elses_thing_with_the_copys_name_is_left_alone(world: World) -> None:
    from drstate.aws.caller import AwsCaller

    with opened(world) as services:
        scope = scope_of(services)
        planned = make_drill(
            services, scope, approval=Approval.AUTOMATIC, drill="dabc123", waves=[1]
        )
        (action,) = [
            one
            for stage in planned.plan.stages
            for shard in stage.shards
            for one in shard.actions
            if one.id.endswith("#make-cluster")
        ]
        account = planned.catalog.entry(action.resource).resource.account
        name = next(word for word in action.title.split() if word.endswith("-dabc123"))
        aws: AwsCaller = services.caller(scope)
        where = {"account": account, "region": "us-west-2"}
        aws.call(
            "rds", "create_db_cluster", **where, DBClusterIdentifier=name, Engine="aurora-mysql",
            MasterUsername="owner", MasterUserPassword="of-somebody-else",
        )  # fmt: skip
        process.advance(world.home / "sandbox", 0.0, settle=True)
        view = carried_out(services, planned)
        assert view.status is ExecutionStatus.FAILED
        there = aws.call("rds", "describe_db_clusters", **where, DBClusterIdentifier=name)
        assert there["DBClusters"][0]["Status"] == "available"
        assert owed_drill(services, scope, None) is None


def test_a_drill_is_refused_where_there_is_nothing_to_rehearse_at(world: World) -> None:
    with opened(world) as services:
        scope = scope_of(services)
        with pytest.raises(PlanRefusedError, match="nothing to rehearse"):
            make_drill(services, scope, waves=[3])
        with pytest.raises(UnknownNameError):
            owed_drill(services, scope, "20200101-000000-aaaa")


def test_a_drill_is_held_against_quotas_and_what_is_near_is_journaled(world: World) -> None:
    with opened(world) as services:
        planned = make_drill(services, scope_of(services), approval=Approval.REQUIRED, waves=[1])
        key = planned.plan.stages[0].shards[0].resources[0]
        where = {"account": planned.catalog.entry(key).resource.account, "region": "us-west-2"}
        aws = services.caller(scope_of(services))

        def quota(value: float) -> None:
            aws.call(
                "service-quotas", "request_service_quota_increase", **where,
                ServiceCode="rds", QuotaCode="L-952B80B8", DesiredValue=value,
            )  # fmt: skip

        there = len(list(aws.pages("rds", "describe_db_clusters", "DBClusters", **where)))
        for number in range(there, 40):
            aws.call(
                "rds", "create_db_cluster", **where, DBClusterIdentifier=f"other-{number}",
                Engine="aurora-mysql", MasterUsername="owner", MasterUserPassword="not-a-secret",
            )  # fmt: skip
        before = exists(world)
        with pytest.raises(PlanRefusedError, match="it cannot begin, for 1 reason;") as refused:
            execute(services, planned)
        assert "40 in use and 1 more" in refused.value.why
        assert exists(world) == before
        quota(45.0)
        view = execute(services, planned)
        assert view.status is ExecutionStatus.PAUSED
        told = [
            event.payload
            for event in services.journal.events(view.execution, kinds=("warned",))
            if isinstance(event.payload, e.Warned) and event.payload.kind is Kind.CAPACITY
        ]
        (near,) = [one for one in told if "DB clusters" in one.text]
        assert near.severity is Severity.WARNING
        assert near.text.startswith("capacity WARNING: 40 in use and 1 more")
        assert "--quota-code L-952B80B8" in near.hint
        assert near.text in {one.text for one in view.warnings}


def test_a_cancelled_drill_is_cleaned_up(world: World) -> None:
    with opened(world) as services:
        planned = make_drill(services, scope_of(services), approval=Approval.REQUIRED)
        view = carried_out(services, planned)
        assert view.status is ExecutionStatus.PAUSED
        cancel(services)
        assert owed_drill(services, scope_of(services), None) is not None
        story = services.journal.events(view.execution)
        assert not any(isinstance(event.payload, e.ActionIntended) for event in story)
        # nothing was begun, so nobody needs the scope for anything else
        assert left_behind(services, scope_of(services), view.execution) is not None
        assert clean_up(services).status is ExecutionStatus.COMPLETED
        assert owed_drill(services, scope_of(services), None) is None
