"""Flags: how a failover pair is turned by data planes alone, whichever of the two regions is lost.

A pair's primary answers while a health check says so. That check is healthy while one of two others
is: one that follows the *flag*, an alarm in the recovery region (raised: unhealthy), and one that
follows the *recall*, an alarm in the primary region (raised: healthy). Turning to the recovery
region raises the flag there; turning back lowers it; and where the recovery region is lost, so that
its flag cannot be lowered, the recall is raised in the primary region instead.

The program makes alarms and checks, adapters raise and lower them, and both take the names from
here. Missing data leaves an alarm as it is, so one point of the metric is a lasting switch. Before
the first point, and where a region's alarms say nothing, the flag counts as lowered, and so does
the recall.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.programs.context import Declaration, name_of, tags_of
from drstate.programs.lazy import aws
from drstate.programs.owners import Owners, program

#: CloudWatch namespace and metric of all flags; the dimension ``record`` tells them apart
FLAG_NAMESPACE, FLAG_METRIC, FLAG_DIMENSION = "drstate", "failover-flag", "record"
#: the metric's values
RAISED, LOWERED = 1.0, 0.0
#: health checks that one flag needs
CHECKS = 3

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
HEALTH_CHECK = "aws:route53/healthCheck:HealthCheck"

FLAG_OWNERS: Owners = {
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
        "childHealthThreshold",
        "childHealthchecks",
        "cloudwatchAlarmName",
        "cloudwatchAlarmRegion",
        "insufficientDataHealthStatus",
        "referenceName",
        "tags",
        "type",
    ),
}


@dataclass(frozen=True)
class Flag:
    """The names of one pair's flag and recall."""

    #: of the alarm in the recovery region, and value of its metric's dimension
    name: str

    @property
    def recall(self) -> str:
        """Of the alarm in the primary region, and value of its metric's dimension."""
        return f"{self.name}-recall"

    @property
    def reference(self) -> str:
        """Begin of the caller reference of the check that the primary follows."""
        return f"drstate-{hashlib.sha256(self.name.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Declared:
    """What was declared of a flag."""

    alarm: Any
    #: follows the flag; unhealthy while it is raised
    check: Any
    #: follows the recall; healthy while it is raised
    recall: Any


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    return [aws.cloudwatch.MetricAlarm, aws.route53.HealthCheck]


def declare_flag(
    entry: CatalogEntry, declaration: Declaration, flag: Flag, what: str, check_name: str
) -> Declared:
    """Both alarms and the checks that follow them. ``what``: of what it is the flag, for people."""
    regions = declaration.shard.regions
    alarm = _alarm(
        entry,
        declaration,
        "alarm",
        flag.name,
        regions.recovery,
        f"drstate flag of {what}: ALARM makes {regions.recovery} answer",
        "GreaterThanOrEqualToThreshold",
    )
    # OK while it is raised: so that a region whose alarms say nothing recalls nothing
    recall = _alarm(
        entry,
        declaration,
        "recall-alarm",
        flag.recall,
        regions.primary,
        f"drstate recall of {what}: OK makes {regions.primary} answer, whatever the flag says",
        "LessThanThreshold",
    )
    return Declared(
        alarm,
        _check(entry, declaration, check_name, alarm.name, regions.recovery, "Healthy"),
        _check(entry, declaration, "recall", recall.name, regions.primary, "Unhealthy"),
    )


def either(
    entry: CatalogEntry,
    declaration: Declaration,
    name: str,
    reference: str,
    children: list[Any],
    threshold: int,
) -> Any:
    """The check that the primary follows: healthy while ``threshold`` of its children are."""
    return aws.route53.HealthCheck(
        name_of(entry, name),
        type="CALCULATED",
        child_health_threshold=threshold,
        child_healthchecks=children,
        reference_name=reference,
        tags=tags_of(entry),
        opts=declaration.options(FLAG_OWNERS, HEALTH_CHECK, protect=True),
    )


def _alarm(
    entry: CatalogEntry,
    declaration: Declaration,
    name: str,
    alarm: str,
    region: str,
    description: str,
    comparison: str,
) -> Any:
    return aws.cloudwatch.MetricAlarm(
        name_of(entry, name),
        alarm_description=description,
        comparison_operator=comparison,
        dimensions={FLAG_DIMENSION: alarm},
        evaluation_periods=1,
        metric_name=FLAG_METRIC,
        name=alarm,
        namespace=FLAG_NAMESPACE,
        period=60,
        statistic="Maximum",
        tags=tags_of(entry),
        threshold=RAISED,
        treat_missing_data="ignore",
        opts=declaration.options(FLAG_OWNERS, ALARM, region=region, protect=True),
    )


def _check(
    entry: CatalogEntry,
    declaration: Declaration,
    name: str,
    alarm: Any,
    region: str,
    without_data: str,
) -> Any:
    return aws.route53.HealthCheck(
        name_of(entry, name),
        type="CLOUDWATCH_METRIC",
        cloudwatch_alarm_name=alarm,
        cloudwatch_alarm_region=region,
        insufficient_data_health_status=without_data,
        tags=tags_of(entry),
        opts=declaration.options(FLAG_OWNERS, HEALTH_CHECK, protect=True),
    )
