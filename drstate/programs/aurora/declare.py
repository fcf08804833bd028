"""Declares the recovery cluster with the instances of its source, and the global cluster.

Everything is protected: the cluster and the global cluster hold the data, an instance that goes
takes the writer's or a reader's place with it.
"""

from __future__ import annotations

from drstate.model.catalog import CatalogEntry
from drstate.programs.aurora.owners import CLUSTER, GLOBAL_CLUSTER, INSTANCE, OWNERS
from drstate.programs.aurora.spec import READER, WRITER, AuroraPolicy, AuroraSpec
from drstate.programs.aurora.values import AuroraValues, InstanceValues, aurora_values
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.lazy import aws, pulumi


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
