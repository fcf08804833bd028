"""Ownership of the flag's properties: all the program's. Its position is a metric, no property."""

from __future__ import annotations

from drstate.programs.owners import Owners, program

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
HEALTH_CHECK = "aws:route53/healthCheck:HealthCheck"

OWNERS: Owners = {
    ALARM: program(
        "alarmDescription",
        "comparisonOperator",
        "dimensions",
        "evaluationPeriods",
        "metricName",
        "name",
        "namespace",
        "period",
        "statistic",
        "tags",
        "threshold",
        "treatMissingData",
    ),
    HEALTH_CHECK: program(
        "cloudwatchAlarmName",
        "cloudwatchAlarmRegion",
        "insufficientDataHealthStatus",
        "tags",
        "type",
    ),
}
