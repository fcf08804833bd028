"""Route 53: the last step of an activation, in one of two ways (see ``DnsWay``).

``record``: the record itself is changed, a call of the control plane in us-east-1. ``flag``: a
failover pair follows a flag in the recovery region, which needs no control plane at all; its alarm
and health check are declared in the global stack, and attached once, in REPLICATE.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.at import At
from drstate.adapters.base import Adapter, Grant, Health, SiteContext, Work
from drstate.adapters.route53 import reading
from drstate.adapters.route53.flag import SetFlag
from drstate.adapters.route53.reading import CONTROL_REGION
from drstate.adapters.route53.records import AttachHealthCheck, PointRecord
from drstate.errors import ConfigError, OperationError
from drstate.model.catalog import GLOBAL, CatalogEntry, Ownership
from drstate.model.health import ResourceStatus
from drstate.model.phases import SiteState
from drstate.model.probe import Probe, ProbeKind
from drstate.model.resource import Resource
from drstate.model.scope import DnsRecord, DnsWay, Scope
from drstate.model.spec import Spec
from drstate.programs.route53 import RecordSet, Route53Spec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_HEALTH_CHECK = "aws:route53/healthCheck:HealthCheck"
_RECORD_NO_OP = "a record changes hands in ACTIVATE only"
_FLAG_NO_OP = "the flag is raised or lowered in ACTIVATE only"
_GLOBAL_NO_OP = "the health check and its alarm are declared; they flip by the site's action"


class Route53Adapter(Adapter):
    """Records that the scope file names."""

    technology = "route53"
    summary = "DNS records: changed in the zone, or flipped by a flag in the recovery region"
    services = ("route53", "cloudwatch")
    grants = (
        Grant(
            "see zones, records, health checks, changes and answers",
            (
                "route53:GetChange",
                "route53:ListHealthChecks",
                "route53:ListHostedZonesByName",
                "route53:ListResourceRecordSets",
                "route53:TestDNSAnswer",
                "cloudwatch:DescribeAlarms",
            ),
        ),
        Grant(
            "change records",
            ("route53:ChangeResourceRecordSets",),
            ("arn:aws:route53:::hostedzone/*",),
        ),
        Grant("raise and lower flags", ("cloudwatch:PutMetricData",)),
    )
    stack_grants = (
        Grant(
            "declare flags: alarms and health checks",
            (
                "cloudwatch:DeleteAlarms",
                "cloudwatch:ListTagsForResource",
                "cloudwatch:PutMetricAlarm",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
                "route53:ChangeTagsForResource",
                "route53:CreateHealthCheck",
                "route53:DeleteHealthCheck",
                "route53:GetHealthCheck",
                "route53:ListTagsForResource",
                "route53:UpdateHealthCheck",
            ),
        ),
    )
    transient_codes = frozenset({"PriorRequestNotComplete"})
    spec_type = Route53Spec
    #: records carry no tags: the scope file names them, discovery adds them from there
    claims = ()

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """The zone's id and the record's sets. ``resource.arn`` is ``zone name type``."""
        zone, name, kind = resource.arn.split(" ")
        at = At(aws, resource.account, CONTROL_REGION)
        zone_id = reading.zone_id(at, zone)
        if zone_id is None:
            raise OperationError(
                f"{resource.key}: account {resource.account} has no public hosted zone {zone}",
                why="ListHostedZonesByName does not know it",
                hint="mend zone and account of this record in the scope file's dns list",
            )
        sets = reading.record_sets(at, zone_id, name, kind)
        if not sets:
            raise OperationError(
                f"{resource.key}: zone {zone} has no record {name} {kind}",
                why="ListResourceRecordSets does not know it",
                hint="create the record at the serving site, or mend the scope file's dns list",
            )
        if any(found.get("AliasTarget") for found in sets):
            raise OperationError(
                f"{resource.key}: {name} {kind} is an alias record",
                why="records that change hands have plain values",
                hint="name a plain record that the alias points to in the scope file's dns list",
            )
        return Route53Spec(
            region=resource.region,
            captured_at=self.clock.now(),
            zone=zone,
            zone_id=zone_id,
            name=name,
            type=kind,
            record_sets=_sets(sets),
        )

    def initial_ownership(
        self,
        resource: Resource,
        spec: Spec,  # noqa: ARG002 - the contract
        scope: Scope,
    ) -> dict[str, Ownership]:
        """Records are foreign at both sites; a flag's health check is ours."""
        record = dns_record(resource, scope)
        owners = {
            scope.regions.primary: Ownership.FOREIGN,
            scope.regions.recovery: Ownership.FOREIGN,
        }
        if record.way is DnsWay.FLAG:
            owners[GLOBAL] = Ownership.DECLARED
        return owners

    def created(
        self, kind: str, inputs: Mapping[str, Any], account: str, aws: AwsCaller
    ) -> str | None:
        """The health check that follows the alarm named in the inputs."""
        name, region = inputs.get("cloudwatchAlarmName"), inputs.get("cloudwatchAlarmRegion")
        if kind != _HEALTH_CHECK or not name or not region:
            return None
        found = reading.health_checks_on(At(aws, account, CONTROL_REGION), str(name), str(region))
        return found[0] if found else None

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Nothing: the record points to where it serves."""
        return Work(no_op=self._idle(entry, site))

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Point the record, or set the flag, to this site."""
        if site.region == GLOBAL:
            return Work(no_op=_GLOBAL_NO_OP)
        spec = self.spec(entry)
        record = dns_record(entry.resource, site.scope)
        values = record.values[site.region]
        if record.way is DnsWay.RECORD:
            return Work((PointRecord(entry, spec, site.region, values, record.ttl),))
        return Work((self._flag(entry, spec, site, values),))

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Nothing: the record has left this site already."""
        return Work(no_op=self._idle(entry, site))

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """``flag``: attach the health check to the primary. ``record``: nothing."""
        record = dns_record(entry.resource, site.scope)
        if site.region == GLOBAL or record.way is DnsWay.RECORD:
            return Work(no_op=self._idle(entry, site))
        alarm_region = site.scope.regions.recovery
        return Work((AttachHealthCheck(entry, self.spec(entry), alarm_region),))

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The name answers with this site's values."""
        spec = self.spec(entry)
        record = dns_record(entry.resource, site.scope)
        wanted = sorted(reading.plain(value) for value in record.values[site.region])
        if record.way is DnsWay.FLAG and site.force:
            return self._flag_health(entry, spec, site, aws)
        at = At(aws, entry.resource.account, CONTROL_REGION)
        found = reading.answer(at, spec.zone_id, spec.name, spec.type)
        facts = {"answer": found, "wanted": wanted}
        if found == wanted:
            return Health(
                ResourceStatus.HEALTHY, f"answers {', '.join(found)} ({site.region})", facts=facts
            )
        return Health(
            ResourceStatus.UNHEALTHY,
            f"answers {', '.join(found) or 'nothing'}; {', '.join(wanted)} is wanted",
            f"aws route53 test-dns-answer --hosted-zone-id {spec.zone_id} --record-name "
            f"{spec.name} --record-type {spec.type}",
            facts,
        )

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The record exists; a flag is attached; a site that does not serve is not answered."""
        spec = self.spec(entry)
        record = dns_record(entry.resource, site.scope)
        at = At(aws, entry.resource.account, CONTROL_REGION)
        checks: list[str] = []
        if record.way is DnsWay.FLAG:
            alarm_region = site.scope.regions.recovery
            checks = reading.health_checks_on(at, spec.flag, alarm_region)
            if not checks:
                return Health(
                    ResourceStatus.UNHEALTHY,
                    f"no health check follows the alarm {spec.flag} in {alarm_region}",
                    "drstate up --phase replicate declares it",
                )
            if site.region == GLOBAL:
                return Health(ResourceStatus.HEALTHY, "the flag's health check exists")
        return self._record_ready(spec, site, at, checks)

    def endpoints(self, entry: CatalogEntry, scope: Scope, region: str) -> dict[str, str]:
        """What the record answers while ``region`` serves."""
        resource = entry.resource
        for record in scope.dns:
            if (f"{record.name}/{record.type}", record.account) == (
                resource.name,
                resource.account,
            ):
                return {"answer": ", ".join(map(reading.plain, record.values.get(region, [])))}
        return {}

    def probes(self, entry: CatalogEntry, site: SiteContext) -> tuple[Probe, ...]:
        """Whether resolvers give this site's answer: what clients get, not what the zone says."""
        if site.region == GLOBAL or site.state is not SiteState.ACTIVE:
            return ()
        record = dns_record(entry.resource, site.scope)
        wanted = tuple(record.values[site.region])
        return (Probe(kind=ProbeKind.DNS, what="record", host=record.name, wanted=wanted),)

    def spec(self, entry: CatalogEntry) -> Route53Spec:
        """The entry's spec, typed."""
        return Route53Spec.model_validate(entry.spec)

    def _record_ready(
        self, spec: Route53Spec, site: SiteContext, at: At, checks: list[str]
    ) -> Health:
        sets = reading.record_sets(at, spec.zone_id, spec.name, spec.type)
        if not sets:
            return Health(
                ResourceStatus.UNHEALTHY,
                f"{spec.name} {spec.type} is gone from zone {spec.zone}",
                "create the record again, or take it out of the scope file's dns list",
            )
        primary = next((item for item in sets if item.get("Failover") == "PRIMARY"), None)
        attached = primary.get("HealthCheckId") if primary else None
        if checks and attached not in checks:
            status = (
                ResourceStatus.UNHEALTHY
                if site.state is SiteState.STANDBY
                else ResourceStatus.DEGRADED
            )
            return Health(
                status,
                f"the primary {spec.name} does not follow the flag's health check",
                "drstate up --phase replicate attaches it",
                {"health_check": checks[0], "attached": attached},
            )
        values = [value for item in sets for value in reading.values_of(item)]
        return Health(ResourceStatus.HEALTHY, "the record exists", facts={"values": values})

    def _flag(
        self, entry: CatalogEntry, spec: Route53Spec, site: SiteContext, values: list[str]
    ) -> SetFlag:
        regions = site.scope.regions
        return SetFlag(
            entry,
            spec,
            alarm_region=regions.recovery,
            raised=site.region == regions.recovery,
            values=values,
            force=site.force,
        )

    def _flag_health(
        self, entry: CatalogEntry, spec: Route53Spec, site: SiteContext, aws: AwsCaller
    ) -> Health:
        regions = site.scope.regions
        at = At(aws, entry.resource.account, regions.recovery)
        state = reading.alarm_state(at, spec.flag)
        if (state == "ALARM") == (site.region == regions.recovery):
            return Health(
                ResourceStatus.HEALTHY,
                f"the flag's alarm is {state}; the answer itself is not asked for in an emergency",
                facts={"alarm": state},
            )
        return Health(
            ResourceStatus.UNHEALTHY,
            f"the flag's alarm is {state}",
            "drstate resume sets the flag again",
            {"alarm": state},
        )

    def _idle(self, entry: CatalogEntry, site: SiteContext) -> str:
        if site.region == GLOBAL:
            return _GLOBAL_NO_OP
        way = dns_record(entry.resource, site.scope).way
        return _RECORD_NO_OP if way is DnsWay.RECORD else _FLAG_NO_OP


def dns_record(resource: Resource, scope: Scope) -> DnsRecord:
    """The scope file's record. Raises ConfigError where it is no longer there."""
    for record in scope.dns:
        if f"{record.name}/{record.type}" == resource.name and record.account == resource.account:
            return record
    raise ConfigError(
        f"{resource.key}: the scope file no longer names this record",
        why=f"stacks/{scope.customer}/{scope.environment}.yaml has no dns entry with it",
        hint="put the entry back; leaving protection is a command of its own",
    )


def _sets(found: list[dict[str, Any]]) -> tuple[RecordSet, ...]:
    sets = (
        RecordSet(
            ttl=item.get("TTL"),
            # a simple record's value says who serves, which is a role and no configuration
            values=tuple(reading.values_of(item)) if item.get("Failover") else (),
            set_identifier=item.get("SetIdentifier"),
            failover=item.get("Failover"),
        )
        for item in found
    )
    return tuple(sorted(sets, key=lambda item: item.set_identifier or ""))
