"""Lag of Aurora's secondaries and of RDS's read replicas, as CloudWatch shows it in their region.

Values move around a level of their own for each of them, one a minute: in milliseconds for
clusters, in seconds for replicas. A secondary that is being rebuilt and a replica whose source is
gone report nothing; a replica whose source takes no writes any more has no lag.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from moto.cloudwatch.models import MetricDatum
from moto.rds.models import DBCluster, rds_backends

from . import rds_global as groups
from . import rds_instances as instances
from . import runtime

NAMES = (
    "AuroraGlobalDBReplicationLag",
    "AuroraGlobalDBProgressLag",
    "AuroraGlobalDBRPOLag",
)
MINUTES = 15


def lag_milliseconds(identifier: str, minute: int) -> float:
    """A plausible lag: between about 40 and 160 ms, moving from minute to minute."""
    seed = sha256(identifier.encode()).digest()
    level = 80 + seed[0] / 8
    return round(level + 35 * math.sin(minute / 3 + seed[1]) + 10 * math.cos(minute * 1.7), 1)


def data(account_id: str, region: str) -> list[Any]:
    """Data of the last minutes for every secondary in the region."""
    if account_id not in rds_backends or region not in rds_backends[account_id]:
        return []
    found: list[Any] = []
    for cluster in list(rds_backends[account_id][region].clusters.values()):
        if not cluster.global_cluster_identifier or cluster.is_writer:
            continue
        if getattr(cluster, "synchronization", "") == groups.CONNECTED:
            found.extend(_data(cluster))
    for replica in list(rds_backends[account_id][region].databases.values()):
        if replica.is_replica and replica.replication_status == "replicating":
            found.extend(_replica_data(replica))
    return found


def replica_lag_seconds(identifier: str, minute: int) -> float:
    """A plausible lag of a read replica: between about 0.5 and 3 s."""
    seed = sha256(identifier.encode()).digest()
    return round(1.5 + seed[0] / 512 + math.sin(minute / 3 + seed[1]), 1)


def _replica_data(replica: Any) -> list[MetricDatum]:
    source = instances.named(
        replica.account_id, replica.region, replica.source_db_instance_identifier
    )
    if source is None or replica.status == "creating":
        return []
    dimensions = [{"Name": "DBInstanceIdentifier", "Value": replica.db_instance_identifier}]
    shown: list[MetricDatum] = []
    for minute, moment in _minutes():
        lag = 0.0
        if source.served_as is None:
            lag = getattr(replica, "lag_seconds", None) or replica_lag_seconds(
                replica.db_instance_arn, minute
            )
        shown.append(MetricDatum("AWS/RDS", "ReplicaLag", lag, dimensions, moment, "Seconds"))
    return shown


def _minutes() -> list[tuple[int, datetime]]:
    """The last minutes: their number, and when they began (moto compares naive times, in UTC)."""
    now = int(runtime.clock().seconds() // 60)
    return [
        (minute, datetime.fromtimestamp(minute * 60, tz=UTC).replace(tzinfo=None))
        for minute in range(now - MINUTES, now + 1)
    ]


def _data(cluster: DBCluster) -> list[MetricDatum]:
    source = (cluster.replication_source_identifier or ":::").split(":")[3]
    plain = [{"Name": "DBClusterIdentifier", "Value": cluster.db_cluster_identifier}]
    by_source = [*plain, {"Name": "SourceRegion", "Value": source}]
    shown: list[MetricDatum] = []
    for minute, moment in _minutes():
        value = lag_milliseconds(cluster.db_cluster_arn, minute)
        shown.extend(
            MetricDatum("AWS/RDS", name, value, dimensions, moment, "Milliseconds")
            for name in NAMES
            for dimensions in (plain, by_source)
        )
    return shown
