"""Scope files of a generated estate: what an owner would write into stacks/ for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from drstate.sandbox.estates.demo import names
from drstate.sandbox.estates.demo.names import PRIMARY, RECOVERY

from .kinds import IMAGES
from .landing import CODE_KEY
from .layout import Owner
from .options import Options

TTL = 60
_RECORDS = 3
_WAVE = 4


def records(owner: Owner, environment: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The scope's DNS records: name, and per region what it points to while that one serves."""
    zone = owner.zone if environment == "production" else f"{environment}.{owner.zone}"
    for number in range(1, _RECORDS + 1):
        target = f"{owner.name}-{environment}-{number}"
        yield (
            f"app-{number}.{zone}",
            {region: f"{target}.{region}.elb.amazonaws.com" for region in (PRIMARY, RECOVERY)},
        )


def files(
    everybody: tuple[Owner, ...], asked: Options, facts: dict[str, dict[str, Any]]
) -> dict[str, str]:
    """Path below stacks/ -> text, for every scope."""
    return {
        f"{owner.name}/{environment}.yaml": _file(owner, environment, facts)
        for owner in everybody
        for environment in asked.environments
    }


def _file(owner: Owner, environment: str, facts: dict[str, dict[str, Any]]) -> str:
    scope = facts[f"{owner.name}/{environment}"]
    document = {
        "schema": "drstate.scope/1",
        "customer": owner.name,
        "environment": environment,
        "regions": {"primary": PRIMARY, "recovery": RECOVERY},
        "accounts": [*_workload(owner), _dns_account(owner)],
        "policies": {"approval": "automatic"},
        "site_map": {RECOVERY: _site_map(list(scope["accounts"].values()))},
        "dns": [
            {
                "name": name,
                "zone": owner.zone,
                "account": names.DNS,
                "type": "CNAME",
                "way": "record",
                "wave": _WAVE,
                "ttl": TTL,
                "values": {region: [value] for region, value in values.items()},
            }
            for name, values in records(owner, environment)
        ],
    }
    head = f"# {owner.name}/{environment}: made by the sandbox's generator\n"
    return head + yaml.safe_dump(document, sort_keys=False, width=1000)


def _workload(owner: Owner) -> Iterator[dict[str, Any]]:
    for number, account in enumerate(owner.accounts, 1):
        yield {
            "id": account,
            "name": f"{owner.name}-{number}",
            "role_arn": f"arn:aws:iam::{account}:role/{names.TARGET_ROLE}",
            "external_id": owner.external_id,
        }


def _dns_account(owner: Owner) -> dict[str, Any]:
    return {
        "id": names.DNS,
        "name": "shared-dns",
        "role_arn": f"arn:aws:iam::{names.DNS}:role/{owner.dns_role}",
        "external_id": owner.external_id,
        "discover": False,
    }


def _site_map(accounts: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Source to recovery identifiers, of all the scope's accounts."""
    tables: dict[str, dict[str, str]] = {}

    def add(table: str, source: str, recovery: str) -> None:
        tables.setdefault(table, {})[source] = recovery

    add("amis", IMAGES[PRIMARY], IMAGES[RECOVERY])
    for sites in accounts:
        east, west = sites[PRIMARY], sites[RECOVERY]
        add("db_subnet_groups", east["db_subnet_group"], west["db_subnet_group"])
        add(
            "cluster_parameter_groups",
            east["db_cluster_parameter_group"],
            west["db_cluster_parameter_group"],
        )
        add("kms_keys", east["kms_key_arn"], west["kms_key_arn"])
        add("security_groups", east["security_group_id"], west["security_group_id"])
        for source, recovery in zip(east["subnet_ids"], west["subnet_ids"], strict=True):
            add("subnets", source, recovery)
        add("ecs_clusters", east["ecs_cluster"], west["ecs_cluster"])
        add("log_groups", east["log_group"], west["log_group"])
        add("secrets", east["secret_arn"], west["secret_arn"])
        for function in east["functions"]:
            add("code_artifacts", function, f"s3://{west['code_bucket']}/{CODE_KEY}")
        for part, image in east["repositories"].items():
            add("images", image, west["repositories"][part])
    return tables
