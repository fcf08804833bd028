"""Functions and rules with every setting that their specs know; part of ``rich_scope``."""

from __future__ import annotations

from typing import Any

from tests.sandbox.rich_scope_names import (
    ACCESS_POINT,
    APP,
    CHECK,
    CLUSTER,
    DATA,
    DIGEST,
    EAST,
    GROUP,
    KEYS,
    KINESIS,
    LAYERS,
    QUEUES,
    REPOSITORY,
    SUBNETS,
    TABLE_STREAM,
    TASK,
    WEST,
    arn_of,
    sha_of,
)


def functions() -> list[tuple[str, str, str, dict[str, Any]]]:
    name, image = "hooli-charges", "hooli-resize"
    arn = arn_of("lambda", f"function:{name}")
    full = {
        "name": name,
        "arn": arn,
        "package": "Zip",
        "code_sha256": sha_of("charges 7"),
        "runtime": "python3.12",
        "handler": "app/main.on_order",
        "architectures": ["arm64"],
        "description": "charges orders",
        "memory_mib": 1769,
        "timeout_seconds": 300,
        "storage_mib": 2048,
        "role": f"arn:aws:iam::{APP}:role/service/hooli-charges",
        "environment": {"REGION": EAST, "STAGE": "production"},
        "layers": LAYERS,
        "network": {"subnets": SUBNETS, "security_groups": [GROUP], "ipv6": True},
        "dead_letter": QUEUES["failed"],
        "kms_key": KEYS[APP],
        "tracing": "Active",
        "logging": {
            "format": "JSON",
            "application_level": "WARN",
            "system_level": "INFO",
            "group": "/hooli/charges",
        },
        "mount": {"access_point": ACCESS_POINT, "path": "/mnt/shared"},
        "snap_start": True,
        # more than a new account may have
        "reserved": 1200,
        "aliases": [
            {"name": "canary", "version": "7"},
            {"name": "live", "version": "7", "description": "production", "provisioned": 5},
        ],
        "mappings": [
            {
                "source": TABLE_STREAM,
                "qualifier": "live",
                "enabled": False,
                "settings": {
                    "BatchSize": 50,
                    "BisectBatchOnFunctionError": True,
                    "DestinationConfig": {"OnFailure": {"Destination": QUEUES["failed"]}},
                    "MaximumRetryAttempts": 3,
                    "StartingPosition": "LATEST",
                    "TumblingWindowInSeconds": 30,
                },
            },
            {
                "source": KINESIS,
                "qualifier": "live",
                "enabled": True,
                "settings": {
                    "BatchSize": 200,
                    "MaximumRecordAgeInSeconds": 3600,
                    "ParallelizationFactor": 4,
                    "StartingPosition": "TRIM_HORIZON",
                },
            },
            {
                "source": QUEUES["bills"],
                "qualifier": "live",
                "enabled": True,
                "settings": {"BatchSize": 10},
            },
            {
                "source": QUEUES["orders"],
                "qualifier": "live",
                "enabled": True,
                "settings": {
                    "BatchSize": 20,
                    "FilterCriteria": {"Filters": [{"Pattern": '{"body":{"kind":["order"]}}'}]},
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                    "MaximumBatchingWindowInSeconds": 5,
                    "ScalingConfig": {"MaximumConcurrency": 10},
                },
            },
        ],
        "permissions": [
            {
                "sid": "audit",
                "action": "lambda:GetFunction",
                "principal": f"arn:aws:iam::{DATA}:root",
            },
            {
                "sid": "everybody",
                "qualifier": "live",
                "action": "lambda:InvokeFunction",
                "principal": "*",
                "organization": "o-a1b2c3d4e5",
            },
            {
                "sid": "nightly",
                "qualifier": "live",
                "action": "lambda:InvokeFunction",
                "principal": "events.amazonaws.com",
                "source_arn": arn_of("events", "rule/hooli-nightly"),
                "source_account": APP,
            },
        ],
        "asynchronous": [
            {
                "qualifier": "live",
                "retries": 1,
                "max_age_seconds": 900,
                "on_success": QUEUES["done"],
                "on_failure": QUEUES["failed"],
            }
        ],
    }
    of_image = {
        "name": image,
        "arn": arn_of("lambda", f"function:{image}"),
        "package": "Image",
        "code_sha256": DIGEST,
        "image": f"{REPOSITORY}@sha256:{DIGEST}",
        "image_settings": {
            "commands": ["app.handler"],
            "entry_points": ["/entry.sh"],
            "working_directory": "/srv",
        },
        "memory_mib": 512,
        "timeout_seconds": 30,
        "role": f"arn:aws:iam::{APP}:role/hooli-resize",
    }
    return [("lambda", name, arn, full), ("lambda", image, str(of_image["arn"]), of_image)]


def events() -> list[tuple[str, str, str, dict[str, Any]]]:
    def one(kind: str, name: str, said: dict[str, Any], on: str = "") -> Any:
        place = f"{on}/{name}" if on else name
        arn = arn_of("events", f"{kind}/{place}")
        spec = {"kind": kind, "name": name, "arn": arn, kind.removeprefix("event-"): said}
        return ("eventbridge", f"{kind}/{place}", arn, spec)

    bus_arn = arn_of("events", "event-bus/hooli-orders")
    policy = (
        '{"Statement":[{"Action":"events:PutEvents","Condition":{"StringEquals":'
        '{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}},"Effect":"Allow","Principal":"*",'
        f'"Resource":"{bus_arn}","Sid":"org"}}],"Version":"2012-10-17"}}'
    )
    task = {
        "EcsParameters": {
            "TaskDefinitionArn": TASK,
            "TaskCount": 2,
            "LaunchType": "FARGATE",
        }
    }
    return [
        one(
            "event-bus",
            "hooli-orders",
            {
                "description": "orders",
                "policy": policy,
                "kms_key": KEYS[APP],
                "dead_letter": QUEUES["failed"],
                "endpoint": {"name": "hooli", "health_check": CHECK, "secondary": WEST},
            },
        ),
        one(
            "rule",
            "hooli-paid",
            {
                "bus": "hooli-orders",
                "state": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
                "pattern": '{"detail":{"amount":[{"numeric":[">",0]}]},"source":["hooli"]}',
                "description": "paid orders",
                "role": f"arn:aws:iam::{APP}:role/hooli-events",
                "targets": [
                    {
                        "id": "function",
                        "arn": arn_of("lambda", "function:hooli-charges:live"),
                        "input_paths": {"order": "$.detail.order"},
                        "input_template": '{"order": <order>}',
                        "max_age_seconds": 600,
                        "retries": 2,
                        "dead_letter": QUEUES["failed"],
                    },
                    {
                        "id": "queue",
                        "arn": QUEUES["orders"],
                        "input_path": "$.detail",
                    },
                ],
            },
            on="hooli-orders",
        ),
        one(
            "rule",
            "hooli-nightly",
            {
                "state": "DISABLED",
                "schedule": "cron(0 3 * * ? *)",
                "targets": [
                    {
                        "id": "batch",
                        "arn": CLUSTER,
                        "role": f"arn:aws:iam::{APP}:role/hooli-events",
                        "input": '{"run":"nightly"}',
                        "parameters": task,
                    }
                ],
            },
        ),
    ]
