"""aws:cloudwatch/metricAlarm:MetricAlarm: an alarm on a metric or on an expression over metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward, tag_list, tag_map
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    mapping,
    number,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.wire import Values

_NOT_EMULATED = "the emulated CloudWatch does not have it; use the real provider"
_METRIC: dict[str, Prop] = {
    "dimensions": mapping(api=BY_HAND),
    "metricName": text(required=True),
    "namespace": text(),
    "period": integer(required=True, api=BY_HAND),
    "stat": text(required=True, api=BY_HAND),
    "unit": text(api=BY_HAND),
}
_QUERY: dict[str, Prop] = {
    "accountId": text(),
    "expression": text(),
    "id": text(required=True),
    "label": text(),
    "metric": record(_METRIC, api=BY_HAND),
    "period": integer(),
    "returnData": flag(default=False),
}


class MetricAlarm(ResourceType):
    """An alarm on a metric or on an expression over metrics."""

    urn_type = "aws:cloudwatch/metricAlarm:MetricAlarm"
    title = "CloudWatch Metric Alarm"
    name_property = "name"
    autoname = True
    timeouts = Timeouts(create=300.0, update=300.0, delete=300.0)
    props: ClassVar[Mapping[str, Prop]] = {
        "actionsEnabled": flag(default=True),
        "alarmActions": unordered(),
        "alarmDescription": text(),
        "comparisonOperator": text(
            choices=(
                "GreaterThanOrEqualToThreshold",
                "GreaterThanThreshold",
                "GreaterThanUpperThreshold",
                "LessThanLowerOrGreaterThanUpperThreshold",
                "LessThanLowerThreshold",
                "LessThanOrEqualToThreshold",
                "LessThanThreshold",
            )
        ),
        "datapointsToAlarm": integer(low=1),
        "dimensions": mapping(api=BY_HAND),
        "evaluateLowSampleCountPercentiles": text(
            computed=True,
            choices=("evaluate", "ignore"),
            api="EvaluateLowSampleCountPercentile",
        ),
        "evaluationCriteria": record({}, refused=_NOT_EMULATED),
        "evaluationInterval": integer(refused=_NOT_EMULATED),
        "evaluationPeriods": integer(low=1),
        "evaluationWindow": record({}, refused=_NOT_EMULATED),
        "extendedStatistic": text(),
        "insufficientDataActions": unordered(),
        "metricName": text(),
        "metricQueries": unordered(record(_QUERY), api=BY_HAND),
        "name": text(replaces=True, computed=True, api="AlarmName"),
        "namespace": text(),
        "okActions": unordered(api="OKActions"),
        "period": integer(low=1),
        "region": REGION,
        "statistic": text(choices=("Average", "Maximum", "Minimum", "SampleCount", "Sum")),
        "tags": TAGS,
        "threshold": number(),
        "thresholdMetricId": text(),
        "treatMissingData": text(
            default="missing", choices=("breaching", "ignore", "missing", "notBreaching")
        ),
        "unit": text(),
        "warmUpConfiguration": record({}, refused=_NOT_EMULATED),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {"arn": OUT_TEXT, "tagsAll": OUT_TAGS}

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        for needed in ("comparisonOperator", "evaluationPeriods"):
            if inputs.get(needed) is None:
                yield needed, f"the required property {needed!r} is missing; set it"
        if not inputs.get("metricName") and not inputs.get("metricQueries"):
            yield (
                "metricName",
                "one of `metricName` or `metricQueries` must be set for a cloudwatch metric alarm",
            )

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request = self._request(inputs)
        if tags:
            request["Tags"] = tag_list(tags)
        call.client("cloudwatch").put_metric_alarm(**request)
        return str(inputs["name"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        client = call.client("cloudwatch")
        alarms = client.describe_alarms(AlarmNames=[ident], AlarmTypes=["MetricAlarm"])
        if not alarms["MetricAlarms"]:
            return None
        shown = alarms["MetricAlarms"][0]
        values = inward(shown, self.props, Style.PASCAL)
        values["arn"] = shown["AlarmArn"]
        values["dimensions"] = _dimensions_in(shown.get("Dimensions") or ())
        values["metricQueries"] = [_query_in(each) for each in shown.get("Metrics") or ()]
        for name in ("alarmActions", "insufficientDataActions", "okActions"):
            values.setdefault(name, [])
        tags = client.list_tags_for_resource(ResourceARN=shown["AlarmArn"])["Tags"]
        return Found(shown["AlarmName"], values, tag_map(tags))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        # A put replaces the alarm as a whole; what is ignored keeps what it has.
        kept = {name: old[name] for name in self.props if name not in changed and name in old}
        wanted = {name: value for name, value in new.items() if name in changed}
        call.client("cloudwatch").put_metric_alarm(**self._request({**kept, **wanted}))

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        call.client("cloudwatch").delete_alarms(AlarmNames=[ident])

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        client = call.client("cloudwatch")
        if drop:
            client.untag_resource(ResourceARN=state["arn"], TagKeys=drop)
        if put:
            client.tag_resource(ResourceARN=state["arn"], Tags=tag_list(put))

    def _request(self, inputs: Values) -> dict[str, Any]:
        request = outward(inputs, self.props, Style.PASCAL)
        if inputs.get("dimensions"):
            request["Dimensions"] = _dimensions_out(inputs["dimensions"])
        if inputs.get("metricQueries"):
            request["Metrics"] = [_query_out(each) for each in inputs["metricQueries"]]
        return request


def _dimensions_out(dimensions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in sorted(dimensions.items())]


def _dimensions_in(pairs: Iterable[Mapping[str, str]]) -> Values:
    return {pair["Name"]: pair["Value"] for pair in pairs}


def _query_out(query: Values) -> dict[str, Any]:
    request = outward(query, _QUERY, Style.PASCAL)
    metric = query.get("metric")
    if metric:
        stat: dict[str, Any] = {
            "Metric": outward(metric, _METRIC, Style.PASCAL),
            "Period": metric["period"],
            "Stat": metric["stat"],
        }
        if metric.get("dimensions"):
            stat["Metric"]["Dimensions"] = _dimensions_out(metric["dimensions"])
        if metric.get("unit"):
            stat["Unit"] = metric["unit"]
        request["MetricStat"] = stat
    return request


def _query_in(shown: Mapping[str, Any]) -> Values:
    values = inward(shown, _QUERY, Style.PASCAL)
    stat = shown.get("MetricStat")
    if stat:
        metric = inward(stat.get("Metric") or {}, _METRIC, Style.PASCAL)
        metric["period"] = int(stat["Period"])
        metric["stat"] = stat["Stat"]
        if stat.get("Unit"):
            metric["unit"] = stat["Unit"]
        dimensions = (stat.get("Metric") or {}).get("Dimensions")
        if dimensions:
            metric["dimensions"] = _dimensions_in(dimensions)
        values["metric"] = metric
    return values
