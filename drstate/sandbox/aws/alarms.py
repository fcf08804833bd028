"""How an alarm's state follows from what arrived, and from what did not.

`stream_state` is what the data alone say: Route 53 health checks watch the data, not the
alarm, so SetAlarmState moves the alarm and no health check.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from moto.cloudwatch.models import Alarm

OK = "OK"
ALARM = "ALARM"
INSUFFICIENT = "INSUFFICIENT_DATA"
KEPT = 1000

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Average": lambda values: sum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "SampleCount": lambda values: float(len(values)),
    "Sum": sum,
}


def watches(alarm: Alarm, namespace: str, datum: dict[str, Any]) -> bool:
    """Whether the alarm watches this metric, dimensions included."""
    if alarm.rule is not None or alarm.metric_data_queries:
        return False
    wanted = {(one.name, one.value) for one in alarm.dimensions}
    given = {(one["Name"], one["Value"]) for one in datum.get("Dimensions") or []}
    return (
        alarm.namespace == namespace
        and alarm.metric_name == datum["MetricName"]
        and wanted == given
    )


def arrive(alarm: Any, now: float, datum: dict[str, Any]) -> None:
    """Note the values of one datum."""
    values = datum.get("Values") or [datum.get("Value", 0.0)]
    statistics = datum.get("StatisticValues")
    if statistics:
        values = [float(statistics["Minimum"]), float(statistics["Maximum"])]
    kept = [*getattr(alarm, "arrivals", []), *((now, float(value)) for value in values)]
    alarm.arrivals = kept[-KEPT:]


def window_seconds(alarm: Alarm) -> float:
    """Nominal length of the time that the alarm looks back."""
    return float(int(alarm.period or 60) * int(alarm.evaluation_periods or 1))


def evaluate(alarm: Any, now: float, scale: float) -> None:
    """Decide the state, and note the change."""
    state = _decide(alarm, now, scale)
    alarm.stream_state = state
    if state == alarm.state_value:
        return
    reason = {
        OK: "Threshold not crossed",
        ALARM: "Threshold Crossed",
        INSUFFICIENT: "Insufficient Data",
    }[state]
    alarm.update_state(f"{reason}: {alarm.metric_name} against {alarm.threshold}", "{}", state)


def _decide(alarm: Any, now: float, scale: float) -> str:
    buckets = _buckets(alarm, now, scale)
    missing = alarm.treat_missing_data or "missing"
    known = [value for value in buckets if value is not None]
    current: str = alarm.stream_state
    if missing == "ignore" and not known:
        return current
    if missing == "missing" and not known:
        return INSUFFICIENT
    crosses = _COMPARISONS[alarm.comparison_operator]
    breaching = [crosses(value, float(alarm.threshold)) for value in known]
    if missing in {"breaching", "notBreaching"}:
        breaching += [missing == "breaching"] * (len(buckets) - len(known))
    needed = int(alarm.datapoints_to_alarm or alarm.evaluation_periods or 1)
    # With data missing, what there is decides.
    needed = min(needed, len(breaching))
    return ALARM if sum(breaching) >= needed else OK


def _buckets(alarm: Any, now: float, scale: float) -> list[float | None]:
    """The statistic per period, newest last; None where nothing arrived."""
    statistic = _STATISTICS.get(alarm.statistic or "Average", _STATISTICS["Average"])
    length = int(alarm.period or 60) * scale
    count = int(alarm.evaluation_periods or 1)
    if length == 0:
        newest = [value for _, value in alarm.arrivals[-1:]]
        return [statistic(newest) if newest else None]
    found: list[float | None] = []
    for number in range(count, 0, -1):
        start, end = now - number * length, now - (number - 1) * length
        values = [value for at, value in alarm.arrivals if start < at <= end]
        found.append(statistic(values) if values else None)
    return found
