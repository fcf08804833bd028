"""A scope whose resources have every setting that their specs know, as a real one may have them.

The demo estate has what a technology usually has. Here each field of a spec is said by one entry at
least, so that what a rebuilt scope forgets shows itself.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import yaml

from drstate.adapters.registry import adapter_for
from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.resource import Resource, resource_key
from drstate.model.scope import Scope
from drstate.model.tags import DrTags
from tests.sandbox.rich import known, served

EAST, WEST = "us-east-1", "us-west-2"
DATA, APP = "244444444401", "244444444402"
OTHERS = "580247275435"
PATH = "hooli/production.yaml"
WHEN = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
SUBNETS = ("subnet-0a0a0a0a0a0a0a001", "subnet-0a0a0a0a0a0a0a002")
GROUP = "sg-0a0a0a0a0a0a0a001"
TAGS = {
    "Customer": "hooli",
    "Environment": "production",
    "dr:enabled": "true",
    "dr:wave": "2",
    "CostCentre": "4711",
}


def _arn(service: str, rest: str, account: str = APP, region: str = EAST) -> str:
    return f"arn:aws:{service}:{region}:{account}:{rest}"


def _sha(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


KEYS = {account: _arn("kms", f"key/{account}-aaaa", account) for account in (DATA, APP)}
QUEUES = {
    **{name: _arn("sqs", f"hooli-{name}") for name in ("orders", "failed", "done")},
    "bills": _arn("sqs", "hooli-bills", DATA),
}
TABLE_STREAM = _arn("dynamodb", "table/hooli-carts/stream/2025-03-01T10:00:00.000")
KINESIS = _arn("kinesis", "stream/hooli-clicks")
TOPIC = _arn("sns", "hooli-caches", DATA)
REPOSITORY = f"{APP}.dkr.ecr.{EAST}.amazonaws.com/hooli/resize"
DIGEST = hashlib.sha256(b"the image").hexdigest()
LAYERS = (
    _arn("lambda", "layer:hooli-tools:3"),
    _arn("lambda", "layer:LambdaInsightsExtension:38", OTHERS),
)
ACCESS_POINT = _arn("elasticfilesystem", "access-point/fsap-0123456789abcdef0")
CLUSTER, TASK = _arn("ecs", "cluster/hooli"), _arn("ecs", "task-definition/hooli-batch:4")
CERTIFICATE = _arn("acm", "certificate/0a0a0a0a-1111-4222-8333-944455556666", DATA)
SEARCH_LOGS = _arn("logs", "log-group:/hooli/search", DATA)
TOKEN = _arn("secretsmanager", "secret:hooli/pages-a1b2c3", DATA)
SHIFT = _arn("lambda", "function:hooli-shift:live", DATA)
EXPORTS = {EAST: "hooli-exports", WEST: "hooli-exports-dr"}
CHECK = "arn:aws:route53:::healthcheck/5f3c9c8e-1111-4222-8333-944455556666"


def _west(arn: str) -> str:
    return arn.replace(EAST, WEST)


def scope_text() -> str:
    """The scope file."""
    return yaml.safe_dump(
        {
            "schema": "drstate.scope/1",
            "customer": "hooli",
            "environment": "production",
            "regions": {"primary": EAST, "recovery": WEST},
            "accounts": [
                {
                    "id": account,
                    "name": f"hooli-{name}",
                    "role_arn": f"arn:aws:iam::{account}:role/recovery/drstate",
                    "external_id": "rehearsal",
                }
                for name, account in (("data", DATA), ("app", APP))
            ],
            "site_map": {
                WEST: {
                    "subnets": {one: one[:-3] + f"f{one[-2:]}" for one in SUBNETS},
                    "security_groups": {GROUP: GROUP[:-3] + "f01"},
                    "kms_keys": {key: _west(key) for key in KEYS.values()},
                    "queues": {one: _west(one) for one in QUEUES.values()},
                    "streams": {
                        **{one: _west(one) for one in (TABLE_STREAM, KINESIS)},
                        "hooli-cache": "hooli-cache-dr",
                    },
                    "event_targets": {one: _west(one) for one in (CLUSTER, TASK)},
                    "certificates": {CERTIFICATE: _west(CERTIFICATE)},
                    "log_groups": {SEARCH_LOGS: _west(SEARCH_LOGS)},
                    "topics": {TOPIC: _west(TOPIC)},
                    "images": {REPOSITORY: _west(REPOSITORY)},
                    "layers": {one: _west(one) for one in LAYERS},
                    "access_points": {ACCESS_POINT: _west(ACCESS_POINT)},
                    "cache_subnet_groups": {"hooli-cache": "hooli-cache-dr"},
                    "memorydb_subnet_groups": {"hooli-memory": "hooli-memory-dr"},
                    "identifiers": {"hooli-users": "hooli-users-dr"},
                    "secrets": {TOKEN: _west(TOKEN)},
                    "memorydb_parameter_groups": {"hooli-ledger": "hooli-ledger-dr"},
                    "memorydb_acls": {"hooli-carts": "hooli-carts-dr"},
                    "code_artifacts": {"*": "s3://hooli-code-dr/{function}/{sha256}.zip"},
                    "documents": {"hooli-freeze": "hooli-freeze-dr"},
                    "functions": {"hooli-announce": "hooli-announce-dr", SHIFT: _west(SHIFT)},
                }
            },
            "hooks": [
                {
                    "name": "freeze",
                    "kind": "ssm",
                    "account": APP,
                    "wave": 1,
                    "phases": ["activate"],
                    "document": "hooli-freeze",
                    "parameters": {"Jobs": ["nightly", "weekly"], "Region": EAST},
                },
                {
                    "name": "restart",
                    "kind": "ssm",
                    "account": APP,
                    "wave": 1,
                    "phases": ["activate"],
                    "document": "AWS-RestartEC2Instance",
                    "parameters": {"InstanceId": "i-0123456789abcdef0"},
                },
                {
                    "name": "announce",
                    "kind": "lambda",
                    "account": APP,
                    "wave": 1,
                    "phases": ["activate"],
                    "function": "hooli-announce",
                    "check": "hooli-announced:live",
                    "timeout_seconds": 60,
                },
                {
                    "name": "shift",
                    "kind": "lambda",
                    "account": APP,
                    "wave": 1,
                    "phases": ["activate"],
                    "function": SHIFT,
                },
                {
                    "name": "tell",
                    "kind": "http",
                    "account": APP,
                    "wave": 1,
                    "phases": ["activate"],
                    "url": "https://status.hooli.example/dr",
                },
                {
                    "name": "count",
                    "kind": "command",
                    "account": APP,
                    "wave": 1,
                    "phases": ["activate"],
                    "command": ["true"],
                },
            ],
            "probes": {
                EAST: [{"account": DATA, "function": "drstate-probe"}],
                WEST: [
                    {
                        "account": DATA,
                        "function": _arn("lambda", "function:drstate-probe", DATA, WEST),
                    }
                ],
            },
            "hook_hosts": ["status.hooli.example"],
            "policies": {
                "approval": "automatic",
                "elasticache": {
                    "export_buckets": EXPORTS,
                    "auth_token_secrets": {"hooli-pages": TOKEN},
                },
                "memorydb": {"export_buckets": EXPORTS},
                "opensearch": {
                    "master_user_arn": f"arn:aws:iam::{DATA}:role/search",
                    "snapshot_buckets": {EAST: "hooli-search", WEST: "hooli-search-dr"},
                    "snapshot_role": f"arn:aws:iam::{DATA}:role/search-snapshots",
                },
            },
        }
    )


def catalog() -> Catalog:
    """Its catalog, while the primary region serves."""
    scope = Scope.model_validate(yaml.safe_load(scope_text()))
    entries = tuple(
        _entry(scope, technology, name, arn, spec)
        for technology, name, arn, spec in (*_functions(), *_events(), *_stores(), *_hooks())
    )
    return served(scope, entries)


def _entry(
    scope: Scope, technology: str, name: str, arn: str, content: dict[str, Any]
) -> CatalogEntry:
    adapter = adapter_for(technology)
    spec = adapter.spec_type.model_validate({"region": EAST, "captured_at": WHEN, **content})
    account = DATA if arn.startswith("arn:") and f":{DATA}:" in arn else APP
    resource = Resource(
        key=resource_key(technology, account, name),
        technology=technology,
        name=name,
        account=account,
        region=EAST,
        arn=arn,
        tags=DrTags(customer="hooli", environment="production", wave=2),
        raw_tags=TAGS if arn.startswith("arn:") else {},
    )
    return known(scope, adapter, resource, spec, wave=2)


def _functions() -> list[tuple[str, str, str, dict[str, Any]]]:
    name, image = "hooli-charges", "hooli-resize"
    arn = _arn("lambda", f"function:{name}")
    full = {
        "name": name,
        "arn": arn,
        "package": "Zip",
        "code_sha256": _sha("charges 7"),
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
                "source_arn": _arn("events", "rule/hooli-nightly"),
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
        "arn": _arn("lambda", f"function:{image}"),
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


def _events() -> list[tuple[str, str, str, dict[str, Any]]]:
    def one(kind: str, name: str, said: dict[str, Any], on: str = "") -> Any:
        place = f"{on}/{name}" if on else name
        arn = _arn("events", f"{kind}/{place}")
        spec = {"kind": kind, "name": name, "arn": arn, kind.removeprefix("event-"): said}
        return ("eventbridge", f"{kind}/{place}", arn, spec)

    bus_arn = _arn("events", "event-bus/hooli-orders")
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
                        "arn": _arn("lambda", "function:hooli-charges:live"),
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


def _stores() -> list[tuple[str, str, str, dict[str, Any]]]:
    return [*_caches(), *_memories(), *_domains()]


def _caches() -> list[tuple[str, str, str, dict[str, Any]]]:
    def arn(name: str) -> str:
        return _arn("elasticache", f"replicationgroup:{name}", DATA)

    plain = {
        "identifier": "hooli-pages",
        "arn": arn("hooli-pages"),
        "endpoints": {
            "primary": "master.hooli-pages.x1y2z3.use1.cache.amazonaws.com",
            "reader": "replica.hooli-pages.x1y2z3.use1.cache.amazonaws.com",
        },
        "description": "pages",
        "node_type": "cache.r6gd.xlarge",
        "engine": "redis",
        "engine_version": "7.1.0",
        "cluster_mode": False,
        "shards": 1,
        "replicas": 1,
        "automatic_failover": True,
        "multi_az": True,
        "port": 6390,
        "parameter_group": "hooli-pages",
        "subnet_group": "hooli-cache",
        "security_groups": [GROUP],
        "encrypted_at_rest": True,
        "kms_key": KEYS[DATA],
        "encrypted_in_transit": True,
        "transit_mode": "preferred",
        "auth_token": True,
        "network_type": "ipv4",
        "ip_discovery": "ipv4",
        "data_tiering": True,
        "auto_minor_version_upgrade": False,
        "maintenance_window": "sun:03:00-sun:04:00",
        "snapshot_window": "01:00-02:00",
        "snapshot_retention_days": 7,
        "notification_topic": TOPIC,
        "logs": [
            {
                "log_type": "slow-log",
                "destination_type": "cloudwatch-logs",
                "destination": "/hooli/cache",
                "log_format": "json",
            },
            {
                "log_type": "engine-log",
                "destination_type": "kinesis-firehose",
                "destination": "hooli-cache",
                "log_format": "text",
            },
        ],
    }
    joined = {
        "identifier": "hooli-sessions",
        "arn": arn("hooli-sessions"),
        "endpoints": {"configuration": "clustercfg.hooli-sessions.x1y2z3.use1.cache.amazonaws.com"},
        "description": "sessions",
        "node_type": "cache.r7g.large",
        "engine": "valkey",
        "engine_version": "8.0.1",
        "cluster_mode": True,
        "shards": 2,
        "replicas": 1,
        "slots": ["0-9999", "10000-16383"],
        "automatic_failover": True,
        "parameter_group": "default.valkey8.cluster.on",
        "subnet_group": "hooli-cache",
        "security_groups": [GROUP],
        "encrypted_in_transit": True,
        "user_groups": ["hooli-users"],
        "maintenance_window": "sun:03:00-sun:04:00",
        "datastore": "ldgnf-hooli",
        "members": {WEST: "hooli-sessions-west"},
    }
    return [
        ("elasticache", str(one["identifier"]), str(one["arn"]), one) for one in (plain, joined)
    ]


def _memories() -> list[tuple[str, str, str, dict[str, Any]]]:
    def arn(name: str) -> str:
        return _arn("memorydb", f"cluster/{name}", DATA)

    alone = {
        "identifier": "hooli-ledger",
        "arn": arn("hooli-ledger"),
        "endpoints": {"cluster": "clustercfg.hooli-ledger.q1w2e3.memorydb.us-east-1.amazonaws.com"},
        "description": "ledger",
        "node_type": "db.r6gd.xlarge",
        "engine": "redis",
        "engine_version": "7.0",
        "shards": 3,
        "replicas": 0,
        "port": 6391,
        "parameter_group": "hooli-ledger",
        "subnet_group": "hooli-memory",
        "security_groups": [GROUP],
        "acl": "open-access",
        "tls": False,
        "kms_key": KEYS[DATA],
        "data_tiering": True,
        "auto_minor_version_upgrade": False,
        "maintenance_window": "sun:03:00-sun:04:00",
        "snapshot_window": "01:00-02:00",
        "snapshot_retention_days": 5,
        "notification_topic": TOPIC,
        "network_type": "ipv4",
        "ip_discovery": "ipv4",
    }
    joined = {
        "identifier": "hooli-carts",
        "arn": arn("hooli-carts"),
        "endpoints": {"cluster": "clustercfg.hooli-carts.q1w2e3.memorydb.us-east-1.amazonaws.com"},
        "node_type": "db.r7g.xlarge",
        "engine": "valkey",
        "engine_version": "7.3",
        "shards": 2,
        "replicas": 2,
        "parameter_group": "default.memorydb-valkey7",
        "subnet_group": "hooli-memory",
        "acl": "hooli-carts",
        "maintenance_window": "sun:03:00-sun:04:00",
        "snapshot_window": "01:00-02:00",
        "multi_region": "virxk-hooli-carts",
        "members": {WEST: "hooli-carts-west"},
    }
    return [("memorydb", str(one["identifier"]), str(one["arn"]), one) for one in (alone, joined)]


def _domains() -> list[tuple[str, str, str, dict[str, Any]]]:
    def arn(name: str, account: str) -> str:
        return _arn("es", f"domain/{name}", account)

    full = {
        "domain": "hooli-logs",
        "arn": arn("hooli-logs", DATA),
        "endpoints": {"domain": "vpc-hooli-logs-abcdefghijklmnop.us-east-1.es.amazonaws.com"},
        "engine_version": "OpenSearch_2.11",
        "way": "snapshot",
        "nodes": {
            "instance_type": "r6g.large.search",
            "instance_count": 6,
            "zones": 3,
            "with_standby": True,
            "manager_count": 3,
            "manager_type": "m6g.large.search",
            "warm_count": 3,
            "warm_type": "ultrawarm1.medium.search",
            "cold_storage": True,
        },
        "volume": {"type": "gp3", "size_gib": 200, "iops": 3000, "throughput": 250},
        "subnets": SUBNETS,
        "security_groups": [GROUP],
        "encrypted": True,
        "kms_key": KEYS[DATA],
        "node_to_node": True,
        "enforce_https": True,
        "tls_policy": "Policy-Min-TLS-1-2-2019-07",
        "custom_endpoint": "logs.hooli.example",
        "certificate": CERTIFICATE,
        "fine_grained": True,
        "access_policies": '{"Version":"2012-10-17","Statement":[]}',
        "advanced_options": {"rest.action.multi.allow_explicit_index": "false"},
        "logs": [
            {
                "type": "ES_APPLICATION_LOGS",
                "log_group": SEARCH_LOGS,
                "enabled": False,
            }
        ],
        "ip_address_type": "ipv4",
        "auto_tune": True,
        "auto_software_update": True,
        "snapshot_hour": 4,
        "off_peak": "23:30",
    }
    paired = {
        "domain": "hooli-shop",
        "arn": arn("hooli-shop", APP),
        "endpoints": {"domain": "search-hooli-shop-qrstuvwxyz.us-east-1.es.amazonaws.com"},
        "engine_version": "OpenSearch_2.13",
        "way": "peer",
        "nodes": {"instance_type": "r6gd.large.search", "instance_count": 2},
        "fine_grained": True,
        "node_to_node": True,
        "peers": {WEST: "hooli-shop-west"},
    }
    return [("opensearch", str(one["domain"]), str(one["arn"]), one) for one in (full, paired)]


def _hooks() -> list[tuple[str, str, str, dict[str, Any]]]:
    freeze = {
        "document": "hooli-freeze",
        "content_hash": hashlib.sha256(b"freeze").hexdigest(),
        "parameters": ["Jobs", "Region", "Reason"],
        "required": ["Jobs"],
    }
    freeze["parameters"] = sorted(freeze["parameters"])
    restart = {
        "document": "AWS-RestartEC2Instance",
        "content_hash": hashlib.sha256(b"restart").hexdigest(),
        "parameters": ["InstanceId"],
    }
    announce = {
        "function": "hooli-announce",
        "code_sha256": _sha("announce"),
        "timeout_seconds": 45,
    }
    shift = {"function": SHIFT, "code_sha256": _sha("shift"), "timeout_seconds": 3}
    digests = {
        arn: {"digest": hashlib.sha256(arn.encode()).hexdigest()}
        for arn in ("hook https://status.hooli.example/dr", "hook true")
    }
    return [
        *(
            (technology, name, arn, digests[arn])
            for technology, name, arn in zip(
                ("http-hook", "command-hook"), ("tell", "count"), digests, strict=True
            )
        ),
        ("lambda-hook", "shift", f"hook {SHIFT}", shift),
        ("ssm", "freeze", "hook hooli-freeze", freeze),
        ("ssm", "restart", "hook AWS-RestartEC2Instance", restart),
        ("lambda-hook", "announce", "hook hooli-announce", announce),
    ]
