"""Every operation that the sandbox adds or replaces, held to its model over HTTP.

Answers and error codes are held to it wherever a test calls an operation (emulated_clients);
here: that each is called somewhere, refuses what is not a request, and pages.
"""

import ast
import json
import re
import time
from datetime import datetime
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

import drstate.sandbox.aws
from tests.sandbox.drs_site import copy_of

ROOM = Path(drstate.sandbox.aws.__file__).parent
DATA, APP = "211111111101", "211111111102"
# File -> service, and what it replaces below the operations themselves.
FILES = {
    "autoscaling": ("application-autoscaling", ()),
    "cloudtrail": ("cloudtrail", ()),
    "cloudwatch": ("cloudwatch", ("put_metric_alarm", "put_metric_data", "get_metric_data")),
    "drs/responses": ("drs", ()),
    "ecs": ("ecs", ("create_service", "describe_services")),
    "efs": ("efs", ("delete_file_system", "describe_file_systems", "create_file_system")),
    "elasticache": ("elasticache", ("create_cache_cluster",)),
    "elbv2": ("elbv2", ("describe_target_health", "register_targets")),
    "eventbridge": ("events", ("put_rule", "put_targets")),
    "eventbridge_endpoints": ("events", ()),
    "explorer": ("resource-explorer-2", ()),
    "fsx": ("fsx", ()),
    "function_mappings": ("lambda", ("create_event_source_mapping",)),
    "function_settings": ("lambda", ("put_function_concurrency",)),
    "memorydb": ("memorydb", ()),
    "opensearch": ("opensearch", ()),
    "rds": ("rds", ("create_db_cluster", "modify_db_cluster", "create_db_instance",
                    "modify_db_instance")),
    "route53": ("route53", ()),
    "ssm": ("ssm", ()),
    "ssm_commands": ("ssm", ()),
    "stepfunctions": ("stepfunctions", ("create_state_machine", "create_activity")),
    "sts": ("sts", ()),
}  # fmt: skip
ACCOUNTS = {"ecs": APP, "drs": APP, "elbv2": APP, "application-autoscaling": APP}
# Operations whose lists the demo's estate fills, or this test; of the others pages are empty.
FILLED = {"ListHostedZones", "ListHostedZonesByName", "ListActivities", "ListIndexes",
          "DescribeScalingPolicies", "ListSupportedResourceTypes", "ListServices",
          "ListExecutions"}  # fmt: skip


# Files that add no lists.
UNPAGED = {"sts", "drs/responses", "ecs", "elbv2", "cloudwatch", "explorer", "opensearch",
           "eventbridge", "eventbridge_endpoints", "function_settings"}  # fmt: skip
# What a list cannot be asked for without.
GIVEN = {
    "DescribeScalingPolicies": {"ServiceNamespace": "ecs"},
    "ListServices": {"cluster": "acme-production"},
    "ListExecutions": {"stateMachineArn": f"arn:aws:states:us-east-1:{DATA}:stateMachine:one"},
}


def methods(file: str) -> set[str]:
    """Public methods of the classes of one file."""
    tree = ast.parse((ROOM / f"{file}.py").read_text())
    return {
        one.name
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for one in node.body
        if isinstance(one, ast.FunctionDef) and not one.name.startswith("_")
    }


def operations(file, model):
    """API names of a file's operations."""
    names = {xform_name(name): name for name in model.operation_names}
    found = methods(file) | set(FILES[file][1])
    return sorted(names[name] for name in found if name in names)


@pytest.fixture(scope="module")
def site(original, tmp_path_factory):
    with copy_of(original, tmp_path_factory.mktemp("model") / "copy") as found:
        for region in ("us-east-1", "us-west-2"):
            found.client("drs", region, APP).initialize_service()
        states = found.client("stepfunctions", account=DATA)
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "states.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        role = found.client("iam", account=DATA).create_role(
            RoleName="states", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
        )["Role"]["Arn"]
        done = {"StartAt": "done", "States": {"done": {"Type": "Succeed"}}}
        machine = states.create_state_machine(
            name="one", definition=json.dumps(done), roleArn=role
        )["stateMachineArn"]  # fmt: skip
        for name in ("one", "two"):
            states.create_activity(name=name)
            states.start_execution(stateMachineArn=machine, name=name)
        stopped = {"FAILED", "SUCCEEDED"}
        for name in ("one", "two"):
            arn = machine.replace(":stateMachine:", ":execution:") + f":{name}"
            end = time.monotonic() + 20
            while states.describe_execution(executionArn=arn)["status"] not in stopped:
                assert time.monotonic() < end
        dns = found.dns()
        for name in ("one.example", "two.example"):
            dns.create_hosted_zone(Name=name, CallerReference=name)
        yield found


def still(value):
    """Without what tells the time."""
    if isinstance(value, dict):
        return {key: still(one) for key, one in value.items()}
    if isinstance(value, list):
        return [still(one) for one in value]
    return None if isinstance(value, datetime) else value


def client_of(site, service):
    if service == "route53":
        return site.dns()
    return site.client(service, account=ACCOUNTS.get(service, DATA))


@pytest.mark.parametrize("file", FILES)
def test_every_operation_is_called_by_a_test(site, file):
    model = client_of(site, FILES[file][0]).meta.service_model
    tests = Path(__file__).parents[1]
    said = "\n".join(path.read_text() for path in tests.rglob("*.py"))
    said += "\n".join(path.read_text() for path in (tests.parent / "aws").rglob("*.py"))
    found = operations(file, model)
    assert found
    silent = [
        one
        for one in found
        if not re.search(rf"\.{xform_name(one)}\b", said) and f'"{xform_name(one)}"' not in said
    ]
    assert silent == []


@pytest.mark.parametrize("file", FILES)
def test_request_without_what_is_required_is_refused_in_the_services_words(site, file):
    client = client_of(site, FILES[file][0])
    refused = []
    for name in operations(file, client.meta.service_model):
        shape = client.meta.service_model.operation_model(name).input_shape
        required = set(shape.required_members) if shape is not None else set()
        # botocore makes these up itself.
        required -= {one for one in required if shape.members[one].metadata.get("idempotencyToken")}
        placed = {one for one in required if shape.members[one].serialization.get("location")}
        if not required - placed:
            continue
        with pytest.raises(ClientError) as caught:
            unchecked(client, name, dict.fromkeys(placed, "x-0"))
        answer = caught.value.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400, name
        assert answer["ResponseMetadata"]["RetryAttempts"] == 0, name
        assert "validation error" in answer["Error"]["Message"], (name, answer["Error"])
        refused.append(name)
    assert refused or file in {"explorer", "cloudtrail"}


def unchecked(client, name, parameters):
    """Call without botocore's own look at the parameters."""
    serializer = client._serializer
    while not hasattr(serializer, "serialize_to_request") or hasattr(serializer, "_serializer"):
        serializer = serializer._serializer
    kept, client._serializer = client._serializer, serializer
    try:
        return client._make_api_call(name, parameters)
    finally:
        client._serializer = kept


@pytest.mark.parametrize("file", FILES)
def test_lists_come_one_by_one_as_they_come_at_once_and_bad_tokens_are_refused(site, file):
    client = client_of(site, FILES[file][0])
    paged = []
    for name in operations(file, client.meta.service_model):
        operation = xform_name(name)
        shape = client.meta.service_model.operation_model(name).input_shape
        given = GIVEN.get(name, {})
        if not client.can_paginate(operation) or set(shape.required_members) - set(given):
            continue
        paginator = client.get_paginator(operation)
        config = paginator._pagination_cfg
        if "limit_key" not in config:
            continue
        key = config["result_key"]
        key = key[0] if isinstance(key, list) else key
        least = {"rds": 20, "elasticache": 20}.get(FILES[file][0])
        least = least or shape.members[config["limit_key"]].metadata.get("min") or 1
        whole = getattr(client, operation)(**given)[key]
        pages = [
            page[key]
            for page in paginator.paginate(**given, PaginationConfig={"PageSize": max(least, 1)})
        ]
        assert still([one for page in pages for one in page]) == still(whole), name
        if least <= 1 and name in FILLED:
            assert len(pages) == len(whole) > 1, name
        paged.append(name)
        token = config["input_token"]
        if isinstance(token, str):
            with pytest.raises(ClientError) as caught:
                getattr(client, operation)(**given, **{token: "nonsense"})
            assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404), name
    assert paged or file in UNPAGED, file
