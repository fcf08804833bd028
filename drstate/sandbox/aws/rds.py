"""RDS: Aurora clusters that behave like Aurora's, put in place of moto's.

The rules are in files of their own: rds_clusters (clusters and their states), rds_global and
rds_move (global databases), rds_instances and rds_replicas (instances and their read replicas),
rds_metrics (lag), rds_tags, rds_errors (the refusals).
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.models import DBCluster, DBInstance, DBInstanceClustered, GlobalCluster, RDSBackend
from moto.rds.responses import RDSResponse

from . import (
    rds_clusters,
    rds_errors,
    rds_global,
    rds_instances,
    rds_move,
    rds_replicas,
    rds_restoring,
    rds_tags,
)
from .extend import extend
from .modelled import checked
from .pages import page


def _paged(key: str, found: list[Any], params: Any) -> ActionResult:
    limit = int(params.get("MaxRecords") or 100)
    if not 20 <= limit <= 100:
        raise rds_errors.value("MaxRecords must be between 20 and 100.")
    part, marker = page(found, limit, params.get("Marker"), _bad_marker)
    return ActionResult({key: part, "Marker": marker})


def _bad_marker() -> Exception:
    return rds_errors.value("The value of Marker is not valid.")


def _require_group(name: str | None, found: Any, what: str) -> None:
    if name and not found:
        raise rds_errors.RdsRefusal("DBParameterGroupNotFound", f"{what} not found: {name}")


class _Responses:
    def describe_db_clusters(self: Any) -> ActionResult:
        """Pages of clusters."""
        filters = {one["Name"]: one["Values"] for one in self.params.get("Filters", [])}
        clusters = self.backend.describe_db_clusters(
            db_cluster_identifier=self.params.get("DBClusterIdentifier"), filters=filters
        )
        return _paged("DBClusters", list(clusters), self.params)

    def describe_global_clusters(self: Any) -> ActionResult:
        """Pages of global clusters, the same from every region."""
        found = rds_global.describe(
            self.current_account,
            self.params.get("GlobalClusterIdentifier"),
            {one["Name"]: one["Values"] for one in self.params.get("Filters", [])},
        )
        return _paged("GlobalClusters", list(found), self.params)

    def describe_db_parameter_groups(self: Any) -> ActionResult:
        """Parameter groups; one that is asked for by name and is not there is refused."""
        found = self.backend.describe_db_parameter_groups(self.params)
        _require_group(self.params.get("DBParameterGroupName"), found, "DBParameterGroup")
        return _paged("DBParameterGroups", list(found), self.params)

    def create_global_cluster(self: Any) -> ActionResult:
        """An empty global cluster, or one around an existing cluster."""
        return ActionResult(
            {"GlobalCluster": rds_global.create(self.current_account, self.region, self.params)}
        )

    def modify_global_cluster(self: Any) -> ActionResult:
        """Rename, protect, unprotect."""
        return ActionResult({"GlobalCluster": rds_global.modify(self.current_account, self.params)})

    def delete_global_cluster(self: Any) -> ActionResult:
        """Delete an empty, unprotected global cluster."""
        name = self.params["GlobalClusterIdentifier"]
        return ActionResult({"GlobalCluster": rds_global.delete(self.current_account, name)})

    def remove_from_global_cluster(self: Any) -> ActionResult:
        """Make a member a standalone cluster."""
        return ActionResult({"GlobalCluster": rds_global.detach(self.current_account, self.params)})

    def switchover_global_cluster(self: Any) -> ActionResult:
        """Planned change of the primary, without loss."""
        return ActionResult(
            {
                "GlobalCluster": rds_move.switchover(
                    self.current_account,
                    self.region,
                    self.params["GlobalClusterIdentifier"],
                    self.params["TargetDbClusterIdentifier"],
                )
            }
        )

    def failover_global_cluster(self: Any) -> ActionResult:
        """Change of the primary after a disaster, with consent to loss; else a switchover."""
        return ActionResult(
            {
                "GlobalCluster": rds_move.failover(
                    self.current_account,
                    self.region,
                    self.params["GlobalClusterIdentifier"],
                    self.params["TargetDbClusterIdentifier"],
                    allow_data_loss=bool(self.params.get("AllowDataLoss")),
                    as_switchover=bool(self.params.get("Switchover")),
                )
            }
        )

    def switchover_read_replica(self: Any) -> ActionResult:
        """Oracle: a replica and its source change roles."""
        name = self.params["DBInstanceIdentifier"]
        return ActionResult({"DBInstance": self.backend.switchover_read_replica(name)})

    def delete_db_cluster(self: Any) -> ActionResult:
        """Delete a standalone, unprotected cluster without instances."""
        return ActionResult({"DBCluster": rds_clusters.delete(self.backend, self.params)})


def install() -> None:
    """Correct moto's RDS."""
    checked(RDSResponse)
    extend(
        RDSResponse,
        _Responses,
        replaces=frozenset(
            {
                "describe_db_clusters",
                "describe_db_parameter_groups",
                "describe_global_clusters",
                "create_global_cluster",
                "delete_global_cluster",
                "remove_from_global_cluster",
                "delete_db_cluster",
            }
        ),
    )
    extend(
        RDSBackend,
        rds_clusters.Backend,
        replaces=frozenset({"create_db_cluster", "modify_db_cluster"}),
    )
    extend(
        RDSBackend,
        rds_instances.Backend,
        replaces=frozenset(
            {
                "create_db_instance",
                "modify_db_instance",
                "create_db_snapshot",
                "stop_db_instance",
                "start_db_instance",
                "delete_db_instance",
            }
        ),
    )
    extend(
        DBInstance,
        rds_replicas.Instance,
        replaces=frozenset(
            {"address", "db_parameter_group_status_list", "default_db_parameter_group_details"}
        ),
    )
    extend(
        RDSBackend,
        rds_replicas.Backend,
        replaces=frozenset({"create_db_instance_read_replica", "promote_read_replica"}),
    )
    extend(
        RDSBackend,
        rds_restoring.Backend,
        replaces=frozenset(
            {"restore_db_instance_from_db_snapshot", "restore_db_cluster_to_point_in_time"}
        ),
    )
    extend(
        RDSBackend,
        rds_tags.Tagged,
        replaces=frozenset({"iter_tagged_resources", "_get_resource_for_tagging"}),
    )
    extend(
        DBCluster,
        rds_clusters.Cluster,
        replaces=frozenset(
            {"status", "designate_writer", "save_automated_backup", "scaling_configuration_info"}
        ),
    )
    extend(
        DBInstanceClustered,
        rds_clusters.Instance,
        replaces=frozenset({"save_automated_backup"}),
    )
    extend(GlobalCluster, rds_global.Members, replaces=frozenset({"global_cluster_members"}))
