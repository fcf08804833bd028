"""Reading an Aurora cluster's configuration into its spec, at the serving site only.

It refuses a cluster of another engine and a cluster that is a secondary: configuration comes from
the writer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.aurora import reading
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.aurora.spec import (
    READER,
    WRITER,
    AuroraInstance,
    AuroraSpec,
    ServerlessScaling,
)

#: tag of what drstate declared itself
MANAGED_TAG = "drstate:managed"


def capture(resource: Resource, at: At, now: datetime) -> AuroraSpec:
    """The spec of the cluster at ``at.region``. Raises OperationError, AwsCallError."""
    found = reading.cluster(at, resource.name)
    if found is None:
        raise OperationError(
            f"{resource.key}: no DB cluster {resource.name} in {at.region}",
            why="DescribeDBClusters does not know it",
            hint="drstate discover --refresh shows what is there now",
        )
    if not str(found["Engine"]).startswith("aurora"):
        raise OperationError(
            f"{resource.key}: engine {found['Engine']} is not Aurora",
            why="global clusters exist for aurora-mysql and aurora-postgresql only",
            hint=f"take the tag dr:enabled off {resource.arn}",
        )
    instances = reading.instances(at, resource.name)
    if not instances:
        raise OperationError(
            f"{resource.key}: the cluster has no instance in {at.region}",
            why="a recovery cluster is declared with the instances of its source",
            hint="capture when the cluster serves; a headless secondary is no source",
        )
    foreign = _global_cluster(resource, at, str(found["DBClusterArn"]))
    return AuroraSpec(
        region=at.region,
        captured_at=now,
        endpoints={WRITER: found["Endpoint"], READER: found["ReaderEndpoint"]},
        identifier=found["DBClusterIdentifier"],
        arn=found["DBClusterArn"],
        engine=found["Engine"],
        engine_version=found["EngineVersion"],
        engine_mode=_engine_mode(found),
        global_cluster=foreign,
        cluster_parameter_group=found.get("DBClusterParameterGroup"),
        subnet_group=found.get("DBSubnetGroup"),
        security_groups=tuple(
            sorted(group["VpcSecurityGroupId"] for group in found.get("VpcSecurityGroups", []))
        ),
        storage_encrypted=bool(found.get("StorageEncrypted")),
        kms_key=found.get("KmsKeyId") or None,
        storage_type=_storage_type(found),
        port=found.get("Port"),
        network_type=found.get("NetworkType"),
        backup_retention_days=found.get("BackupRetentionPeriod") or 1,
        preferred_backup_window=found.get("PreferredBackupWindow"),
        preferred_maintenance_window=found.get("PreferredMaintenanceWindow"),
        log_exports=tuple(sorted(found.get("EnabledCloudwatchLogsExports", []))),
        iam_authentication=bool(found.get("IAMDatabaseAuthenticationEnabled")),
        deletion_protection=bool(found.get("DeletionProtection")),
        copy_tags_to_snapshot=bool(found.get("CopyTagsToSnapshot")),
        serverless=_serverless(found),
        instances=tuple(_instance(instance) for instance in instances),
    )


def _global_cluster(resource: Resource, at: At, arn: str) -> str | None:
    """Id of a global cluster that is somebody else's.

    One that carries our tag was declared by us: it must not turn foreign at a later capture.
    """
    found = reading.global_cluster_of(at, arn)
    if found is None:
        return None
    member = next(m for m in found["GlobalClusterMembers"] if m["DBClusterArn"] == arn)
    if not member.get("IsWriter"):
        raise OperationError(
            f"{resource.key}: the cluster in {at.region} is a secondary, not the writer",
            why=f"another member of {found['GlobalClusterIdentifier']} writes",
            hint="configuration is captured at the serving site; the last spec stays in use",
        )
    ours = any(tag["Key"] == MANAGED_TAG and tag["Value"] == "true" for tag in _tags(at, found))
    return None if ours else str(found["GlobalClusterIdentifier"])


def _tags(at: At, found: dict[str, Any]) -> list[dict[str, str]]:
    if "TagList" in found:
        return list(found["TagList"])
    answer = at.call("rds", "list_tags_for_resource", ResourceName=found["GlobalClusterArn"])
    return list(answer.get("TagList", []))


def _engine_mode(found: dict[str, Any]) -> str:
    mode = str(found.get("EngineMode") or "provisioned")
    if mode not in ("provisioned", "global"):
        raise OperationError(
            f"{found['DBClusterArn']}: engine mode {mode} cannot be in a global cluster",
            why="only provisioned clusters (Serverless v2 included) replicate across regions",
            hint="migrate the cluster to Serverless v2, or take its tag dr:enabled off",
        )
    return "provisioned"


def _storage_type(found: dict[str, Any]) -> str | None:
    # only I/O-optimised storage is said; the standard type reads in several ways and is not set
    kind = str(found.get("StorageType") or "")
    return kind if kind.startswith("aurora-") else None


def _serverless(found: dict[str, Any]) -> ServerlessScaling | None:
    scaling = found.get("ServerlessV2ScalingConfiguration")
    if not scaling:
        return None
    return ServerlessScaling(
        min_capacity=float(scaling["MinCapacity"]),
        max_capacity=float(scaling["MaxCapacity"]),
        seconds_until_auto_pause=scaling.get("SecondsUntilAutoPause"),
    )


def _instance(found: dict[str, Any]) -> AuroraInstance:
    groups = found.get("DBParameterGroups", [])
    insights = bool(found.get("PerformanceInsightsEnabled"))
    return AuroraInstance(
        identifier=found["DBInstanceIdentifier"],
        instance_class=found["DBInstanceClass"],
        promotion_tier=found.get("PromotionTier"),
        parameter_group=groups[0]["DBParameterGroupName"] if groups else None,
        ca_certificate=found.get("CACertificateIdentifier"),
        publicly_accessible=bool(found.get("PubliclyAccessible")),
        auto_minor_version_upgrade=bool(found.get("AutoMinorVersionUpgrade")),
        copy_tags_to_snapshot=bool(found.get("CopyTagsToSnapshot")),
        monitoring_interval=int(found.get("MonitoringInterval") or 0),
        monitoring_role=found.get("MonitoringRoleArn") or None,
        performance_insights=insights,
        performance_insights_kms_key=found.get("PerformanceInsightsKMSKeyId") or None
        if insights
        else None,
        performance_insights_retention_days=found.get("PerformanceInsightsRetentionPeriod")
        if insights
        else None,
        preferred_maintenance_window=found.get("PreferredMaintenanceWindow"),
    )
