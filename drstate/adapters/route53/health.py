"""Whether a record answers with a site's values, and whether it could be flipped.

In a forced failover Route 53 itself is not asked: its control plane is in one region, which may be
the one that is gone. What decides the answer (the flag's alarm, the routing controls) is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.adapters import flags
from drstate.adapters.at import At
from drstate.adapters.findings import Health
from drstate.adapters.flags import CONTROL_REGION
from drstate.adapters.route53 import reading
from drstate.adapters.route53.controls import OFF, ON, QUORUM, Endpoints
from drstate.adapters.route53.wanted import Unfit, current_matches, wanted_sets
from drstate.adapters.site import SiteContext
from drstate.model.catalog import GLOBAL, CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.model.named import DnsRecord, DnsWay
from drstate.model.phases import SiteState
from drstate.programs.route53 import Route53Spec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller


def serving(
    entry: CatalogEntry, spec: Route53Spec, record: DnsRecord, site: SiteContext, aws: AwsCaller
) -> Health:
    """The name answers with this site's values."""
    if record.way is DnsWay.FLAG and site.force:
        return _flag(entry, spec, site, aws)
    if record.way is DnsWay.ROUTING_CONTROL:
        found = _controls(spec, record, site, aws)
        if site.force or not found.ok:
            return found
    at = At(aws, entry.resource.account, CONTROL_REGION)
    if record.alias or any(one.alias for one in spec.record_sets):
        return _alias(at, spec, record, site)
    return _answer(at, spec, record, site)


def ready(
    entry: CatalogEntry, spec: Route53Spec, record: DnsRecord, site: SiteContext, aws: AwsCaller
) -> Health:
    """The record exists; what flips it is there and attached."""
    at = At(aws, entry.resource.account, CONTROL_REGION)
    checks: list[str] = []
    if record.way is DnsWay.FLAG:
        checks = flags.own_checks(at, spec.turned_by.reference)
        if not checks:
            return Health(
                ResourceStatus.UNHEALTHY,
                f"no health check follows the flag {spec.flag}",
                "drstate up --phase replicate declares it",
            )
        if site.region == GLOBAL:
            return Health(ResourceStatus.HEALTHY, "the flag's health checks exist")
    if record.way is DnsWay.ROUTING_CONTROL:
        found = reachable(spec, record, site, aws)
        if not found.ok:
            return found
    return _record_ready(spec, site, at, checks)


def reachable(spec: Route53Spec, record: DnsRecord, site: SiteContext, aws: AwsCaller) -> Health:
    """Enough endpoints of the cluster answer, and the record follows its controls."""
    followed = {one.control for one in spec.record_sets}
    loose = sorted(set(record.controls.values()) - followed)
    if loose:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"no record set of {spec.name} {spec.type} follows the routing control {loose[0]}",
            "give the record set of that region a health check of type RECOVERY_CONTROL; then "
            "drstate up --phase replicate",
        )
    control = record.controls[site.region]
    endpoints = _endpoints(spec, record, site)
    answering = endpoints.answering(aws, control)
    facts = {"answering": answering, "known": list(endpoints.regions)}
    said = f"{len(answering)} of {len(endpoints.known)} endpoints of the cluster answer"
    if len(answering) >= QUORUM:
        return Health(ResourceStatus.HEALTHY, said, facts=facts)
    silent = ", ".join(sorted(set(endpoints.regions) - set(answering)))
    return Health(
        ResourceStatus.DEGRADED if answering else ResourceStatus.UNHEALTHY,
        f"{said}; {QUORUM} are wanted",
        f"see why these cannot be reached from here: {silent}",
        facts,
    )


def _endpoints(spec: Route53Spec, record: DnsRecord, site: SiteContext) -> Endpoints:
    account = record.controls[site.region].split(":")[4]
    without = site.other if site.force else None
    return Endpoints(spec, account, near=site.region, without=without)


def _controls(spec: Route53Spec, record: DnsRecord, site: SiteContext, aws: AwsCaller) -> Health:
    states = _endpoints(spec, record, site).states(aws, record.controls)
    wanted = {site.region: ON, site.other: OFF}
    said = ", ".join(f"{region} is {state}" for region, state in sorted(states.items()))
    if states == wanted:
        return Health(ResourceStatus.HEALTHY, f"routing controls: {said}", facts=dict(states))
    return Health(
        ResourceStatus.UNHEALTHY,
        f"routing controls: {said}",
        "drstate resume sets them again",
        dict(states),
    )


def _answer(at: At, spec: Route53Spec, record: DnsRecord, site: SiteContext) -> Health:
    wanted = sorted(reading.plain(value) for value in record.values[site.region])
    found = reading.answer(at, spec.zone_id, spec.name, spec.type)
    facts = {"answer": found, "wanted": wanted}
    if found == wanted:
        return Health(
            ResourceStatus.HEALTHY, f"answers {', '.join(found)} ({site.region})", facts=facts
        )
    return Health(
        ResourceStatus.UNHEALTHY,
        f"answers {', '.join(found) or 'nothing'}; {', '.join(wanted)} is wanted",
        _test_answer(spec),
        facts,
    )


def _alias(at: At, spec: Route53Spec, record: DnsRecord, site: SiteContext) -> Health:
    """An alias answers with its target's addresses, which change: its target is looked at."""
    if record.way is DnsWay.RECORD:
        sets = reading.record_sets(at, spec.zone_id, spec.name, spec.type)
        try:
            as_wanted = current_matches(sets, wanted_sets(sets, record, site.region))
        except Unfit as unfit:
            return Health(ResourceStatus.UNHEALTHY, unfit.what, unfit.hint)
        if not as_wanted:
            return Health(
                ResourceStatus.UNHEALTHY,
                f"{spec.name} {spec.type} does not point to {record.values[site.region][0]}",
                "drstate resume points it there",
            )
    found = reading.answer(at, spec.zone_id, spec.name, spec.type)
    if found:
        said = f"answers {', '.join(found)} for {record.values[site.region][0]}"
        return Health(ResourceStatus.HEALTHY, said, facts={"answer": found})
    return Health(
        ResourceStatus.UNHEALTHY,
        f"{spec.name} {spec.type} answers nothing",
        _test_answer(spec),
    )


def _test_answer(spec: Route53Spec) -> str:
    return (
        f"aws route53 test-dns-answer --hosted-zone-id {spec.zone_id} --record-name "
        f"{spec.name} --record-type {spec.type}"
    )


def _flag(entry: CatalogEntry, spec: Route53Spec, site: SiteContext, aws: AwsCaller) -> Health:
    led, states = flags.led_to(
        aws,
        entry.resource.account,
        spec.turned_by,
        site.scope.regions,
        site.region,
        force=site.force,
    )
    said = " and ".join(f"the {name.replace('_', ' ')} is {is_}" for name, is_ in states.items())
    if led:
        return Health(
            ResourceStatus.HEALTHY,
            f"{said}; the answer itself is not asked for in an emergency",
            facts=states,
        )
    return Health(ResourceStatus.UNHEALTHY, said, "drstate resume turns it again", states)


def _record_ready(spec: Route53Spec, site: SiteContext, at: At, checks: list[str]) -> Health:
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
            ResourceStatus.UNHEALTHY if site.state is SiteState.STANDBY else ResourceStatus.DEGRADED
        )
        return Health(
            status,
            f"the primary {spec.name} does not follow the flag's health check",
            "drstate up --phase replicate attaches it",
            {"health_check": checks[0], "attached": attached},
        )
    values = [value for item in sets for value in reading.values_of(item)]
    return Health(ResourceStatus.HEALTHY, "the record exists", facts={"values": values})
