"""Aurora clusters: what may be created, changed and deleted, and their states.

A cluster is `creating` for a while and then `available`. A cluster that joins
a global database as a secondary takes engine, database and user from the primary, has no
writer, and cannot be deleted while it is a member.
"""

from __future__ import annotations

from typing import Any

from moto.rds.models import DBCluster, RDSBackend

from . import rds_errors as refuse
from . import rds_global as groups
from . import runtime

CLUSTER_SECONDS = 15.0
MODIFY_SECONDS = 3.0

_scaling_shown = DBCluster.scaling_configuration_info
_create_db_cluster = RDSBackend.create_db_cluster
_modify_db_cluster = RDSBackend.modify_db_cluster

_INHERITED = {
    "master_username": "user name",
    "master_user_password": "master user password",
    "manage_master_user_password": "managed master user password",
    "database_name": "database name",
}


class Cluster:
    """Put on moto's DBCluster."""

    @property
    def status(self: Any) -> str:
        """The state as it is; reading it changes nothing."""
        state: str = self._status
        return state

    @status.setter
    def status(self: Any, value: str) -> None:
        self._status = value

    def designate_writer(self: Any) -> None:
        """One writer in a standalone or primary cluster, none in a secondary."""
        members = self._members
        if self.global_cluster_identifier and not self.is_writer:
            for one in members:
                one.is_cluster_writer = False
            return
        writers = [one for one in members if one.is_cluster_writer]
        if len(writers) == 1 or not members:
            return
        for one in writers:
            one.is_cluster_writer = False
        order = sorted(members, key=lambda one: (one.promotion_tier, one.db_instance_identifier))
        order[0].is_cluster_writer = True

    def save_automated_backup(self: Any) -> None:
        """Nothing: Aurora's continuous backup is no snapshot of its own at creation."""

    @property
    def scaling_configuration_info(self: Any) -> Any:
        """Serverless v1 only; moto shows an empty one of every cluster, which reads as a change."""
        return _scaling_shown.fget(self) if self.engine_mode == "serverless" else None

    @property
    def global_write_forwarding_status(self: Any) -> str | None:
        """Only secondaries have one."""
        if not self.global_cluster_identifier or self.is_writer:
            return None
        wanted = getattr(self, "_global_write_forwarding_requested", None)
        return "enabled" if wanted else "disabled"


class Instance:
    """Put on moto's DBInstanceClustered."""

    def save_automated_backup(self: Any) -> None:
        """Nothing: instances of a cluster have no backups of their own."""


class Backend:
    """Put on moto's RDSBackend."""

    def create_db_cluster(self: Any, kwargs: Any) -> DBCluster:
        """Create a standalone cluster, or a member of a global database."""
        name = str(kwargs["db_cluster_identifier"]).lower()
        if name in self.clusters:
            raise refuse.RdsRefusal("DBClusterAlreadyExistsFault", "DB Cluster already exists")
        _check_surroundings(self, kwargs)
        wanted = kwargs.get("global_cluster_identifier")
        group = groups.find(self.account_id, wanted) if wanted else None
        if group is not None:
            _check_member(self, group, kwargs)
        plain = {
            key: value
            for key, value in dict(kwargs).items()
            if key not in {"global_cluster_identifier", "replication_source_identifier"}
        }
        plain["db_cluster_identifier"] = name
        leader = groups.primary(group) if group is not None else None
        if leader is not None:
            plain |= {
                "engine_version": plain.get("engine_version") or leader.engine_version,
                "master_username": leader.master_username,
                "master_user_password": "inherited-from-the-primary",
                "database_name": leader.database_name,
                "storage_encrypted": leader.storage_encrypted,
            }
        if str(plain["engine"]).startswith("aurora"):
            # moto knows the storage types of instances only
            plain["storage_type"] = plain.get("storage_type") or "aurora"
            plain["allocated_storage"] = 1
        cluster = _create_db_cluster(self, plain)
        cluster.status = "creating"
        if group is not None:
            groups.join(group, cluster)
        _later_available(cluster, CLUSTER_SECONDS)
        return cluster

    def modify_db_cluster(self: Any, kwargs: Any) -> DBCluster:
        """Change an available cluster."""
        name = str(kwargs["db_cluster_identifier"])
        cluster = self.clusters.get(name)
        if cluster is None:
            raise refuse.cluster_not_found(name)
        if cluster.status != "available":
            raise refuse.cluster_state(
                f"DB Cluster {name} is in {cluster.status} state but expected available"
            )
        group = kwargs.get("db_cluster_parameter_group_name")
        if group:
            _check_parameter_group(self, group)
        shown = _modify_db_cluster(self, kwargs)
        cluster.status = "modifying"
        shown.status = "modifying"
        _later_available(cluster, MODIFY_SECONDS)
        return shown


def delete(backend: RDSBackend, params: Any) -> DBCluster:
    """DeleteDBCluster, with the refusals of Aurora."""
    name = params["DBClusterIdentifier"]
    cluster = backend.clusters.get(name)
    if cluster is None:
        raise refuse.cluster_not_found(name)
    snapshot = params.get("FinalDBSnapshotIdentifier")
    if not snapshot and not params.get("SkipFinalSnapshot"):
        raise refuse.combination(
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        )
    if groups.of(cluster) is not None:
        raise refuse.cluster_state(
            "This cluster is a part of a global cluster, please remove it from globalcluster first"
        )
    deleted = backend.delete_db_cluster(cluster_identifier=name, snapshot_name=snapshot)
    deleted.status = "deleting"
    return deleted


def _check_surroundings(backend: RDSBackend, kwargs: Any) -> None:
    subnet_group = kwargs.get("db_subnet_group_name")
    if subnet_group and subnet_group not in backend.subnet_groups:
        raise refuse.RdsRefusal(
            "DBSubnetGroupNotFoundFault", f"Subnet Group {subnet_group} not found."
        )
    group = kwargs.get("db_cluster_parameter_group_name")
    if group:
        _check_parameter_group(backend, group)


def _check_parameter_group(backend: RDSBackend, group: str) -> None:
    if group not in backend.db_cluster_parameter_groups and not group.startswith("default."):
        raise refuse.RdsRefusal(
            "DBClusterParameterGroupNotFound", f"DBClusterParameterGroup not found: {group}"
        )


def _check_member(backend: RDSBackend, group: Any, kwargs: Any) -> None:
    groups.idle(group)
    if kwargs["engine"] != group.engine:
        raise refuse.combination(
            f"The engine {kwargs['engine']} does not match the global cluster's engine "
            f"{group.engine}"
        )
    leader = groups.primary(group)
    if leader is None:
        return
    if leader.status != "available":
        raise refuse.cluster_state(
            f"The primary cluster {leader.db_cluster_arn} is in status {leader.status}"
        )
    version = kwargs.get("engine_version")
    if version and version != leader.engine_version:
        raise refuse.combination(
            f"The engine version {version} does not match the primary cluster's "
            f"{leader.engine_version}"
        )
    for field, words in _INHERITED.items():
        if kwargs.get(field):
            raise refuse.combination(f"Cannot specify {words} for cross region replication cluster")
    if any(one.region == backend.region_name for one in group.members):
        raise refuse.value(
            f"Global cluster {group.global_cluster_identifier} already has a cluster in "
            f"{backend.region_name}"
        )
    if leader.storage_encrypted and kwargs.get("storage_encrypted") is False:
        raise refuse.combination("A secondary of an encrypted primary must be encrypted")


def _later_available(resource: Any, seconds: float) -> None:
    before = resource.status

    def ready() -> None:
        # Something else may have begun meanwhile; it ends itself.
        if resource.status == before:
            resource.status = "available"

    runtime.clock().after(seconds, ready)
