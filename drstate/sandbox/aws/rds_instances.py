"""RDS instances: created, changed, renamed, stopped, backed up and deleted in time.

An instance of a cluster takes what it shares from its cluster. moto answers everything at once and
accepts everything at any moment; here a change is refused while another one goes on, a backup is a
state of its own, and a renamed instance takes its replicas along.
"""

from __future__ import annotations

from typing import Any

from moto.moto_api._internal import mock_random
from moto.rds.models import DBInstance, DBSnapshot, RDSBackend, rds_backends

from . import rds_errors as refuse
from . import runtime

INSTANCE_SECONDS = 15.0
MODIFY_SECONDS = 3.0
RENAME_SECONDS = 10.0
STOP_SECONDS = 15.0
START_SECONDS = 20.0
BACKUP_SECONDS = 10.0

_create = RDSBackend.create_db_instance
_modify = RDSBackend.modify_db_instance
_delete = RDSBackend.delete_db_instance
_snapshot = RDSBackend.create_db_snapshot
_stop = RDSBackend.stop_db_instance
_start = RDSBackend.start_db_instance

#: what an instance of a cluster cannot have otherwise than its cluster
_CLUSTER_OWNED = ("backup_retention_period", "engine_version", "storage_encrypted")


class Backend:
    """Put on moto's RDSBackend."""

    def create_db_instance(self: Any, db_kwargs: Any) -> DBInstance:
        """Create an instance; in a cluster it takes the cluster's engine."""
        cluster_name = db_kwargs.get("db_cluster_identifier")
        if cluster_name:
            cluster = self.clusters.get(cluster_name)
            if cluster is None:
                raise refuse.cluster_not_found(cluster_name)
            if cluster.status in {"deleting", "switching-over", "failing-over"}:
                raise refuse.cluster_state(
                    f"DB Cluster {cluster_name} is in {cluster.status} state"
                )
        made = _create(self, db_kwargs)
        # moto gives every instance the same resource id.
        made.dbi_resource_id = resource_id()
        insights(made, db_kwargs)
        made.status = "creating"
        if cluster_name:
            owner = self.clusters[cluster_name]
            owner.designate_writer()
            # An instance is where its cluster is, whether or not that was said again.
            if getattr(made, "db_subnet_group", None) is None:
                made.db_subnet_group = self.subnet_groups.get(owner.db_subnet_group_name)
            made.network_type = owner.network_type
        elif db_kwargs.get("network_type"):
            made.network_type = db_kwargs["network_type"]
        later(made, INSTANCE_SECONDS)
        return made

    def modify_db_instance(self: Any, db_instance_identifier: str, db_kwargs: Any) -> DBInstance:
        """Change an available instance."""
        instance = self.describe_db_instances(db_instance_identifier)[0]
        require_available(instance)
        # moto writes whatever is passed onto the instance, its cluster's properties too.
        changed = {key: value for key, value in dict(db_kwargs).items() if value is not None}
        if instance.db_cluster_identifier:
            for owned in _CLUSTER_OWNED:
                changed.pop(owned, None)
        _check_groups(self, instance, changed)
        _check_backups(instance, changed)
        renamed = _new_name(self, instance, changed)
        backs_up = _begins_backups(instance, changed)
        before = instance.db_instance_identifier, instance.db_instance_arn
        changed["db_instance_identifier"] = before[0]
        if not changed.get("rotate_master_user_password"):
            # moto would keep it as if it were a property
            changed.pop("apply_immediately", None)
        if renamed:
            changed["new_db_instance_identifier"] = renamed
        shown = _modify(self, before[0], changed)
        insights(shown, changed)
        if renamed:
            _take_along(instance, *before)
        shown.status = "renaming" if renamed else "modifying"
        later(shown, RENAME_SECONDS if renamed else MODIFY_SECONDS, then_backs_up=backs_up)
        return shown

    def create_db_snapshot(
        self: Any, db_instance_identifier: str, db_snapshot_identifier: str, **options: Any
    ) -> DBSnapshot:
        """A snapshot of an available instance, which is `backing-up` meanwhile."""
        instance = self.databases.get(db_instance_identifier)
        manual = options.get("snapshot_type", "manual") == "manual"
        if instance is not None and manual and instance.status not in _BACKED_UP:
            raise refuse.instance_state(instance.status)
        made = _snapshot(self, db_instance_identifier, db_snapshot_identifier, **options)
        if manual and instance is not None:
            made.status = "creating"
            if instance.status == "available":
                instance.status = "backing-up"
            later(instance, BACKUP_SECONDS, of="backing-up")
            runtime.clock().after(BACKUP_SECONDS, lambda: setattr(made, "status", "available"))
        return made

    def stop_db_instance(
        self: Any, db_instance_identifier: str, db_snapshot_identifier: str | None = None
    ) -> DBInstance:
        """Stop an instance that is no replica and has none."""
        instance = self.describe_db_instances(db_instance_identifier)[0]
        if instance.is_replica or instance.replicas:
            raise refuse.instance_state_said(
                "Cannot stop or start a read replica instance or an instance with read replicas"
            )
        stopped = _stop(self, db_instance_identifier, db_snapshot_identifier)
        stopped.status = "stopping"
        later(stopped, STOP_SECONDS, into="stopped")
        return stopped

    def start_db_instance(self: Any, db_instance_identifier: str) -> DBInstance:
        """Start a stopped instance."""
        started = _start(self, db_instance_identifier)
        started.status = "starting"
        later(started, START_SECONDS)
        return started

    def delete_db_instance(
        self: Any,
        db_instance_identifier: str,
        final_db_snapshot_identifier: str | None = None,
        skip_final_snapshot: bool | None = False,
        delete_automated_backups: bool | None = True,
        **_: Any,
    ) -> DBInstance:
        """Delete an unprotected instance; what replicated from it no longer does."""
        instance = self.databases.get(db_instance_identifier)
        replica = instance is not None and instance.is_replica
        if instance is not None and not instance.db_cluster_identifier:
            _check_final(instance, final_db_snapshot_identifier, bool(skip_final_snapshot))
            if instance.status not in _DELETED_FROM:
                raise refuse.instance_state(instance.status)
        if replica:
            # moto looks for a replica of another region under the wrong name
            instance.is_replica = False
            leave_source(instance)
        deleted = _delete(
            self,
            db_instance_identifier,
            final_db_snapshot_identifier,
            skip_final_snapshot,
            delete_automated_backups,
        )
        for follower in followers(deleted):
            follower.replication_status = "terminated"
        return deleted


_BACKED_UP = {"available", "backing-up", "stopped"}
_DELETED_FROM = {"available", "stopped", "failed", "backing-up", "incompatible-parameters"}


def resource_id() -> str:
    """A new id that an instance keeps for life."""
    return "db-" + str(mock_random.get_random_string(26)).upper()


def insights(instance: Any, given: Any) -> None:
    """Performance Insights as asked for; moto forgets it."""
    wanted = given.get("enable_performance_insights")
    if wanted is None or (not wanted and not hasattr(instance, "performance_insights_enabled")):
        return
    instance.performance_insights_enabled = bool(wanted)
    if wanted:
        days = given.get("performance_insights_retention_period")
        instance.performance_insights_retention_period = days or 7
        instance.performance_insights_kms_key_id = given.get("performance_insights_kms_key_id")


def require_available(instance: DBInstance) -> None:
    """Refuse unless it is available: not while it is changed, nor while it is backed up."""
    if instance.status != "available":
        raise refuse.instance_state(instance.status)


def later(
    instance: Any,
    seconds: float,
    *,
    into: str = "available",
    of: str = "",
    then_backs_up: bool = False,
) -> None:
    """Put an instance into its next state in a while, if it is still in the one it has now."""
    before = of or instance.status

    def done() -> None:
        if instance.status != before:
            return
        if then_backs_up:
            instance.status = "backing-up"
            later(instance, BACKUP_SECONDS)
        else:
            instance.status = into

    runtime.clock().after(seconds, done)


def named(account: str, region: str, reference: str) -> Any | None:
    """An instance by identifier in the region, or by ARN in any; None where there is none."""
    place, name = region, reference
    if reference.startswith("arn:"):
        place, name = reference.split(":")[3], reference.rsplit(":", 1)[-1]
    return rds_backends[account][place].databases.get(name)


def followers(source: DBInstance) -> list[Any]:
    """The replicas of an instance, in whatever region."""
    names = {source.db_instance_identifier, source.db_instance_arn}
    return [
        one
        for backend in list(rds_backends[source.account_id].values())
        for one in backend.databases.values()
        if one.is_replica and one.source_db_instance_identifier in names
    ]


def leave_source(replica: DBInstance) -> None:
    """Take a replica off its source's list."""
    names = {replica.db_instance_identifier, replica.db_instance_arn}
    for backend in list(rds_backends[replica.account_id].values()):
        for one in backend.databases.values():
            if one is not replica and one.replicas:
                one.replicas = [name for name in one.replicas if name not in names]


def _take_along(renamed: Any, old_name: str, old_arn: str) -> None:
    """Replicas and sources refer to the new name; the reboot has ended every connection."""
    if renamed.served_as == renamed.db_instance_identifier:
        renamed.served_as = None
    elif renamed.served_as is None:
        renamed.served_as = old_name
    for backend in list(rds_backends[renamed.account_id].values()):
        for one in backend.databases.values():
            if one.source_db_instance_identifier == old_arn:
                one.source_db_instance_identifier = renamed.db_instance_arn
            elif one.source_db_instance_identifier == old_name and one.region == renamed.region:
                one.source_db_instance_identifier = renamed.db_instance_identifier
            one.replicas = [
                renamed.db_instance_arn
                if name == old_arn
                else renamed.db_instance_identifier
                if name == old_name and one.region == renamed.region
                else name
                for name in one.replicas
            ]


def _new_name(backend: RDSBackend, instance: Any, changed: dict[str, Any]) -> str:
    wanted = str(changed.pop("new_db_instance_identifier", "") or "").lower()
    if not wanted or wanted == instance.db_instance_identifier:
        return ""
    if not changed.get("apply_immediately"):
        raise refuse.combination(
            "The sandbox renames immediately only: ApplyImmediately has to be true"
        )
    if wanted in backend.databases:
        raise refuse.RdsRefusal("DBInstanceAlreadyExists", "DB instance already exists")
    backend._validate_db_identifier(wanted)  # noqa: SLF001 - moto's own rule
    return wanted


def _check_groups(backend: RDSBackend, instance: Any, changed: dict[str, Any]) -> None:
    group = changed.get("db_parameter_group_name")
    if group and instance.is_default_parameter_group(group):
        # moto has AWS's own groups only once somebody has asked for them
        instance.db_parameter_groups()
    option = changed.get("option_group_name")
    if option and not option.startswith("default:") and option not in backend.option_groups:
        raise refuse.RdsRefusal(
            "OptionGroupNotFoundFault", f"Specified OptionGroupName: {option} not found."
        )


def _check_backups(instance: Any, changed: dict[str, Any]) -> None:
    wanted = changed.get("backup_retention_period")
    if wanted is None:
        return
    if wanted == 0 and instance.replicas:
        raise refuse.combination(
            "Automated backups cannot be disabled on an instance with read replicas"
        )
    if wanted and instance.is_replica and not backs_up_replicas(instance):
        raise refuse.combination(
            f"Automated backups are not supported on read replicas of {instance.engine} "
            f"{instance.engine_version}"
        )


def backs_up_replicas(instance: DBInstance) -> bool:
    """Whether replicas of this engine may have automated backups."""
    if instance.engine.startswith("sqlserver"):
        return False
    if instance.engine == "postgres":
        major, _, minor = instance.engine_version.partition(".")
        return (int(major), int(minor.split("-")[0] or 0)) >= (14, 1)
    return True


def _begins_backups(instance: Any, changed: dict[str, Any]) -> bool:
    wanted = changed.get("backup_retention_period")
    return bool(wanted) and not instance.backup_retention_period


def _check_final(instance: Any, snapshot: str | None, skip: bool) -> None:
    if skip and snapshot:
        raise refuse.combination(
            "FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot"
        )
    if not skip and not snapshot and not instance.is_replica:
        raise refuse.combination(
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        )
    if snapshot and instance.is_replica:
        raise refuse.combination("Cannot create a final snapshot when deleting a read replica")
