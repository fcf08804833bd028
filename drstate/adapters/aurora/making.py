"""Requests for what an action makes of an Aurora cluster: the same as the program declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drstate.programs.aurora.spec import AuroraSpec
from drstate.programs.aurora.values import AuroraValues, InstanceValues


def secondary(spec: AuroraSpec, values: AuroraValues, tags: Mapping[str, str]) -> dict[str, Any]:
    """CreateDBCluster's parameters for a secondary of the global cluster."""
    scaling = spec.serverless
    return _given(
        DBClusterIdentifier=spec.identifier,
        GlobalClusterIdentifier=spec.global_cluster_id,
        Engine=spec.engine,
        EngineVersion=spec.engine_version,
        EngineMode=spec.engine_mode,
        BackupRetentionPeriod=spec.backup_retention_days,
        CopyTagsToSnapshot=spec.copy_tags_to_snapshot,
        DBClusterParameterGroupName=values.cluster_parameter_group,
        DBSubnetGroupName=values.subnet_group,
        DeletionProtection=spec.deletion_protection,
        EnableCloudwatchLogsExports=list(spec.log_exports),
        EnableIAMDatabaseAuthentication=spec.iam_authentication,
        KmsKeyId=values.kms_key,
        NetworkType=spec.network_type,
        Port=spec.port,
        PreferredBackupWindow=spec.preferred_backup_window,
        PreferredMaintenanceWindow=spec.preferred_maintenance_window,
        ServerlessV2ScalingConfiguration=_given(
            MinCapacity=scaling.min_capacity,
            MaxCapacity=scaling.max_capacity,
            SecondsUntilAutoPause=scaling.seconds_until_auto_pause,
        )
        if scaling
        else None,
        StorageEncrypted=spec.storage_encrypted,
        StorageType=spec.storage_type,
        Tags=_pairs(tags),
        VpcSecurityGroupIds=list(values.security_groups),
    )


def instance(spec: AuroraSpec, values: InstanceValues, tags: Mapping[str, str]) -> dict[str, Any]:
    """CreateDBInstance's parameters for an instance of the cluster."""
    source = values.spec
    return _given(
        DBInstanceIdentifier=source.identifier,
        DBClusterIdentifier=spec.identifier,
        DBInstanceClass=values.instance_class,
        Engine=spec.engine,
        AutoMinorVersionUpgrade=source.auto_minor_version_upgrade,
        CACertificateIdentifier=source.ca_certificate,
        CopyTagsToSnapshot=source.copy_tags_to_snapshot,
        DBParameterGroupName=values.parameter_group,
        EnablePerformanceInsights=source.performance_insights or None,
        MonitoringInterval=source.monitoring_interval or None,
        MonitoringRoleArn=values.monitoring_role,
        PerformanceInsightsKMSKeyId=values.performance_insights_kms_key,
        PerformanceInsightsRetentionPeriod=source.performance_insights_retention_days,
        PreferredMaintenanceWindow=source.preferred_maintenance_window,
        PromotionTier=source.promotion_tier,
        PubliclyAccessible=source.publicly_accessible,
        Tags=_pairs(tags),
    )


def _given(**wanted: Any) -> dict[str, Any]:
    return {key: value for key, value in wanted.items() if value not in (None, [])}


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
