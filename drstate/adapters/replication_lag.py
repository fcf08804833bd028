"""How far a replica is behind, as CloudWatch measured it in the replica's region.

A promotion reports what was measured and when; where nothing was measured it says so. Nothing here
waits for a metric.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from drstate.adapters.at import At
from drstate.adapters.findings import Lag
from drstate.errors import AwsCallError

_WINDOW = timedelta(minutes=10)
#: seconds that one point stands for
PERIOD = 60


@dataclass(frozen=True)
class LagMetric:
    """A metric of AWS/RDS: its name, the dimension that names the replica, seconds per unit."""

    name: str
    dimension: str
    seconds_per_unit: float


def measured(at: At, metric: LagMetric, replica: str, now: datetime) -> Lag:
    """The latest lag; ``seconds`` is None without a measurement (below zero means: no replica)."""
    source = f"CloudWatch AWS/RDS {metric.name} in {at.region}"
    answer = at.call(
        "cloudwatch",
        "get_metric_statistics",
        Namespace="AWS/RDS",
        MetricName=metric.name,
        Dimensions=[{"Name": metric.dimension, "Value": replica}],
        StartTime=now - _WINDOW,
        EndTime=now,
        Period=PERIOD,
        Statistics=["Maximum"],
    )
    points = sorted(answer.get("Datapoints", []), key=lambda point: point["Timestamp"])
    if not points or float(points[-1]["Maximum"]) < 0:
        return Lag(seconds=None, measured_at=None, source=source)
    latest = points[-1]
    return Lag(
        seconds=float(latest["Maximum"]) * metric.seconds_per_unit,
        measured_at=latest["Timestamp"],
        source=source,
    )


def if_known(at: At, metric: LagMetric, replica: str, now: datetime) -> Lag:
    """As ``measured``, but without a measurement where CloudWatch does not answer."""
    try:
        return measured(at, metric, replica, now)
    except AwsCallError:
        source = f"CloudWatch AWS/RDS {metric.name} in {at.region} (it did not answer)"
        return Lag(seconds=None, measured_at=None, source=source)
