"""Metrics of Aurora global databases, as CloudWatch shows them in a secondary's region.

Values move around a level of their own for each cluster, in milliseconds, one a minute.
A secondary that is being rebuilt reports nothing.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from moto.cloudwatch.models import MetricDatum
from moto.rds.models import DBCluster, rds_backends

from . import rds_global as groups
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
    return found


def _data(cluster: DBCluster) -> list[MetricDatum]:
    source = (cluster.replication_source_identifier or ":::").split(":")[3]
    plain = [{"Name": "DBClusterIdentifier", "Value": cluster.db_cluster_identifier}]
    by_source = [*plain, {"Name": "SourceRegion", "Value": source}]
    now = int(runtime.clock().seconds() // 60)
    shown: list[MetricDatum] = []
    for minute in range(now - MINUTES, now + 1):
        # moto compares with naive times, in UTC.
        moment = datetime.fromtimestamp(minute * 60, tz=UTC).replace(tzinfo=None)
        value = lag_milliseconds(cluster.db_cluster_arn, minute)
        shown.extend(
            MetricDatum("AWS/RDS", name, value, dimensions, moment, "Milliseconds")
            for name in NAMES
            for dimensions in (plain, by_source)
        )
    return shown
