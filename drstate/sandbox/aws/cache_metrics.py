"""Replication lag of ElastiCache's datastores and MemoryDB's multi-region clusters in CloudWatch.

Values move around a level of their own for each group, one a minute, in the region that receives.
A group that is being made or changed reports nothing.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from moto.cloudwatch.models import MetricDatum

from . import runtime

GLOBAL_DATASTORE = "GlobalDatastoreReplicationLag"
MULTI_REGION = "MultiRegionClusterReplicationLag"
MINUTES = 15


def lag_seconds(name: str, minute: int) -> float:
    """A plausible lag: between about 0.1 and 0.9 s, moving from minute to minute."""
    seed = sha256(name.encode()).digest()
    level = 0.4 + seed[0] / 1000
    return round(level + 0.15 * math.sin(minute / 3 + seed[1]) + 0.05 * math.cos(minute * 1.7), 3)


def data(account_id: str, region: str) -> list[Any]:
    """Data of the last minutes for everything that receives in the region.

    Services that nothing has used are not loaded for it.
    """
    found: list[Any] = []
    if "moto.elasticache.models" in sys.modules:
        found += _datastores(account_id, region)
    if "moto.memorydb.models" in sys.modules:
        found += _multi_regions(account_id, region)
    return found


def _datastores(account_id: str, region: str) -> Iterator[MetricDatum]:
    from . import elasticache_global as datastores  # noqa: PLC0415 - loads the service

    for store in list(datastores.store(account_id).values()):
        for member in store.members:
            secondary = member.role == datastores.SECONDARY
            if member.region != region or not secondary or member.status != datastores.AVAILABLE:
                continue
            primary = member.nodes()[0].id
            for dimensions in (
                [{"Name": "ReplicationGroupId", "Value": member.id}],
                [{"Name": "CacheClusterId", "Value": primary}],
            ):
                yield from _points(
                    "AWS/ElastiCache", GLOBAL_DATASTORE, member.arn, dimensions, 1.0, "Seconds"
                )


def _multi_regions(account_id: str, region: str) -> Iterator[MetricDatum]:
    from . import memorydb_regions as regions  # noqa: PLC0415 - loads the service

    for multi in list(regions.store(account_id).values()):
        here = multi.members.get(region)
        if here is None or here.status != regions.AVAILABLE:
            continue
        for source in sorted(set(multi.members) - {region}):
            dimensions = [
                {"Name": "ClusterName", "Value": here.cluster_name},
                {"Name": "SourceRegion", "Value": source},
            ]
            yield from _points(
                "AWS/MemoryDB", MULTI_REGION, here.arn, dimensions, 1000.0, "Milliseconds"
            )


def _points(
    namespace: str,
    metric: str,
    name: str,
    dimensions: list[dict[str, str]],
    per_second: float,
    unit: str,
) -> Iterator[MetricDatum]:
    now = int(runtime.clock().seconds() // 60)
    for minute in range(now - MINUTES, now + 1):
        # moto compares with naive times, in UTC.
        moment = datetime.fromtimestamp(minute * 60, tz=UTC).replace(tzinfo=None)
        value = lag_seconds(name, minute) * per_second
        yield MetricDatum(namespace, metric, value, dimensions, moment, unit)
