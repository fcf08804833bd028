"""EventBridge: rules that are on at one site only, buses at both, and endpoints that turn.

A rule is switched by actions alone, at declared and at foreign sites alike; an emergency leaves
nothing to reconcile. Whatever a rule starts is started once, because it is off at the source before
it is on at the recovery site, unless the source cannot be reached.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters import flags
from drstate.adapters.actions import Work
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.eventbridge import capture, health, reading
from drstate.adapters.eventbridge.switching import StartRule, StopRule, production_state
from drstate.adapters.eventbridge.turning import AttachCheck, turn_endpoint
from drstate.adapters.findings import Health
from drstate.adapters.flags import CONTROL_REGION
from drstate.adapters.quotas import Limit
from drstate.adapters.site import SiteContext
from drstate.model.catalog import GLOBAL, CatalogEntry, Ownership
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import When
from drstate.model.resource import Resource
from drstate.model.scope import Scope, SiteMapTable
from drstate.model.spec import Spec
from drstate.model.translation import Translation
from drstate.programs.eventbridge.spec import (
    DEFAULT_BUS,
    DISABLED,
    EventBridgeSpec,
    GlobalEndpoint,
    Kind,
)
from drstate.programs.flags import HEALTH_CHECK

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_NOTHING_GLOBAL = "the flag of the global endpoint is declared; it is turned by the site's action"
_NOTHING_WARM = "nothing is to be warmed up: the rule stands ready with its targets, switched off"
_BUS_IDLE = "a bus holds no events and runs nothing; the rules on it decide what happens"
_RULES = ("arn:aws:events:*:*:rule/*",)
_BUSES = ("arn:aws:events:*:*:event-bus/*",)


class EventBridgeAdapter(Adapter):
    """Rules and event buses, and the global endpoints of buses."""

    technology = "eventbridge"
    unrehearsed = (
        "its rules stand ready and switched off; switched on, they would do production's work "
        "a second time"
    )
    summary = (
        "EventBridge rules: off in standby, on when active, the source's off first; buses and "
        "their policies; global endpoints turned by a flag"
    )
    services = ("events", "cloudwatch", "route53")
    grants = (
        Grant(
            "see rules and targets",
            ("events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"),
            _RULES,
        ),
        Grant("see buses", ("events:DescribeEventBus", "events:ListTagsForResource"), _BUSES),
        Grant("find global endpoints", ("events:ListEndpoints",)),
        Grant("switch rules", ("events:DisableRule", "events:EnableRule"), _RULES),
        Grant(
            "switch on rules that match management events of CloudTrail, too",
            ("events:PutRule",),
            _RULES,
        ),
        Grant(
            "see and set what a global endpoint follows",
            ("events:DescribeEndpoint", "events:UpdateEndpoint"),
            ("arn:aws:events:*:*:endpoint/*",),
        ),
        Grant(
            "see health checks and flags",
            ("cloudwatch:DescribeAlarms", "route53:GetHealthCheck", "route53:ListHealthChecks"),
        ),
        flags.RAISE,
    )
    stack_grants = (
        Grant(
            "declare rules and their targets",
            (
                "events:DeleteRule",
                "events:PutTargets",
                "events:RemoveTargets",
            ),
            _RULES,
        ),
        Grant(
            "declare buses and their policies",
            (
                "events:CreateEventBus",
                "events:DeleteEventBus",
                "events:PutPermission",
                "events:RemovePermission",
                "events:UpdateEventBus",
            ),
            _BUSES,
        ),
        Grant(
            "tag rules and buses",
            ("events:TagResource", "events:UntagResource"),
            (*_RULES, *_BUSES),
        ),
        flags.DECLARE,
        Grant(
            "hand roles to targets",
            ("iam:PassRole",),
            ("arn:aws:iam::*:role/*",),
            uncalled="EventBridge checks it where a target has a role",
        ),
    )
    transient_codes = frozenset({"ConcurrentModificationException"})
    spec_type = EventBridgeSpec
    claims = (
        Claim(
            technology="eventbridge",
            explorer_type="events:rule",
            arn_pattern=re.compile(
                r"arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:(?P<name>rule/(?:[^/]+/)?[^/]+)"
            ),
        ),
        Claim(
            technology="eventbridge",
            explorer_type="events:event-bus",
            arn_pattern=re.compile(
                r"arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:(?P<name>event-bus/.+)"
            ),
        ),
    )
    limits = (
        Limit("rules per event bus", 300, "events", "L-244521F2", per="resource"),
        Limit("targets per rule", 5, per="resource"),
    )

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the rule or bus of production; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def initial_ownership(
        self, resource: Resource, spec: Spec, scope: Scope
    ) -> dict[str, Ownership]:
        """The source is foreign, the recovery rule or bus ours.

        A global endpoint has needed its second bus from the start, so both buses are the owner's,
        and the endpoint's flag is ours.
        """
        other = scope.regions.other(resource.region)
        if isinstance(spec, EventBridgeSpec) and _endpoint(spec) is not None:
            foreign = dict.fromkeys((resource.region, other), Ownership.FOREIGN)
            return {**foreign, GLOBAL: Ownership.DECLARED}
        return {resource.region: Ownership.FOREIGN, other: Ownership.DECLARED}

    def created(
        self, kind: str, inputs: Mapping[str, Any], account: str, aws: AwsCaller
    ) -> str | None:
        """The health check of the reference, or on the alarm, that the inputs name.

        Rules and targets need no looking up: putting one that is there changes nothing.
        """
        if kind != HEALTH_CHECK:
            return None
        return flags.created(At(aws, account, CONTROL_REGION), inputs)

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """No rule of another owner has the name that ours is going to have."""
        spec = self._spec(entry)
        if phase is not Phase.REPLICATE or spec.rule is None or not site.by_stack:
            return ()
        at = At(aws, entry.resource.account, site.region)
        bus = self._bus(spec, site, site.region)
        found = reading.rule(at, spec.name, bus)
        if found is None or reading.is_ours(at, found["Arn"]):
            return ()
        return (
            Health(
                ResourceStatus.UNHEALTHY,
                f"rule {spec.name} exists on bus {bus} in {site.region} already, and is not of "
                "drstate's making; declaring it would overwrite it",
                f"delete it there, or take the tag dr:enabled off {spec.arn}",
                {"rule": found["Arn"]},
            ),
        )

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """A rule that is on at the other site goes on."""
        spec = self._spec(entry)
        if spec.rule is None or production_state(entry, spec, site.region, site.other) == DISABLED:
            return None
        what = f"by its schedule {spec.rule.schedule}" if spec.rule.schedule else "on events there"
        return (
            f"rule {spec.name} in {site.other} still starts its targets {what}; what both sites "
            "start is done twice"
        )

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Nothing: a rule and a bus have no capacity."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        return Work(no_op=_NOTHING_WARM if self._spec(entry).rule else _BUS_IDLE)

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """The rule off at the other site, then on here; the endpoint turned."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        spec = self._spec(entry)
        if spec.rule is None:
            return self._turn(entry, spec, site)
        actions: list[Any] = []
        if not site.force and entry.owner(site.other) is not None:
            fence = StopRule(
                entry,
                spec,
                self._bus(spec, site, site.other),
                site.other,
                action="fence",
                when=When.BEFORE,
                by_stack=False,
            )
            actions.append(fence)
        wanted = production_state(entry, spec, site.region, site.other)
        bus = self._bus(spec, site, site.region)
        actions.append(StartRule(entry, spec, bus, site.region, wanted, by_stack=site.by_stack))
        return Work(tuple(actions))

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """The rule is off at the site that was left."""
        return self._stop(entry, site)

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """The rule stands ready, switched off; the endpoint follows the flag."""
        spec = self._spec(entry)
        endpoint = _endpoint(spec)
        if site.region != GLOBAL and endpoint is not None and not site.emergency:
            return Work((AttachCheck(entry, spec, endpoint, site.scope.regions),))
        return self._stop(entry, site)

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The rule is in production's state; the endpoint leads here."""
        spec = self._spec(entry)
        at = At(aws, entry.resource.account, site.region)
        bus = self._bus(spec, site, site.region)
        if spec.rule is not None:
            wanted = production_state(entry, spec, site.region, site.other)
            return health.rule_health(at, spec, bus, wanted)
        found = health.bus_health(at, bus)
        endpoint = _endpoint(spec)
        if not found.ok or endpoint is None:
            return found
        account, regions = entry.resource.account, site.scope.regions
        wrong = health.led_here(
            aws, account, spec, endpoint, regions, site.region, force=site.force
        )
        return wrong or found

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The rule is there, switched off, with its targets; the bus is there."""
        spec = self._spec(entry)
        at = At(aws, entry.resource.account, site.region)
        if spec.rule is not None:
            if site.region == GLOBAL:
                return Health(ResourceStatus.HEALTHY, "a rule has no part that spans both sites")
            return health.rule_health(at, spec, self._bus(spec, site, site.region), DISABLED)
        endpoint = _endpoint(spec)
        if endpoint is not None and (site.region == GLOBAL or site.state is SiteState.STANDBY):
            there = At(aws, entry.resource.account, site.scope.regions.recovery)
            attached = site.region != GLOBAL
            missing = health.unattached(there, spec, endpoint, attached=attached)
            if missing is not None:
                return missing
        if site.region == GLOBAL:
            return Health(ResourceStatus.HEALTHY, "the endpoint's flag exists")
        return health.bus_health(at, self._bus(spec, site, site.region))

    def _spec(self, entry: CatalogEntry) -> EventBridgeSpec:
        return EventBridgeSpec.model_validate(entry.spec)

    def _bus(self, spec: EventBridgeSpec, site: SiteContext, region: str) -> str:
        """The name of the rule's bus at a region."""
        name = spec.rule.bus if spec.rule else spec.name
        if name == DEFAULT_BUS:
            return name
        tables = site.scope.site_map.get(region, {})
        return Translation(tables, spec.region, region).find(SiteMapTable.EVENT_BUSES, name) or name

    def _stop(self, entry: CatalogEntry, site: SiteContext) -> Work:
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        spec = self._spec(entry)
        if spec.rule is None:
            return Work(no_op=_BUS_IDLE)
        stop = StopRule(
            entry,
            spec,
            self._bus(spec, site, site.region),
            site.region,
            action="stop",
            when=When.AFTER,
            by_stack=site.by_stack,
        )
        return Work((stop,))

    def _turn(self, entry: CatalogEntry, spec: EventBridgeSpec, site: SiteContext) -> Work:
        endpoint = _endpoint(spec)
        if endpoint is None:
            return Work(no_op=_BUS_IDLE)
        regions = site.scope.regions
        return Work((turn_endpoint(entry, spec, endpoint, regions, site.region, force=site.force),))


def _endpoint(spec: EventBridgeSpec) -> GlobalEndpoint | None:
    return spec.bus.endpoint if spec.kind is Kind.BUS and spec.bus else None
