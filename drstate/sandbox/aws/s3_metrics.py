"""Metrics of S3 replication, as CloudWatch shows them in the region of the destination bucket.

Rules whose metrics are on report, one value a minute, how far the destination is behind and what is
still to be replicated. Nothing pending is a latency of a few seconds, as AWS measures it.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from moto.cloudwatch.models import MetricDatum

from drstate.sandbox.access import PARTITION

from . import runtime

MINUTES = 15


def data(account_id: str, region: str) -> list[Any]:
    """Data of the last minutes for every rule that replicates into the region."""
    models = sys.modules.get("moto.s3.models")
    if models is None or account_id not in models.s3_backends:
        return []
    from . import s3_replication as replication  # noqa: PLC0415 - needs moto's S3, which is slow

    found: list[Any] = []
    for bucket in list(models.s3_backends[account_id][PARTITION].buckets.values()):
        for rule in replication.rules_of(bucket):
            goal = rule["Destination"]
            name = str(goal["Bucket"]).removeprefix("arn:aws:s3:::")
            destination = replication.bucket_named(name)
            if destination is None or destination.region_name != region:
                continue
            if (goal.get("Metrics") or {}).get("Status") != "Enabled":
                continue
            sizes = replication.pending(bucket).get(rule["ID"], [])
            found.extend(_data(bucket.name, name, rule["ID"], sizes))
    return found


def latency(source: str, minute: int) -> float:
    """A plausible latency in seconds where nothing is held up."""
    return float(2 + sha256(f"{source}/{minute}".encode()).digest()[0] % 9)


def _data(source: str, destination: str, rule: str, sizes: list[int]) -> list[MetricDatum]:
    dimensions = [
        {"Name": "SourceBucket", "Value": source},
        {"Name": "DestinationBucket", "Value": destination},
        {"Name": "RuleId", "Value": rule},
    ]
    now = int(runtime.clock().seconds() // 60)
    shown: list[MetricDatum] = []
    for minute in range(now - MINUTES, now + 1):
        # moto compares with naive times, in UTC
        moment = datetime.fromtimestamp(minute * 60, tz=UTC).replace(tzinfo=None)
        latest = minute == now
        shown += [
            MetricDatum("AWS/S3", name, value, dimensions, moment, unit)
            for name, value, unit in (
                ("ReplicationLatency", latency(source, minute), "Seconds"),
                ("BytesPendingReplication", float(sum(sizes)) if latest else 0.0, "Bytes"),
                ("OperationsPendingReplication", float(len(sizes)) if latest else 0.0, "Count"),
            )
        ]
    return shown
