"""What is declared of functions, rules and buses that use every setting. No engine, no AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drstate.model.catalog import GLOBAL
from drstate.model.phases import SiteState
from drstate.model.scope import SiteMapTable
from drstate.programs.eventbridge import owners as events
from drstate.programs.eventbridge.spec import (
    Bus,
    EventBridgeSpec,
    GlobalEndpoint,
    Kind,
    Rule,
    RuleTarget,
)
from drstate.programs.lambda_ import owners as functions
from drstate.programs.lambda_.spec import (
    AsyncSettings,
    EventSource,
    FileSystemMount,
    FunctionAlias,
    FunctionLogging,
    FunctionNetwork,
    ImageSettings,
    InvokePermission,
    LambdaSpec,
)
from tests.programs import specs
from tests.programs.specs import ACCOUNT, EAST, ECR, NOW, WEST
from tests.programs.test_declared import Seen, registered

KNOWN = {**functions.OWNERS, **events.OWNERS}


def arn(service: str, rest: str, region: str = EAST) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{rest}"


def here(text: str) -> str:
    return text.replace(EAST, WEST)


MAPPED = {
    SiteMapTable.SUBNETS: ("subnet-1",),
    SiteMapTable.SECURITY_GROUPS: ("sg-1",),
    SiteMapTable.QUEUES: (arn("sqs", "orders"), arn("sqs", "failed"), arn("sqs", "fifo.fifo")),
    SiteMapTable.STREAMS: (arn("kinesis", "stream/clicks"),),
    SiteMapTable.LAYERS: (arn("lambda", "layer:common:3"),),
    SiteMapTable.KMS_KEYS: (arn("kms", "key/1"),),
    SiteMapTable.ACCESS_POINTS: (arn("elasticfilesystem", "access-point/fsap-1"),),
    SiteMapTable.IMAGES: (ECR,),
    SiteMapTable.EVENT_TARGETS: (arn("ecs", "cluster/shop"), arn("ecs", "task-definition/job:3")),
}
SITE_MAP = {
    **{
        table: {one: f"{one}-w".replace(EAST, WEST) for one in ones}
        for table, ones in MAPPED.items()
    },
    SiteMapTable.CODE_ARTIFACTS: {"*": "s3://code/{function}.zip?versionId=9"},
}


def function(**changes: Any) -> LambdaSpec:
    values: dict[str, Any] = {
        "region": EAST,
        "captured_at": NOW,
        "name": "charges",
        "arn": arn("lambda", "function:charges"),
        "package": "Zip",
        "code_sha256": "abc=",
        "runtime": "python3.11",
        "handler": "main.handler",
        "architectures": ("arm64",),
        "description": "charges",
        "memory_mib": 256,
        "timeout_seconds": 20,
        "storage_mib": 1024,
        "role": f"arn:aws:iam::{ACCOUNT}:role/charges",
        "environment": {"HOME": EAST},
        "layers": (arn("lambda", "layer:common:3"),),
        "network": FunctionNetwork(subnets=("subnet-1",), security_groups=("sg-1",), ipv6=True),
        "dead_letter": arn("sqs", "failed"),
        "kms_key": arn("kms", "key/1"),
        "tracing": "Active",
        "logging": FunctionLogging(
            format="JSON", application_level="INFO", system_level="WARN", group="/shop"
        ),
        "mount": FileSystemMount(
            access_point=arn("elasticfilesystem", "access-point/fsap-1"), path="/mnt/a"
        ),
        "snap_start": True,
        "reserved": 20,
        "aliases": (FunctionAlias(name="live", version="7", provisioned=2),),
        "mappings": (
            EventSource(
                source=arn("kinesis", "stream/clicks"),
                qualifier="live",
                enabled=True,
                settings={
                    "BatchSize": 5,
                    "BisectBatchOnFunctionError": True,
                    "DestinationConfig": {"OnFailure": {"Destination": arn("sqs", "failed")}},
                    "FilterCriteria": {"Filters": [{"Pattern": "{}"}]},
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                    "KMSKeyArn": arn("kms", "key/1"),
                    "MaximumBatchingWindowInSeconds": 1,
                    "MaximumRecordAgeInSeconds": 60,
                    "MaximumRetryAttempts": 2,
                    "MetricsConfig": {"Metrics": ["EventCount"]},
                    "ParallelizationFactor": 2,
                    "StartingPosition": "LATEST",
                    "TumblingWindowInSeconds": 3,
                },
            ),
            EventSource(
                source=arn("sqs", "orders"),
                enabled=False,
                settings={"ScalingConfig": {"MaximumConcurrency": 4}},
            ),
        ),
        "permissions": (
            InvokePermission(
                sid="rule",
                qualifier="live",
                action="lambda:InvokeFunction",
                principal="events.amazonaws.com",
                source_arn=arn("events", "rule/nightly"),
                source_account=ACCOUNT,
            ),
        ),
        "asynchronous": (
            AsyncSettings(
                qualifier="$LATEST",
                retries=1,
                max_age_seconds=60,
                on_success=arn("lambda", "function:next"),
                on_failure=arn("sqs", "failed"),
            ),
        ),
        **changes,
    }
    return LambdaSpec.model_validate(values)


def declared(spec: Any, technology: str, name: str, state: SiteState = SiteState.STANDBY) -> Seen:
    entry = specs.entry(technology, name, spec)
    seen = registered(specs.shard(entry, site_map=SITE_MAP, state=state))
    for token, inputs in seen.values():
        if not token.startswith("pulumi:"):
            assert set(inputs) <= {item.name for item in KNOWN[token]}, token
    return {at.removeprefix(f"{entry.key}"): found for at, found in seen.items()}


@pytest.mark.parametrize("state", [SiteState.WARM, SiteState.ACTIVE, SiteState.RETIRED])
def test_a_function_is_declared_alike_in_every_site_state(state: SiteState) -> None:
    assert declared(function(), "lambda", "charges", state) == declared(
        function(), "lambda", "charges"
    )


def test_everything_of_a_function_is_declared_in_the_terms_of_the_site() -> None:
    seen = declared(function(), "lambda", "charges")
    _, made = seen[""]
    assert (made["reservedConcurrentExecutions"], made["publish"]) == (0, True)
    assert (made["s3Bucket"], made["s3Key"], made["s3ObjectVersion"], made["codeSha256"]) == (
        "code",
        "charges.zip",
        "9",
        "abc=",
    )
    assert made["environment"] == {"variables": {"HOME": WEST}}
    assert made["vpcConfig"] == {
        "ipv6AllowedForDualStack": True,
        "securityGroupIds": ["sg-1-w"],
        "subnetIds": ["subnet-1-w"],
    }
    (stream,) = (i for t, i in seen.values() if i.get("startingPosition") == "LATEST")
    assert stream["enabled"] is False
    assert stream["functionName"].endswith("alias/live")
    assert stream["destinationConfig"]["onFailure"]["destinationArn"].endswith("failed-w")
    (queue,) = (i for t, i in seen.values() if i.get("scalingConfig"))
    assert (queue["enabled"], queue["scalingConfig"]) == (False, {"maximumConcurrency": 4})
    assert seen["/permission/live/rule"][1]["sourceArn"] == here(arn("events", "rule/nightly"))
    ends = seen["/asynchronous/function"][1]["destinationConfig"]
    assert ends["onSuccess"]["destination"] == here(arn("lambda", "function:next"))
    # nothing of the source is left but where it came from, and names of resources
    named = {"function", "functionName", "tags"}
    left = [
        value
        for token, inputs in seen.values()
        if not token.startswith("pulumi:")
        for name, value in inputs.items()
        if name not in named
    ]
    assert EAST not in json.dumps(left)


def test_an_image_is_declared_by_its_digest() -> None:
    image = f"{ECR}@sha256:{'0' * 64}"
    settings = ImageSettings(commands=("run",), entry_points=("sh",), working_directory="/w")
    spec = function(
        package="Image", image=image, image_settings=settings, runtime=None, handler=None, layers=()
    )
    made = declared(spec, "lambda", "charges")[""][1]
    assert made["imageUri"] == f"{here(ECR)}-w@sha256:{'0' * 64}"
    assert made["imageConfig"]["workingDirectory"] == "/w"
    assert "s3Bucket" not in made


def event(kind: Kind, **changes: Any) -> EventBridgeSpec:
    return EventBridgeSpec(
        region=EAST,
        captured_at=NOW,
        kind=kind,
        name="paid",
        arn=arn("events", f"{kind}/paid"),
        **changes,
    )


def test_a_rule_is_declared_off_with_every_kind_of_target() -> None:
    network = {"awsvpcConfiguration": {"Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"]}}
    job = {
        "TaskDefinitionArn": arn("ecs", "task-definition/job:3"),
        "NetworkConfiguration": network,
    }
    targets = (
        RuleTarget(id="task", arn=arn("ecs", "cluster/shop"), parameters={"EcsParameters": job}),
        RuleTarget(
            id="fifo",
            arn=arn("sqs", "fifo.fifo"),
            parameters={"SqsParameters": {"MessageGroupId": "g"}},
            input_paths={"id": "$.id"},
            input_template='{"id": <id>}',
            dead_letter=arn("sqs", "failed"),
            retries=3,
        ),
        RuleTarget(
            id="stream",
            arn=arn("kinesis", "stream/clicks"),
            role=f"arn:aws:iam::{ACCOUNT}:role/events",
            parameters={"KinesisParameters": {"PartitionKeyPath": "$.id"}},
        ),
    )
    rule = Rule(pattern='{"source":["shop"]}', bus="shop", targets=targets)
    seen = declared(event(Kind.RULE, rule=rule), "eventbridge", "rule/shop/paid")
    assert (seen[""][1]["state"], seen[""][1]["eventBusName"]) == ("DISABLED", "shop")
    task = seen["/target/task"][1]["ecsTarget"]
    assert task["taskDefinitionArn"].endswith("job:3-w")
    assert task["networkConfiguration"]["subnets"] == ["subnet-1-w"]
    assert seen["/target/fifo"][1]["sqsTarget"] == {"messageGroupId": "g"}
    assert seen["/target/stream"][1]["kinesisTarget"] == {"partitionKeyPath": "$.id"}


def test_an_endpoints_flag_stands_beside_its_owners_health_check() -> None:
    endpoint = GlobalEndpoint(
        name="shop", health_check="arn:aws:route53:::healthcheck/owners", secondary=WEST
    )
    spec = event(Kind.BUS, bus=Bus(endpoint=endpoint))
    seen = registered(specs.shard(specs.entry("eventbridge", "paid", spec), region=GLOBAL))
    (both,) = (i for t, i in seen.values() if i.get("type") == "CALCULATED")
    assert both["childHealthThreshold"] == 2
    assert both["childHealthchecks"][0] == "owners"
    assert both["referenceName"] == spec.reference
