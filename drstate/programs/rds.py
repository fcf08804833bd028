"""RDS declared: a replica of the instance in the other region, under the source's own identifier.

Who replicates from whom is said at creation only: a promotion takes the role away, and RDS cannot
give it back, so after every change of roles an action makes a new replica under the same
identifier (see the adapter). While the site that served is put away (superseded, retired), nothing
of what holds its data is changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.cost import Running, Usage
from drstate.model.phases import SiteState
from drstate.model.problem import Problem
from drstate.model.scope import SiteMapTable
from drstate.model.spec import Spec
from drstate.programs.base import Program, Step
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.lazy import aws
from drstate.programs.levels import Level, level
from drstate.programs.owners import Owner, Owners, Property, program
from drstate.programs.running import SNAPSHOTS, At
from drstate.programs.translator import Translator

#: name of the endpoint that others may be bound to
ADDRESS = "address"
#: below this size, gp3 has the figures that it comes with, and setting others is refused
_GP3_FREE_GIB = 400
_FIRST_BACKED_UP = (14, 1)


class RdsSpec(Spec):
    """A DB instance that is in no cluster, as captured at the serving site."""

    identifier: str
    arn: str
    engine: str
    engine_version: str
    instance_class: str
    multi_az: bool = False
    subnet_group: str | None = None
    security_groups: tuple[str, ...] = ()
    parameter_group: str | None = None
    #: None where it is AWS's own
    option_group: str | None = None
    storage_encrypted: bool = False
    kms_key: str | None = None
    storage_type: str | None = None
    allocated_gib: int = Field(default=20, ge=1)
    #: where storage may grow by itself
    max_allocated_gib: int | None = None
    iops: int | None = None
    throughput: int | None = None
    port: int | None = None
    network_type: str | None = None
    #: a source without backups can have no replica
    backup_retention_days: int = Field(default=1, ge=1)
    backup_window: str | None = None
    maintenance_window: str | None = None
    log_exports: tuple[str, ...] = ()
    iam_authentication: bool = False
    deletion_protection: bool = False
    copy_tags_to_snapshot: bool = False
    auto_minor_version_upgrade: bool = True
    publicly_accessible: bool = False
    ca_certificate: str | None = None
    monitoring_interval: int = 0
    monitoring_role: str | None = None
    performance_insights: bool = False
    performance_insights_kms_key: str | None = None
    performance_insights_retention_days: int | None = None

    @property
    def oracle(self) -> bool:
        """Whether the roles can be switched without a new replica (Data Guard)."""
        return self.engine.startswith("oracle-")

    @property
    def major(self) -> str:
        """The major version, as parameter and option groups know it."""
        parts = self.engine_version.split(".")
        return parts[0] if self.engine in ("postgres", *_ONE_PART) else ".".join(parts[:2])

    @property
    def backs_up_replicas(self) -> bool:
        """Whether a replica of this engine and version may have automated backups."""
        if self.engine != "postgres":
            return True
        numbers = [int(part) for part in re.findall(r"\d+", self.engine_version)[:2]]
        return tuple([*numbers, 0][:2]) >= _FIRST_BACKED_UP

    def instance_arn(self, region: str) -> str:
        """ARN of the instance at a site: the identifier is the same at both."""
        arn, partition, service, _, account, kind, _ = self.arn.split(":", 6)
        return f"{arn}:{partition}:{service}:{region}:{account}:{kind}:{self.identifier}"


#: engines whose major version is one number
_ONE_PART = ("oracle-ee", "oracle-ee-cdb")


class RdsPolicy(Value):
    """Choices for RDS instances of the scope."""

    #: instance class while in standby; None: as in the source
    standby_instance_class: str | None = None
    #: whether a standby has a second zone where its source has one
    standby_multi_az: bool = True
    #: how far behind a replica may be when a planned activation begins
    max_lag_seconds: int = Field(default=300, ge=0)
    #: what CLEANUP does with the instance that served: it is renamed in any case, then stopped (AWS
    #: starts it again after 7 days), kept running, or deleted after a final snapshot
    old_source: Literal["stop", "keep", "delete"] = "stop"
    #: open-read-only needs licences (Active Data Guard), so nobody chooses it for you
    oracle_replica_mode: Literal["mounted", "open-read-only"] | None = None


INSTANCE = "aws:rds/instance:Instance"
OWNERS: Owners = {
    INSTANCE: (
        *program(
            "applyImmediately",
            "autoMinorVersionUpgrade",
            "backupRetentionPeriod",
            "backupWindow",
            "caCertIdentifier",
            "copyTagsToSnapshot",
            "dbSubnetGroupName",
            "deletionProtection",
            "enabledCloudwatchLogsExports",
            "finalSnapshotIdentifier",
            "iamDatabaseAuthenticationEnabled",
            "identifier",
            "instanceClass",
            "iops",
            "kmsKeyId",
            "maintenanceWindow",
            "maxAllocatedStorage",
            "monitoringInterval",
            "monitoringRoleArn",
            "multiAz",
            "networkType",
            "optionGroupName",
            "parameterGroupName",
            "performanceInsightsEnabled",
            "performanceInsightsKmsKeyId",
            "performanceInsightsRetentionPeriod",
            "port",
            "publiclyAccessible",
            "skipFinalSnapshot",
            "storageThroughput",
            "storageType",
            "tags",
            "vpcSecurityGroupIds",
        ),
        Property(
            "replicateSourceDb",
            Owner.ADAPTER,
            "given at creation; a promotion ends it, and a new replica is made by an action",
        ),
        Property("replicaMode", Owner.ADAPTER, "given at creation; only a replica has one"),
        Property("allocatedStorage", Owner.AWS, "taken from the source, and may grow by itself"),
        Property("availabilityZone", Owner.AWS, "AWS places the instance"),
        Property("characterSetName", Owner.AWS, "taken from the source"),
        Property("dbName", Owner.AWS, "replicated from the source"),
        Property("engine", Owner.AWS, "taken from the source"),
        Property("engineVersion", Owner.AWS, "upgraded on purpose, source and replica"),
        Property("licenseModel", Owner.AWS, "taken from the source"),
        Property("password", Owner.AWS, "replicated from the source"),
        Property("storageEncrypted", Owner.AWS, "follows from the key"),
        Property("username", Owner.AWS, "replicated from the source"),
    ),
}


@dataclass(frozen=True)
class RdsValues:
    """The instance at the site, in a site state."""

    instance_class: str
    multi_az: bool
    backup_retention_days: int
    subnet_group: str | None
    security_groups: tuple[str, ...]
    parameter_group: str | None
    option_group: str | None
    kms_key: str | None
    monitoring_role: str | None
    performance_insights_kms_key: str | None
    iops: int | None
    throughput: int | None
    replica_mode: str | None


def rds_values(spec: RdsSpec, translator: Translator) -> RdsValues:
    """Translate; missing mappings are collected in ``translator.problems``."""
    policy = translator.policy("rds", RdsPolicy)
    state = translator.shard.site_state
    small = level(state) is Level.STANDBY and state is not SiteState.RETIRED
    follows = state in (SiteState.ABSENT, SiteState.STANDBY, SiteState.WARM)
    if spec.oracle and policy.oracle_replica_mode is None:
        translator.problems.append(_no_mode(spec, translator))
    own_figures = (spec.storage_type or "").startswith("io") or spec.allocated_gib >= _GP3_FREE_GIB
    return RdsValues(
        instance_class=(policy.standby_instance_class if small else None) or spec.instance_class,
        multi_az=spec.multi_az and (policy.standby_multi_az or not small),
        backup_retention_days=0
        if follows and not spec.backs_up_replicas
        else spec.backup_retention_days,
        subnet_group=translator.group(
            SiteMapTable.DB_SUBNET_GROUPS, spec.subnet_group, "DB subnet group"
        ),
        security_groups=translator.security_groups(spec.security_groups),
        parameter_group=translator.group(
            SiteMapTable.PARAMETER_GROUPS, spec.parameter_group, "DB parameter group"
        ),
        option_group=translator.group(
            SiteMapTable.OPTION_GROUPS, spec.option_group, "DB option group"
        ),
        kms_key=_key(translator, spec.kms_key if spec.storage_encrypted else None),
        monitoring_role=translator.optional(SiteMapTable.ROLES, spec.monitoring_role)
        if spec.monitoring_role
        else None,
        performance_insights_kms_key=_key(translator, spec.performance_insights_kms_key),
        iops=spec.iops if own_figures else None,
        throughput=spec.throughput if own_figures else None,
        replica_mode=policy.oracle_replica_mode if spec.oracle else None,
    )


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    return [aws.rds.Instance]


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The instance at the shard's site."""
    spec = RdsSpec.model_validate(entry.spec)
    translator = declaration.translator(entry, spec.region)
    values = rds_values(spec, translator)
    translator.settle()
    other = declaration.shard.regions.other(declaration.shard.id.region)
    declared = aws.rds.Instance(
        name_of(entry),
        apply_immediately=True,
        auto_minor_version_upgrade=spec.auto_minor_version_upgrade,
        backup_retention_period=values.backup_retention_days,
        backup_window=spec.backup_window,
        ca_cert_identifier=spec.ca_certificate,
        copy_tags_to_snapshot=spec.copy_tags_to_snapshot,
        db_subnet_group_name=values.subnet_group,
        deletion_protection=spec.deletion_protection,
        enabled_cloudwatch_logs_exports=list(spec.log_exports) or None,
        final_snapshot_identifier=f"{spec.identifier}-final",
        iam_database_authentication_enabled=spec.iam_authentication,
        identifier=spec.identifier,
        instance_class=values.instance_class,
        iops=values.iops,
        kms_key_id=values.kms_key,
        maintenance_window=spec.maintenance_window,
        max_allocated_storage=spec.max_allocated_gib,
        monitoring_interval=spec.monitoring_interval or None,
        monitoring_role_arn=values.monitoring_role,
        multi_az=values.multi_az,
        network_type=spec.network_type,
        option_group_name=values.option_group,
        parameter_group_name=values.parameter_group,
        performance_insights_enabled=spec.performance_insights or None,
        performance_insights_kms_key_id=values.performance_insights_kms_key,
        performance_insights_retention_period=spec.performance_insights_retention_days,
        port=spec.port,
        publicly_accessible=spec.publicly_accessible,
        replica_mode=values.replica_mode,
        replicate_source_db=spec.instance_arn(other),
        skip_final_snapshot=False,
        storage_throughput=values.throughput,
        storage_type=spec.storage_type,
        tags=tags_of(entry),
        vpc_security_group_ids=list(values.security_groups) or None,
        opts=declaration.options(OWNERS, INSTANCE, protect=True),
    )
    return DeclaredOutputs(
        endpoints={ADDRESS: declared.address}, resources={"instance": declared.arn}
    )


def _key(translator: Translator, key: str | None) -> str | None:
    return translator.arn(SiteMapTable.KMS_KEYS, key, "KMS key") if key else None


def _no_mode(spec: RdsSpec, translator: Translator) -> Problem:
    field = "policies.rds.oracle_replica_mode"
    return translator.problem(
        field,
        f"{spec.engine} has two kinds of replicas, and {field} does not say which",
        f"Set {field} in {translator.scope_file} to mounted (recovery only) or open-read-only "
        "(needs the licence of Active Data Guard).",
    )


#: from this size on, gp3 has figures of its own that cost
_GP3_GIB = 400


def runs(spec: RdsSpec, at: At) -> Running:
    """The instance and its storage; after CLEANUP what ``old_source`` leaves."""
    policy: RdsPolicy = at.policy
    zones = 2 if spec.multi_az else 1
    where = ", two zones" if spec.multi_az else ""
    instance = Usage(
        what=f"{spec.instance_class}{where}",
        price=f"rds-{spec.engine}/{spec.instance_class}",
        quantity=zones,
    )
    kind = spec.storage_type or "gp2"
    storage = [
        Usage(
            what=f"{spec.allocated_gib} GiB {kind} storage{where}",
            price=f"rds-storage/{kind}",
            quantity=spec.allocated_gib * zones,
        )
    ]
    if kind.startswith("io") and spec.iops:
        storage.append(
            Usage(what=f"{spec.iops} IOPS", price=f"rds-iops/{kind}", quantity=spec.iops * zones)
        )
    unknown = (
        ("provisioned IOPS and throughput of gp3 beyond what comes with it",)
        if kind == "gp3" and (spec.iops or spec.throughput) and spec.allocated_gib >= _GP3_GIB
        else ()
    )
    running = (instance, *storage)
    if not at.retired:
        return Running(usages=running, unknown=unknown)
    match policy.old_source:
        case "stop":
            return Running(
                usages=tuple(storage),
                unknown=(*unknown, SNAPSHOTS),
                done="stopped",
                note="AWS starts a stopped instance again after 7 days, and it costs again",
            )
        case "delete":
            snapshot = Usage(
                what=f"final snapshot, at most {spec.allocated_gib} GiB",
                price="rds-snapshot/gib",
                quantity=spec.allocated_gib,
            )
            return Running(usages=(snapshot,), done="deleted after a final snapshot")
        case _:
            return Running(usages=running, unknown=(*unknown, SNAPSHOTS), done="kept")


PROGRAM = Program(
    technology="rds",
    spec=RdsSpec,
    step=Step.DATA,
    policy=RdsPolicy,
    owners={"": OWNERS},
    values=rds_values,
    site=declare_site,
    classes=classes,
    stateful={INSTANCE: "a database instance and its data"},
    rebound=frozenset({INSTANCE}),
    runs=runs,
)
