"""File systems, volumes and buckets with every setting that their specs know."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.rich_names import (
    ACCESS_POINT,
    DATA,
    EAST,
    FILE_GROUP,
    FILE_SYSTEM,
    FILES,
    FSX,
    JOIN,
    KEYS,
    RESTORED,
    ROLE,
    WEST,
    Row,
)


def files() -> list[Row]:
    """File systems and volumes."""
    return [*_shared(), *_windows_and_others(), *_volumes()]


def _shared() -> list[Row]:
    arn = f"arn:aws:elasticfilesystem:{EAST}:{DATA}:file-system/{FILE_SYSTEM}"
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*", "Resource": arn}
    spec = {
        "identifier": FILE_SYSTEM,
        "arn": arn,
        "endpoints": {
            "dns": f"{FILE_SYSTEM}.efs.{EAST}.amazonaws.com",
            "file-system": FILE_SYSTEM,
            f"access-point {ACCESS_POINT}": ACCESS_POINT,
        },
        "replica": "fs-0b0b0b0b0b0b0bf01",
        "performance_mode": "maxIO",
        "throughput_mode": "provisioned",
        "provisioned_throughput": 12.5,
        "encrypted": True,
        "kms_key": KEYS[DATA],
        "lifecycle": {
            "to_infrequent_access": "AFTER_7_DAYS",
            "to_archive": "AFTER_90_DAYS",
            "to_primary": "AFTER_1_ACCESS",
        },
        "automatic_backups": True,
        "policy": json.dumps({"Statement": [statement], "Version": "2012-10-17"}, sort_keys=True),
        "mount_targets": [{"subnet": one, "security_groups": [FILE_GROUP]} for one in FILES],
        "access_points": [
            {
                "identifier": ACCESS_POINT,
                "path": "/crew",
                "uid": 1001,
                "gid": 1001,
                "secondary_gids": [1002, 1003],
                "owner_uid": 1001,
                "owner_gid": 1001,
                "permissions": "0750",
                "tags": {"Name": "crew"},
            }
        ],
    }
    return [("efs", FILE_SYSTEM, arn, spec)]


def _windows_and_others() -> list[Row]:
    def row(number: int, **spec: Any) -> Row:
        name = f"{FSX}{number:02}"
        arn = f"arn:aws:fsx:{EAST}:{DATA}:file-system/{name}"
        dns = {"dns": f"{name}.fsx.{EAST}.amazonaws.com"}
        common = {"identifier": name, "arn": arn, "endpoints": dns, "network_type": "IPV4"}
        return ("fsx", name, arn, {**common, "security_groups": [FILE_GROUP], **spec})

    windows = {"ThroughputCapacity": 64, "AutomaticBackupRetentionDays": 14}
    return [
        row(
            1,
            endpoints={"dns": "amznfsxcrew.corp.aviato.example"},
            kind="WINDOWS",
            capacity=2000,
            storage_type="HDD",
            kms_key=KEYS[DATA],
            subnets=FILES,
            directory={
                "domain": "corp.aviato.example",
                "organizational_unit": "OU=files,DC=corp",
                "administrators": "file admins",
                "dns_addresses": ["10.40.0.10"],
                "secret": JOIN,
            },
            aliases=["crew.corp.aviato.example", "files.corp.aviato.example"],
            settings={
                **windows,
                "CopyTagsToBackups": True,
                "DailyAutomaticBackupStartTime": "02:00",
                "DeploymentType": "MULTI_AZ_1",
                "PreferredSubnetId": FILES[1],
                "WeeklyMaintenanceStartTime": "7:03:00",
            },
        ),
        row(
            2,
            kind="WINDOWS",
            capacity=300,
            storage_type="SSD",
            kms_key=f"arn:aws:kms:{EAST}:{DATA}:alias/aws/fsx",
            subnets=FILES[:1],
            directory={"identifier": "d-0123456789"},
            settings={**windows, "DeploymentType": "SINGLE_AZ_2"},
        ),
        row(
            3,
            kind="LUSTRE",
            version="2.15",
            capacity=1200,
            storage_type="SSD",
            kms_key=KEYS[DATA],
            subnets=FILES[:1],
            settings={
                "AutomaticBackupRetentionDays": 5,
                "DataCompressionType": "LZ4",
                "DeploymentType": "PERSISTENT_2",
                "LogConfiguration": {"Level": "DISABLED"},
                "MetadataConfiguration": {"Iops": 1500, "Mode": "AUTOMATIC"},
                "PerUnitStorageThroughput": 250,
                "RootSquashConfiguration": {"RootSquash": "65534:65534"},
            },
        ),
        # it was restored when production came back: another one serves in its stead
        row(
            RESTORED,
            endpoints={"dns": "amznfsxback.corp.aviato.example"},
            kind="WINDOWS",
            capacity=300,
            storage_type="SSD",
            kms_key=KEYS[DATA],
            subnets=FILES[:1],
            directory={
                "domain": "corp.aviato.example",
                "dns_addresses": ["10.40.0.10"],
                "secret": JOIN,
            },
            settings={**windows, "DeploymentType": "SINGLE_AZ_2"},
        ),
    ]


def _volumes() -> list[Row]:
    def row(number: int, name: str, **spec: Any) -> Row:
        volume, system = f"fsvol-0b0b0b0b0b0b0b0{number:02}", "fs-0b0b0b0b0b0b0b201"
        arn = f"arn:aws:fsx:{EAST}:{DATA}:volume/{system}/{volume}"
        machine = "svm-0b0b0b0b0b0b0b001"
        common = {
            "identifier": volume,
            "arn": arn,
            "endpoints": {"nfs": f"{machine}.{system}.fsx.{EAST}.amazonaws.com"},
            "name": name,
            "file_system": system,
            "svm": machine,
            "svm_name": "crew",
        }
        return ("ontap", volume, arn, {**common, **spec})

    return [
        row(
            1,
            "ledger",
            megabytes=204800,
            junction_path="/ledger",
            security_style="NTFS",
            storage_efficiency=True,
            snapshot_policy="default-1weekly",
            tiering={"name": "AUTO", "cooling_days": 31},
            copy_tags_to_backups=True,
        ),
        row(
            2,
            "scratch",
            megabytes=1024,
            security_style="MIXED",
            snapshot_policy="none",
            tiering={"name": "NONE"},
        ),
    ]


def buckets() -> list[Row]:
    """Buckets, one of them with everything that is not carried over."""

    def row(name: str, **spec: Any) -> Row:
        arn = f"arn:aws:s3:::{name}"
        dns = {"host": f"{name}.s3.{EAST}.amazonaws.com"}
        return ("s3", name, arn, {"bucket": name, "arn": arn, "endpoints": dns, **spec})

    open_to_others = dict.fromkeys(
        ("block_public_policy", "ignore_public_acls", "restrict_public_buckets"), False
    )
    return [
        row(
            "aviato-archive",
            encryption="aws:kms",
            kms_key=KEYS[DATA],
            bucket_key=True,
            replication_role=ROLE,
            not_carried=[
                "cors", "lifecycle", "logging", "notifications", "ownership", "policy", "website"
            ],
            **open_to_others,
        ),
        row(
            "aviato.public",
            block_public_acls=False,
            access_point={
                "name": "aviato-shared",
                "alias": "mabcdef012345.mrap",
                "buckets": {EAST: "aviato.public", WEST: "aviato.public.west"},
            },
        ),
    ]  # fmt: skip
