"""The flag of a failover pair: an alarm in the recovery region and a health check that follows it.

Missing data leaves the alarm as it is, so one point of the metric is a lasting switch; before the
first point the primary counts as healthy.
"""

from __future__ import annotations

import pulumi_aws as aws

from drstate.model.catalog import CatalogEntry
from drstate.model.specs.route53 import (
    FLAG_DIMENSION,
    FLAG_METRIC,
    FLAG_NAMESPACE,
    FLAG_THRESHOLD,
    Route53Spec,
)
from drstate.programs.declare.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.owners.route53 import ALARM, HEALTH_CHECK, OWNERS


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    return [aws.cloudwatch.MetricAlarm, aws.route53.HealthCheck]


def declare_global(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """Alarm and health check of one record."""
    spec = Route53Spec.model_validate(entry.spec)
    recovery = declaration.shard.regions.recovery
    alarm = aws.cloudwatch.MetricAlarm(
        name_of(entry, "alarm"),
        alarm_description=f"drstate flag of {spec.name} {spec.type}: ALARM makes {recovery} answer",
        comparison_operator="GreaterThanOrEqualToThreshold",
        dimensions={FLAG_DIMENSION: spec.flag},
        evaluation_periods=1,
        metric_name=FLAG_METRIC,
        name=spec.flag,
        namespace=FLAG_NAMESPACE,
        period=60,
        statistic="Maximum",
        tags=tags_of(entry),
        threshold=FLAG_THRESHOLD,
        treat_missing_data="ignore",
        opts=declaration.options(OWNERS, ALARM, region=recovery, protect=True),
    )
    check = aws.route53.HealthCheck(
        name_of(entry, "health-check"),
        type="CLOUDWATCH_METRIC",
        cloudwatch_alarm_name=alarm.name,
        cloudwatch_alarm_region=recovery,
        insufficient_data_health_status="Healthy",
        tags=tags_of(entry),
        opts=declaration.options(OWNERS, HEALTH_CHECK, protect=True),
    )
    return DeclaredOutputs(resources={"alarm": alarm.arn, "health_check": check.id})
