"""DNS records: the spec of a record that moves with its scope, and the flag of a failover pair.

The endpoints of routing controls are part of the spec: in a disaster nobody has to ask for them.

The flag is an alarm in the recovery region and a health check that follows it; the program makes
both, an adapter raises them, and both take the names from here. Missing data leaves the alarm as it
is, so one point of the metric is a lasting switch; before the first point the primary counts as
healthy. The flag's position is a metric, no property.
"""

from __future__ import annotations

import hashlib

from pydantic import Field

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.named import DnsRecord, DnsWay
from drstate.model.names import slug
from drstate.model.resource import Resource
from drstate.model.scope import Scope
from drstate.model.spec import Spec
from drstate.programs.base import Program
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.lazy import aws
from drstate.programs.owners import Owners, program

#: CloudWatch namespace and metric of all flags; the dimension ``record`` tells them apart
FLAG_NAMESPACE, FLAG_METRIC, FLAG_DIMENSION = "drstate", "failover-flag", "record"
#: answers that resolvers keep for longer than this make a failover slow
LONGEST_TTL = 120
#: at or above this the alarm is in ALARM, the health check unhealthy, the secondary answers
FLAG_THRESHOLD = 1.0


class RecordSet(Value):
    """One record set as found in the zone."""

    ttl: int | None = None
    values: tuple[str, ...] = ()
    set_identifier: str | None = None
    #: PRIMARY or SECONDARY
    failover: str | None = None
    #: one of several by weight; the weight itself says who serves, which is a role
    weighted: bool = False
    #: an alias; ``values`` holds its target's name
    alias: bool = False
    #: ARN of the routing control that its health check follows
    control: str | None = None


class ClusterEndpoint(Value):
    """Where a cluster of routing controls is reached."""

    region: str
    url: str


class Route53Spec(Spec):
    """A record as captured: its zone's id, and the record sets of that name and type."""

    zone: str
    zone_id: str
    name: str
    type: str
    record_sets: tuple[RecordSet, ...] = Field(min_length=1)
    #: of the cluster whose routing controls the record sets follow
    cluster_endpoints: tuple[ClusterEndpoint, ...] = ()

    @property
    def longest_ttl(self) -> int | None:
        """The longest time that resolvers may keep an answer; None for aliases."""
        return max((one.ttl for one in self.record_sets if one.ttl is not None), default=None)

    @property
    def flag(self) -> str:
        """Name of the record's alarm, and value of its metric's dimension. Unique per record."""
        digest = hashlib.sha256(f"{self.zone_id} {self.name} {self.type}".encode()).hexdigest()[:8]
        return (
            f"drstate-{slug(self.name.rstrip('.').replace('.', '-'))}-{self.type.lower()}-{digest}"
        )

    def failover_set(self, role: str) -> RecordSet | None:
        """The PRIMARY or SECONDARY record set, if the record is a failover pair."""
        for record_set in self.record_sets:
            if record_set.failover == role:
                return record_set
        return None


def named_record(resource: Resource, scope: Scope) -> DnsRecord | None:
    """The scope file's entry for a record; None where it is no longer there."""
    for record in scope.dns:
        if (record.resource_name, record.account) == (resource.name, resource.account):
            return record
    return None


def slow_answer(entry: CatalogEntry, scope: Scope) -> str | None:
    """A warning where resolvers keep the record's answers for too long; None where they do not."""
    spec = Route53Spec.model_validate(entry.spec)
    record = named_record(entry.resource, scope)
    # a simple record gets the scope file's TTL when it is changed; until then it has its own
    own = [spec.longest_ttl or 0]
    if record is not None and record.way is DnsWay.RECORD and not record.alias:
        own.append(record.ttl)
    longest = max(own)
    if longest <= LONGEST_TTL:
        return None
    return (
        f"{spec.name} {spec.type} has a TTL of {longest} s: resolvers may send clients to the old "
        f"site for as long after a failover; {LONGEST_TTL} s or less is wanted"
    )


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


PROGRAM = Program(
    technology="route53",
    spec=Route53Spec,
    owners={"": OWNERS},
    spanning=declare_global,
    classes=classes,
    identities={ALARM: "{name}"},
)
