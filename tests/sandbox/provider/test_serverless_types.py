"""Functions and rules through a whole life, over gRPC, against the emulated AWS."""

import io
import json
import zipfile

import pytest

from tests.sandbox.provider.provider_harness import ACCOUNT, WEST, Resource

ROLE = f"arn:aws:iam::{ACCOUNT}:role/acme-production-task"
PATTERN = {"source": ["orders"], "detail-type": ["paid"]}


def package(text):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("main.py"), text)
    return stream.getvalue()


@pytest.fixture(scope="module")
def bucket(aws):
    s3 = aws("s3")
    s3.create_bucket(
        Bucket="life-artifacts", CreateBucketConfiguration={"LocationConstraint": WEST}
    )
    for number in (1, 2):
        s3.put_object(Bucket="life-artifacts", Key=f"{number}.zip", Body=package(f"v = {number}"))
    return "life-artifacts"


@pytest.fixture
def function(plugin, bucket, request):
    """A function at zero concurrency, and what it was made of."""
    made = Resource(plugin, "aws:lambda/function:Function", request.node.name)
    made.inputs_given = {
        "name": request.node.name[:60],
        "role": ROLE,
        "runtime": "python3.11",
        "handler": "main.handler",
        "s3Bucket": bucket,
        "s3Key": "1.zip",
        "sourceCodeHash": "one",
        "publish": True,
        "reservedConcurrentExecutions": 0,
        "environment": {"variables": {"A": "1"}},
        "loggingConfig": {"logFormat": "JSON", "logGroup": "/life"},
        "tags": {"a": "b"},
    }
    made.create(made.inputs_given)
    yield made
    made.delete()


def test_a_function_publishes_a_version_for_every_change_of_code_or_settings(function):
    first = function.inputs_given
    assert function.state["version"] == "1"
    assert function.diff(first)[0] == {}
    second = {
        **first,
        "s3Key": "2.zip",
        "sourceCodeHash": "two",
        "memorySize": 256,
        "environment": {"variables": {"A": "2"}},
    }
    changed = {"s3Key", "sourceCodeHash", "memorySize", "environment.variables.A"}
    assert changed <= set(function.diff(second)[0])
    before = function.state["codeSha256"]
    function.update(second)
    assert (function.state["version"], function.state["codeSha256"] != before) == ("2", True)
    assert function.diff(second)[0] == {}
    assert function.refresh() == (function.id, function.inputs, function.state)
    third = {**second, "reservedConcurrentExecutions": -1, "tags": {"a": "c"}}
    function.update(third)
    assert (function.state["version"], function.state["reservedConcurrentExecutions"]) == ("2", -1)
    ident, _, state = function.imported(function.id)
    assert (ident, state["arn"]) == (function.id, function.state["arn"])


def test_code_that_is_not_the_wanted_one_is_taken_anew_until_it_is(function, aws, bucket):
    wanted = aws("lambda").create_function(
        FunctionName="wanted",
        Runtime="python3.11",
        Role=ROLE,
        Handler="main.handler",
        Code={"S3Bucket": bucket, "S3Key": "2.zip"},
    )["CodeSha256"]
    first = {**function.inputs_given, "s3Key": "late.zip", "codeSha256": wanted}
    aws("s3").put_object(Bucket=bucket, Key="late.zip", Body=package("v = 1"))
    function.update(first)
    assert set(function.diff(first)[0]) >= {"codeSha256"}
    aws("s3").put_object(Bucket=bucket, Key="late.zip", Body=package("v = 2"))
    function.update(first)
    assert function.diff(first)[0] == {}
    assert function.state["codeSha256"] == wanted


def test_what_hangs_on_a_function_lives(plugin, function, aws):
    queue = aws("sqs").create_queue(QueueName="life")["QueueUrl"]
    arn = f"arn:aws:sqs:{WEST}:{ACCOUNT}:{queue.rpartition('/')[2]}"
    alias = Resource(plugin, "aws:lambda/alias:Alias")
    named = {"name": "live", "functionName": function.state["arn"], "functionVersion": "1"}
    alias.lives(named, {**named, "description": "production"}, ["description"])
    alias.create(named)

    mapping = Resource(plugin, "aws:lambda/eventSourceMapping:EventSourceMapping")
    first = {
        "eventSourceArn": arn,
        "functionName": alias.state["arn"],
        "enabled": False,
        "batchSize": 5,
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "filterCriteria": {"filters": [{"pattern": '{"body":{"a":[1]}}'}]},
    }
    assert mapping.create(first)["state"] == "Disabled"
    second = {**first, "batchSize": 6, "enabled": True, "scalingConfig": {"maximumConcurrency": 2}}
    assert mapping.diff(first)[0] == {}
    # what an adapter owns stays as it is
    assert "enabled" not in mapping.diff(second, ignore=["enabled"])[0]
    mapping.update(second, ignore=["enabled"])
    assert (mapping.state["batchSize"], mapping.state["enabled"]) == (6, False)
    assert mapping.refresh()[2] == mapping.state
    mapping.delete()

    permission = Resource(plugin, "aws:lambda/permission:Permission")
    allowed = {
        "statementId": "rule",
        "action": "lambda:InvokeFunction",
        "function": function.state["arn"],
        "principal": "events.amazonaws.com",
        "qualifier": "live",
        "sourceArn": f"arn:aws:events:{WEST}:{ACCOUNT}:rule/nightly",
    }
    permission.create(allowed)
    assert permission.diff(allowed)[0] == {}
    assert permission.refresh()[0] == "rule"
    permission.delete()
    assert permission.refresh()[0] == ""

    later = Resource(plugin, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
    once = {
        "functionName": function.state["arn"],
        "qualifier": "live",
        "maximumRetryAttempts": 0,
        "destinationConfig": {"onFailure": {"destination": arn}},
    }
    later.create(once)
    assert later.diff(once)[0] == {}
    later.update({**once, "maximumEventAgeInSeconds": 120})
    assert later.refresh() == (later.id, later.inputs, later.state)
    later.delete()
    alias.delete()


def test_a_rule_its_target_and_its_bus_live(plugin, aws):
    bus = Resource(plugin, "aws:cloudwatch/eventBus:EventBus")
    settings = {"name": "life-bus", "tags": {"a": "b"}}
    bus.lives(settings, {**settings, "description": "orders"}, ["description"])
    bus.create(settings)
    policy = Resource(plugin, "aws:cloudwatch/eventBusPolicy:EventBusPolicy")
    said = {
        "eventBusName": "life-bus",
        "policy": json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "put",
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                        "Action": "events:PutEvents",
                        "Resource": bus.state["arn"],
                    }
                ],
            }
        ),
    }
    policy.create(said)
    assert policy.diff(said)[0] == {}
    rule = Resource(plugin, "aws:cloudwatch/eventRule:EventRule")
    first = {
        "name": "paid",
        "eventBusName": "life-bus",
        "eventPattern": json.dumps(PATTERN),
        "state": "DISABLED",
        "tags": {"a": "b"},
    }
    rule.create(first)
    assert (rule.id, rule.state["state"]) == ("life-bus/paid", "DISABLED")
    assert rule.diff({**first, "eventPattern": json.dumps(PATTERN, indent=2)})[0] == {}
    target = Resource(plugin, "aws:cloudwatch/eventTarget:EventTarget")
    sends = {
        "rule": "paid",
        "eventBusName": "life-bus",
        "targetId": "queue",
        "arn": f"arn:aws:sqs:{WEST}:{ACCOUNT}:life",
        "retryPolicy": {"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 60},
        "inputTransformer": {"inputPaths": {"id": "$.id"}, "inputTemplate": '{"id": <id>}'},
    }
    target.create(sends)
    assert target.diff(sends)[0] == {}
    aws("events").enable_rule(Name="paid", EventBusName="life-bus")
    # somebody's change of the state is not undone by a change of something else
    rule.update({**first, "description": "orders that are paid"}, ignore=["state"])
    assert aws("events").describe_rule(Name="paid", EventBusName="life-bus")["State"] == "ENABLED"
    for gone in (target, rule, policy, bus):
        gone.delete()
        assert gone.refresh()[0] == ""
