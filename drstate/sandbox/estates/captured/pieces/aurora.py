"""An Aurora cluster and its instances, available, with the endpoints of its spec.

A user and a password are made up: no spec knows them. A global cluster that was somebody else's is
made around it.
"""

from __future__ import annotations

from typing import Any

from moto.rds.models import rds_backends

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.aurora.spec import READER, WRITER, AuroraInstance, AuroraSpec
from drstate.sandbox.aws import rds_global
from drstate.sandbox.estates.captured.given import given
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper


def build(site: Captured, entry: CatalogEntry) -> None:
    """The cluster, its instances, and the groups and keys they use."""
    spec = AuroraSpec.model_validate(entry.spec)
    account, region = entry.resource.account, spec.region
    own = spec.cluster_parameter_group
    if own and not own.startswith("default."):
        site.have(SiteMapTable.CLUSTER_PARAMETER_GROUPS, own, account, region)
    if spec.subnet_group:
        site.have(SiteMapTable.DB_SUBNET_GROUPS, spec.subnet_group, account, region)
    for group in spec.security_groups:
        site.security_group(account, region, group)
    if spec.kms_key:
        site.kms_key(spec.kms_key)
    site.ids.named(account, region, "cluster", spec.identifier)
    scaling = spec.serverless
    cluster: Any = rds_backends[account][region].create_db_cluster(
        given(
            db_cluster_identifier=spec.identifier,
            engine=spec.engine,
            engine_version=spec.engine_version,
            engine_mode=spec.engine_mode,
            master_username="sandbox",
            master_user_password="sandbox-only-password",  # noqa: S106 - works here only
            database_name="sandbox",
            storage_encrypted=spec.storage_encrypted,
            kms_key_id=spec.kms_key,
            storage_type=spec.storage_type,
            port=spec.port,
            network_type=spec.network_type,
            backup_retention_period=spec.backup_retention_days,
            preferred_backup_window=spec.preferred_backup_window,
            preferred_maintenance_window=spec.preferred_maintenance_window,
            db_subnet_group_name=spec.subnet_group,
            db_cluster_parameter_group_name=own,
            vpc_security_group_ids=list(spec.security_groups),
            enable_cloudwatch_logs_exports=list(spec.log_exports),
            enable_iam_database_authentication=spec.iam_authentication or None,
            deletion_protection=spec.deletion_protection,
            copy_tags_to_snapshot=spec.copy_tags_to_snapshot,
            serverless_v2_scaling_configuration=given(
                min_capacity=scaling.min_capacity,
                max_capacity=scaling.max_capacity,
                seconds_until_auto_pause=scaling.seconds_until_auto_pause,
            )
            if scaling
            else None,
            tags=upper(site.tags(entry)),
        )
    )
    cluster.status = "available"
    _reached(cluster, spec)
    for instance in spec.instances:
        _instance(site, entry, spec, instance)
    if spec.global_cluster:
        site.ids.named(account, "global-cluster", spec.global_cluster)
        rds_global.create(
            account,
            region,
            {
                "GlobalClusterIdentifier": spec.global_cluster,
                "SourceDBClusterIdentifier": spec.arn,
                "DeletionProtection": spec.deletion_protection,
            },
        )


def _reached(cluster: Any, spec: AuroraSpec) -> None:
    """Both endpoints differ between clusters by one part of the host names."""
    host = spec.endpoints.get(WRITER, "")
    start, end = f"{spec.identifier}.cluster-", f".{spec.region}.rds.amazonaws.com"
    if host.startswith(start) and host.endswith(end):
        cluster.url_identifier = host.removeprefix(start).removesuffix(end)
    for name, shown in ((WRITER, cluster.endpoint), (READER, cluster.reader_endpoint)):
        if spec.endpoints.get(name) != shown:
            raise cannot(
                spec.arn, f"endpoints.{name}", f"{spec.endpoints.get(name)} is no host of RDS"
            )


def _instance(
    site: Captured, entry: CatalogEntry, spec: AuroraSpec, instance: AuroraInstance
) -> None:
    account, region = entry.resource.account, spec.region
    group = instance.parameter_group
    if group and not group.startswith("default."):
        site.have(SiteMapTable.PARAMETER_GROUPS, group, account, region)
    if instance.monitoring_role:
        site.role(instance.monitoring_role)
    if instance.performance_insights_kms_key:
        site.kms_key(instance.performance_insights_kms_key)
    site.ids.named(account, region, "instance", instance.identifier)
    number = spec.instances.index(instance)
    made: Any = rds_backends[account][region].create_db_instance(
        given(
            db_instance_identifier=instance.identifier,
            db_instance_class=instance.instance_class,
            engine=spec.engine,
            db_cluster_identifier=spec.identifier,
            db_subnet_group_name=spec.subnet_group,
            db_parameter_group_name=group,
            availability_zone=f"{region}{'ab'[number % 2]}",
            promotion_tier=instance.promotion_tier,
            ca_certificate_identifier=instance.ca_certificate,
            publicly_accessible=instance.publicly_accessible,
            auto_minor_version_upgrade=instance.auto_minor_version_upgrade,
            copy_tags_to_snapshot=instance.copy_tags_to_snapshot,
            monitoring_interval=instance.monitoring_interval,
            monitoring_role_arn=instance.monitoring_role,
            enable_performance_insights=instance.performance_insights or None,
            performance_insights_kms_key_id=instance.performance_insights_kms_key,
            performance_insights_retention_period=instance.performance_insights_retention_days,
            preferred_maintenance_window=instance.preferred_maintenance_window,
            tags=upper(site.own_tags()),
        )
    )
    made.status = "available"
