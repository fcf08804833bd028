"""Databases with every setting that their specs know; part of ``rich_front``."""

from __future__ import annotations

from typing import Any

EAST, WEST = "us-east-1", "us-west-2"
DATA, APP = "255555555501", "255555555502"
#: technology, account, name, ARN, and what the spec says
Said = tuple[str, str, str, str, dict[str, Any]]


def arn_of(service: str, rest: str, account: str = APP, region: str = EAST) -> str:
    return f"arn:aws:{service}:{region}:{account}:{rest}"


KEY = arn_of("kms", "key/mrk-0b0b0b0b0b0b4b0b8b0b0b0b0b0b0b01", DATA)
INSIGHTS = arn_of("kms", "key/0b0b0b0b-0b0b-4b0b-8b0b-0b0b0b0b0b02", DATA)
MONITORING = f"arn:aws:iam::{DATA}:role/service-role/rds-monitoring"


def clusters() -> list[Said]:
    def instance(number: int, **more: Any) -> dict[str, Any]:
        return {
            "identifier": f"vandelay-ledger-{number}",
            "instance_class": "db.serverless",
            "promotion_tier": number,
            "preferred_maintenance_window": "mon:01:00-mon:01:30",
            **more,
        }

    arn = arn_of("rds", "cluster:vandelay-ledger", DATA)
    host = "x1y2z3abcdef.us-east-1.rds.amazonaws.com"
    spec = {
        "identifier": "vandelay-ledger",
        "arn": arn,
        "endpoints": {
            "writer": f"vandelay-ledger.cluster-{host}",
            "reader": f"vandelay-ledger.cluster-ro-{host}",
        },
        "engine": "aurora-mysql",
        "engine_version": "8.0.mysql_aurora.3.04.1",
        "global_cluster": "vandelay-world",
        "cluster_parameter_group": "vandelay-ledger",
        "subnet_group": "vandelay-data",
        "security_groups": ["sg-0b0b0b0b0b0b0b00d"],
        "storage_encrypted": True,
        "kms_key": KEY,
        "storage_type": "aurora-iopt1",
        "port": 3307,
        "network_type": "DUAL",
        "backup_retention_days": 14,
        "preferred_backup_window": "03:00-03:30",
        "preferred_maintenance_window": "sun:05:00-sun:05:30",
        "log_exports": ["audit", "error"],
        "iam_authentication": True,
        "deletion_protection": True,
        "copy_tags_to_snapshot": True,
        "serverless": {"min_capacity": 0.5, "max_capacity": 16},
        "instances": [
            instance(
                1,
                parameter_group="vandelay-ledger-writer",
                ca_certificate="rds-ca-ecc384-g1",
                publicly_accessible=True,
                auto_minor_version_upgrade=False,
                copy_tags_to_snapshot=True,
                monitoring_interval=30,
                monitoring_role=MONITORING,
                performance_insights=True,
                performance_insights_kms_key=INSIGHTS,
                performance_insights_retention_days=93,
            ),
            instance(
                2, parameter_group="default.aurora-mysql8.0", ca_certificate="rds-ca-rsa2048-g1"
            ),
        ],
    }
    return [("aurora", DATA, "vandelay-ledger", arn, spec)]


def instances() -> list[Said]:
    def arn(name: str) -> str:
        return arn_of("rds", f"db:{name}", DATA)

    full = {
        "identifier": "vandelay-crm",
        "arn": arn("vandelay-crm"),
        "endpoints": {"address": "vandelay-crm.x1y2z3abcdef.us-east-1.rds.amazonaws.com"},
        "engine": "oracle-ee",
        "engine_version": "19.0.0.0.ru-2025-01.rur-2025-01.r1",
        "instance_class": "db.m6i.4xlarge",
        "multi_az": True,
        "subnet_group": "vandelay-data",
        "security_groups": ["sg-0b0b0b0b0b0b0b00d"],
        "parameter_group": "vandelay-oracle",
        "option_group": "vandelay-options",
        "storage_encrypted": True,
        "kms_key": KEY,
        "storage_type": "io2",
        "allocated_gib": 500,
        "max_allocated_gib": 2000,
        "iops": 12000,
        "port": 1525,
        "network_type": "IPV4",
        "backup_retention_days": 21,
        "backup_window": "03:00-03:30",
        "maintenance_window": "sun:05:00-sun:05:30",
        "log_exports": ["alert", "audit"],
        "deletion_protection": True,
        "copy_tags_to_snapshot": True,
        "auto_minor_version_upgrade": False,
        "ca_certificate": "rds-ca-rsa4096-g1",
        "monitoring_interval": 15,
        "monitoring_role": MONITORING,
        "performance_insights": True,
        "performance_insights_kms_key": INSIGHTS,
        "performance_insights_retention_days": 731,
    }
    plain = {
        "identifier": "vandelay-forms",
        "arn": arn("vandelay-forms"),
        "endpoints": {"address": "vandelay-forms.x1y2z3abcdef.us-east-1.rds.amazonaws.com"},
        "engine": "postgres",
        "engine_version": "16.4",
        "instance_class": "db.t4g.medium",
        "subnet_group": "vandelay-data",
        "security_groups": ["sg-0b0b0b0b0b0b0b00d"],
        "parameter_group": "default.postgres16",
        "storage_type": "gp3",
        "allocated_gib": 400,
        "iops": 16000,
        "throughput": 750,
        "port": 5432,
        "network_type": "DUAL",
        "backup_window": "03:00-03:30",
        "maintenance_window": "sun:05:00-sun:05:30",
        "iam_authentication": True,
        "publicly_accessible": True,
        "ca_certificate": "rds-ca-rsa2048-g1",
    }
    return [("rds", DATA, str(one["identifier"]), str(one["arn"]), one) for one in (full, plain)]
