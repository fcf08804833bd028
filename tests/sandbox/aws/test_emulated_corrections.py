"""Where moto answers what AWS would not; roles and keys are in test_emulated_access.py."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import boto3
import pytest
from botocore.exceptions import ClientError

from drstate.sandbox import process

DATA = "211111111101"
WRITERS = 8
DOCUMENT = json.dumps(
    {
        "schemaVersion": "2.2",
        "description": "stop",
        "mainSteps": [
            {"action": "aws:runShellScript", "name": "stop", "inputs": {"runCommand": ["true"]}}
        ],
    }
)


@pytest.fixture
def table(sandbox):
    dynamodb = sandbox.client("dynamodb", account=DATA)
    dynamodb.create_table(
        TableName="leases",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return "leases"


def together(sandbox, action):
    """Run an action WRITERS times at once, each over a connection of its own."""
    start = Barrier(WRITERS)
    clients = [sandbox.client("dynamodb", account=DATA) for _ in range(WRITERS)]

    def run(number):
        start.wait(10)
        try:
            return action(clients[number], number)
        except clients[number].exceptions.ConditionalCheckFailedException:
            return None

    with ThreadPoolExecutor(WRITERS) as pool:
        return [one for one in pool.map(run, range(WRITERS)) if one is not None]


def test_one_of_many_conditional_puts_wins(sandbox, table):
    def take(client, number):
        client.put_item(
            TableName=table,
            Item={"id": {"S": "lease"}, "holder": {"N": str(number)}},
            ConditionExpression="attribute_not_exists(id)",
        )
        return number

    for _ in range(5):
        winners = together(sandbox, take)
        assert len(winners) == 1
        dynamodb = sandbox.client("dynamodb", account=DATA)
        held = dynamodb.delete_item(
            TableName=table, Key={"id": {"S": "lease"}}, ReturnValues="ALL_OLD"
        )
        assert held["Attributes"]["holder"] == {"N": str(winners[0])}


def test_no_conditional_update_is_lost(sandbox, table):
    sandbox.client("dynamodb", account=DATA).put_item(
        TableName=table, Item={"id": {"S": "counter"}, "n": {"N": "0"}}
    )

    def raise_it(client, _):
        for _attempt in range(WRITERS * 4):
            key = {"id": {"S": "counter"}}
            seen = client.get_item(TableName=table, Key=key)["Item"]["n"]["N"]
            try:
                client.update_item(
                    TableName=table,
                    Key=key,
                    UpdateExpression="SET n = :next",
                    ConditionExpression="n = :seen",
                    ExpressionAttributeValues={
                        ":seen": {"N": seen},
                        ":next": {"N": str(int(seen) + 1)},
                    },
                )
            except client.exceptions.ConditionalCheckFailedException:
                continue
            return True
        return None

    done = together(sandbox, raise_it)
    found = sandbox.client("dynamodb", account=DATA).get_item(
        TableName=table, Key={"id": {"S": "counter"}}
    )["Item"]["n"]["N"]
    assert len(done) == WRITERS
    assert int(found) == WRITERS


@pytest.fixture
def plain(sandbox, monkeypatch):
    """A session that knows of the sandbox by the environment only."""
    for name, value in process.environment(sandbox.status).items():
        monkeypatch.setenv(name, value)
    return boto3.Session()


def test_s3_control_is_reached_by_a_client_that_only_has_the_environment(plain):
    account = plain.client("sts").get_caller_identity()["Account"]
    control = plain.client("s3control")
    control.put_public_access_block(
        AccountId=account, PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    )
    found = control.get_public_access_block(AccountId=account)["PublicAccessBlockConfiguration"]
    assert found["BlockPublicAcls"] is True
    with pytest.raises(ClientError, match="AccessDenied"):
        control.get_public_access_block(AccountId=DATA)


def test_queues_and_parameters_survive_a_snapshot(sandbox, tmp_path):
    sqs, ssm = sandbox.client("sqs", account=DATA), sandbox.client("ssm", account=DATA)
    queue = sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="first")
    ssm.put_parameter(Name="/orders/mode", Value="on", Type="String")
    ssm.put_parameter(Name="/orders/mode", Value="off", Type="String", Overwrite=True)
    ssm.create_document(Name="stop-orders", DocumentType="Command", Content=DOCUMENT)
    file = tmp_path / "kept"
    assert process.snapshot(sandbox.home, file) > 0
    sqs.purge_queue(QueueUrl=queue)
    sqs.delete_queue(QueueUrl=queue)
    ssm.delete_parameter(Name="/orders/mode")
    ssm.delete_document(Name="stop-orders")
    process.restore(sandbox.home, file)
    assert sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "first"
    history = ssm.get_parameter_history(Name="/orders/mode")["Parameters"]
    assert [one["Value"] for one in history] == ["on", "off"]
    assert ssm.get_document(Name="stop-orders")["Content"] == DOCUMENT
    # What is restored works on.
    sqs.send_message(QueueUrl=queue, MessageBody="second")
    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert {one["Body"] for one in found} == {"first", "second"}
    assert ssm.put_parameter(
        Name="/orders/mode", Value="on", Type="String", Overwrite=True
    )["Version"] == 3  # fmt: skip


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("ssm", "describe_automation_step_executions",
         {"AutomationExecutionId": "11111111-2222-3333-4444-555555555555"}),
        ("memorydb", "list_allowed_multi_region_cluster_updates",
         {"MultiRegionClusterName": "none"}),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused_by_name(sandbox, refused, service, operation, parameters):
    client = sandbox.client(service, account=DATA)
    answer = refused(getattr(client, operation), **parameters)
    assert (answer[0], answer[1], answer[3]) == ("SandboxNotImplemented", 400, 0)
    assert operation.replace("_", "") in answer[2].lower()


def test_the_account_that_moto_makes_up_is_not_there(sandbox, refused):
    made_up = "123456789012"
    stranger = sandbox.with_key("AKIAIOSFODNN7EXAMPLE", "secret")
    for service, operation in (
        ("sts", "get_caller_identity"),
        ("ecs", "list_clusters"),
        ("rds", "describe_db_clusters"),
        ("route53", "list_hosted_zones"),
    ):
        client = sandbox.checked(stranger, service, "us-east-1")
        code, status, _, retries = refused(getattr(client, operation))
        assert code in {"InvalidClientTokenId", "UnrecognizedClientException"}
        assert (status, retries) == (403, 0)
    code = refused(
        sandbox.client("sts").assume_role,
        RoleArn=f"arn:aws:iam::{made_up}:role/drstate-target",
        RoleSessionName="xx",
    )[0]
    assert code == "AccessDenied"
    assert {one["account"] for one in process.calls(sandbox.home)[:4]} == {""}
    assert process.digest(sandbox.home, account=made_up) == {"resources": {}}
