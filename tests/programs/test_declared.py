"""What programs hand to the engine, for specs that use every setting. No engine, no AWS."""

from __future__ import annotations

import contextvars
import json
from typing import Any

import pulumi
import pytest

from drstate.errors import ConfigError
from drstate.model.catalog import GLOBAL, CatalogEntry
from drstate.model.phases import SiteState
from drstate.model.shard import Binding, ShardInput
from drstate.programs import aurora
from drstate.programs.aurora.spec import AuroraInstance, ServerlessScaling
from drstate.programs.ecs import owners as ecs
from drstate.programs.ecs.spec import (
    AutoscalingSpec,
    CapacityProvider,
    EcsLoadBalancer,
    Placement,
    ScalingPolicySpec,
    TaskDefinitionSpec,
)
from drstate.programs.endpoints import ENDPOINT_VARIABLE
from drstate.programs.flags import FLAG_OWNERS
from drstate.programs.owners import Owner
from drstate.programs.route53 import RecordSet, Route53Spec
from drstate.programs.site import declare
from drstate.sandbox.engine.contract import SIG_KEY, SIG_SECRET
from tests.programs import specs
from tests.programs.specs import ACCOUNT, EAST, WEST, full_map

KNOWN = {**aurora.OWNERS, **ecs.OWNERS, **FLAG_OWNERS}
GROUP = f"arn:aws:elasticloadbalancing:{EAST}:{ACCOUNT}:targetgroup/web/1"
LABEL = "app/web/1/targetgroup/web/1"
KEY = f"arn:aws:kms:{EAST}:{ACCOUNT}:key/1"
Seen = dict[str, tuple[str, dict[str, Any]]]


def registered(shard: ShardInput, *, preview: bool = False) -> Seen:
    """Name -> (type, inputs) of everything that the program registers."""
    seen: Seen = {}

    class Mocks(pulumi.runtime.Mocks):
        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> Any:
            seen[args.name] = (args.typ, args.inputs)
            return f"{args.name}-id", {**args.inputs, "arn": f"arn:aws:x:::{args.name}"}

        def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
            raise AssertionError(f"a program called {args.token}")

    def run() -> None:
        pulumi.runtime.set_mocks(Mocks(), project="drstate", stack=shard.stack, preview=preview)
        pulumi.runtime.test(lambda: declare(shard))()

    contextvars.copy_context().run(run)
    return seen


def rich_aurora() -> CatalogEntry:
    instance = AuroraInstance(
        identifier="orders-1",
        instance_class="db.serverless",
        promotion_tier=1,
        parameter_group="default.aurora-postgresql15",
        ca_certificate="rds-ca-rsa2048-g1",
        monitoring_interval=60,
        monitoring_role=f"arn:aws:iam::{ACCOUNT}:role/monitoring",
        performance_insights=True,
        performance_insights_kms_key=KEY,
        performance_insights_retention_days=7,
        preferred_maintenance_window="sun:01:00-sun:02:00",
    )
    spec = specs.aurora(
        instances=(instance,),
        serverless=ServerlessScaling(min_capacity=0.5, max_capacity=8),
        storage_type="aurora-iopt1",
        port=5432,
        network_type="IPV4",
        preferred_backup_window="03:00-04:00",
        preferred_maintenance_window="sun:01:00-sun:02:00",
        log_exports=("postgresql",),
        iam_authentication=True,
        deletion_protection=True,
    )
    return specs.entry("aurora", "orders", spec)


def rich_ecs(**changes: Any) -> CatalogEntry:
    task = TaskDefinitionSpec(
        family="web",
        containers=(specs.container(),),
        cpu="256",
        memory="512",
        network_mode="awsvpc",
        requires_compatibilities=("FARGATE",),
        execution_role=f"arn:aws:iam::{ACCOUNT}:role/execution",
        task_role=f"arn:aws:iam::{ACCOUNT}:role/task",
        pid_mode="task",
        ipc_mode="none",
        volumes=({"name": "scratch", "host": {"sourcePath": "/mnt"}},),
        placement_constraints=({"type": "memberOf", "expression": "attribute:x == y"},),
        runtime_platform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        ephemeral_storage_gib=40,
    )
    tracking = {
        "TargetValue": 900.0,
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "ALBRequestCountPerTarget",
            "ResourceLabel": LABEL,
        },
    }
    custom = {
        "TargetValue": 10.0,
        "DisableScaleIn": True,
        "CustomizedMetricSpecification": {
            "MetricName": "Depth",
            "Namespace": "Shop",
            "Statistic": "Average",
            "Dimensions": [{"Name": "Queue", "Value": "orders"}],
        },
    }
    steps = {
        "AdjustmentType": "ChangeInCapacity",
        "Cooldown": 60,
        "MetricAggregationType": "Average",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 2}],
    }
    policies = (
        ScalingPolicySpec(name="requests", type="TargetTrackingScaling", configuration=tracking),
        ScalingPolicySpec(name="depth", type="TargetTrackingScaling", configuration=custom),
        ScalingPolicySpec(name="burst", type="StepScaling", configuration=steps),
    )
    values: dict[str, Any] = {
        "task_definition": task,
        "launch_type": None,
        "capacity_providers": (CapacityProvider(provider="FARGATE_SPOT", weight=1, base=0),),
        "platform_version": "1.4.0",
        "load_balancers": (EcsLoadBalancer(target_group=GROUP, container="web", port=8080),),
        "deployment_minimum_percent": 100,
        "deployment_maximum_percent": 200,
        "circuit_breaker": True,
        "circuit_breaker_rollback": True,
        "health_check_grace_seconds": 30,
        "enable_execute_command": True,
        "propagate_tags": "SERVICE",
        "zone_rebalancing": True,
        "placement_strategies": (Placement(type="spread", value="attribute:ecs.az"),),
        "placement_constraints": (Placement(type="distinctInstance"),),
        "autoscaling": AutoscalingSpec(min_capacity=3, max_capacity=9, policies=policies),
        **changes,
    }
    return specs.entry("ecs", "shop/web", specs.ecs(**values))


def flag() -> CatalogEntry:
    record = Route53Spec(
        region=EAST,
        captured_at=specs.NOW,
        zone="shop.example.",
        zone_id="Z1",
        name="api.shop.example.",
        type="CNAME",
        record_sets=(RecordSet(failover="PRIMARY"), RecordSet(failover="SECONDARY")),
    )
    return specs.entry("route53", "api.shop.example./CNAME", record)


def shard(*entries: CatalogEntry, **options: Any) -> ShardInput:
    site_map = {**full_map(), "target_groups": {GROUP: GROUP.replace(EAST, WEST), LABEL: "dr"}}
    return specs.shard(*entries, **{"site_map": site_map, **options})


def globally(*entries: CatalogEntry) -> ShardInput:
    made = specs.shard(*entries)
    where = made.id.model_copy(update={"region": GLOBAL})
    return made.model_copy(update={"id": where, "provider_region": EAST})


EVERYTHING = {
    "site": shard(rich_aurora(), rich_ecs()),
    "global": globally(rich_aurora(), flag()),
}


@pytest.mark.parametrize("made", EVERYTHING.values(), ids=EVERYTHING)
def test_programs_set_only_properties_that_the_tables_know(made: ShardInput) -> None:
    found = registered(made)
    types = {typ for typ, _ in found.values() if typ != "pulumi:providers:aws"}
    assert types == {t for t in KNOWN if (t in _SPANNING) == (made.id.region == GLOBAL)}
    for name, (typ, inputs) in found.items():
        if typ != "pulumi:providers:aws":
            known = {item.name for item in KNOWN[typ]}
            assert set(inputs) <= known, name


_SPANNING = {aurora.GLOBAL_CLUSTER, *FLAG_OWNERS}


def test_every_property_that_the_tables_give_to_programs_is_set() -> None:
    given: dict[str, set[str]] = {}
    fixed = shard(rich_ecs(launch_type="FARGATE", capacity_providers=()))
    for made in (*EVERYTHING.values(), fixed):
        for typ, inputs in registered(made).values():
            given.setdefault(typ, set()).update(inputs)
    for typ, items in KNOWN.items():
        ours = {item.name for item in items if item.owner is Owner.PROGRAM}
        assert ours <= given[typ], typ


@pytest.mark.parametrize("state", list(SiteState))
def test_names_and_types_are_the_same_in_every_site_state(state: SiteState) -> None:
    found = registered(shard(rich_aurora(), rich_ecs(), state=state))
    wanted = registered(EVERYTHING["site"])
    assert {n: typ for n, (typ, _) in found.items()} == {n: typ for n, (typ, _) in wanted.items()}


def test_every_name_begins_with_its_entrys_key() -> None:
    keys = [entry.key for entry in EVERYTHING["site"].resources]
    for name, (typ, _) in registered(EVERYTHING["site"]).items():
        if typ != "pulumi:providers:aws":
            assert [key for key in keys if name == key or name.startswith(f"{key}/")], name


def test_a_provider_assumes_the_role_of_its_account_and_nothing_changes_by_run() -> None:
    _, inputs = registered(EVERYTHING["site"])[f"aws-{WEST}"]
    # a secret in the wire's form: the external id is encrypted in the state
    sealed = inputs["assumeRoles"]
    assert sealed[SIG_KEY] == SIG_SECRET
    (role,) = json.loads(sealed["value"])
    assert role == {
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/drstate",
        "externalId": "an-id",
        "sessionName": "drstate",
    }
    assert json.loads(inputs["allowedAccountIds"]) == [ACCOUNT]
    assert (inputs["region"], inputs["stsRegion"]) == (WEST, WEST)


def test_a_rehearsal_with_the_real_plugin_points_every_provider_at_the_sandbox(monkeypatch) -> None:
    _, plain = registered(EVERYTHING["site"])[f"aws-{WEST}"]
    assert "endpoints" not in plain
    monkeypatch.setenv(ENDPOINT_VARIABLE, "http://127.0.0.1:4566")
    _, inputs = registered(EVERYTHING["site"])[f"aws-{WEST}"]
    (endpoints,) = json.loads(inputs["endpoints"])
    assert set(endpoints.values()) == {"http://127.0.0.1:4566"}
    assert {"sts", "rds", "ecs", "route53", "applicationautoscaling"} <= set(endpoints)
    for flag in ("skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation"):
        assert inputs[flag] == "true"
    # what says whose account it is stays
    assert inputs["assumeRoles"] == plain["assumeRoles"]
    assert inputs["allowedAccountIds"] == plain["allowedAccountIds"]


def test_a_flag_has_an_alarm_in_each_region_and_the_primary_follows_either() -> None:
    found = registered(EVERYTHING["global"])
    key = flag().key
    either = found[f"{key}/either"][1]
    assert (either["type"], either["childHealthThreshold"]) == ("CALCULATED", 1)
    assert len(either["childHealthchecks"]) == 2
    # a region whose alarms say nothing turns nothing: its flag is lowered, and its recall
    for name, alarm_name, region, without_data in (
        ("health-check", "alarm", WEST, "Healthy"),
        ("recall", "recall-alarm", EAST, "Unhealthy"),
    ):
        _, check = found[f"{key}/{name}"]
        _, alarm = found[f"{key}/{alarm_name}"]
        assert check["cloudwatchAlarmRegion"] == region
        assert check["cloudwatchAlarmName"] == alarm["name"]
        assert check["insufficientDataHealthStatus"] == without_data
        assert alarm["treatMissingData"] == "ignore"
    assert {f"aws-{EAST}", f"aws-{WEST}"} <= set(found)


def test_bounds_of_steps_are_written_as_pulumi_reads_them() -> None:
    _, policy = registered(EVERYTHING["site"])[f"{rich_ecs().key}/policy/burst"]
    (step,) = policy["stepScalingPolicyConfiguration"]["stepAdjustments"]
    assert step["metricIntervalLowerBound"] == "0"


def test_load_balancer_tracking_follows_the_mapped_target_group() -> None:
    _, policy = registered(EVERYTHING["site"])[f"{rich_ecs().key}/policy/requests"]
    metric = policy["targetTrackingScalingPolicyConfiguration"]["predefinedMetricSpecification"]
    assert metric["resourceLabel"] == "dr"


def test_containers_are_open_in_a_preview_before_their_endpoint_is_known() -> None:
    later = Binding(key="aurora/1/db", name="writer", source="db.east.example", target=None)
    made = shard(rich_ecs(), bindings=(later,))
    _, task = registered(made, preview=True)[f"{rich_ecs().key}/task-definition"]
    assert "db.east.example" not in str(task.get("containerDefinitions"))
    with pytest.raises(Exception, match="endpoints are not known yet: aurora/1/db:writer"):
        registered(made)


def test_a_program_with_a_missing_mapping_registers_nothing_of_it() -> None:
    made = specs.shard(rich_ecs())
    with pytest.raises(ConfigError, match="entries are missing"):
        registered(made)
