"""A rule with its targets, or a bus with its policy and its global endpoint.

What a rule's bus has besides, and what an endpoint's health check looks at, is in no spec: the bus
is empty, the check asks a host that nothing answers for, and is healthy.
"""

from __future__ import annotations

import json
from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.eventbridge.spec import (
    DEFAULT_BUS,
    Bus,
    EventBridgeSpec,
    GlobalEndpoint,
    Rule,
    RuleTarget,
)
from drstate.programs.eventbridge.values import canonical
from drstate.sandbox.access import PARTITION
from drstate.sandbox.aws import correct
from drstate.sandbox.estates.captured.named import by_arn
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper

#: what the made-up health check of an endpoint asks; reserved for examples
_CHECKED = "endpoint.example"


def build(site: Captured, entry: CatalogEntry) -> None:
    """The rule or the bus in the serving region; of an endpoint, the other region's bus, too."""
    correct("events")
    spec = EventBridgeSpec.model_validate(entry.spec)
    if spec.rule is not None:
        _rule(site, entry, spec, spec.rule)
    elif spec.bus is not None:
        _bus(site, entry, spec, spec.bus)
    else:
        raise cannot(entry.key, "kind", f"the spec is of a {spec.kind} and describes none")


def _rule(site: Captured, entry: CatalogEntry, spec: EventBridgeSpec, rule: Rule) -> None:
    from moto.events.models import events_backends  # noqa: PLC0415 - after its correction

    account, region = entry.resource.account, spec.region
    if rule.bus != DEFAULT_BUS:
        _bus_of(site, rule.bus, account, region)
    if rule.role:
        site.role(rule.role)
    backend: Any = events_backends[account][region]
    site.ids.named(account, region, "rule", rule.bus, spec.name)
    backend.put_rule(
        spec.name,
        event_bus_arn=rule.bus,
        event_pattern=rule.pattern,
        scheduled_expression=rule.schedule,
        description=rule.description,
        role_arn=rule.role,
        state=rule.state,
        tags=upper(site.tags(entry)),
    )
    for target in rule.targets:
        by_arn(site, target.arn)
        if target.dead_letter:
            by_arn(site, target.dead_letter)
        if target.role:
            site.role(target.role)
    if rule.targets:
        backend.put_targets(spec.name, rule.bus, [_target(one) for one in rule.targets])


def _bus_of(site: Captured, name: str, account: str, region: str) -> None:
    """A bus that rules are on: not protected, it is there at both sites; else at its own."""
    site.have(SiteMapTable.EVENT_BUSES, name, account, region)
    arn = f"arn:{PARTITION}:events:{region}:{account}:event-bus/{name}"
    if any(one.resource.arn == arn for one in site.entries("eventbridge")):
        return
    mapped = site.scope.site_map.get(site.other, {}).get(SiteMapTable.EVENT_BUSES, {})
    if name not in mapped:
        site.have(SiteMapTable.EVENT_BUSES, name, account, site.other)


def _target(given: RuleTarget) -> dict[str, Any]:
    retry = {
        "MaximumEventAgeInSeconds": given.max_age_seconds,
        "MaximumRetryAttempts": given.retries,
    }
    transformer = {
        "InputPathsMap": given.input_paths or None,
        "InputTemplate": given.input_template,
    }
    made = {
        "Id": given.id,
        "Arn": given.arn,
        "RoleArn": given.role,
        "Input": given.input,
        "InputPath": given.input_path,
        "InputTransformer": _said(transformer),
        "RetryPolicy": _said(retry),
        "DeadLetterConfig": _said({"Arn": given.dead_letter}),
        **given.parameters,
    }
    return _said(made)


def _said(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value not in (None, {})}


def _bus(site: Captured, entry: CatalogEntry, spec: EventBridgeSpec, bus: Bus) -> None:
    from moto.events.models import events_backends  # noqa: PLC0415 - after its correction

    account, region = entry.resource.account, spec.region
    site.have(SiteMapTable.EVENT_BUSES, spec.name, account, region)
    backend: Any = events_backends[account][region]
    made = backend.event_buses[spec.name]
    made.description = bus.description
    made.kms_key_identifier = bus.kms_key
    made.dead_letter_config = {"Arn": bus.dead_letter} if bus.dead_letter else None
    if bus.kms_key and bus.kms_key.startswith("arn:"):
        site.kms_key(bus.kms_key)
    if bus.dead_letter:
        by_arn(site, bus.dead_letter)
    backend.tagger.delete_all_tags_for_resource(made.arn)
    made.tags = upper(site.tags(entry))
    backend.tagger.tag_resource(made.arn, made.tags)
    if bus.policy:
        _permit(entry, made, bus.policy)
    if bus.endpoint is not None:
        _endpoint(site, entry, spec, bus.endpoint)


def _permit(entry: CatalogEntry, bus: Any, policy: str) -> None:
    try:
        bus.add_policy(json.loads(policy))
        same = canonical(json.loads(bus.policy)) == policy
    except (ValueError, LookupError, TypeError) as error:
        raise cannot(entry.key, "bus.policy", f"it cannot be read: {error}") from error
    if not same:
        raise cannot(
            entry.key,
            "bus.policy",
            "the sandbox keeps version, and of statements Sid, Principal, Action, Resource, Effect "
            "and Condition, one statement for each Sid",
        )


def _endpoint(
    site: Captured, entry: CatalogEntry, spec: EventBridgeSpec, given: GlobalEndpoint
) -> None:
    from drstate.sandbox.aws import eventbridge_endpoints as endpoints  # noqa: PLC0415 - the same

    account, region = entry.resource.account, spec.region
    site.have(SiteMapTable.EVENT_BUSES, spec.name, account, given.secondary)
    _health_check(site, account, given)
    site.ids.named(account, region, "endpoint", given.name)
    other = spec.arn.replace(f":{region}:", f":{given.secondary}:", 1)
    made = endpoints.endpoint_backends[account][region].create(
        given.name,
        {
            "EventBuses": [{"EventBusArn": arn} for arn in (spec.arn, other)],
            "ReplicationConfig": {"State": "DISABLED"},
            "RoutingConfig": {
                "FailoverConfig": {
                    "Primary": {"HealthCheck": given.health_check},
                    "Secondary": {"Route": given.secondary},
                }
            },
        },
    )
    made.state = endpoints.ACTIVE


def _health_check(site: Captured, account: str, given: GlobalEndpoint) -> None:
    """The owner's check, with the id that it has."""
    from moto.route53.models import route53_backends  # noqa: PLC0415 - only endpoints have one

    from drstate.sandbox.aws import route53_health  # noqa: PLC0415 - the same

    backend: Any = route53_backends[account][PARTITION]
    ident = given.health_check.rpartition("/")[2]
    if ident in backend.health_checks:
        return
    site.ids.named(account, "health-check", ident)
    config = {"Type": "HTTPS", "FullyQualifiedDomainName": _CHECKED, "Port": 443}
    made: Any = route53_health.create(backend, f"captured-{ident}", config)
    del backend.health_checks[made.id]
    made.id = ident
    backend.health_checks[ident] = made
