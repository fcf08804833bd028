"""Reading an RDS instance's configuration into its spec, at the serving site only.

Refused, each with its remedy: what is Aurora's or a cluster's, a replica, an instance without
backups (it can have no replica), and engines and settings that a replica in another region cannot
have or that have not been taught to drstate: SQL Server, Oracle's editions without Data Guard, Db2,
RDS Custom, domains, passwords that RDS manages.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.rds import reading
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.rds import ADDRESS, RdsSpec

_ENGINES = ("mysql", "mariadb", "postgres", "oracle-ee", "oracle-ee-cdb")
_WHY_NOT = {
    "sqlserver": "RDS makes cross-region replicas of SQL Server's Enterprise edition only; they "
    "have no backups and no second zone, and their source has to be Multi-AZ with Always On",
    "oracle": "only Oracle's Enterprise edition has replicas (Data Guard)",
    "custom": "RDS Custom's replicas are not made by RDS alone",
    "db2": "drstate has not been taught Db2's replicas",
}
#: members of DBInstance that a replica made by drstate would not have
_NOT_CARRIED = {
    "MasterUserSecret": "a password that RDS manages in Secrets Manager: an instance with it can "
    "have no replica of some engines, and the secret is not replicated",
    "DomainMemberships": "a domain (Active Directory), which is the region's own",
    "AdditionalStorageVolumes": "additional storage volumes",
    "TdeCredentialArn": "a credential of transparent data encryption",
    "ProcessorFeatures": "processor features of its own",
    "CustomIamInstanceProfile": "a profile of RDS Custom",
}


def capture(resource: Resource, at: At, now: datetime) -> RdsSpec:
    """The spec of the instance at ``at.region``. Raises OperationError, AwsCallError."""
    found = reading.instance(at, resource.name)
    if found is None:
        raise OperationError(
            f"{resource.key}: no DB instance {resource.name} in {at.region}",
            why="DescribeDBInstances does not know it",
            hint="drstate discover --refresh shows what is there now",
        )
    _require(resource, found, at)
    shown = found.shown
    insights = bool(shown.get("PerformanceInsightsEnabled"))
    return RdsSpec(
        region=at.region,
        captured_at=now,
        endpoints={ADDRESS: found.address} if found.address else {},
        identifier=found.identifier,
        arn=found.arn,
        engine=shown["Engine"],
        engine_version=shown["EngineVersion"],
        instance_class=shown["DBInstanceClass"],
        multi_az=bool(shown.get("MultiAZ")),
        subnet_group=(shown.get("DBSubnetGroup") or {}).get("DBSubnetGroupName"),
        security_groups=tuple(
            sorted(group["VpcSecurityGroupId"] for group in shown.get("VpcSecurityGroups", []))
        ),
        parameter_group=_first(shown, "DBParameterGroups", "DBParameterGroupName"),
        option_group=_own_options(shown),
        storage_encrypted=bool(shown.get("StorageEncrypted")),
        kms_key=shown.get("KmsKeyId") or None,
        storage_type=shown.get("StorageType"),
        allocated_gib=int(shown.get("AllocatedStorage") or 1),
        max_allocated_gib=shown.get("MaxAllocatedStorage"),
        iops=shown.get("Iops"),
        throughput=shown.get("StorageThroughput"),
        port=(shown.get("Endpoint") or {}).get("Port"),
        network_type=shown.get("NetworkType"),
        backup_retention_days=int(shown["BackupRetentionPeriod"]),
        backup_window=shown.get("PreferredBackupWindow"),
        maintenance_window=shown.get("PreferredMaintenanceWindow"),
        log_exports=tuple(sorted(shown.get("EnabledCloudwatchLogsExports", []))),
        iam_authentication=bool(shown.get("IAMDatabaseAuthenticationEnabled")),
        deletion_protection=bool(shown.get("DeletionProtection")),
        copy_tags_to_snapshot=bool(shown.get("CopyTagsToSnapshot")),
        auto_minor_version_upgrade=bool(shown.get("AutoMinorVersionUpgrade")),
        publicly_accessible=bool(shown.get("PubliclyAccessible")),
        ca_certificate=shown.get("CACertificateIdentifier"),
        monitoring_interval=int(shown.get("MonitoringInterval") or 0),
        monitoring_role=shown.get("MonitoringRoleArn") or None,
        performance_insights=insights,
        performance_insights_kms_key=shown.get("PerformanceInsightsKMSKeyId") if insights else None,
        performance_insights_retention_days=shown.get("PerformanceInsightsRetentionPeriod")
        if insights
        else None,
    )


def _require(resource: Resource, found: reading.Instance, at: At) -> None:
    shown = found.shown
    engine = str(shown["Engine"])
    off = f"take the tag dr:enabled off {resource.arn}"
    if shown.get("DBClusterIdentifier"):
        raise OperationError(
            f"{resource.key}: is an instance of the cluster {shown['DBClusterIdentifier']}",
            why="a cluster is protected as a whole",
            hint=f"{off}, and tag the cluster (an Aurora one) instead",
        )
    if engine not in _ENGINES:
        part = "custom" if engine.startswith("custom-") else engine.split("-", maxsplit=1)[0]
        raise OperationError(
            f"{resource.key}: engine {engine} is not handled",
            why=_WHY_NOT.get(part, f"drstate knows {', '.join(_ENGINES)}"),
            hint=f"{off}, or give it dr:recovery-strategy of another technology (sql-ag, DRS)",
        )
    if not found.writer:
        raise OperationError(
            f"{resource.key}: the instance in {at.region} is a replica of {found.source}",
            why="configuration is captured at the serving site; the last spec stays in use",
            hint="tag the instance that writes instead",
        )
    if not shown.get("BackupRetentionPeriod"):
        raise OperationError(
            f"{resource.key}: has no automated backups",
            why="RDS makes a replica only of an instance with automated backups",
            hint="aws rds modify-db-instance --backup-retention-period 7 --apply-immediately "
            f"--db-instance-identifier {found.identifier} --region {at.region}",
        )
    for member, what in _NOT_CARRIED.items():
        if shown.get(member):
            raise OperationError(
                f"{resource.key}: has {what}",
                why="its recovery copy would not have it, and it is not left out in silence",
                hint=f"take it away, or {off}",
            )


def _own_options(shown: Any) -> str | None:
    name = _first(shown, "OptionGroupMemberships", "OptionGroupName")
    return None if name is None or name.startswith("default:") else name


def _first(shown: Any, members: str, name: str) -> str | None:
    found = shown.get(members) or [{}]
    value = found[0].get(name)
    return str(value) if value else None
