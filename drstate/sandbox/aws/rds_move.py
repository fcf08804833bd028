"""Moving the primary of a global database: switchover and failover.

A switchover is called in the primary's region, waits for all data and reverses the
replication. A failover with AllowDataLoss is called in the target's region and does not
wait; the old primary keeps a snapshot of what it had and comes back as a secondary once
it is rebuilt. While either runs, the members and the global cluster say so, and nothing
else is accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.rds.models import DBCluster, GlobalCluster

from . import rds_errors as refuse
from . import rds_global as groups
from . import runtime

SWITCHOVER_SECONDS = 30.0
FAILOVER_SECONDS = 20.0
REBUILD_SECONDS = 40.0


def _target(account: str, found: GlobalCluster, reference: str) -> DBCluster:
    target = groups.member(account, reference)
    if target not in found.members:
        raise refuse.cluster_not_found(reference)
    if target.is_writer:
        raise refuse.cluster_state(
            f"DBCluster {reference} is already the primary cluster of global cluster "
            f"{found.global_cluster_identifier}"
        )
    if target.status != "available":
        raise refuse.cluster_state(
            f"DBCluster {reference} is in status {target.status}, expected available"
        )
    if not target.members:
        raise refuse.cluster_state(
            f"DBCluster {reference} has no DB instance that could become the writer"
        )
    return target


def switchover(
    account: str, region: str, name: str, reference: str, *, from_target: bool = False
) -> GlobalCluster:
    """Start a planned switchover; `from_target` allows the call in the target's region."""
    found = groups.find(account, name)
    groups.idle(found)
    target = _target(account, found, reference)
    leader = groups.required_primary(found)
    allowed = {leader.region, target.region} if from_target else {leader.region}
    if region not in allowed:
        raise refuse.global_state(
            f"SwitchoverGlobalCluster must be called in the Region of the primary DB cluster, "
            f"{leader.region}; it was called in {region}"
        )
    if leader.status != "available":
        raise refuse.cluster_state(
            f"The primary DBCluster {leader.db_cluster_arn} is in status {leader.status}, "
            "expected available"
        )
    if _minor(leader) != _minor(target):
        raise refuse.cluster_state(
            f"Engine versions differ: {leader.engine_version} and {target.engine_version}"
        )
    if getattr(target, "synchronization", groups.CONNECTED) != groups.CONNECTED:
        raise refuse.cluster_state(f"DBCluster {reference} is not synchronized")
    _begin(found, leader, target, "switching-over", loss=False)

    def finish() -> None:
        _swap(found, leader, target)
        for one in (leader, target):
            one.status = "available"
        _end(found)

    runtime.clock().after(SWITCHOVER_SECONDS, finish)
    return found


def failover(
    account: str,
    region: str,
    name: str,
    reference: str,
    *,
    allow_data_loss: bool,
    as_switchover: bool,
) -> GlobalCluster:
    """Start a failover; without AllowDataLoss it is a switchover."""
    if allow_data_loss and as_switchover:
        raise refuse.combination("AllowDataLoss and Switchover can't be specified together")
    if not allow_data_loss:
        return switchover(account, region, name, reference, from_target=True)
    found = groups.find(account, name)
    groups.idle(found)
    target = _target(account, found, reference)
    if region != target.region:
        raise refuse.global_state(
            "FailoverGlobalCluster with AllowDataLoss must be called in the Region of the "
            f"target DB cluster, {target.region}; it was called in {region}"
        )
    leader = groups.required_primary(found)
    _begin(found, leader, target, "failing-over", loss=True)

    def promoted() -> None:
        _swap(found, leader, target)
        target.status = "available"
        old: Any = leader
        old.synchronization = groups.PENDING_RESYNC
        _end(found)
        _tell(target, "Global failover completed to")
        _tell(target, "Started resynchronizing the members of the global cluster of")
        moment = runtime.clock().now().strftime("%Y-%m-%d-%H-%M-%S")
        leader.backend.create_auto_cluster_snapshot(
            leader.db_cluster_identifier,
            f"rds:unplanned-global-failover-{leader.db_cluster_identifier}-{moment}",
        )
        runtime.clock().after(REBUILD_SECONDS, rebuilt)

    def rebuilt() -> None:
        old: Any = leader
        old.synchronization = groups.CONNECTED
        leader.status = "available"
        _tell(target, "Finished resynchronizing the members of the global cluster of")

    runtime.clock().after(FAILOVER_SECONDS, promoted)
    return found


@dataclass(frozen=True)
class ClusterEvent:
    """What DescribeEvents shows of a cluster."""

    source_identifier: str
    source_arn: str
    message: str
    date: datetime
    source_type: str = "db-cluster"
    event_categories: tuple[str, ...] = ("global-failover",)


def _tell(cluster: DBCluster, what: str) -> None:
    name = cluster.db_cluster_identifier
    said = f"{what} DB cluster {name} in Region {cluster.region}"
    event = ClusterEvent(name, cluster.db_cluster_arn, said, runtime.clock().now())
    cluster.backend.events.append(event)


def _minor(cluster: DBCluster) -> str:
    return ".".join(cluster.engine_version.split(".")[:2])


def _begin(
    found: GlobalCluster, leader: DBCluster, target: DBCluster, status: str, *, loss: bool
) -> None:
    found.status = status
    leader.status = status
    target.status = status
    moving: Any = found
    moving.failover_state = {
        "Status": "failing-over" if loss else "pending",
        "FromDbClusterArn": leader.db_cluster_arn,
        "ToDbClusterArn": target.db_cluster_arn,
        "IsDataLossAllowed": loss,
    }


def _end(found: GlobalCluster) -> None:
    found.status = "available"
    moved: Any = found
    moved.failover_state = None


def _swap(found: GlobalCluster, leader: DBCluster, target: DBCluster) -> None:
    leader.is_writer = False
    target.is_writer = True
    groups.follow(found)
    for one in (leader, target):
        one.designate_writer()
