"""A new replica under the identifier that both sites use, made by an action.

The first replica of a declared site is made by its stack. After every change of roles RDS needs a
new one, because an instance cannot be made a replica again: it gets the same identifier, so that a
stack, an endpoint and a person find at that name what belongs there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import calls
from drstate.adapters.rds import reading
from drstate.adapters.rds.changing import RdsAction, is_available, present
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.rds import ADDRESS, RdsSpec, RdsValues

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: a replica of a large instance takes hours
_DEADLINE_SECONDS = 6 * 3600


class Replicate(RdsAction):
    """See that the instance in ``region`` replicates from the one in ``other``; make it if not."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: RdsSpec,
        region: str,
        other: str,
        *,
        values: RdsValues,
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(entry, spec, region, other)
        self.values = values
        self.tags = tags
        self.spec = ActionSpec(
            id=f"{entry.key}#replica",
            resource=entry.key,
            technology="rds",
            title=f"make {spec.identifier} in {region} a replica of the one in {other}",
            when=When.BEFORE,
            calls=(
                *calls(
                    "rds",
                    region,
                    "DescribeDBInstances",
                    "CreateDBInstanceReadReplica",
                    "ModifyDBInstance",
                ),
                *calls("rds", other, "DescribeDBInstances"),
            ),
            estimate_seconds=1800,
            deadline_seconds=_DEADLINE_SECONDS,
            # deleting a replica again would put nothing back
            undoable=False,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when it replicates from the other site's instance, and is available."""
        found = reading.instance(self.here(aws), self.db.identifier)
        facts = {
            "replica": found.arn if found else None,
            "status": found.status if found else "absent",
            "source": found.source if found else None,
        }
        if found is not None and not found.writer:
            if found.source != self.db.instance_arn(self.other):
                return Observation(
                    False,
                    facts,
                    f"{self.db.identifier} in {self.region} replicates from {found.source}",
                    f"only a replica of {self.db.instance_arn(self.other)} can take over: delete "
                    "the other one, then run this again",
                )
            return Observation(follows(found, self.db, self.other), facts)
        source = reading.instance(self.there(aws), self.db.identifier)
        if source is None or source.status not in reading.PASSING:
            return Observation(
                False,
                facts,
                f"the instance in {self.other} is {source.status if source else 'absent'}: there "
                "is nothing to replicate from",
                f"aws rds describe-db-instances --region {self.other}; then run this again",
            )
        return Observation(False, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Make the replica, wait for it, and set what cannot be said at its creation."""
        here = self.here(aws)
        found = reading.instance(here, self.db.identifier)
        if found is not None and found.writer:
            raise OperationError(
                f"{self.db.identifier} in {self.region} is an instance of its own",
                why="RDS cannot make a replica of it, and its name is needed for one",
                hint="drstate up --phase cleanup puts it away under another name",
            )
        if found is None:
            present(self.there(aws), self.db.identifier)
            here.call(
                "rds",
                "create_db_instance_read_replica",
                **request(self.db, self.values, self.other, self.tags),
            )
        self.until(run, here, self.db.identifier, "available", is_available)
        later = differing(present(here, self.db.identifier), self.db, self.values)
        if later:
            self.change(
                run,
                here,
                self.db.identifier,
                "set its backups and windows",
                lambda: here.call(
                    "rds",
                    "modify_db_instance",
                    DBInstanceIdentifier=self.db.identifier,
                    ApplyImmediately=True,
                    **later,
                ),
            )
        after = self.until(
            run,
            here,
            self.db.identifier,
            "replicating",
            lambda one: follows(one, self.db, self.other),
        )
        return {
            "replica": after.arn,
            "source": after.source,
            "endpoints": {ADDRESS: after.address} if after.address else {},
        }


def follows(found: reading.Instance, spec: RdsSpec, other: str) -> bool:
    """Whether it is an available replica of the other site's instance, and replicates."""
    return (
        found.source == spec.instance_arn(other)
        and found.replication == "replicating"
        and found.status in reading.SERVING
    )


def request(
    spec: RdsSpec, values: RdsValues, other: str, tags: Mapping[str, str]
) -> dict[str, Any]:
    """CreateDBInstanceReadReplica's parameters."""
    wanted: dict[str, Any] = {
        "DBInstanceIdentifier": spec.identifier,
        "SourceDBInstanceIdentifier": spec.instance_arn(other),
        "SourceRegion": other,
        "DBInstanceClass": values.instance_class,
        "MultiAZ": values.multi_az,
        "AutoMinorVersionUpgrade": spec.auto_minor_version_upgrade,
        "CopyTagsToSnapshot": spec.copy_tags_to_snapshot,
        "DeletionProtection": spec.deletion_protection,
        "EnableIAMDatabaseAuthentication": spec.iam_authentication,
        "PubliclyAccessible": spec.publicly_accessible,
        "DBSubnetGroupName": values.subnet_group,
        "VpcSecurityGroupIds": list(values.security_groups),
        "DBParameterGroupName": values.parameter_group,
        "OptionGroupName": values.option_group,
        "KmsKeyId": values.kms_key,
        "StorageType": spec.storage_type,
        "Iops": values.iops,
        "StorageThroughput": values.throughput,
        "MaxAllocatedStorage": spec.max_allocated_gib,
        "Port": spec.port,
        "NetworkType": spec.network_type,
        "EnableCloudwatchLogsExports": list(spec.log_exports),
        "CACertificateIdentifier": spec.ca_certificate,
        "MonitoringInterval": spec.monitoring_interval or None,
        "MonitoringRoleArn": values.monitoring_role,
        "EnablePerformanceInsights": spec.performance_insights or None,
        "PerformanceInsightsKMSKeyId": values.performance_insights_kms_key,
        "PerformanceInsightsRetentionPeriod": spec.performance_insights_retention_days,
        "ReplicaMode": values.replica_mode,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    return {key: value for key, value in wanted.items() if value not in (None, [])}


def differing(found: reading.Instance, spec: RdsSpec, values: RdsValues) -> dict[str, Any]:
    """ModifyDBInstance's parameters for what is not as the site state wants it."""
    wanted: dict[str, Any] = {
        "DBInstanceClass": values.instance_class,
        "MultiAZ": values.multi_az,
        "BackupRetentionPeriod": values.backup_retention_days,
        "PreferredBackupWindow": spec.backup_window,
        "PreferredMaintenanceWindow": spec.maintenance_window,
        "DeletionProtection": spec.deletion_protection,
    }
    return {
        key: value
        for key, value in wanted.items()
        if value is not None and not _same(found.shown.get(key), value)
    }


def _same(have: Any, wanted: Any) -> bool:
    if isinstance(wanted, str):
        return str(have).lower() == wanted.lower()
    return bool((have or 0) == wanted)
