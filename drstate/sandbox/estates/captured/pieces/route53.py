"""A record in its zone, answering with what serves, and the routing controls that it follows.

The values of a simple record are a role and in no spec: they are the scope file's for the serving
region. Weights are a role as well: all traffic goes to what serves. Names of controls and panels
are made up, and safety rules are there only where the scope file names them.
"""

from __future__ import annotations

from typing import Any

from moto.route53.models import route53_backends

from drstate.model.catalog import CatalogEntry
from drstate.model.named import DnsRecord
from drstate.programs.route53 import RecordSet, Route53Spec, named_record
from drstate.sandbox.access import PARTITION
from drstate.sandbox.aws import recovery_control, route53_health
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper

#: an alias may point to a zone that no spec knows; nobody resolves it here
_ALIAS_ZONE = "Z35SXDOTRQ7X7K"


def build(site: Captured, entry: CatalogEntry) -> None:
    """The record, and its zone where it is the first one of it."""
    spec = Route53Spec.model_validate(entry.spec)
    record = named_record(entry.resource, site.scope)
    if record is None:
        raise cannot(
            entry.key, "values", "the scope file's dns list lacks the record, and only it has them"
        )
    zone = _zone(site, entry.resource.account, spec)
    for number, one in enumerate(spec.record_sets):
        zone.add_rrset(_record(site, entry.resource.account, spec, record, one, number))


def _zone(site: Captured, account: str, spec: Route53Spec) -> Any:
    backend = route53_backends[account][PARTITION]
    if site.first("zone", account, "", spec.zone_id):
        made = backend.create_hosted_zone(
            name=spec.zone,
            private_zone=False,
            caller_reference=f"captured-{spec.zone_id}",
            comment="rebuilt from a catalog",
        )
        del backend.zones[made.resource_id]
        made.resource_id = spec.zone_id
        backend.zones[spec.zone_id] = made
        backend.change_tags_for_resource("hostedzone", spec.zone_id, upper(site.own_tags()), [])
    return backend.zones[spec.zone_id]


def _record(
    site: Captured,
    account: str,
    spec: Route53Spec,
    record: DnsRecord,
    one: RecordSet,
    number: int,
) -> dict[str, Any]:
    serving = record.values[site.serving]
    values = list(one.values) or serving
    made: dict[str, Any] = {"Name": spec.name, "Type": spec.type}
    if one.alias:
        region = next((name for name, said in record.values.items() if said == values), "")
        made["AliasTarget"] = {
            "HostedZoneId": record.alias_zones.get(region or site.serving, _ALIAS_ZONE),
            "DNSName": values[0],
            "EvaluateTargetHealth": False,
        }
    else:
        made |= {"TTL": one.ttl, "ResourceRecords": values}
    if one.set_identifier:
        made["SetIdentifier"] = one.set_identifier
    if one.failover:
        made["Failover"] = one.failover
    if one.weighted:
        plain = {value.rstrip(".").lower() for value in serving}
        serves = bool(plain & {*one.values}) or (not one.values and number == 0)
        made["Weight"] = 100 if serves else 0
    if one.control:
        made["HealthCheckId"] = _check(site, account, spec, record, one.control)
    return made


def _check(site: Captured, account: str, spec: Route53Spec, record: DnsRecord, control: str) -> str:
    """Id of the health check that follows a routing control."""
    for region, arn in record.controls.items():
        _control(site, spec, arn, on=region == site.serving)
    _control(site, spec, control, on=False)
    for rule in record.break_glass:
        _rule(site, rule)
    site.ids.named(account, "health-check", control)
    backend = route53_backends[account][PARTITION]
    made = route53_health.create(
        backend,
        f"captured-{control[-16:]}",
        {"Type": "RECOVERY_CONTROL", "RoutingControlArn": control},
    )
    return str(made.id)


def _control(site: Captured, spec: Route53Spec, arn: str, *, on: bool) -> None:
    """A control, its panel and its cluster, which is reached where the spec says."""
    account = arn.split(":")[4]
    if not site.first("routing-control", account, "", arn):
        return
    backend = recovery_control.backend_of(account)
    panel = arn.partition("/routingcontrol/")[0]
    if panel not in backend.panels:
        where = {one.region: one.url for one in spec.cluster_endpoints}
        cluster = next((one for one in backend.clusters.values() if one.endpoints == where), None)
        if cluster is None:
            site.ids.named(account, "recovery-cluster", panel)
            cluster = backend.add_cluster(f"captured-{len(backend.clusters) + 1}")
            cluster.endpoints = where or cluster.endpoints
        backend.panels[panel] = recovery_control.Panel(panel, "captured", cluster.arn)
    name = f"captured-{len(backend.controls) + 1}"
    backend.controls[arn] = recovery_control.Control(arn, name, panel, on)


def _rule(site: Captured, arn: str) -> None:
    """A safety rule: one of its panel's controls has to be on."""
    account = arn.split(":")[4]
    if not site.first("safety-rule", account, "", arn):
        return
    backend = recovery_control.backend_of(account)
    panel = arn.partition("/safetyrule/")[0]
    controls = tuple(one.arn for one in backend.controls.values() if one.panel == panel)
    backend.rules[arn] = recovery_control.Rule(arn, "captured", panel, controls)
