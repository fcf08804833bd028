"""How far an Aurora secondary is behind, as CloudWatch measured it in the secondary's region."""

from __future__ import annotations

from datetime import datetime, timedelta

from drstate.adapters.at import At
from drstate.adapters.base import Lag
from drstate.errors import AwsCallError

_METRIC = "AuroraGlobalDBReplicationLag"
_WINDOW = timedelta(minutes=10)


def replication_lag(at: At, cluster: str, now: datetime) -> Lag:
    """The latest lag of ``cluster`` in ``at.region``; ``seconds`` is None without a measurement."""
    source = f"CloudWatch AWS/RDS {_METRIC} in {at.region}"
    answer = at.call(
        "cloudwatch",
        "get_metric_statistics",
        Namespace="AWS/RDS",
        MetricName=_METRIC,
        Dimensions=[{"Name": "DBClusterIdentifier", "Value": cluster}],
        StartTime=now - _WINDOW,
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )
    points = sorted(answer.get("Datapoints", []), key=lambda point: point["Timestamp"])
    if not points:
        return Lag(seconds=None, measured_at=None, source=source)
    latest = points[-1]
    return Lag(
        seconds=float(latest["Maximum"]) / 1000.0,
        measured_at=latest["Timestamp"],
        source=source,
    )


def lag_if_known(at: At, cluster: str, now: datetime) -> float | None:
    """The lag in seconds, or None where it cannot be had: a promotion never waits for a metric."""
    try:
        return replication_lag(at, cluster, now).seconds
    except AwsCallError:
        return None
