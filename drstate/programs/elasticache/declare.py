"""A replication group declared: the recovery site's member, and the datastore over both sites.

Who takes writes is not said anywhere here: a provider that sees the role turned would replace the
group. Both resources are protected.
"""

from __future__ import annotations

from dataclasses import dataclass

from drstate.errors import InternalError
from drstate.model.catalog import GLOBAL, CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.elasticache.spec import (
    CONFIGURATION,
    DATASTORE,
    PRIMARY,
    READER,
    ElasticachePolicy,
    ElasticacheSpec,
    LogDelivery,
)
from drstate.programs.lazy import aws, pulumi
from drstate.programs.levels import Level, level
from drstate.programs.owners import Owner, Owners, Property, program
from drstate.programs.translator import Translator

GLOBAL_GROUP = "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup"
GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"

_OF_DATASTORE = "every member has what the datastore has"

OWNERS: Owners = {
    GLOBAL_GROUP: (
        *program("globalReplicationGroupIdSuffix", "globalReplicationGroupDescription", "region"),
        Property(
            "primaryReplicationGroupId",
            Owner.ADAPTER,
            "only says who took writes when it was made; the primary moves",
        ),
        Property("automaticFailoverEnabled", Owner.AWS, "taken from the source group"),
        Property("cacheNodeType", Owner.AWS, "taken from the source group"),
        Property("engine", Owner.AWS, "taken from the source group"),
        Property("engineVersion", Owner.AWS, "upgrades are made on the datastore"),
        Property("numNodeGroups", Owner.AWS, "taken from the source group"),
        Property("parameterGroupName", Owner.AWS, "taken from the source group"),
    ),
    GROUP: (
        *program(
            "applyImmediately",
            "autoMinorVersionUpgrade",
            "description",
            "finalSnapshotIdentifier",
            "ipDiscovery",
            "kmsKeyId",
            "logDeliveryConfigurations",
            "maintenanceWindow",
            "multiAzEnabled",
            "networkType",
            "notificationTopicArn",
            "numCacheClusters",
            "port",
            "replicasPerNodeGroup",
            "replicationGroupId",
            "securityGroupIds",
            "snapshotRetentionLimit",
            "snapshotWindow",
            "subnetGroupName",
            "tags",
            "userGroupIds",
        ),
        Property(
            "globalReplicationGroupId",
            Owner.ADAPTER,
            "given at creation; a last resort takes the group out, which must not be undone",
        ),
        Property("automaticFailoverEnabled", Owner.AWS, f"given at creation; then {_OF_DATASTORE}"),
        Property("atRestEncryptionEnabled", Owner.AWS, _OF_DATASTORE),
        Property("authToken", Owner.AWS, _OF_DATASTORE),
        Property("clusterMode", Owner.AWS, _OF_DATASTORE),
        Property("dataTieringEnabled", Owner.AWS, _OF_DATASTORE),
        Property("engine", Owner.AWS, _OF_DATASTORE),
        Property("engineVersion", Owner.AWS, _OF_DATASTORE),
        Property("nodeGroupConfigurations", Owner.AWS, _OF_DATASTORE),
        Property("nodeType", Owner.AWS, _OF_DATASTORE),
        Property("numNodeGroups", Owner.AWS, _OF_DATASTORE),
        Property("parameterGroupName", Owner.AWS, _OF_DATASTORE),
        Property("preferredCacheClusterAzs", Owner.AWS, "AWS places the nodes"),
        Property("transitEncryptionEnabled", Owner.AWS, _OF_DATASTORE),
        Property("transitEncryptionMode", Owner.AWS, _OF_DATASTORE),
    ),
}


@dataclass(frozen=True)
class ElasticacheValues:
    """The group's identifiers and size at the site."""

    subnet_group: str | None
    security_groups: tuple[str, ...]
    kms_key: str | None
    #: of the snapshot way alone: a member of a datastore has the datastore's
    parameter_group: str | None
    user_groups: tuple[str, ...]
    notification_topic: str | None
    logs: tuple[LogDelivery, ...]
    auth_token_secret: str | None
    replicas: int


def elasticache_values(spec: ElasticacheSpec, translator: Translator) -> ElasticacheValues:
    """Translate; missing mappings are collected in ``translator.problems``."""
    policy = translator.policy("elasticache", ElasticachePolicy)
    by_datastore = spec.by_datastore(policy)
    secret = policy.auth_token_secrets.get(spec.identifier) if spec.auth_token else None
    standby = level(translator.shard.site_state) is Level.STANDBY
    table = SiteMapTable
    return ElasticacheValues(
        subnet_group=translator.group(
            table.CACHE_SUBNET_GROUPS, spec.subnet_group, "cache subnet group"
        ),
        security_groups=translator.security_groups(spec.security_groups),
        kms_key=translator.arn(table.KMS_KEYS, spec.kms_key, "KMS key")
        if spec.encrypted_at_rest and spec.kms_key
        else None,
        parameter_group=None
        if by_datastore
        else translator.group(
            table.CACHE_PARAMETER_GROUPS,
            spec.parameter_group,
            "cache parameter group",
        ),
        user_groups=tuple(
            sorted(
                translator.required(table.IDENTIFIERS, group, "user group")
                for group in spec.user_groups
            )
        ),
        notification_topic=translator.arn(table.TOPICS, spec.notification_topic, "SNS topic")
        if spec.notification_topic
        else None,
        logs=tuple(_log(log, translator) for log in spec.logs),
        auth_token_secret=_token_secret(secret, translator, by_datastore=by_datastore),
        replicas=replicas_at(spec, policy, standby=standby),
    )


def _token_secret(secret: str | None, translator: Translator, *, by_datastore: bool) -> str | None:
    if secret is None:
        return None
    if by_datastore:
        # a member has its primary's token: only a drill's copy asks, and can say that it lacks it
        return translator.translation.find(SiteMapTable.SECRETS, secret)
    return translator.arn(SiteMapTable.SECRETS, secret, "secret of the auth token")


def replicas_at(spec: ElasticacheSpec, policy: ElasticachePolicy, *, standby: bool) -> int:
    """Replicas per shard: never fewer than failover between zones needs."""
    if not standby or policy.standby_replicas is None:
        return spec.replicas
    needed = spec.multi_az or (spec.automatic_failover and not spec.cluster_mode)
    return min(spec.replicas, max(policy.standby_replicas, int(needed)))


def _log(log: LogDelivery, translator: Translator) -> LogDelivery:
    if log.destination_type == "cloudwatch-logs":
        there = translator.optional(SiteMapTable.LOG_GROUPS, log.destination)
    else:
        there = translator.required(SiteMapTable.STREAMS, log.destination, "delivery stream")
    return log.model_copy(update={"destination": there})


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    return [
        aws.elasticache.GlobalReplicationGroup,
        aws.elasticache.ReplicationGroup,
        aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs,
    ]


def declare_global(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The datastore over the source group."""
    spec = ElasticacheSpec.model_validate(entry.spec)
    declared = aws.elasticache.GlobalReplicationGroup(
        name_of(entry, "datastore"),
        global_replication_group_description=spec.own_description,
        global_replication_group_id_suffix=spec.own_suffix,
        primary_replication_group_id=spec.identifier,
        # said, so that a creation that was cut off can be looked for
        region=declaration.shard.provider_region,
        opts=declaration.options(OWNERS, GLOBAL_GROUP, protect=True),
    )
    return DeclaredOutputs(
        endpoints={DATASTORE: declared.global_replication_group_id},
        resources={DATASTORE: declared.arn},
    )


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The member of the datastore at the shard's site."""
    spec = ElasticacheSpec.model_validate(entry.spec)
    translator = declaration.translator(entry, spec.region)
    values = elasticache_values(spec, translator)
    translator.settle()
    nodes = (
        {"replicas_per_node_group": values.replicas}
        if spec.cluster_mode
        else {"num_cache_clusters": 1 + values.replicas}
    )
    group = aws.elasticache.ReplicationGroup(
        name_of(entry),
        apply_immediately=True,
        auto_minor_version_upgrade=spec.auto_minor_version_upgrade,
        automatic_failover_enabled=spec.automatic_failover,
        description=spec.description,
        final_snapshot_identifier=f"{spec.identifier}-final",
        global_replication_group_id=_datastore(entry, spec),
        ip_discovery=spec.ip_discovery,
        kms_key_id=values.kms_key,
        log_delivery_configurations=[
            aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs(
                destination=log.destination,
                destination_type=log.destination_type,
                log_format=log.log_format,
                log_type=log.log_type,
            )
            for log in values.logs
        ]
        or None,
        maintenance_window=spec.maintenance_window,
        multi_az_enabled=spec.multi_az,
        network_type=spec.network_type,
        notification_topic_arn=values.notification_topic,
        port=spec.port,
        replication_group_id=spec.identifier,
        security_group_ids=list(values.security_groups) or None,
        snapshot_retention_limit=spec.snapshot_retention_days,
        snapshot_window=spec.snapshot_window,
        subnet_group_name=values.subnet_group,
        tags=tags_of(entry),
        user_group_ids=list(values.user_groups) or None,
        opts=declaration.options(OWNERS, GROUP, protect=True),
        **nodes,
    )
    endpoints = (
        {CONFIGURATION: group.configuration_endpoint_address}
        if spec.cluster_mode
        else {PRIMARY: group.primary_endpoint_address, READER: group.reader_endpoint_address}
    )
    return DeclaredOutputs(endpoints=endpoints, resources={"group": group.arn})


def _datastore(entry: CatalogEntry, spec: ElasticacheSpec) -> pulumi.Input[str]:
    known = spec.datastore or entry.endpoints.get(GLOBAL, {}).get(DATASTORE)
    if known:
        return known
    if not pulumi.runtime.is_dry_run():
        raise InternalError(
            f"{entry.key}: the id of its global datastore is not known yet",
            why="the scope's global stack has to make it first; AWS chooses its first letters",
            hint="drstate up --phase replicate; if it happens again, report it with drstate logs",
        )
    # a preview before the first update: the value is ignored ever after
    return f"unknown-{spec.own_suffix}"
