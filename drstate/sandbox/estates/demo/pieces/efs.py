"""A file system with two mount targets, an access point and a policy that names both."""

from __future__ import annotations

import json
from typing import Any

from drstate.sandbox.aws import correct
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo import names
from drstate.sandbox.estates.demo.land import Land, Piece


def build(ids: SeededIds, land: Land) -> Piece:
    """The file system in the east; in the west there is only the network."""
    correct("efs")
    from moto.efs.models import efs_backends  # noqa: PLC0415 - only this piece needs it

    account, region = land.data, land.primary
    network = land.network(account, region)
    land.network(account, land.recovery)
    key = land.kms(account, region)
    land.kms(account, land.recovery)
    backend = efs_backends[account][region]
    name = f"{land.scope.prefix}-shared"
    ids.named(account, region, "file-system", name)
    system = backend.create_file_system(
        creation_token=name,
        performance_mode="generalPurpose",
        encrypted=True,
        kms_key_id=key,
        throughput_mode="elastic",
        provisioned_throughput_in_mibps=0,
        availability_zone_name="",
        backup=True,
        tags=names.upper({**land.tags(1, "high"), "Name": name}),
    )
    system.provisioned_throughput_in_mibps = None
    system.life_cycle_state = "available"
    system.lifecycle_policies = [{"TransitionToIA": "AFTER_30_DAYS"}]
    for number, subnet in enumerate(network.subnets):
        ids.named(account, region, "mount-target", name, str(number))
        target = backend.create_mount_target(
            system.file_system_id, subnet, security_groups=[network.security_group]
        )
        target.life_cycle_state = "available"
    ids.named(account, region, "access-point", name)
    point = backend.create_access_point(
        f"{name}-uploads",
        tags=names.upper({**land.scope.tags(), "Name": "uploads"}),
        file_system_id=system.file_system_id,
        posix_user={"Uid": 1000, "Gid": 1000},
        root_directory={
            "Path": "/uploads",
            "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "0750"},
        },
    )
    system.file_system_policy = json.dumps(_policy(system.file_system_arn, point.access_point_arn))
    return Piece(
        facts={
            "account": account,
            "id": system.file_system_id,
            "arn": system.file_system_arn,
            "access_point": point.access_point_id,
        }
    )


def _policy(system: str, point: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": "elasticfilesystem:ClientMount",
                "Resource": system,
                # everybody who comes through the access point from inside the VPC, and nobody else
                "Condition": {
                    "StringEquals": {"elasticfilesystem:AccessPointArn": point},
                    "Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"},
                },
            }
        ],
    }
