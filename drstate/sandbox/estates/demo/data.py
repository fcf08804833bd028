"""The demo's data accounts: an Aurora cluster in the east, a landing zone in the west."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends
from moto.kms.models import kms_backends
from moto.rds.models import DBCluster, rds_backends

from drstate.sandbox.aws import rds_global
from drstate.sandbox.aws.ids import SeededIds

from . import names
from .names import PRIMARY, RECOVERY, DemoScope
from .network import Network, build_network

INSTANCE_CLASS = "db.r6g.large"


def _key(ids: SeededIds, scope: DemoScope, account: str, region: str) -> dict[str, str]:
    backend = kms_backends[account][region]
    ids.named(account, region, scope.prefix, "kms", "db")
    key = backend.create_key(
        policy=None,
        key_usage="ENCRYPT_DECRYPT",
        key_spec="SYMMETRIC_DEFAULT",
        description=f"{scope.prefix} databases",
        tags=[{"TagKey": key, "TagValue": value} for key, value in scope.tags().items()],
    )
    alias = f"alias/{scope.prefix}-db"
    backend.create_alias(key.id, alias)
    return {"key_arn": key.arn, "alias": alias}


def _landing(
    ids: SeededIds, scope: DemoScope, region: str, suffix: str
) -> tuple[Network, dict[str, Any]]:
    """What an Aurora cluster needs around it. `suffix` sets the region's names apart."""
    account = scope.customer.data
    group = f"{scope.prefix}-db{suffix}"
    network = build_network(ids, scope, account, region, group, data=True)
    ec2 = ec2_backends[account][region]
    rds = rds_backends[account][region]
    ids.named(account, region, scope.prefix, "subnet-group")
    rds.create_subnet_group(
        group,
        f"{scope.prefix} databases",
        [ec2.get_subnet(subnet) for subnet in network.subnets],
        names.upper(scope.tags()),
    )
    parameters = f"{scope.prefix}-pg15{suffix}"
    ids.named(account, region, scope.prefix, "parameter-group")
    rds.create_db_cluster_parameter_group(
        parameters,
        names.PARAMETER_FAMILY,
        f"{scope.prefix} orders",
        names.upper(scope.tags()),
    )
    key = _key(ids, scope, account, region)
    facts = {
        "account": account,
        "region": region,
        "vpc_id": network.vpc,
        "subnet_ids": list(network.subnets),
        "security_group_id": network.security_group,
        "security_group_name": group,
        "db_subnet_group": group,
        "db_cluster_parameter_group": parameters,
        "kms_key_arn": key["key_arn"],
        "kms_alias": key["alias"],
    }
    return network, facts


def dr_tags(wave: str, priority: str | None, dependencies: str | None = None) -> dict[str, str]:
    """The tags that ask for protection. Targets are in minutes."""
    tags = {"dr:enabled": "true", "dr:wave": wave, "dr:rto-target": "30", "dr:rpo-target": "5"}
    if priority is not None:
        tags["dr:priority"] = priority
    if dependencies is not None:
        tags["dr:dependencies"] = dependencies
    return tags


def build_cluster(
    ids: SeededIds,
    scope: DemoScope,
    identifier: str,
    tags: dict[str, str],
    around: dict[str, Any],
    instances: int,
) -> DBCluster:
    """An available Aurora cluster with its instances in the primary region."""
    rds = rds_backends[scope.customer.data][PRIMARY]
    ids.named(scope.customer.data, PRIMARY, "cluster", identifier)
    cluster = rds.create_db_cluster(
        {
            "db_cluster_identifier": identifier,
            "engine": names.ENGINE,
            "engine_version": names.ENGINE_VERSION,
            "master_username": "orders",
            "master_user_password": "sandbox-only-password",
            "database_name": "orders",
            "storage_encrypted": True,
            "kms_key_id": around["kms_key_arn"],
            "backup_retention_period": 7,
            "deletion_protection": scope.production,
            "db_subnet_group_name": around["db_subnet_group"],
            "db_cluster_parameter_group_name": around["db_cluster_parameter_group"],
            "vpc_security_group_ids": [around["security_group_id"]],
            "port": 5432,
            "copy_tags_to_snapshot": True,
            "enable_cloudwatch_logs_exports": ["postgresql"],
            "tags": names.upper(tags),
        }
    )
    cluster.status = "available"
    for number in range(1, instances + 1):
        name = f"{identifier}-{number}"
        ids.named(scope.customer.data, PRIMARY, "instance", name)
        rds.create_db_instance(
            {
                "db_instance_identifier": name,
                "db_instance_class": INSTANCE_CLASS,
                "engine": names.ENGINE,
                "db_cluster_identifier": identifier,
                "db_subnet_group_name": around["db_subnet_group"],
                "availability_zone": f"{PRIMARY}{'ab'[number - 1]}",
                "promotion_tier": number - 1,
                "tags": names.upper(scope.tags()),
            }
        )
    return cluster


def build_data(ids: SeededIds, scope: DemoScope) -> dict[str, Any]:
    """The scope's data account. Returns its identifiers."""
    _, east = _landing(ids, scope, PRIMARY, "")
    _, west = _landing(ids, scope, RECOVERY, "-dr")
    tags = {**scope.tags(), **dr_tags("1", "critical")}
    instances = 2 if scope.production else 1
    cluster = build_cluster(ids, scope, scope.cluster, tags, east, instances)
    east["cluster"] = {
        "identifier": scope.cluster,
        "arn": cluster.db_cluster_arn,
        "endpoint": cluster.endpoint,
        "reader_endpoint": cluster.reader_endpoint,
        "instances": [f"{scope.cluster}-{number}" for number in range(1, instances + 1)],
    }
    global_name = f"{scope.cluster}-global"
    if scope.customer is names.GLOBEX and scope.production:
        ids.named(scope.customer.data, "global-cluster", global_name)
        rds_global.create(
            scope.customer.data,
            PRIMARY,
            {
                "GlobalClusterIdentifier": global_name,
                "SourceDBClusterIdentifier": cluster.db_cluster_arn,
                "DeletionProtection": True,
            },
        )
        east["global_cluster"] = global_name
    return {PRIMARY: east, RECOVERY: west}
