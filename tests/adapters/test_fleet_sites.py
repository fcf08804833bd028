"""Fleets, load balancers and security groups at both sites: what goes wrong with simpler ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.adapters import vcpus
from drstate.adapters.actions import Action, RunContext
from drstate.adapters.at import At
from drstate.adapters.ecs import tasks
from drstate.adapters.ecs.actions import Goal, ServiceAction
from drstate.adapters.ecs.reading import ServiceId
from drstate.adapters.findings import Health
from drstate.adapters.registry import adapter_for
from drstate.adapters.site import SiteContext
from drstate.model.catalog import CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.resource import Resource, resource_key
from drstate.model.scope import Scope
from drstate.model.stackops import Op
from drstate.model.tags import DrTags
from drstate.planning.bindings import Endpoints
from drstate.programs.registry import identity
from drstate.sandbox import process
from tests.adapters.fleet_specs import rich_balancer, rich_fleet
from tests.adapters.world import EAST, WEST, World
from tests.programs.engine import open_stacks

APP = "233333333302"
FLEET = "initech-production-fleet"
KINDS = ("autoscaling", "elb", "security-group")


class Told:
    """A caller that remembers what it was asked with."""

    def __init__(self, world: World, answers: dict[str, Any] | None = None) -> None:
        self._aws = world.aws
        self._answers = answers or {}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def call(self, service: str, operation: str, **given: Any) -> Any:
        self.asked.append((operation, given))
        answer = self._answers.get(operation)
        if isinstance(answer, Exception):
            raise answer
        return answer if answer is not None else self._aws.call(service, operation, **given)

    def pages(self, service: str, operation: str, key: str, **given: Any) -> Any:
        return self._aws.pages(service, operation, key, **given)

    def sized(self) -> list[tuple[int, int, int]]:
        return [
            (one["MinSize"], one["MaxSize"], one["DesiredCapacity"])
            for name, one in self.asked
            if name == "update_auto_scaling_group"
        ]


class Without(Told):
    """A caller to whom nobody tells what has a certain port."""

    def __init__(self, world: World, port: int) -> None:
        super().__init__(world)
        self._port = port

    def pages(self, service: str, operation: str, key: str, **given: Any) -> Any:
        found = super().pages(service, operation, key, **given)
        return (one for one in found if one.get("FromPort") != self._port)


@pytest.fixture(scope="module")
def world(sandbox: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """initech/production's fleet, load balancer and group, replicated to the west."""
    facts = process.facts(sandbox)["initech/production"]
    scope = Scope.model_validate(yaml.safe_load(process.scopes(sandbox)["initech/production.yaml"]))
    made = World(sandbox, scope, open_stacks(tmp_path_factory.mktemp("project"), {}))
    made.protect(protected(kind, facts[kind.replace("-", "_")]["arn"]) for kind in KINDS)
    made.phase(Phase.REPLICATE)
    return made


def protected(kind: str, arn: str) -> Resource:
    name = next(filter(None, (claim.name_of(arn) for claim in adapter_for(kind).claims)))
    return Resource(
        key=resource_key(kind, APP, name),
        technology=kind,
        name=name,
        account=APP,
        region=EAST,
        arn=arn,
        tags=DrTags(customer="initech", environment="production", wave=1),
        raw_tags={"Customer": "initech", "Environment": "production"},
    )


def context(world: World, entry: CatalogEntry, region: str, state: SiteState) -> SiteContext:
    return SiteContext.of(world.scope, world.catalog, entry, region, state)


def scale(world: World, region: str, state: SiteState, **memory: Any) -> tuple[Action, SiteContext]:
    """The fleet's action at a site, as the catalog's memory would have it."""
    entry = world.entry("autoscaling").model_copy(update={"memory": {region: memory}})
    site = context(world, entry, region, state)
    phase = {
        SiteState.STANDBY: Phase.REPLICATE,
        SiteState.WARM: Phase.INSTANTIATE,
        SiteState.ACTIVE: Phase.ACTIVATE,
        SiteState.RETIRED: Phase.CLEANUP,
    }[state]
    (action,) = adapter_for("autoscaling").work(phase, entry, site).actions
    return action, site


def act(world: World, action: Action, aws: Any = None) -> dict[str, Any]:
    aws = aws or world.aws
    seen = action.observe(aws)
    assert seen.blocked is None, seen.blocked
    return {} if seen.done else action.run(aws, world.context(seen.facts))


def fleet(world: World, region: str) -> dict[str, Any]:
    found: dict[str, Any] = world.aws.call(
        "autoscaling",
        "describe_auto_scaling_groups",
        account=APP,
        region=region,
        AutoScalingGroupNames=[FLEET],
    )["AutoScalingGroups"][0]
    return found


def processes(world: World, region: str) -> set[str]:
    return {one["ProcessName"] for one in fleet(world, region)["SuspendedProcesses"]}


def change(world: World, operation: str, region: str, **given: Any) -> None:
    world.aws.call(
        "autoscaling", operation, account=APP, region=region, AutoScalingGroupName=FLEET, **given
    )


def test_the_three_sizes_go_in_one_call_both_ways(world: World) -> None:
    told = Told(world)
    for state in (SiteState.WARM, SiteState.ACTIVE, SiteState.STANDBY):
        action, _ = scale(world, WEST, state)
        act(world, action, told)
    assert told.sized() == [(1, 1, 1), (2, 8, 4), (0, 0, 0)]
    assert not [name for name, _ in told.asked if name == "set_desired_capacity"]


def test_what_the_owner_suspended_stays_suspended_and_nothing_else(world: World) -> None:
    assert processes(world, EAST) == {"AZRebalance"}
    change(world, "suspend_processes", EAST, ScalingProcesses=["AlarmNotification"])
    down, _ = scale(world, EAST, SiteState.RETIRED)
    kept = act(world, down)["memory"]
    held = {"AZRebalance", "AlarmNotification", "ScheduledActions"}
    assert processes(world, EAST) == held
    assert kept["suspended"] == ["ScheduledActions"]
    up, _ = scale(world, EAST, SiteState.ACTIVE, **kept)
    act(world, up)
    assert processes(world, EAST) == {"AZRebalance", "AlarmNotification"}
    change(world, "resume_processes", EAST, ScalingProcesses=["AlarmNotification"])


def test_a_foreign_group_comes_back_with_the_bounds_that_it_had(world: World) -> None:
    change(world, "update_auto_scaling_group", EAST, MinSize=3, MaxSize=9, DesiredCapacity=3)
    down, _ = scale(world, EAST, SiteState.RETIRED)
    kept = act(world, down)["memory"]
    assert kept["sizes"] == [3, 9, 3]
    warm, _ = scale(world, EAST, SiteState.WARM, **kept)
    act(world, warm)
    standby, _ = scale(world, EAST, SiteState.STANDBY, **kept)
    # going back from warm is no retirement: production's sizes stay as they were recorded
    assert "sizes" not in act(world, standby)["memory"]
    up, _ = scale(world, EAST, SiteState.ACTIVE, **kept)
    act(world, up)
    found = fleet(world, EAST)
    # four served when it was captured; policies had taken one away since
    assert (found["MinSize"], found["MaxSize"], found["DesiredCapacity"]) == (3, 9, 4)
    change(world, "update_auto_scaling_group", EAST, MinSize=2, MaxSize=8, DesiredCapacity=4)


def test_a_run_that_died_after_holding_remembers_what_it_held(world: World) -> None:
    down, _ = scale(world, EAST, SiteState.RETIRED)
    first = down.observe(world.aws).facts
    change(world, "suspend_processes", EAST, ScalingProcesses=["ScheduledActions"])
    # the second attempt gets what was seen before the first one
    kept = down.run(world.aws, world.context(first))["memory"]
    assert kept == {"suspended": ["AlarmNotification", "ScheduledActions"], "sizes": [2, 8, 4]}
    up, _ = scale(world, EAST, SiteState.ACTIVE, **kept)
    act(world, up)
    assert processes(world, EAST) == {"AZRebalance"}


def test_undo_puts_back_sizes_and_processes(world: World) -> None:
    before = fleet(world, EAST)
    down, _ = scale(world, EAST, SiteState.RETIRED)
    facts = down.observe(world.aws).facts
    down.run(world.aws, world.context(facts))
    down.undo(world.aws, world.context(facts), facts)
    after = fleet(world, EAST)
    for name in ("MinSize", "MaxSize", "DesiredCapacity", "SuspendedProcesses"):
        assert after[name] == before[name], name


def test_a_launch_that_the_owner_suspended_is_told_before_anything_is_changed(world: World) -> None:
    change(world, "suspend_processes", WEST, ScalingProcesses=["Launch"])
    action, _ = scale(world, WEST, SiteState.ACTIVE)
    seen = action.observe(world.aws)
    change(world, "resume_processes", WEST, ScalingProcesses=["Launch"])
    assert seen.blocked is not None
    assert "Launch" in seen.blocked
    assert "resume-processes" in seen.hint


def test_protected_instances_are_named_instead_of_waited_for(world: World) -> None:
    instance = fleet(world, EAST)["Instances"][0]["InstanceId"]
    protect = {"InstanceIds": [instance], "ProtectedFromScaleIn": True}
    change(world, "set_instance_protection", EAST, **protect)
    action, _ = scale(world, EAST, SiteState.RETIRED)
    seen = action.observe(world.aws)
    change(world, "set_instance_protection", EAST, **{**protect, "ProtectedFromScaleIn": False})
    assert seen.blocked is not None
    assert instance in seen.hint


def test_a_changed_launch_template_starts_no_refresh(world: World) -> None:
    entry = world.entry("autoscaling")
    spec = {**entry.spec, "template": {**entry.spec["template"], "instance_type": "t3.large"}}
    changed = [entry.model_copy(update={"spec": spec})]
    others = [world.entry(kind) for kind in KINDS[1:]]
    begin = len(process.calls(world.home))
    outcome = world.up([*changed, *others], WEST, SiteState.STANDBY)
    operations = {call["operation"] for call in process.calls(world.home)[begin:]}
    assert {op.type for op in outcome.ops if op.op is Op.UPDATE} == {
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:autoscaling/group:Group",
    }
    assert not [op for op in outcome.ops if op.op in (Op.REPLACE, Op.DELETE)]
    assert "CreateLaunchTemplateVersion" in operations
    assert "StartInstanceRefresh" not in operations
    found = fleet(world, WEST)
    assert (found["DesiredCapacity"], found["Instances"]) == (0, [])
    world.up([entry, *others], WEST, SiteState.STANDBY)


def test_rich_configurations_are_declared_whole_and_do_not_move(world: World) -> None:
    fleet_entry, balancer = world.entry("autoscaling"), world.entry("elb")
    rich = [
        fleet_entry.model_copy(update={"spec": rich_fleet(fleet_entry.spec)}),
        balancer.model_copy(update={"spec": rich_balancer(balancer.spec)}),
        world.entry("security-group"),
    ]
    world.up(rich, WEST, SiteState.STANDBY)
    again = world.up(rich, WEST, SiteState.STANDBY)
    assert {op.op for op in again.ops} == {Op.SAME}
    found = fleet(world, WEST)
    overrides = found["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    assert [one["InstanceType"] for one in overrides] == ["m7g.large", "m6g.large"]
    assert found["MaxInstanceLifetime"] == 604800
    plain = [world.entry(kind) for kind in KINDS]
    world.up(plain, WEST, SiteState.STANDBY)
    back = world.up(plain, WEST, SiteState.STANDBY)
    assert [op for op in back.ops if op.op is not Op.SAME] == []


def prerequisites(world: World, aws: Any, phase: Phase) -> list[Health]:
    entry = world.entry("autoscaling")
    site = context(world, entry, WEST, phase.leaves)
    return list(adapter_for("autoscaling").prerequisites(phase, entry, site, aws))


def test_images_and_keys_are_looked_at_before_anything_is_changed(world: World) -> None:
    fine = prerequisites(world, Told(world), Phase.ACTIVATE)
    assert {one.status for one in fine} == {ResourceStatus.HEALTHY}
    assert len(fine) == 2
    nothing = Told(world, {"describe_images": {"Images": []}, "describe_key_pairs": {}})
    hints = [one.hint for one in prerequisites(world, nothing, Phase.REPLICATE)]
    assert ["copy-image" in hints[0], "import it there" in hints[1]] == [True, True]


def test_a_group_takes_the_vcpus_of_what_it_is_yet_to_launch(world: World) -> None:
    entry, adapter = world.entry("autoscaling"), adapter_for("autoscaling")
    there = context(world, entry, WEST, Phase.ACTIVATE.leaves)
    (wanted,) = adapter.demand(Phase.ACTIVATE, entry, there, world.aws)
    assert (wanted.limit, wanted.region) == (vcpus.STANDARD, WEST)
    # of t3.medium, which has two
    assert wanted.amount == 8
    at = At(world.aws, entry.resource.account, EAST)
    assert adapter.used(vcpus.STANDARD, at)[""] >= 8
    # what runs already is not taken a second time
    here = context(world, entry, EAST, Phase.ACTIVATE.leaves)
    assert adapter.demand(Phase.ACTIVATE, entry, here, world.aws) == ()
    assert adapter.demand(Phase.CLEANUP, entry, there, world.aws) == ()


def test_a_copy_lets_out_what_the_source_does_and_nothing_more(world: World) -> None:
    entry = world.entry("security-group")
    copy = entry.endpoints[WEST]["id"]
    rules = world.aws.call(
        "ec2",
        "describe_security_group_rules",
        account=APP,
        region=WEST,
        Filters=[{"Name": "group-id", "Values": [copy]}],
    )["SecurityGroupRules"]
    out = [(one["IpProtocol"], one["FromPort"]) for one in rules if one["IsEgress"]]
    # EC2's own rule for everything is gone
    assert out == [("tcp", 5432)]
    selves = [
        one["FromPort"]
        for one in rules
        if one.get("ReferencedGroupInfo", {}).get("GroupId") == copy
    ]
    assert selves == [7946]


def test_a_group_is_unhealthy_without_a_rule_and_degraded_with_one_too_many(world: World) -> None:
    entry = world.entry("security-group")
    copy = entry.endpoints[WEST]["id"]
    site = context(world, entry, WEST, SiteState.STANDBY)
    adapter = adapter_for("security-group")
    rule = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
    }
    given = {"account": APP, "region": WEST, "GroupId": copy}
    world.aws.call("ec2", "authorize_security_group_ingress", IpPermissions=[rule], **given)
    assert adapter.ready(entry, site, world.aws).status is ResourceStatus.DEGRADED
    world.aws.call("ec2", "revoke_security_group_ingress", IpPermissions=[rule], **given)
    assert adapter.ready(entry, site, world.aws).ok
    lacking = adapter.ready(entry, site, Without(world, 443))  # type: ignore[arg-type]
    assert lacking.status is ResourceStatus.UNHEALTHY
    assert "tcp-443-443-198.51.100.0_24" in lacking.detail


def test_a_load_balancer_is_as_healthy_as_what_is_behind_it(world: World) -> None:
    entry = world.entry("elb")
    adapter = adapter_for("elb")
    site = context(world, entry, WEST, SiteState.ACTIVE)
    arn = entry.endpoints[WEST]["target-group/initech-production-shop-web"]
    empty = adapter.check(entry, site, world.aws)
    assert empty.ok
    assert "nothing is registered yet" in empty.detail
    target = [{"Id": "10.0.0.9"}]
    given: dict[str, Any] = {"TargetGroupArn": arn, "Targets": target, "account": APP}
    given["region"] = WEST
    world.aws.call("elbv2", "register_targets", **given)
    world.clock.sleep(60)
    assert "1 target answer" in adapter.check(entry, site, world.aws).detail
    world.aws.call("elbv2", "deregister_targets", **given)
    for states, expected in (
        (["healthy", "unhealthy"], ResourceStatus.DEGRADED),
        (["unhealthy", "draining"], ResourceStatus.UNHEALTHY),
        (["healthy", "draining"], ResourceStatus.HEALTHY),
    ):
        behind = [{"TargetHealth": {"State": state}} for state in states]
        told = Told(world, {"describe_target_health": {"TargetHealthDescriptions": behind}})
        assert adapter.check(entry, site, told).status is expected, states  # type: ignore[arg-type]


def test_the_dns_name_of_the_copy_is_known_before_the_disaster(world: World) -> None:
    entry = world.entry("elb")
    found = adapter_for("elb").endpoints(entry, world.scope, WEST)
    assert list(found) == ["dns"]
    assert found["dns"].endswith(".elb.amazonaws.com")
    assert WEST in found["dns"]


def test_what_a_stack_was_making_when_it_was_cut_off_is_found_again(world: World) -> None:
    (stack,) = world.outcomes
    made = {
        one["type"]: one
        for one in world.stacks.export(stack)["resources"]
        if one["type"].startswith("aws:")
    }
    adapters = [adapter_for(kind) for kind in KINDS]
    assert len(made) == 11
    for kind, one in made.items():
        ids = {adapter.created(kind, one["inputs"], APP, world.aws) for adapter in adapters}
        told = identity(kind, one["inputs"])
        assert one["id"] in {*ids, told, str(told).rpartition("/")[2]}, kind
    gone = {**made["aws:lb/loadBalancer:LoadBalancer"]["inputs"], "name": "never-made"}
    found = adapter_for("elb").created("aws:lb/loadBalancer:LoadBalancer", gone, APP, world.aws)
    assert found is None


def test_a_target_group_of_a_protected_load_balancer_is_bound_by_its_arn(world: World) -> None:
    balancer, group = world.entry("elb"), world.entry("autoscaling")
    source = balancer.spec["target_groups"][0]["arn"]
    spec = {**group.spec, "target_groups": [source]}
    catalog = world.catalog.with_entry(group.model_copy(update={"spec": spec}))
    bound = Endpoints(catalog).bindings([catalog.entry(group.key)], WEST)
    (binding,) = [one for one in bound if one.source == source]
    assert binding.key == balancer.key
    assert binding.target == balancer.endpoints[WEST][binding.name]
    assert f":{WEST}:" in str(binding.target)


def test_a_count_that_is_set_before_its_bounds_is_taken_back(world: World) -> None:
    """Why bounds come first: policies scale in to the old maximum, and out to the old minimum."""
    app = process.facts(world.home)["initech/production"]["ecs"]
    cluster, _, service = app["name"].partition("/")
    given = {"account": APP, "region": EAST}
    name = {"cluster": cluster, "service": service}

    def count() -> int:
        world.clock.sleep(120)
        found = world.aws.call(
            "ecs", "describe_services", cluster=cluster, services=[service], **given
        )
        return int(found["services"][0]["desiredCount"])

    world.aws.call("ecs", "update_service", desiredCount=0, **name, **given)
    assert count() == 2
    entry = world.entry("elb").model_copy(update={"resource": protected("ecs", app["arn"])})
    run = RunContext(clock=world.clock)
    for goal, expected in ((Goal(0, 0, (0, 0)), 0), (Goal(4, 4, (2, 10)), 4)):
        action = ServiceAction(
            entry, ServiceId(cluster, service), EAST, goal, scales=True, by_stack=False
        )
        action.run(world.aws, run)
        assert count() == expected


def test_a_service_needs_its_cluster_and_capacity_providers(world: World) -> None:
    app = process.facts(world.home)["initech/production"]["ecs"]
    made = World(world.home, world.scope)
    made.protect([protected("ecs", app["arn"])])
    entry = made.entry("ecs")
    site = context(made, entry, WEST, SiteState.ACTIVE)
    adapter = adapter_for("ecs")

    def found(**answer: Any) -> list[tuple[ResourceStatus, str]]:
        cluster = {"status": "ACTIVE", "clusterName": "west", **answer}
        told = Told(made, {"describe_clusters": {"clusters": [cluster]}} if answer else None)
        checked = adapter.prerequisites(Phase.ACTIVATE, entry, site, told)  # type: ignore[arg-type]
        return [(one.status, one.detail) for one in checked]

    assert {status for status, _ in found()} == {ResourceStatus.HEALTHY}
    lacking = found(capacityProviders=["FARGATE"])
    assert [text for status, text in lacking if status is ResourceStatus.UNHEALTHY] == [
        f"cluster west in {WEST} has no capacity provider FARGATE_SPOT"
    ]
    (gone,) = found(status="INACTIVE")
    assert gone[0] is ResourceStatus.UNHEALTHY


def test_a_service_takes_tasks_of_its_cluster_that_it_does_not_run_yet(world: World) -> None:
    app = process.facts(world.home)["initech/production"]["ecs"]
    made = World(world.home, world.scope)
    made.protect([protected("ecs", app["arn"])])
    entry, adapter = made.entry("ecs"), adapter_for("ecs")
    desired = entry.spec["desired_count"]
    here = context(made, entry, EAST, SiteState.ACTIVE)
    assert adapter.demand(Phase.ACTIVATE, entry, here, made.aws) == ()
    there = context(made, entry, WEST, SiteState.ACTIVE)
    (taken,) = adapter.demand(Phase.ACTIVATE, entry, there, made.aws)
    used = adapter.used(tasks.TASKS, At(made.aws, entry.resource.account, WEST))
    assert (taken.amount, taken.holder in used) == (desired, True)
    # by whom ever they are run, what runs and what is about to count
    clusters = [
        {"status": "ACTIVE", "clusterName": "full", "runningTasksCount": 5, "pendingTasksCount": 2},
        {"status": "INACTIVE", "clusterName": "gone", "runningTasksCount": 1},
    ]
    told = Told(made, {"describe_clusters": {"clusters": clusters}})
    assert tasks.used(At(told, entry.resource.account, WEST)) == {"full": 7}  # type: ignore[arg-type]
    standby = context(made, entry, WEST, SiteState.STANDBY)
    assert adapter.demand(Phase.REPLICATE, entry, standby, made.aws) == ()
