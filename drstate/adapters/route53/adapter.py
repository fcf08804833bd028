"""Route 53: the last step of an activation, in one of three ways (see ``DnsWay``).

``record``: the record itself is changed, a call of the control plane in us-east-1. ``flag``: a
failover pair follows a flag, which needs no control plane at all; its alarms and health checks are
declared in the global stack, and one is attached once, in REPLICATE.
``routing-control``: record sets follow routing controls, which are flipped at the data plane of
their own cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters import flags
from drstate.adapters.actions import Work
from drstate.adapters.at import At, calls
from drstate.adapters.base import Adapter
from drstate.adapters.findings import Health
from drstate.adapters.flags import CONTROL_REGION
from drstate.adapters.quotas import SEE_QUOTAS, Demand, Limit
from drstate.adapters.route53 import health, reading
from drstate.adapters.route53.capture import captured
from drstate.adapters.route53.controls import FlipControls
from drstate.adapters.route53.records import AttachHealthCheck, PointRecord
from drstate.adapters.site import SiteContext
from drstate.errors import ConfigError
from drstate.model.catalog import GLOBAL, CatalogEntry, Ownership
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.named import DnsRecord, DnsWay
from drstate.model.phases import Phase, SiteState
from drstate.model.probe import Probe, ProbeKind
from drstate.model.resource import Resource
from drstate.model.scope import Scope
from drstate.model.spec import Spec
from drstate.programs.flags import CHECKS, HEALTH_CHECK
from drstate.programs.route53 import LONGEST_TTL, Route53Spec, named_record, slow_answer

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_NO_OPS = {
    DnsWay.RECORD: "a record changes hands in ACTIVATE only",
    DnsWay.FLAG: "the flag is raised or lowered in ACTIVATE only",
    DnsWay.ROUTING_CONTROL: "routing controls are turned on and off in ACTIVATE only",
}
_NO_DATA = "a flag's alarm has no data before the first flip, and is OK after it"
HEALTH_CHECKS = Limit(
    "health checks",
    500,
    "route53",
    "L-ACB674F3",
    per="account",
    counted=True,
    control_region=CONTROL_REGION,
)
_GLOBAL_NO_OP = "the health check and its alarm are declared; they flip by the site's action"


class Route53Adapter(Adapter):
    """Records that the scope file names."""

    technology = "route53"
    unrehearsed = "its names are production's, and no DNS of production is touched"
    summary = "DNS records: changed in the zone, or flipped by a flag or by routing controls"
    services = (
        "route53",
        "cloudwatch",
        "route53-recovery-cluster",
        "route53-recovery-control-config",
        "service-quotas",
    )
    grants = (
        SEE_QUOTAS,
        Grant(
            "see zones, health checks, alarms and answers",
            (
                "cloudwatch:DescribeAlarms",
                "route53:ListHealthChecks",
                "route53:ListHostedZonesByName",
                "route53:TestDNSAnswer",
            ),
        ),
        Grant(
            "see and change records",
            ("route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets"),
            ("arn:aws:route53:::hostedzone/*",),
        ),
        Grant(
            "see changes of zones, and what health checks follow",
            ("route53:GetChange", "route53:GetHealthCheck"),
            ("arn:aws:route53:::change/*", "arn:aws:route53:::healthcheck/*"),
        ),
        flags.RAISE,
        Grant(
            "see routing controls and where they are reached",
            (
                "route53-recovery-control-config:DescribeCluster",
                "route53-recovery-control-config:DescribeControlPanel",
                "route53-recovery-control-config:DescribeRoutingControl",
            ),
            ("arn:aws:route53-recovery-control::*:*",),
        ),
        Grant(
            "flip routing controls",
            (
                "route53-recovery-cluster:GetRoutingControlState",
                "route53-recovery-cluster:UpdateRoutingControlStates",
            ),
            ("arn:aws:route53-recovery-control::*:controlpanel/*",),
        ),
    )
    stack_grants = (flags.DECLARE,)
    transient_codes = frozenset({"PriorRequestNotComplete"})
    spec_type = Route53Spec
    #: records carry no tags: the scope file names them, discovery adds them from there
    claims = ()
    deviations = {
        "tells-unhealthy": "a record exists, and can be flipped by routing controls, before it is "
        "protected",
        "ends-where-it-began": _NO_DATA,
        "undo-undoes": _NO_DATA,
    }
    limits = (
        HEALTH_CHECKS,
        Limit("record sets of a zone", 10_000, "route53", "L-E209CC9F", per="resource"),
    )

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """The zone's id and the record's sets. ``resource.arn`` is ``zone name type``."""
        return captured(resource, aws, self.clock.now())

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
        """The health check of the reference, or on the alarm, that the inputs name."""
        if kind != HEALTH_CHECK:
            return None
        return flags.created(At(aws, account, CONTROL_REGION), inputs)

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Nothing: the record points to where it serves."""
        return Work(no_op=self._idle(entry, site))

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Have the record answer with this site, in the way that it is flipped."""
        if site.region == GLOBAL:
            return Work(no_op=_GLOBAL_NO_OP)
        spec = self.spec(entry)
        record = dns_record(entry.resource, site.scope)
        if record.way is DnsWay.RECORD:
            return Work((PointRecord(entry, spec, site.region, record),))
        if record.way is DnsWay.FLAG:
            return Work((self._flag(entry, spec, site, record.values[site.region]),))
        flip = FlipControls(
            entry, spec, record, region=site.region, other=site.other, force=site.force
        )
        return Work((flip,))

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Nothing: the record has left this site already."""
        return Work(no_op=self._idle(entry, site))

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """``flag``: attach the health check to the primary. Otherwise nothing."""
        record = dns_record(entry.resource, site.scope)
        if site.region == GLOBAL or record.way is not DnsWay.FLAG:
            return Work(no_op=self._idle(entry, site))
        return Work((AttachHealthCheck(entry, self.spec(entry), site.scope.regions.recovery),))

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """Before an activation: the routing controls' cluster answers, and answers are short."""
        if phase is not Phase.ACTIVATE or site.region == GLOBAL:
            return ()
        spec, record = self.spec(entry), dns_record(entry.resource, site.scope)
        found: list[Health] = []
        if record.way is DnsWay.ROUTING_CONTROL:
            found.append(health.reachable(spec, record, site, aws))
        if record.way is DnsWay.RECORD and site.force and site.other == CONTROL_REGION:
            what = f"{spec.name} {spec.type} can be changed in {CONTROL_REGION} only, which is lost"
            hint = "say way: flag or way: routing-control for what has to move in a disaster"
            found.append(Health(ResourceStatus.DEGRADED, what, hint))
        slow = slow_answer(entry, site.scope)
        if slow is not None:
            hint = f"lower the TTL to {LONGEST_TTL} s or less, well before a failover"
            found.append(Health(ResourceStatus.DEGRADED, slow, hint))
        return tuple(found)

    def used(self, limit: Limit, at: At) -> dict[str, int]:  # noqa: ARG002 - there is one
        """The account's health checks."""
        return {"": sum(1 for _ in at.pages("route53", "list_health_checks", "HealthChecks"))}

    def demand(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Demand, ...]:
        """The health check of a flag, where there is none yet."""
        if site.region != GLOBAL or phase is not Phase.REPLICATE or not site.by_stack:
            return ()
        at = At(aws, entry.resource.account, CONTROL_REGION)
        if flags.own_checks(at, self.spec(entry).turned_by.reference):
            return ()
        return (Demand(HEALTH_CHECKS, at.account, at.region, CHECKS),)

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The name answers with this site's values."""
        record = dns_record(entry.resource, site.scope)
        return health.serving(entry, self.spec(entry), record, site, aws)

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The record exists; a flag is attached; routing controls can be reached."""
        record = dns_record(entry.resource, site.scope)
        return health.ready(entry, self.spec(entry), record, site, aws)

    def endpoints(self, entry: CatalogEntry, scope: Scope, region: str) -> dict[str, str]:
        """What the record answers while ``region`` serves."""
        record = named_record(entry.resource, scope)
        if record is None:
            return {}
        return {"answer": ", ".join(map(reading.plain, record.values.get(region, [])))}

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

    def _flag(
        self, entry: CatalogEntry, spec: Route53Spec, site: SiteContext, values: list[str]
    ) -> flags.TurnTo:
        wanted = sorted(reading.plain(value) for value in values)

        def answered(aws: AwsCaller) -> bool:
            at = At(aws, entry.resource.account, CONTROL_REGION)
            return reading.answer(at, spec.zone_id, spec.name, spec.type) == wanted

        # by force the alarms' states have to do: Route 53 is asked in one region only
        return flags.TurnTo(
            entry,
            "flag",
            f"turn the flag of {spec.name} {spec.type}: {site.region} answers",
            flags.turns(spec.turned_by, site.scope.regions, site.region, force=site.force),
            answered=None if site.force else answered,
            asks=() if site.force else tuple(calls("route53", CONTROL_REGION, "TestDNSAnswer")),
            values=wanted,
        )

    def _idle(self, entry: CatalogEntry, site: SiteContext) -> str:
        if site.region == GLOBAL:
            return _GLOBAL_NO_OP
        return _NO_OPS[dns_record(entry.resource, site.scope).way]


def dns_record(resource: Resource, scope: Scope) -> DnsRecord:
    """The scope file's record. Raises ConfigError where it is no longer there."""
    found = named_record(resource, scope)
    if found is None:
        raise ConfigError(
            f"{resource.key}: the scope file no longer names this record",
            why=f"{scope.key.file} has no dns entry with it",
            hint="put the entry back; leaving protection is a command of its own",
        )
    return found


ADAPTER = Route53Adapter
