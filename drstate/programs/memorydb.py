"""MemoryDB declared: the recovery site's member of a multi-region cluster.

All members take writes, so there is no role to leave alone. A cluster that is in no multi-region
cluster declares nothing: AWS takes no existing cluster into one, and its snapshots are carried
instead. The multi-region cluster itself is always somebody else's, because it was there first.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.cost import Running
from drstate.model.scope import SiteMapTable
from drstate.model.spec import Spec
from drstate.programs.base import Program, Step
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.lazy import aws
from drstate.programs.levels import Level, level
from drstate.programs.owners import Owner, Owners, Property, program
from drstate.programs.running import At, kept, usage
from drstate.programs.translator import Translator

#: the endpoint that others may be bound to
CLUSTER_ENDPOINT = "cluster"
#: AWS's own list that lets everybody in; of this name in every region
OPEN_ACCESS = "open-access"
CLUSTER = "aws:memorydb/cluster:Cluster"


class MemorydbPolicy(Value):
    """Choices for MemoryDB resources of the scope."""

    #: replicas per shard while in standby; None: as in the source
    standby_replicas: int | None = Field(default=None, ge=0, le=5)
    #: region -> bucket of that region for exported snapshots; needed by the snapshot way alone
    export_buckets: dict[str, str] = {}
    #: age of an export up to which it is good enough for a standby: the RPO of the snapshot way
    snapshot_max_age_minutes: int = Field(default=1440, ge=1)


class MemorydbSpec(Spec):
    """A cluster as captured at the serving site."""

    identifier: str
    arn: str
    description: str = ""
    node_type: str
    engine: str
    engine_version: str
    shards: int = Field(ge=1)
    #: per shard; the smallest number where shards differ while AWS replaces a node
    replicas: int = Field(ge=0)
    port: int = 6379
    parameter_group: str | None = None
    subnet_group: str | None = None
    security_groups: tuple[str, ...] = ()
    acl: str
    tls: bool = True
    kms_key: str | None = None
    data_tiering: bool = False
    auto_minor_version_upgrade: bool = True
    maintenance_window: str | None = None
    snapshot_window: str | None = None
    snapshot_retention_days: int = 0
    notification_topic: str | None = None
    network_type: str | None = None
    ip_discovery: str | None = None
    #: the multi-region cluster that it is a member of
    multi_region: str | None = None
    #: region -> name of the member that somebody else has there
    members: dict[str, str] = {}

    def member(self, region: str) -> str:
        """Name of the cluster at a site: the same, unless somebody else has one there."""
        return self.members.get(region, self.identifier)


_OF_ALL = "every member has what the multi-region cluster has"

OWNERS: Owners = {
    CLUSTER: (
        *program(
            "aclName",
            "autoMinorVersionUpgrade",
            "description",
            "finalSnapshotName",
            "ipDiscovery",
            "kmsKeyArn",
            "maintenanceWindow",
            "multiRegionClusterName",
            "name",
            "networkType",
            "numReplicasPerShard",
            "port",
            "securityGroupIds",
            "snapshotRetentionLimit",
            "snapshotWindow",
            "snsTopicArn",
            "subnetGroupName",
            "tags",
        ),
        Property("engine", Owner.AWS, _OF_ALL),
        Property("engineVersion", Owner.AWS, _OF_ALL),
        Property("nodeType", Owner.AWS, f"said at creation; then {_OF_ALL}"),
        Property("numShards", Owner.AWS, f"said at creation; then {_OF_ALL}"),
        Property("parameterGroupName", Owner.AWS, _OF_ALL),
        Property("tlsEnabled", Owner.AWS, f"said at creation; then {_OF_ALL}"),
    ),
}


@dataclass(frozen=True)
class MemorydbValues:
    """The cluster's identifiers and size at the site."""

    acl: str
    subnet_group: str | None
    security_groups: tuple[str, ...]
    kms_key: str | None
    #: of the snapshot way alone: a member has the multi-region cluster's
    parameter_group: str | None
    notification_topic: str | None
    replicas: int


def memorydb_values(spec: MemorydbSpec, translator: Translator) -> MemorydbValues:
    """Translate; missing mappings are collected in ``translator.problems``."""
    policy = translator.policy("memorydb", MemorydbPolicy)
    table = SiteMapTable
    topic = spec.notification_topic
    return MemorydbValues(
        acl=OPEN_ACCESS
        if spec.acl == OPEN_ACCESS
        else translator.required(table.MEMORYDB_ACLS, spec.acl, "access control list"),
        subnet_group=translator.required(
            table.MEMORYDB_SUBNET_GROUPS, spec.subnet_group, "MemoryDB subnet group"
        )
        if spec.subnet_group
        else None,
        security_groups=translator.security_groups(spec.security_groups),
        kms_key=translator.arn(table.KMS_KEYS, spec.kms_key, "KMS key") if spec.kms_key else None,
        parameter_group=_parameter_group(spec, translator),
        notification_topic=translator.arn(table.TOPICS, topic, "SNS topic") if topic else None,
        replicas=replicas_at(
            spec, policy, standby=level(translator.shard.site_state) is Level.STANDBY
        ),
    )


def replicas_at(spec: MemorydbSpec, policy: MemorydbPolicy, *, standby: bool) -> int:
    """Replicas per shard."""
    if not standby or policy.standby_replicas is None:
        return spec.replicas
    return min(spec.replicas, policy.standby_replicas)


def _parameter_group(spec: MemorydbSpec, translator: Translator) -> str | None:
    name, table = spec.parameter_group, SiteMapTable.MEMORYDB_PARAMETER_GROUPS
    if spec.multi_region is not None:
        return None
    return translator.group(table, name, "MemoryDB parameter group")


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    return [aws.memorydb.Cluster]


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The member of the multi-region cluster at the shard's site."""
    spec = MemorydbSpec.model_validate(entry.spec)
    translator = declaration.translator(entry, spec.region)
    values = memorydb_values(spec, translator)
    translator.settle()
    cluster = aws.memorydb.Cluster(
        name_of(entry),
        acl_name=values.acl,
        auto_minor_version_upgrade=spec.auto_minor_version_upgrade,
        description=spec.description,
        final_snapshot_name=f"{spec.identifier}-final",
        ip_discovery=spec.ip_discovery,
        kms_key_arn=values.kms_key,
        maintenance_window=spec.maintenance_window,
        multi_region_cluster_name=spec.multi_region,
        name=spec.identifier,
        network_type=spec.network_type,
        node_type=spec.node_type,
        num_replicas_per_shard=values.replicas,
        num_shards=spec.shards,
        port=spec.port,
        security_group_ids=list(values.security_groups) or None,
        snapshot_retention_limit=spec.snapshot_retention_days,
        snapshot_window=spec.snapshot_window,
        sns_topic_arn=values.notification_topic,
        subnet_group_name=values.subnet_group,
        tags=tags_of(entry),
        tls_enabled=spec.tls,
        opts=declaration.options(OWNERS, CLUSTER, protect=True),
    )
    return DeclaredOutputs(
        endpoints={CLUSTER_ENDPOINT: cluster.cluster_endpoints[0].address},
        resources={"cluster": cluster.arn},
    )


def runs(spec: MemorydbSpec, at: At) -> Running:
    """The nodes; a declared member may have fewer replicas."""
    smaller = at.declared and at.retired and spec.multi_region is not None
    replicas = replicas_at(spec, at.policy, standby=smaller)
    nodes = spec.shards * (1 + replicas)
    return Running(
        usages=(usage(nodes, spec.node_type, f"memorydb-{spec.engine}/{spec.node_type}"),),
        unknown=("data written, and snapshots",),
        done="fewer replicas, kept" if replicas < spec.replicas else kept(at),
    )


PROGRAM = Program(
    technology="memorydb",
    spec=MemorydbSpec,
    step=Step.DATA,
    policy=MemorydbPolicy,
    owners={"": OWNERS},
    values=memorydb_values,
    site=declare_site,
    classes=classes,
    stateful={CLUSTER: "an in-memory database and its data"},
    identities={CLUSTER: "{name}"},
    runs=runs,
)
