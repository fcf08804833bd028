"""The spec in the terms of the site: groups, keys, roles and the class of the instances."""

from __future__ import annotations

from dataclasses import dataclass

from drstate.model.scope import SiteMapTable
from drstate.programs.aurora.spec import AuroraInstance, AuroraPolicy, AuroraSpec
from drstate.programs.levels import Level, level
from drstate.programs.translator import Translator


@dataclass(frozen=True)
class InstanceValues:
    """An instance with its class and identifiers at the site."""

    spec: AuroraInstance
    instance_class: str
    parameter_group: str | None
    monitoring_role: str | None
    performance_insights_kms_key: str | None


@dataclass(frozen=True)
class AuroraValues:
    """The cluster's identifiers at the site."""

    subnet_group: str | None
    security_groups: tuple[str, ...]
    kms_key: str | None
    cluster_parameter_group: str | None
    instances: tuple[InstanceValues, ...]


def aurora_values(spec: AuroraSpec, translator: Translator) -> AuroraValues:
    """Translate; missing mappings are collected in ``translator.problems``."""
    shard = translator.shard
    standby_class = translator.policy("aurora", AuroraPolicy).standby_instance_class
    small = level(shard.site_state) is Level.STANDBY
    return AuroraValues(
        subnet_group=translator.group(
            SiteMapTable.DB_SUBNET_GROUPS, spec.subnet_group, "DB subnet group"
        ),
        security_groups=translator.security_groups(spec.security_groups),
        kms_key=translator.arn(SiteMapTable.KMS_KEYS, spec.kms_key, "KMS key")
        if spec.storage_encrypted and spec.kms_key
        else None,
        cluster_parameter_group=translator.group(
            SiteMapTable.CLUSTER_PARAMETER_GROUPS,
            spec.cluster_parameter_group,
            "DB cluster parameter group",
        ),
        instances=tuple(
            InstanceValues(
                spec=instance,
                instance_class=standby_class
                if small and standby_class
                else instance.instance_class,
                parameter_group=translator.group(
                    SiteMapTable.PARAMETER_GROUPS,
                    instance.parameter_group,
                    "DB parameter group",
                ),
                monitoring_role=translator.optional(SiteMapTable.ROLES, instance.monitoring_role)
                if instance.monitoring_role
                else None,
                performance_insights_kms_key=translator.arn(
                    SiteMapTable.KMS_KEYS, instance.performance_insights_kms_key, "KMS key"
                )
                if instance.performance_insights_kms_key
                else None,
            )
            for instance in spec.instances
        ),
    )
