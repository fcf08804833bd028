"""A volume of FSx for ONTAP, and peered file systems in both regions."""

from __future__ import annotations

import json
from hashlib import sha256

from moto.secretsmanager.models import secretsmanager_backends

from drstate.sandbox.aws import correct
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo import names
from drstate.sandbox.estates.demo.land import Land, Piece

VOLUME = "orders"


def build(ids: SeededIds, land: Land) -> Piece:
    """File system and machine in both regions, a mounted volume with quotas in the east."""
    correct("fsx")
    from moto.fsx.models import fsx_backends  # noqa: PLC0415 - only this piece needs it

    from drstate.sandbox.aws import fsx_ontap, fsx_systems  # noqa: PLC0415 - the same

    account = land.data
    machines: dict[str, fsx_ontap.Svm] = {}
    secrets: dict[str, str] = {}
    for region in (land.primary, land.recovery):
        backend = fsx_backends[account][region]
        name = f"{land.scope.prefix}-ontap{land.suffix(region)}"
        network = land.network(account, region)
        password = sha256(f"{name} sandbox only".encode()).hexdigest()[:20]
        ids.named(account, region, "fsx", name)
        system = fsx_systems.create(
            backend,
            "CreateFileSystem",
            {
                "FileSystemType": "ONTAP",
                "StorageCapacity": 1024,
                "SubnetIds": [network.subnets[0]],
                "SecurityGroupIds": [network.security_group],
                "KmsKeyId": land.kms(account, region),
                "Tags": names.upper({**land.scope.tags(), "Name": name}),
                "OntapConfiguration": {
                    "DeploymentType": "SINGLE_AZ_2",
                    "ThroughputCapacityPerHAPair": 384,
                    "HAPairs": 1,
                    "PreferredSubnetId": network.subnets[0],
                    "FsxAdminPassword": password,
                },
            },
        )
        system.lifecycle = fsx_systems.AVAILABLE
        svm = fsx_ontap.create_svm(
            backend,
            {
                "FileSystemId": system.file_system_id,
                "Name": f"{land.scope.customer.name}{land.suffix(region)}",
                "Tags": names.upper(land.scope.tags()),
            },
        )
        svm.lifecycle = fsx_ontap.CREATED
        svm.quota_rules[VOLUME] = 1
        machines[region] = svm
        secrets[region] = _secret(ids, land, region, name, password)
    east, west = machines[land.primary], machines[land.recovery]
    east.peers.append(west.name)
    west.peers.append(east.name)
    volume = fsx_ontap.create_volume(
        fsx_backends[account][land.primary],
        {
            "Name": VOLUME,
            "VolumeType": "ONTAP",
            "OntapConfiguration": {
                "StorageVirtualMachineId": east.svm_id,
                "SizeInMegabytes": 102400,
                "JunctionPath": f"/{VOLUME}",
                "SecurityStyle": "UNIX",
                "StorageEfficiencyEnabled": True,
                "TieringPolicy": {"Name": "AUTO", "CoolingPeriod": 31},
                "SnapshotPolicy": "default",
            },
            "Tags": names.upper(land.tags(1, "high")),
        },
    )
    volume.lifecycle = fsx_ontap.CREATED
    volume.quotas = True
    return Piece(
        facts={
            "account": account,
            "id": volume.volume_id,
            "arn": volume.resource_arn,
            "svms": {region: svm.svm_id for region, svm in machines.items()},
            "file_systems": {region: svm.file_system_id for region, svm in machines.items()},
        },
        site_map={"svms": {east.svm_id: west.svm_id}},
        scope={"policies": {"ontap": {"secrets": secrets}}},
    )


def _secret(ids: SeededIds, land: Land, region: str, name: str, password: str) -> str:
    """The administrator of a file system, as drstate finds it."""
    ids.named(land.data, region, "secret", name)
    made = secretsmanager_backends[land.data][region].create_secret(
        name=f"{name}-admin",
        secret_string=json.dumps({"username": "fsxadmin", "password": password}),
        secret_binary=None,
        description="administrator of the file system",
        tags=names.upper(land.scope.tags()),
        kms_key_id=None,
        client_request_token=None,
        replica_regions=[],
        force_overwrite=False,
    )
    return str(json.loads(made)["ARN"])
