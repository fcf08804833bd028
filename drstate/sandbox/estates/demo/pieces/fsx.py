"""A Windows file system that is joined to a directory of the customer's own."""

from __future__ import annotations

import json

from moto.secretsmanager.models import secretsmanager_backends

from drstate.sandbox.aws import correct
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo import names
from drstate.sandbox.estates.demo.land import Land, Piece

DOMAIN = "corp.initech.example"


def build(ids: SeededIds, land: Land) -> Piece:
    """The file system in the east; network, key and the joining account's secret in both."""
    correct("fsx")
    from moto.fsx.models import fsx_backends  # noqa: PLC0415 - only this piece needs it

    from drstate.sandbox.aws import fsx_systems  # noqa: PLC0415 - the same

    account, region = land.data, land.primary
    network = land.network(account, region)
    land.network(account, land.recovery)
    land.kms(account, land.recovery)
    secrets = {where: _secret(ids, land, where) for where in (region, land.recovery)}
    name = f"{land.scope.prefix}-files"
    ids.named(account, region, "fsx", name)
    system = fsx_systems.create(
        fsx_backends[account][region],
        "CreateFileSystem",
        {
            "FileSystemType": "WINDOWS",
            "StorageCapacity": 300,
            "StorageType": "SSD",
            "SubnetIds": [network.subnets[0]],
            "SecurityGroupIds": [network.security_group],
            "KmsKeyId": land.kms(account, region),
            "Tags": names.upper({**land.tags(1, "high"), "Name": name}),
            "WindowsConfiguration": {
                "ThroughputCapacity": 32,
                "DeploymentType": "SINGLE_AZ_2",
                "AutomaticBackupRetentionDays": 7,
                "Aliases": [f"files.{DOMAIN}"],
                "SelfManagedActiveDirectoryConfiguration": {
                    "DomainName": DOMAIN,
                    "DnsIps": ["10.0.0.2", "10.0.0.3"],
                    "DomainJoinServiceAccountSecret": secrets[region],
                },
            },
        },
    )
    system.lifecycle = fsx_systems.AVAILABLE
    return Piece(
        facts={"account": account, "id": system.file_system_id, "arn": system.resource_arn},
        site_map={"secrets": {secrets[region]: secrets[land.recovery]}},
    )


def _secret(ids: SeededIds, land: Land, region: str) -> str:
    """The account that joins file systems to the directory."""
    name = f"{land.scope.prefix}-join"
    ids.named(land.data, region, "secret", name)
    backend = secretsmanager_backends[land.data][region]
    made = backend.create_secret(
        name=name,
        secret_string=json.dumps({"username": "joiner", "password": "sandbox-only"}),
        secret_binary=None,
        description="joins file systems to the directory",
        tags=names.upper(land.scope.tags()),
        kms_key_id=None,
        client_request_token=None,
        replica_regions=[],
        force_overwrite=False,
    )
    return str(json.loads(made)["ARN"])
