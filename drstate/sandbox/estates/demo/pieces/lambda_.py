"""A function that works off a queue, in production version 1; its package lies in both regions.

One of its two mappings is switched off by its owner, and has to stay so through every phase.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from drstate.sandbox.aws import correct
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo.identities import build_task_role
from drstate.sandbox.estates.demo.land import Land, Piece

_CODE = '''"""Charges orders."""


def handler(event, context):
    return {"charged": len(event.get("Records", []))}
'''
KEY = "charges/1.4.2.zip"


def build(ids: SeededIds, land: Land) -> Piece:
    """Function, queues and package in the east; queues and package in the west."""
    correct("lambda")
    correct("sqs")
    from moto.awslambda.models import lambda_backends  # noqa: PLC0415 - only this piece needs it

    account, prefix = land.app, land.scope.prefix
    name = f"{prefix}-charges"
    network = land.network(account, land.primary)
    land.network(account, land.recovery)
    role = build_task_role(ids, account, name)
    site_map: dict[str, dict[str, str]] = {"queues": {}, "code_artifacts": {}}
    queues = {
        part: _queues(ids, land, f"{name}-{part}", site_map) for part in ("orders", "refunds")
    }
    failed = _queues(ids, land, f"{name}-failed", site_map)
    packages = {region: _package(ids, land, region) for region in (land.primary, land.recovery)}
    site_map["code_artifacts"][name] = f"s3://{packages[land.recovery]}/{KEY}"

    backend = lambda_backends[account][land.primary]
    ids.named(account, land.primary, "function", name)
    function = backend.create_function(
        {
            "FunctionName": name,
            "Runtime": "python3.11",
            "Role": role,
            "Handler": "main.handler",
            "Code": {"S3Bucket": packages[land.primary], "S3Key": KEY},
            "Description": "charges orders",
            "Timeout": 20,
            "MemorySize": 256,
            "Environment": {"Variables": {"AWS_HOME": land.primary, "STAGE": "production"}},
            "VpcConfig": {
                "SubnetIds": list(network.subnets),
                "SecurityGroupIds": [network.security_group],
            },
            "DeadLetterConfig": {"TargetArn": failed},
            "LoggingConfig": {"LogFormat": "JSON", "LogGroup": f"/lambda/{name}"},
            "Tags": land.tags(2, "high"),
        }
    )
    function.state = "Active"
    ids.named(account, land.primary, "function", name, "version")
    backend.publish_version(name)
    backend.create_alias("live", name, "1", "production", "")
    backend.put_function_concurrency(name, 20)
    function.provisioned["live"] = {"Requested": 2, "Status": "READY"}
    rule = f"arn:aws:events:{land.primary}:{account}:rule/{prefix}-nightly"
    backend.add_permission(
        name,
        "live",
        json.dumps(
            {
                "StatementId": "nightly",
                "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
                "SourceArn": rule,
            }
        ),
    )
    function.invoke_configs["live"] = {
        "LastModified": 1767225600.0,
        "MaximumRetryAttempts": 1,
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": failed}},
    }
    mappings = {
        part: _mapping(ids, land, backend, name, part, queue, enabled=part == "orders")
        for part, queue in queues.items()
    }
    return Piece(
        facts={
            "account": account,
            "name": name,
            "arn": function.function_arn,
            "mappings": mappings,
            "artifacts": packages,
        },
        site_map=site_map,
    )


def _mapping(
    ids: SeededIds, land: Land, backend: Any, name: str, part: str, queue: str, *, enabled: bool
) -> str:
    ids.named(land.app, land.primary, "mapping", name, part)
    made = backend.create_event_source_mapping(
        {
            "EventSourceArn": queue,
            "FunctionName": f"{name}:live",
            "Enabled": enabled,
            "BatchSize": 10,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "Tags": land.scope.tags(),
        }
    )
    made.state_now = "Enabled" if enabled else "Disabled"
    return str(made.uuid)


def _queues(ids: SeededIds, land: Land, name: str, site_map: dict[str, dict[str, str]]) -> str:
    """A queue of that name in both regions. Returns the ARN in the east."""
    from moto.sqs.models import sqs_backends  # noqa: PLC0415 - only this piece needs it

    made = {}
    for region in (land.primary, land.recovery):
        ids.named(land.app, region, "queue", name)
        queue = sqs_backends[land.app][region].create_queue(name, land.scope.tags())
        made[region] = str(queue.queue_arn)
    site_map["queues"][made[land.primary]] = made[land.recovery]
    return made[land.primary]


def _package(ids: SeededIds, land: Land, region: str) -> str:
    """The package in a bucket of the region. Returns the bucket's name."""
    from moto.s3.models import s3_backends  # noqa: PLC0415 - only this piece needs it

    bucket = f"{land.scope.prefix}-code-{region}"
    ids.named(land.app, region, "bucket", bucket)
    backend = s3_backends[land.app]["aws"]
    backend.create_bucket(bucket, region)
    backend.put_object(bucket, KEY, _zipped())
    return bucket


def _zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        # always the same: a package's digest is the identity of the code
        archive.writestr(zipfile.ZipInfo("main.py", (2026, 1, 1, 0, 0, 0)), _CODE)
    return stream.getvalue()
