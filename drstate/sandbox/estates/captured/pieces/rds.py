"""A DB instance that is in no cluster, available, under its own host name.

A user and a password are made up: no spec knows them.
"""

from __future__ import annotations

from typing import Any

from moto.rds.models import rds_backends

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.rds import ADDRESS, RdsSpec
from drstate.sandbox.estates.captured.given import given
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper


def build(site: Captured, entry: CatalogEntry) -> None:
    """The instance, and the groups, keys and roles it uses."""
    spec = RdsSpec.model_validate(entry.spec)
    account, region = entry.resource.account, spec.region
    if spec.parameter_group and not spec.parameter_group.startswith("default."):
        site.have(SiteMapTable.PARAMETER_GROUPS, spec.parameter_group, account, region)
    if spec.option_group:
        site.have(SiteMapTable.OPTION_GROUPS, spec.option_group, account, region)
    if spec.subnet_group:
        site.have(SiteMapTable.DB_SUBNET_GROUPS, spec.subnet_group, account, region)
    for group in spec.security_groups:
        site.security_group(account, region, group)
    for key in (spec.kms_key, spec.performance_insights_kms_key):
        if key:
            site.kms_key(key)
    if spec.monitoring_role:
        site.role(spec.monitoring_role)
    site.ids.named(account, region, "db", spec.identifier)
    made: Any = rds_backends[account][region].create_db_instance(
        given(
            db_instance_identifier=spec.identifier,
            db_instance_class=spec.instance_class,
            engine=spec.engine,
            engine_version=spec.engine_version,
            allocated_storage=spec.allocated_gib,
            max_allocated_storage=spec.max_allocated_gib,
            storage_type=spec.storage_type,
            iops=spec.iops,
            storage_throughput=spec.throughput,
            storage_encrypted=spec.storage_encrypted,
            kms_key_id=spec.kms_key,
            multi_az=spec.multi_az,
            master_username="sandbox",
            master_user_password="sandbox-only-password",  # noqa: S106 - works here only
            port=spec.port,
            network_type=spec.network_type,
            backup_retention_period=spec.backup_retention_days,
            preferred_backup_window=spec.backup_window,
            preferred_maintenance_window=spec.maintenance_window,
            db_subnet_group_name=spec.subnet_group,
            db_parameter_group_name=spec.parameter_group,
            option_group_name=spec.option_group,
            vpc_security_group_ids=list(spec.security_groups),
            deletion_protection=spec.deletion_protection,
            copy_tags_to_snapshot=spec.copy_tags_to_snapshot,
            auto_minor_version_upgrade=spec.auto_minor_version_upgrade,
            publicly_accessible=spec.publicly_accessible,
            ca_certificate_identifier=spec.ca_certificate,
            enable_iam_database_authentication=spec.iam_authentication or None,
            enable_cloudwatch_logs_exports=list(spec.log_exports),
            monitoring_interval=spec.monitoring_interval,
            monitoring_role_arn=spec.monitoring_role,
            enable_performance_insights=spec.performance_insights or None,
            performance_insights_kms_key_id=spec.performance_insights_kms_key,
            performance_insights_retention_period=spec.performance_insights_retention_days,
            tags=upper(site.tags(entry)),
        )
    )
    made.status = "available"
    _reached(made, spec)


def _reached(made: Any, spec: RdsSpec) -> None:
    """Host names differ between accounts by one part."""
    host = spec.endpoints.get(ADDRESS, "")
    start, end = f"{spec.identifier}.", f".{spec.region}.rds.amazonaws.com"
    if host.startswith(start) and host.endswith(end):
        made.account_part = host.removeprefix(start).removesuffix(end)
    if host and made.address != host:
        raise cannot(spec.arn, f"endpoints.{ADDRESS}", f"{host} is no host of RDS")
