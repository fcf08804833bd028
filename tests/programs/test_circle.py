"""There and back again: every phase at both sites, once declared and once foreign."""

from __future__ import annotations

from typing import Any

import pytest

from drstate.adapters.declared import undeclared
from drstate.adapters.registry import built_in
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.stackops import Op, StackOutcome
from drstate.programs import aurora as aurora_owners
from drstate.programs.ecs import owners as ecs_owners
from drstate.programs.flags import FLAG_OWNERS
from drstate.sandbox import process
from tests.adapters.world import EAST, WEST, Ran, World

ROUND = (
    Phase.REPLICATE,
    Phase.INSTANTIATE,
    Phase.ACTIVATE,
    Phase.CLEANUP,
    Phase.REPLICATE,
    Phase.INSTANTIATE,
    Phase.ACTIVATE,
    Phase.CLEANUP,
    Phase.REPLICATE,
)
DATABASES = {aurora_owners.CLUSTER, aurora_owners.INSTANCE, aurora_owners.GLOBAL_CLUSTER}


class Circle:
    """What happened on the way round."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.steps: list[tuple[Phase, list[Ran], dict[str, StackOutcome]]] = []
        self.observed: list[dict[str, Any]] = []
        self.others_before = self.others()
        for phase in ROUND:
            world.outcomes = {}
            ran = world.phase(phase)
            self.steps.append((phase, ran, world.outcomes))
            self.observed.append(observe(world))
        self.others_after = self.others()

    def others(self) -> tuple[Any, ...]:
        return tuple(
            process.digest(self.world.home, customer=customer, environment=environment)
            for customer, environment in (
                ("globex", "production"),
                ("globex", "staging"),
                ("acme", "staging"),
            )
        )


def observe(world: World) -> dict[str, Any]:
    """What a stranger with the same credentials sees."""
    aws, data, app = world.aws, "211111111101", "211111111102"
    found = aws.call(
        "rds",
        "describe_global_clusters",
        account=data,
        region=WEST,
        GlobalClusterIdentifier="acme-production-orders-global",
    )["GlobalClusters"][0]
    writer = next(m["DBClusterArn"] for m in found["GlobalClusterMembers"] if m["IsWriter"])
    seen: dict[str, Any] = {"writer": writer.split(":")[3]}
    for region, cluster in ((EAST, "acme-production"), (WEST, "acme-production-dr")):
        services = aws.call(
            "ecs",
            "describe_services",
            account=app,
            region=region,
            cluster=cluster,
            services=["acme-production-web", "acme-production-worker"],
        )["services"]
        seen[region] = {one["serviceName"]: one["desiredCount"] for one in services}
        target = aws.call(
            "application-autoscaling",
            "describe_scalable_targets",
            account=app,
            region=region,
            ServiceNamespace="ecs",
            ResourceIds=[f"service/{cluster}/acme-production-web"],
        )["ScalableTargets"][0]
        seen[f"{region} bounds"] = (target["MinCapacity"], target["MaxCapacity"])
    for name in ("app.acme.example.", "api.acme.example."):
        answer = aws.call(
            "route53",
            "test_dns_answer",
            account="100000000002",
            region=EAST,
            HostedZoneId="Z65WIR0FXK93R57LMDAU9G",
            RecordName=name,
            RecordType="CNAME",
        )
        seen[name] = answer["RecordData"][0].split(".")[1]
    return seen


@pytest.fixture(scope="module")
def circle(world: World) -> Circle:
    return Circle(world)


def state(web: int, worker: int) -> dict[str, int]:
    return {"acme-production-web": web, "acme-production-worker": worker}


STANDBY_WEST = {
    "writer": EAST,
    EAST: state(4, 2),
    "us-east-1 bounds": (2, 10),
    WEST: state(0, 0),
    "us-west-2 bounds": (0, 0),
    "app.acme.example.": EAST,
    "api.acme.example.": EAST,
}
ACTIVE_WEST = {
    **STANDBY_WEST,
    "writer": WEST,
    WEST: state(4, 2),
    "us-west-2 bounds": (2, 10),
    "app.acme.example.": WEST,
    "api.acme.example.": WEST,
}
STANDBY_EAST = {**ACTIVE_WEST, EAST: state(0, 0), "us-east-1 bounds": (0, 0)}


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (0, STANDBY_WEST),
        (1, {**STANDBY_WEST, WEST: state(1, 1), "us-west-2 bounds": (1, 1)}),
        (2, ACTIVE_WEST),
        (3, STANDBY_EAST),
        (4, STANDBY_EAST),
        (5, {**STANDBY_EAST, EAST: state(1, 1), "us-east-1 bounds": (1, 1)}),
        (6, {**STANDBY_WEST, WEST: state(4, 2), "us-west-2 bounds": (2, 10)}),
        (7, STANDBY_WEST),
        (8, STANDBY_WEST),
    ],
)
def test_each_phase_leaves_what_a_stranger_sees(
    circle: Circle, step: int, expected: dict[str, Any]
) -> None:
    assert circle.observed[step] == expected


def test_everything_is_healthy_after_every_phase(circle: Circle) -> None:
    for phase, ran, _ in circle.steps:
        for one in ran:
            assert one.health is not None
            assert one.health.status is ResourceStatus.HEALTHY, (phase, one.key, one.health)


def test_the_urns_of_a_stack_are_the_same_in_every_site_state(circle: Circle) -> None:
    seen: dict[str, set[frozenset[str]]] = {}
    states: dict[str, set[str]] = {}
    for _, _, outcomes in circle.steps:
        for stack, outcome in outcomes.items():
            seen.setdefault(stack, set()).add(frozenset(op.urn for op in outcome.ops))
            states.setdefault(stack, set()).add(outcome.outputs["site_state"])
    wanted = {"standby", "warm", "active", "retired"}
    sites = [stack for stack in seen if ".global." not in stack]
    assert len(sites) == 2
    assert all(states[stack] == wanted for stack in sites)
    assert all(len(urns) == 1 for urns in seen.values())


def test_nothing_is_ever_replaced_or_deleted(circle: Circle) -> None:
    ops = {op.op for _, _, outcomes in circle.steps for o in outcomes.values() for op in o.ops}
    assert ops == {Op.CREATE, Op.SAME, Op.UPDATE}


def test_an_activation_creates_nothing(circle: Circle) -> None:
    for phase, _, outcomes in circle.steps:
        if phase is Phase.ACTIVATE:
            assert not [op for o in outcomes.values() for op in o.ops if op.op is Op.CREATE]


def test_a_promotion_leaves_no_change_of_databases_to_plan(circle: Circle) -> None:
    changed = [
        (phase, op.name)
        for phase, _, outcomes in circle.steps[1:]
        for outcome in outcomes.values()
        for op in outcome.ops
        if op.type in DATABASES and op.op is not Op.SAME
    ]
    assert changed == []


def test_databases_and_flags_are_protected(circle: Circle) -> None:
    ops = [op for _, _, outcomes in circle.steps for o in outcomes.values() for op in o.ops]
    stateful = [op for op in ops if op.type in DATABASES or op.type in FLAG_OWNERS]
    assert stateful
    assert all(op.protected for op in stateful)


def test_a_phase_that_is_run_again_changes_nothing(circle: Circle) -> None:
    _, again, outcomes = circle.steps[8]
    assert all(one.actions == one.done for one in again)
    assert all(outcome.changes == 0 for outcome in outcomes.values())


def test_other_scopes_are_untouched(circle: Circle) -> None:
    assert circle.others_after == circle.others_before


def test_every_call_is_declared_in_a_header(circle: Circle) -> None:
    made = {(call.service, call.operation) for call in circle.world.calls}
    assert undeclared(built_in(), made) == []


def test_an_action_makes_only_the_calls_that_the_plan_tells(circle: Circle) -> None:
    for phase, ran, _ in circle.steps:
        for one in ran:
            told = {(c.service, c.operation, c.region) for s in one.specs for c in s.calls}
            made = {(c.service, c.api_operation, c.region) for c in one.calls}
            assert made <= told, (phase, one.key)


def test_every_resource_has_work_or_a_reason(circle: Circle) -> None:
    for phase, ran, outcomes in circle.steps:
        names = {op.name for outcome in outcomes.values() for op in outcome.ops}
        for one in ran:
            declared = any(name == one.key or name.startswith(f"{one.key}/") for name in names)
            assert declared or one.actions or one.no_op, (phase, one.key)


def test_containers_talk_to_the_site_they_run_in(circle: Circle) -> None:
    stack = next(name for name in circle.steps[0][2] if name.endswith("us-west-2.211111111102.w2"))
    inputs = _inputs(circle, stack, ecs_owners.TASK_DEFINITION)
    text = "".join(one["containerDefinitions"] for one in inputs)
    assert "us-east-1" not in text
    assert "acme-production-orders.cluster-" in text
    assert "us-west-2.rds.amazonaws.com" in text


def test_copies_carry_the_owners_tags_but_are_not_protected_again(circle: Circle) -> None:
    stack = next(name for name in circle.steps[0][2] if name.endswith("us-west-2.211111111101.w1"))
    (cluster,) = _inputs(circle, stack, aurora_owners.CLUSTER)
    tags = cluster["tags"]
    assert tags["Customer"] == "acme"
    assert tags["Owner"] == "payments"
    assert tags["drstate:source"].endswith("us-east-1:211111111101:cluster:acme-production-orders")
    assert not [name for name in tags if name.startswith("dr:")]


def test_a_later_capture_finds_the_same_configuration(circle: Circle) -> None:
    world = circle.world
    for entry in world.catalog.entries:
        adapter = next(a for a in built_in() if a.technology == entry.resource.technology)
        kept = adapter.spec_type.model_validate(entry.spec)
        assert adapter.capture(entry.resource, world.aws).same_configuration(kept), entry.key


def test_outputs_tell_endpoints_and_ids_of_every_resource(circle: Circle) -> None:
    _, _, outcomes = circle.steps[0]
    stack = next(name for name in outcomes if name.endswith("us-west-2.211111111101.w1"))
    outputs = outcomes[stack].outputs
    key = "aurora/211111111101/acme-production-orders"
    assert set(outputs["endpoints"][key]) == {"writer", "reader"}
    assert outputs["resources"][key]["cluster"].split(":")[3] == WEST
    assert outputs["scope"] == "acme/production"
    assert outputs["site_state"] == str(SiteState.STANDBY)


def _resources(circle: Circle, stack: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = circle.world.stacks.export(stack)["resources"]
    return found


def _inputs(circle: Circle, stack: str, token: str) -> list[dict[str, Any]]:
    return [one["inputs"] for one in _resources(circle, stack) if one["type"] == token]
