"""A MySQL instance in two zones, with parameter and option groups of its own."""

from __future__ import annotations

from typing import Any

from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo import names
from drstate.sandbox.estates.demo.land import Land, Piece

ENGINE, VERSION, MAJOR = "mysql", "8.0.36", "8.0"


def build(ids: SeededIds, land: Land) -> Piece:
    """The instance in the east; in the west the groups that its replica will be in."""
    from moto.rds.models import rds_backends  # noqa: PLC0415 - only this piece needs it

    account = land.data
    east = _landing(ids, land, land.primary)
    west = _landing(ids, land, land.recovery)
    identifier = f"{land.scope.prefix}-billing"
    ids.named(account, land.primary, "db", identifier)
    made: Any = rds_backends[account][land.primary].create_db_instance(
        {
            "db_instance_identifier": identifier,
            "db_instance_class": "db.m6g.large",
            "engine": ENGINE,
            "engine_version": VERSION,
            "allocated_storage": 100,
            "max_allocated_storage": 500,
            "storage_type": "gp3",
            "storage_encrypted": True,
            "kms_key_id": land.kms(account, land.primary),
            "multi_az": True,
            "master_username": "billing",
            "master_user_password": "sandbox-only-password",
            "db_name": "billing",
            "backup_retention_period": 7,
            "preferred_backup_window": "03:00-03:30",
            "preferred_maintenance_window": "sun:04:00-sun:04:30",
            "db_subnet_group_name": east["db_subnet_group"],
            "db_parameter_group_name": east["parameter_group"],
            "option_group_name": east["option_group"],
            "vpc_security_group_ids": [east["security_group"]],
            "deletion_protection": True,
            "copy_tags_to_snapshot": True,
            "publicly_accessible": False,
            "enable_cloudwatch_logs_exports": ["error", "slowquery"],
            "tags": names.upper({"Name": identifier, **land.tags(1, "critical")}),
        }
    )
    made.status = "available"
    return Piece(
        facts={
            "account": account,
            "identifier": identifier,
            "arn": made.db_instance_arn,
            "address": made.address,
            land.primary: east,
            land.recovery: west,
        },
        site_map={
            "db_subnet_groups": {east["db_subnet_group"]: west["db_subnet_group"]},
            "parameter_groups": {east["parameter_group"]: west["parameter_group"]},
            "option_groups": {east["option_group"]: west["option_group"]},
        },
        scope={"policies": {"rds": {"standby_multi_az": False}}},
    )


def _landing(ids: SeededIds, land: Land, region: str) -> dict[str, str]:
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 - as above
    from moto.rds.models import rds_backends  # noqa: PLC0415 - as above

    account = land.data
    network = land.network(account, region)
    land.kms(account, region)
    rds = rds_backends[account][region]
    tags = names.upper(land.scope.tags())
    name = f"{land.scope.prefix}-mysql{land.suffix(region)}"
    ids.named(account, region, "rds-groups", name)
    subnets = [ec2_backends[account][region].get_subnet(one) for one in network.subnets]
    rds.create_subnet_group(name, f"{land.scope.prefix} MySQL", subnets, tags)
    rds.create_db_parameter_group(
        {
            "db_parameter_group_name": f"{name}-parameters",
            "db_parameter_group_family": f"{ENGINE}{MAJOR}",
            "description": f"{land.scope.prefix} billing",
            "tags": tags,
        }
    )
    rds.create_option_group(
        {
            "option_group_name": f"{name}-options",
            "engine_name": ENGINE,
            "major_engine_version": MAJOR,
            "option_group_description": f"{land.scope.prefix} billing",
            "tags": tags,
        }
    )
    return {
        "db_subnet_group": name,
        "parameter_group": f"{name}-parameters",
        "option_group": f"{name}-options",
        "security_group": network.security_group,
    }
