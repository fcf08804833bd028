"""Replication lag from CloudWatch, where AWS does not say under which dimensions it is told.

The metrics of a name are listed first, and those that name the resource (or a node of it) are read;
the largest of their latest values counts. A promotion never waits for a metric, and never fails for
the lack of one.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from drstate.adapters.at import At, calls
from drstate.adapters.findings import Lag
from drstate.errors import AwsCallError
from drstate.model.plan import Call

_WINDOW = timedelta(minutes=10)


def newest_lag(
    at: At, namespace: str, metric: str, names: Collection[str], now: datetime, per_second: float
) -> Lag:
    """The lag of whatever carries one of ``names`` as the value of a dimension, in ``at.region``.

    ``per_second``: how many of the metric's units make a second. ``seconds`` is None where there is
    no measurement of the last ten minutes.
    """
    source = f"CloudWatch {namespace} {metric} in {at.region}"
    wanted = set(names)
    latest: list[tuple[float, datetime]] = []
    seen: set[str] = set()
    for found in at.pages(
        "cloudwatch", "list_metrics", "Metrics", Namespace=namespace, MetricName=metric
    ):
        dimensions = found.get("Dimensions", [])
        if not wanted & {str(one["Value"]) for one in dimensions} or str(dimensions) in seen:
            continue
        seen.add(str(dimensions))
        answer = at.call(
            "cloudwatch",
            "get_metric_statistics",
            Namespace=namespace,
            MetricName=metric,
            Dimensions=dimensions,
            StartTime=now - _WINDOW,
            EndTime=now,
            Period=60,
            Statistics=["Maximum"],
        )
        points = sorted(answer.get("Datapoints", []), key=lambda point: point["Timestamp"])
        if points:
            latest.append((float(points[-1]["Maximum"]), points[-1]["Timestamp"]))
    if not latest:
        return Lag(seconds=None, measured_at=None, source=source)
    value, moment = max(latest)
    return Lag(seconds=value / per_second, measured_at=moment, source=source)


def lag_if_known(
    at: At, namespace: str, metric: str, names: Collection[str], now: datetime, per_second: float
) -> float | None:
    """The lag in seconds, or None where it cannot be had."""
    try:
        return newest_lag(at, namespace, metric, names, now, per_second).seconds
    except AwsCallError:
        return None


def lag_calls(region: str) -> list[Call]:
    """What reading a lag calls, for plans."""
    return calls("cloudwatch", region, "ListMetrics", "GetMetricStatistics")
