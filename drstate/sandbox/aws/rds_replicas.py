"""Read replicas of RDS instances: created, promoted and, for Oracle, switched over in time.

moto makes a copy of the source with the source's lists, zone and creation time in it, promotes
within the call, and leaves a promoted one in its source's list. Nothing is replicated here either:
a replica says that it replicates, and its lag is in CloudWatch (rds_metrics).
"""

from __future__ import annotations

import copy
from typing import Any

from moto.core.utils import utcnow
from moto.rds.models import DBInstance, RDSBackend

from . import rds_errors as refuse
from . import rds_instances as instances
from . import runtime

CREATE_SECONDS = 15.0
PROMOTE_SECONDS = 20.0
SWITCHOVER_SECONDS = 25.0
MOST_REPLICAS = 15
REPLICATING = "replicating"

_default_details = DBInstance.default_db_parameter_group_details

#: a replica's own, where the request does not say otherwise
_FRESH: dict[str, Any] = {
    "backup_retention_period": 0,
    "deletion_protection": False,
    "multi_az": False,
    "monitoring_interval": 0,
    "monitoring_role_arn": None,
    "replica_mode": None,
}


class Instance:
    """Put on moto's DBInstance."""

    #: what a replica says of its replication
    replication_status = REPLICATING
    #: the name that clients knew, once a rename has cut them off
    served_as: str | None = None
    replica_mode: str | None = None
    #: the part of its host name that tells accounts apart
    account_part = "aaaaaaaaaa"

    @property
    def address(self: Any) -> str:
        """The host name that clients know."""
        name, region = self.db_instance_identifier, self.region
        return f"{name}.{self.account_part}.{region}.rds.amazonaws.com"

    def default_db_parameter_group_details(self: Any) -> tuple[str, str]:
        """Family and name of AWS's own group; moto takes more of the version into some of them."""
        family, _ = _default_details(self)
        parts = str(self.engine_version).split(".")
        if self.engine == "aurora-mysql":
            family = f"{self.engine}{'.'.join(parts[:2])}"
        elif self.engine.startswith("oracle-"):
            family = f"{self.engine}-{parts[0]}"
        return family, f"default.{family}"

    @property
    def db_parameter_group_status_list(self: Any) -> list[dict[str, str]]:
        """The group and whether it is applied; moto writes that into the group, where it stays."""
        return [
            {"DBParameterGroupName": group.name, "ParameterApplyStatus": "in-sync"}
            for group in self.db_parameter_groups()
        ]

    @property
    def status_infos(self: Any) -> list[dict[str, Any]]:
        """How replication goes; of instances that are no replicas there is nothing to say."""
        if not self.is_replica:
            return []
        return [
            {
                "StatusType": "read replication",
                "Normal": self.replication_status == REPLICATING,
                "Status": self.replication_status,
            }
        ]


class Backend:
    """Put on moto's RDSBackend."""

    def create_db_instance_read_replica(self: Any, db_kwargs: Any) -> DBInstance:
        """A replica of an available instance; available in a while."""
        given = {key: value for key, value in dict(db_kwargs).items() if value is not None}
        name = str(given["db_instance_identifier"]).lower()
        source = self.find_db_from_id(given["source_db_instance_identifier"])
        _require(self, source, name, given)
        made = _copied(self, source, name)
        for key in ("pre_signed_url", "source_region", "source_db_instance_identifier"):
            given.pop(key, None)
        tags = given.pop("tags", None)
        made.enabled_cloudwatch_logs_exports = list(given.pop("enable_cloudwatch_logs_exports", []))
        made.update(**given)
        instances.insights(made, given)
        made.tags = tags or []
        far = source.region != self.region_name
        made.source_db_instance_identifier = (
            source.db_instance_arn if far else source.db_instance_identifier
        )
        made.set_as_replica()
        self.databases[name] = made
        source.add_replica(made)
        made.status = "creating"
        instances.later(made, CREATE_SECONDS)
        return made

    def promote_read_replica(self: Any, db_kwargs: Any) -> DBInstance:
        """Make a replica an instance of its own; it is one in a while. Not while backing up."""
        replica = self.describe_db_instances(db_kwargs["db_instance_identifier"])[0]
        if not replica.is_replica:
            raise refuse.instance_state_said("DB Instance is not a read replica")
        instances.require_available(replica)
        window = db_kwargs.get("preferred_backup_window")
        days = db_kwargs.get("backup_retention_period")
        replica.status = "modifying"

        def promoted() -> None:
            instances.leave_source(replica)
            replica.is_replica = False
            replica.source_db_instance_identifier = None
            replica.served_as = None
            if window:
                replica.preferred_backup_window = window
            replica.backup_retention_period = int(days) if days is not None else 1
            if replica.status == "modifying":
                replica.status = "available"

        runtime.clock().after(PROMOTE_SECONDS, promoted)
        return replica

    def switchover_read_replica(self: Any, name: str) -> DBInstance:
        """Oracle: a replica and its source change roles, in whatever regions they are."""
        replica = self.describe_db_instances(name)[0]
        if not replica.engine.startswith("oracle"):
            raise refuse.instance_state_said(
                f"SwitchoverReadReplica is not supported for engine {replica.engine}"
            )
        if not replica.is_replica:
            raise refuse.instance_state_said("DB Instance is not a read replica")
        source = instances.named(
            self.account_id, self.region_name, replica.source_db_instance_identifier
        )
        if source is None:
            raise refuse.instance_state_said("The source of the replica does not exist")
        for one in (source, replica):
            instances.require_available(one)
            if not one.backup_retention_period:
                raise refuse.instance_state_said(
                    f"Automated backups are not enabled on {one.db_instance_identifier}"
                )
            one.status = "modifying"

        def switched() -> None:
            instances.leave_source(replica)
            replica.is_replica, source.is_replica = False, True
            source.replica_mode, replica.replica_mode = replica.replica_mode, None
            source.source_db_instance_identifier = (
                replica.db_instance_arn
                if source.region != replica.region
                else replica.db_instance_identifier
            )
            replica.source_db_instance_identifier = None
            source.replication_status = REPLICATING
            replica.add_replica(source)
            for one in (source, replica):
                one.status = "available"

        runtime.clock().after(SWITCHOVER_SECONDS, switched)
        return replica


def _copied(backend: RDSBackend, source: Any, name: str) -> Any:
    made: Any = copy.copy(source)
    made.backend = backend
    made.db_instance_identifier = name
    made.dbi_resource_id = instances.resource_id()
    made.created = made.instance_create_time = utcnow()
    made.availability_zone = f"{backend.region_name}a"
    made.replicas = []
    made.db_security_groups = []
    made.domain_memberships = []
    made.enabled_cloudwatch_logs_exports = []
    made.served_as = None
    for key in ("performance_insights_enabled", "replication_status"):
        vars(made).pop(key, None)
    for key, value in _FRESH.items():
        setattr(made, key, value)
    if source.region != backend.region_name:
        # groups are a region's own: what is not named is AWS's default there
        made.db_parameter_group_name = None
        made.option_group_name = _default_options(source)
        made.vpc_security_group_ids = []
        made.db_subnet_group = None
        vars(made).pop("account_part", None)
    else:
        made.vpc_security_group_ids = list(source.vpc_security_group_ids)
    return made


def _default_options(source: Any) -> str:
    major = "-".join(source.engine_version.split(".")[:2])
    return f"default:{source.engine}-{major}"


def _require(backend: Any, source: Any, name: str, given: dict[str, Any]) -> None:
    if name in backend.databases:
        raise refuse.RdsRefusal("DBInstanceAlreadyExists", "DB instance already exists")
    if source.status not in ("available", "backing-up"):
        raise refuse.instance_state(source.status)
    if not source.backup_retention_period:
        raise refuse.instance_state_said(
            "Automated backups are not enabled for this database instance. To enable automated "
            "backups, use ModifyDBInstance to set the backup retention period to a non-zero value."
        )
    if len(source.replicas) >= MOST_REPLICAS:
        raise refuse.RdsRefusal(
            "InstanceQuotaExceeded", f"An instance has at most {MOST_REPLICAS} read replicas"
        )
    if source.engine.startswith("sqlserver") and source.engine != "sqlserver-ee":
        raise refuse.combination(f"Read replicas are not supported for engine {source.engine}")
    if given.get("replica_mode") and not source.engine.startswith("oracle"):
        raise refuse.combination(f"ReplicaMode does not apply to engine {source.engine}")
    _require_key(backend, source, given)
    subnet_group = given.get("db_subnet_group_name")
    if subnet_group and subnet_group not in backend.subnet_groups:
        raise refuse.RdsRefusal(
            "DBSubnetGroupNotFoundFault", f"DB subnet group {subnet_group} does not exist."
        )
    group = given.get("db_parameter_group_name")
    if (
        group
        and group not in backend.db_parameter_groups
        and not source.is_default_parameter_group(group)
    ):
        raise refuse.RdsRefusal("DBParameterGroupNotFound", f"DBParameterGroup not found: {group}")
    options = given.get("option_group_name")
    if options and not options.startswith("default:") and options not in backend.option_groups:
        raise refuse.RdsRefusal(
            "OptionGroupNotFoundFault", f"Specified OptionGroupName: {options} not found."
        )


def _require_key(backend: Any, source: Any, given: dict[str, Any]) -> None:
    key = given.get("kms_key_id")
    if key and not source.storage_encrypted:
        raise refuse.combination(
            "Cannot create an encrypted read replica from an unencrypted source."
        )
    if source.storage_encrypted and source.region != backend.region_name:
        if not key:
            raise refuse.combination(
                "KmsKeyId is required for a read replica of an encrypted instance in another region"
            )
        if str(key).startswith("arn:") and str(key).split(":")[3] != backend.region_name:
            raise refuse.RdsRefusal(
                "KMSKeyNotAccessibleFault",
                f"The KMS key {key} is not in {backend.region_name}",
            )
