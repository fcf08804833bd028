"""Aurora declared: a recovery cluster with the instances of its source, and the global cluster.

Which of the clusters writes is not said anywhere here, nor recorded in the spec: roles change at
every failover and belong to AWS and to the adapter. Everything is protected: the cluster and the
global cluster hold the data, an instance that goes takes the writer's or a reader's place with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.model.spec import Spec
from drstate.programs.base import Program
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.lazy import aws, pulumi
from drstate.programs.levels import Level, level
from drstate.programs.owners import Owner, Owners, Property, program
from drstate.programs.running import databases
from drstate.programs.translator import Translator

#: names of the endpoints that others may be bound to
WRITER, READER = "writer", "reader"


class AuroraInstance(Value):
    """One DB instance of the cluster; its zone is AWS's business and not recorded."""

    identifier: str
    instance_class: str
    promotion_tier: int | None = None
    parameter_group: str | None = None
    ca_certificate: str | None = None
    publicly_accessible: bool = False
    auto_minor_version_upgrade: bool = True
    copy_tags_to_snapshot: bool = False
    monitoring_interval: int = 0
    monitoring_role: str | None = None
    performance_insights: bool = False
    performance_insights_kms_key: str | None = None
    performance_insights_retention_days: int | None = None
    preferred_maintenance_window: str | None = None


class ServerlessScaling(Value):
    """Serverless v2 capacity in ACUs."""

    min_capacity: float
    max_capacity: float
    seconds_until_auto_pause: int | None = None


class AuroraSpec(Spec):
    """An Aurora cluster as captured at the serving site."""

    identifier: str
    arn: str
    engine: str
    engine_version: str
    engine_mode: str = "provisioned"
    #: id of the global cluster that somebody else owns; None where there was none (or only ours)
    global_cluster: str | None = None
    cluster_parameter_group: str | None = None
    subnet_group: str | None = None
    security_groups: tuple[str, ...] = ()
    storage_encrypted: bool = False
    kms_key: str | None = None
    storage_type: str | None = None
    port: int | None = None
    network_type: str | None = None
    backup_retention_days: int = 1
    preferred_backup_window: str | None = None
    preferred_maintenance_window: str | None = None
    log_exports: tuple[str, ...] = ()
    iam_authentication: bool = False
    deletion_protection: bool = False
    copy_tags_to_snapshot: bool = False
    serverless: ServerlessScaling | None = None
    #: in the order of their identifiers
    instances: tuple[AuroraInstance, ...] = Field(min_length=1)

    @property
    def own_global_cluster(self) -> str:
        """Id of the global cluster that drstate declares where nobody else has one."""
        return f"{self.identifier}-global"

    @property
    def global_cluster_id(self) -> str:
        """Id of the global cluster that spans the two sites."""
        return self.global_cluster or self.own_global_cluster

    def cluster_arn(self, region: str) -> str:
        """ARN of the cluster at a site: the identifier is the same at both."""
        arn, partition, service, _, account, kind, _ = self.arn.split(":", 6)
        return f"{arn}:{partition}:{service}:{region}:{account}:{kind}:{self.identifier}"


GLOBAL_CLUSTER = "aws:rds/globalCluster:GlobalCluster"
CLUSTER = "aws:rds/cluster:Cluster"
INSTANCE = "aws:rds/clusterInstance:ClusterInstance"

OWNERS: Owners = {
    GLOBAL_CLUSTER: (
        *program("globalClusterIdentifier", "deletionProtection", "forceDestroy", "tags"),
        Property(
            "sourceDbClusterIdentifier",
            Owner.ADAPTER,
            "only says who wrote when it was made; the writer moves",
        ),
        Property("engine", Owner.AWS, "taken from the source cluster"),
        Property("engineVersion", Owner.AWS, "upgrades are made on the global cluster"),
        Property("databaseName", Owner.AWS, "taken from the source cluster"),
        Property("storageEncrypted", Owner.AWS, "taken from the source cluster"),
    ),
    CLUSTER: (
        *program(
            "applyImmediately",
            "backupRetentionPeriod",
            "clusterIdentifier",
            "copyTagsToSnapshot",
            "dbClusterParameterGroupName",
            "dbSubnetGroupName",
            "deletionProtection",
            "enabledCloudwatchLogsExports",
            "engine",
            "engineMode",
            "finalSnapshotIdentifier",
            "iamDatabaseAuthenticationEnabled",
            "kmsKeyId",
            "networkType",
            "port",
            "preferredBackupWindow",
            "preferredMaintenanceWindow",
            "serverlessv2ScalingConfiguration",
            "skipFinalSnapshot",
            "storageEncrypted",
            "storageType",
            "tags",
            "vpcSecurityGroupIds",
        ),
        Property(
            "globalClusterIdentifier",
            Owner.ADAPTER,
            "given at creation; a failover may detach and rejoin, which must not be undone",
        ),
        Property("replicationSourceIdentifier", Owner.AWS, "turns with every promotion"),
        Property("engineVersion", Owner.AWS, "upgrades are made on the global cluster"),
        Property("availabilityZones", Owner.AWS, "AWS places the storage"),
        Property("clusterMembers", Owner.AWS, "follows from the instances"),
        Property("databaseName", Owner.AWS, "replicated from the writer"),
        Property("masterUsername", Owner.AWS, "replicated from the writer"),
        Property("masterPassword", Owner.AWS, "replicated from the writer"),
    ),
    INSTANCE: (
        *program(
            "applyImmediately",
            "autoMinorVersionUpgrade",
            "caCertIdentifier",
            "clusterIdentifier",
            "copyTagsToSnapshot",
            "dbParameterGroupName",
            "engine",
            "identifier",
            "instanceClass",
            "monitoringInterval",
            "monitoringRoleArn",
            "performanceInsightsEnabled",
            "performanceInsightsKmsKeyId",
            "performanceInsightsRetentionPeriod",
            "preferredMaintenanceWindow",
            "promotionTier",
            "publiclyAccessible",
            "tags",
        ),
        Property("availabilityZone", Owner.AWS, "AWS places the instance"),
        Property("engineVersion", Owner.AWS, "follows the cluster's"),
    ),
}


class AuroraPolicy(Value):
    """Choices for Aurora resources of the scope."""

    #: instance class while in standby; None: as in the source
    standby_instance_class: str | None = None
    #: no instances in standby: storage only. INSTANTIATE (or ACTIVATE) adds them and REPLICATE
    #: removes them; they are never declared. To be chosen before the first replication
    headless: bool = False


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


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    return [
        aws.rds.GlobalCluster,
        aws.rds.Cluster,
        aws.rds.ClusterInstance,
        aws.rds.ClusterServerlessv2ScalingConfigurationArgs,
    ]


def declare_global(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The global cluster over the source cluster."""
    spec = AuroraSpec.model_validate(entry.spec)
    declared = aws.rds.GlobalCluster(
        name_of(entry, "global"),
        global_cluster_identifier=spec.own_global_cluster,
        source_db_cluster_identifier=spec.arn,
        # has to be said beside a source cluster; true would detach the members on a destroy
        force_destroy=False,
        deletion_protection=spec.deletion_protection,
        tags=tags_of(entry),
        opts=declaration.options(OWNERS, GLOBAL_CLUSTER, protect=True),
    )
    return DeclaredOutputs(resources={"global_cluster": declared.arn})


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The cluster and its instances at the shard's site."""
    spec = AuroraSpec.model_validate(entry.spec)
    translator = declaration.translator(entry, spec.region)
    values = aurora_values(spec, translator)
    translator.settle()
    cluster = _cluster(entry, spec, values, declaration)
    # a state changes values, never what exists: instances that come and go are not declared
    declared_instances = (
        () if translator.policy("aurora", AuroraPolicy).headless else values.instances
    )
    instances = [
        _instance(entry, spec, cluster, values_of, declaration) for values_of in declared_instances
    ]
    return DeclaredOutputs(
        endpoints={WRITER: cluster.endpoint, READER: cluster.reader_endpoint},
        resources={
            "cluster": cluster.arn,
            **{
                item.spec.identifier: declared.arn
                for item, declared in zip(declared_instances, instances, strict=True)
            },
        },
    )


def _cluster(
    entry: CatalogEntry, spec: AuroraSpec, values: AuroraValues, declaration: Declaration
) -> aws.rds.Cluster:
    scaling = spec.serverless
    return aws.rds.Cluster(
        name_of(entry),
        apply_immediately=True,
        backup_retention_period=spec.backup_retention_days,
        cluster_identifier=spec.identifier,
        copy_tags_to_snapshot=spec.copy_tags_to_snapshot,
        db_cluster_parameter_group_name=values.cluster_parameter_group,
        db_subnet_group_name=values.subnet_group,
        deletion_protection=spec.deletion_protection,
        enabled_cloudwatch_logs_exports=list(spec.log_exports) or None,
        engine=spec.engine,
        engine_mode=spec.engine_mode,
        engine_version=spec.engine_version,
        final_snapshot_identifier=f"{spec.identifier}-final",
        global_cluster_identifier=spec.global_cluster_id,
        iam_database_authentication_enabled=spec.iam_authentication,
        kms_key_id=values.kms_key,
        network_type=spec.network_type,
        port=spec.port,
        preferred_backup_window=spec.preferred_backup_window,
        preferred_maintenance_window=spec.preferred_maintenance_window,
        serverlessv2_scaling_configuration=aws.rds.ClusterServerlessv2ScalingConfigurationArgs(
            min_capacity=scaling.min_capacity,
            max_capacity=scaling.max_capacity,
            seconds_until_auto_pause=scaling.seconds_until_auto_pause,
        )
        if scaling
        else None,
        skip_final_snapshot=False,
        storage_encrypted=spec.storage_encrypted,
        storage_type=spec.storage_type,
        tags=tags_of(entry),
        vpc_security_group_ids=list(values.security_groups) or None,
        opts=declaration.options(OWNERS, CLUSTER, protect=True),
    )


def _instance(
    entry: CatalogEntry,
    spec: AuroraSpec,
    cluster: aws.rds.Cluster,
    values: InstanceValues,
    declaration: Declaration,
) -> aws.rds.ClusterInstance:
    source = values.spec
    dependencies: list[pulumi.Resource] = [cluster]
    return aws.rds.ClusterInstance(
        name_of(entry, "instance", source.identifier),
        apply_immediately=True,
        auto_minor_version_upgrade=source.auto_minor_version_upgrade,
        ca_cert_identifier=source.ca_certificate,
        cluster_identifier=cluster.id,
        copy_tags_to_snapshot=source.copy_tags_to_snapshot,
        db_parameter_group_name=values.parameter_group,
        engine=spec.engine,
        identifier=source.identifier,
        instance_class=values.instance_class,
        monitoring_interval=source.monitoring_interval or None,
        monitoring_role_arn=values.monitoring_role,
        performance_insights_enabled=source.performance_insights or None,
        performance_insights_kms_key_id=values.performance_insights_kms_key,
        performance_insights_retention_period=source.performance_insights_retention_days,
        preferred_maintenance_window=source.preferred_maintenance_window,
        promotion_tier=source.promotion_tier,
        publicly_accessible=source.publicly_accessible,
        tags=tags_of(entry),
        opts=declaration.options(OWNERS, INSTANCE, protect=True, depends_on=dependencies),
    )


PROGRAM = Program(
    technology="aurora",
    spec=AuroraSpec,
    policy=AuroraPolicy,
    owners={"": OWNERS},
    values=aurora_values,
    site=declare_site,
    spanning=declare_global,
    classes=classes,
    stateful={
        CLUSTER: "an Aurora cluster and its data",
        INSTANCE: "a database instance",
        GLOBAL_CLUSTER: "the replication between the regions",
    },
    identities={
        CLUSTER: "{clusterIdentifier}",
        INSTANCE: "{identifier}",
        GLOBAL_CLUSTER: "{globalClusterIdentifier}",
    },
    runs=databases.aurora,
)
