"""RDS copies: an instance from a snapshot, and a copy-on-write clone of a cluster.

moto copies every attribute of the original, so that a copy of a replica would be a replica, a clone
of a member of a global database a member, and both would share its tags. A copy has the original's
engine, version, user and storage, and everything else from the request.
"""

from __future__ import annotations

from typing import Any

from moto.rds.models import DBCluster, DBInstance

from . import rds_errors as refuse

#: what a copy has from its original whatever the request says: attribute -> create's name
_INSTANCE = (
    "engine",
    "engine_version",
    "allocated_storage",
    "master_username",
    "db_name",
    "storage_type",
    "iops",
    "storage_encrypted",
    "kms_key_id",
)
_CLUSTER = (
    "engine",
    "engine_version",
    "engine_mode",
    "master_username",
    "database_name",
    "storage_encrypted",
    "kms_key_id",
    "backup_retention_period",
    "port",
)
_CLONED_FROM = frozenset({"available"})
_PASSWORD = "as-in-the-original"  # noqa: S105 - an emulated one


class Backend:
    """Put on moto's RDSBackend."""

    def restore_db_instance_from_db_snapshot(
        self: Any, from_snapshot_id: str, overrides: dict[str, Any]
    ) -> DBInstance:
        """An instance of its own, with the snapshot's data."""
        snapshot = self.describe_db_snapshots(
            db_instance_identifier=None, db_snapshot_identifier=from_snapshot_id
        )[0]
        if snapshot.status != "available":
            raise refuse.RdsRefusal(
                "InvalidDBSnapshotState", f"Snapshot {from_snapshot_id} is {snapshot.status}"
            )
        given = _given(overrides, "db_snapshot_identifier")
        same = _of(snapshot.database, _INSTANCE)
        same["storage_encrypted"], same["kms_key_id"] = snapshot.encrypted, snapshot.kms_key_id
        made: DBInstance = self.create_db_instance(
            {"master_user_password": _PASSWORD, **same, **given}
        )
        return made

    def restore_db_cluster_to_point_in_time(
        self: Any,
        db_cluster_identifier: str,
        source_db_cluster_identifier: str,
        restore_type: str = "full-copy",
        restore_to_time: Any = None,
        use_latest_restorable_time: bool = False,
        **overrides: Any,
    ) -> DBCluster:
        """A cluster of its own, with the data of the original and no instances."""
        if restore_to_time is not None and (
            use_latest_restorable_time or restore_type == "copy-on-write"
        ):
            raise refuse.combination("RestoreToTime cannot be specified together with that")
        original = self.clusters.get(source_db_cluster_identifier)
        if original is None:
            raise refuse.cluster_not_found(source_db_cluster_identifier)
        if original.status not in _CLONED_FROM:
            raise refuse.cluster_state(
                f"DB Cluster {source_db_cluster_identifier} is in {original.status} state"
            )
        made: DBCluster = self.create_db_cluster(
            {
                "master_user_password": _PASSWORD,
                **_of(original, _CLUSTER),
                **_given(overrides),
                "db_cluster_identifier": db_cluster_identifier,
            }
        )
        return made


def _of(original: Any, names: tuple[str, ...]) -> dict[str, Any]:
    found = {name: getattr(original, name, None) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _given(request: Any, *without: str) -> dict[str, Any]:
    return {
        key: value
        for key, value in dict(request).items()
        if value is not None and key not in without
    }
