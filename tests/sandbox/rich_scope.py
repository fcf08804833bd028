"""A scope whose resources have every setting that their specs know, as a real one may have them.

The demo estate has what a technology usually has. Here each field of a spec is said by one entry at
least, so that what a rebuilt scope forgets shows itself.
"""

from __future__ import annotations

import hashlib
from typing import Any

import yaml

from drstate.adapters.registry import adapter_for
from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.resource import Resource, resource_key
from drstate.model.scope import Scope
from drstate.model.tags import DrTags
from tests.sandbox.rich import known, served
from tests.sandbox.rich_code import events, functions
from tests.sandbox.rich_scope_names import (
    ACCESS_POINT,
    APP,
    CERTIFICATE,
    CLUSTER,
    DATA,
    EAST,
    EXPORTS,
    GROUP,
    KEYS,
    KINESIS,
    LAYERS,
    QUEUES,
    REPOSITORY,
    SEARCH_LOGS,
    SHIFT,
    SUBNETS,
    TABLE_STREAM,
    TAGS,
    TASK,
    TOKEN,
    TOPIC,
    WEST,
    WHEN,
    arn_of,
    in_west,
    sha_of,
)
from tests.sandbox.rich_stores import stores


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
                    "kms_keys": {key: in_west(key) for key in KEYS.values()},
                    "queues": {one: in_west(one) for one in QUEUES.values()},
                    "streams": {
                        **{one: in_west(one) for one in (TABLE_STREAM, KINESIS)},
                        "hooli-cache": "hooli-cache-dr",
                    },
                    "event_targets": {one: in_west(one) for one in (CLUSTER, TASK)},
                    "certificates": {CERTIFICATE: in_west(CERTIFICATE)},
                    "log_groups": {SEARCH_LOGS: in_west(SEARCH_LOGS)},
                    "topics": {TOPIC: in_west(TOPIC)},
                    "images": {REPOSITORY: in_west(REPOSITORY)},
                    "layers": {one: in_west(one) for one in LAYERS},
                    "access_points": {ACCESS_POINT: in_west(ACCESS_POINT)},
                    "cache_subnet_groups": {"hooli-cache": "hooli-cache-dr"},
                    "memorydb_subnet_groups": {"hooli-memory": "hooli-memory-dr"},
                    "identifiers": {"hooli-users": "hooli-users-dr"},
                    "secrets": {TOKEN: in_west(TOKEN)},
                    "memorydb_parameter_groups": {"hooli-ledger": "hooli-ledger-dr"},
                    "memorydb_acls": {"hooli-carts": "hooli-carts-dr"},
                    "code_artifacts": {"*": "s3://hooli-code-dr/{function}/{sha256}.zip"},
                    "documents": {"hooli-freeze": "hooli-freeze-dr"},
                    "functions": {"hooli-announce": "hooli-announce-dr", SHIFT: in_west(SHIFT)},
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
                        "function": arn_of("lambda", "function:drstate-probe", DATA, WEST),
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
        for technology, name, arn, spec in (*functions(), *events(), *stores(), *hooks())
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


def hooks() -> list[tuple[str, str, str, dict[str, Any]]]:
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
        "code_sha256": sha_of("announce"),
        "timeout_seconds": 45,
    }
    shift = {"function": SHIFT, "code_sha256": sha_of("shift"), "timeout_seconds": 3}
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
