"""An Aurora cluster's values at a site."""

from __future__ import annotations

from dataclasses import dataclass

from drstate.model.scope import SiteMapTable
from drstate.model.specs.aurora import AuroraInstance, AuroraSpec
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
    standby_class = shard.policies.aurora.standby_instance_class
    small = level(shard.site_state) is Level.STANDBY
    return AuroraValues(
        subnet_group=_named(
            translator, SiteMapTable.DB_SUBNET_GROUPS, spec.subnet_group, "DB subnet group"
        ),
        security_groups=tuple(
            sorted(
                translator.required(SiteMapTable.SECURITY_GROUPS, group, "security group")
                for group in spec.security_groups
            )
        ),
        kms_key=translator.arn(SiteMapTable.KMS_KEYS, spec.kms_key, "KMS key")
        if spec.storage_encrypted and spec.kms_key
        else None,
        cluster_parameter_group=_named(
            translator,
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
                parameter_group=_named(
                    translator,
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


def _named(translator: Translator, table: SiteMapTable, name: str | None, what: str) -> str | None:
    if name is None:
        return None
    if name == "default" or name.startswith("default."):
        # AWS's own groups have the same names in every region
        return translator.optional(table, name)
    return translator.required(table, name, what)
