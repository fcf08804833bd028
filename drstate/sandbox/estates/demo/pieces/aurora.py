"""An Aurora cluster of two instances, with the groups that its recovery cluster will be in."""

from __future__ import annotations

from typing import Any

from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo import names
from drstate.sandbox.estates.demo.land import Land, Piece

INSTANCES = 2


def build(ids: SeededIds, land: Land) -> Piece:
    """The cluster in the east; in the west there are only its groups."""
    from moto.rds.models import rds_backends  # noqa: PLC0415 - only this piece needs it

    account, region = land.data, land.primary
    east = _landing(ids, land, land.primary)
    west = _landing(ids, land, land.recovery)
    backend = rds_backends[account][region]
    identifier = f"{land.scope.prefix}-ledger"
    ids.named(account, region, "cluster", identifier)
    cluster: Any = backend.create_db_cluster(
        {
            "db_cluster_identifier": identifier,
            "engine": names.ENGINE,
            "engine_version": names.ENGINE_VERSION,
            "master_username": "ledger",
            "master_user_password": "sandbox-only-password",
            "database_name": "ledger",
            "storage_encrypted": True,
            "kms_key_id": land.kms(account, region),
            "backup_retention_period": 7,
            "deletion_protection": True,
            "db_subnet_group_name": east["db_subnet_group"],
            "db_cluster_parameter_group_name": east["cluster_parameter_group"],
            "vpc_security_group_ids": [east["security_group"]],
            "port": 5432,
            "copy_tags_to_snapshot": True,
            "enable_cloudwatch_logs_exports": ["postgresql"],
            "tags": names.upper({"Name": identifier, **land.tags(1, "critical")}),
        }
    )
    cluster.status = "available"
    for number in range(1, INSTANCES + 1):
        name = f"{identifier}-{number}"
        ids.named(account, region, "instance", name)
        made: Any = backend.create_db_instance(
            {
                "db_instance_identifier": name,
                "db_instance_class": "db.r6g.large",
                "engine": names.ENGINE,
                "db_cluster_identifier": identifier,
                "db_subnet_group_name": east["db_subnet_group"],
                "db_parameter_group_name": east["parameter_group"],
                "availability_zone": f"{region}{'ab'[number - 1]}",
                "promotion_tier": number - 1,
                "tags": names.upper(land.scope.tags()),
            }
        )
        made.status = "available"
    return Piece(
        facts={
            "account": account,
            "identifier": identifier,
            "arn": cluster.db_cluster_arn,
            "endpoint": cluster.endpoint,
            "reader_endpoint": cluster.reader_endpoint,
            land.primary: east,
            land.recovery: west,
        },
        site_map={
            "db_subnet_groups": {east["db_subnet_group"]: west["db_subnet_group"]},
            "parameter_groups": {east["parameter_group"]: west["parameter_group"]},
            "cluster_parameter_groups": {
                east["cluster_parameter_group"]: west["cluster_parameter_group"]
            },
        },
    )


def _landing(ids: SeededIds, land: Land, region: str) -> dict[str, str]:
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 - as above
    from moto.rds.models import rds_backends  # noqa: PLC0415 - as above

    account = land.data
    network = land.network(account, region)
    land.kms(account, region)
    rds = rds_backends[account][region]
    tags = names.upper(land.scope.tags())
    name = f"{land.scope.prefix}-pg15{land.suffix(region)}"
    ids.named(account, region, "aurora-groups", name)
    subnets = [ec2_backends[account][region].get_subnet(one) for one in network.subnets]
    rds.create_subnet_group(name, f"{land.scope.prefix} ledger", subnets, tags)
    rds.create_db_cluster_parameter_group(
        f"{name}-cluster", names.PARAMETER_FAMILY, f"{land.scope.prefix} ledger", tags
    )
    rds.create_db_parameter_group(
        {
            "db_parameter_group_name": f"{name}-instances",
            "db_parameter_group_family": names.PARAMETER_FAMILY,
            "description": f"{land.scope.prefix} ledger",
            "tags": tags,
        }
    )
    return {
        "db_subnet_group": name,
        "cluster_parameter_group": f"{name}-cluster",
        "parameter_group": f"{name}-instances",
        "security_group": network.security_group,
    }
