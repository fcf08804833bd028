"""A load balancer declared: itself, target groups, listeners, rules. The same in every site state.

It is made by REPLICATE, so that its name, its addresses and its certificates exist before the
disaster: nothing of it is created on the way of a recovery. Target groups stay empty until whoever
runs at the site registers there.
"""

from __future__ import annotations

from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.programs import identifiers
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.elb import attributes
from drstate.programs.elb.owners import (
    BALANCER,
    CERTIFICATE,
    LISTENER,
    OWNERS,
    RULE,
    TARGET_GROUP,
)
from drstate.programs.elb.routing import actions, conditions, routing_classes
from drstate.programs.elb.spec import DNS, ElbSpec, Listener, TargetGroup, target_group_endpoint
from drstate.programs.elb.values import ElbValues, elb_values
from drstate.programs.lazy import aws
from drstate.programs.translator import Translator


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    return [
        aws.lb.LoadBalancer,
        aws.lb.LoadBalancerAccessLogsArgs,
        aws.lb.LoadBalancerConnectionLogsArgs,
        aws.lb.TargetGroup,
        aws.lb.TargetGroupHealthCheckArgs,
        aws.lb.TargetGroupStickinessArgs,
        aws.lb.Listener,
        aws.lb.ListenerRule,
        aws.lb.ListenerCertificate,
        *routing_classes(),
    ]


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """Everything of the load balancer at the shard's site."""
    spec = ElbSpec.model_validate(entry.spec)
    translator = declaration.translator(entry, spec.region)
    values = elb_values(spec, translator)
    translator.settle()
    balancer = _balancer(entry, spec, values, translator, declaration)
    groups = {
        group.arn: _target_group(entry, group, values, declaration) for group in spec.target_groups
    }
    arns = {source: group.arn for source, group in groups.items()}
    for listener in spec.listeners:
        _listener(entry, listener, values, balancer, arns, declaration)
    return DeclaredOutputs(
        endpoints={
            DNS: balancer.dns_name,
            **{target_group_endpoint(one.name): arns[one.arn] for one in spec.target_groups},
        },
        resources={
            "load_balancer": balancer.arn,
            "target_groups": {one.name: arns[one.arn] for one in spec.target_groups},
        },
    )


def _balancer(
    entry: CatalogEntry,
    spec: ElbSpec,
    values: ElbValues,
    translator: Translator,
    declaration: Declaration,
) -> aws.lb.LoadBalancer:
    return aws.lb.LoadBalancer(
        name_of(entry),
        **attributes.properties(attributes.BALANCER, spec.attributes),
        **_logs(spec, values),
        internal=spec.scheme == "internal",
        ip_address_type=spec.ip_address_type,
        load_balancer_type=spec.type,
        name=spec.name,
        region=declaration.shard.provider_region,
        security_groups=[identifiers.given(translator, one) for one in values.security_groups]
        or None,
        subnets=list(values.subnets),
        tags=tags_of(entry),
        opts=declaration.options(OWNERS, BALANCER, protect=True),
    )


def _logs(spec: ElbSpec, values: ElbValues) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for begin, name in attributes.LOGS.items():
        if spec.attributes.get(f"{begin}.enabled") != "true":
            continue
        part = "AccessLogs" if name == "access_logs" else "ConnectionLogs"
        made[name] = getattr(aws.lb, f"LoadBalancer{part}Args")(
            bucket=values.buckets[spec.attributes[f"{begin}.bucket"]],
            enabled=True,
            prefix=spec.attributes.get(f"{begin}.prefix") or None,
        )
    return made


def _target_group(
    entry: CatalogEntry, group: TargetGroup, values: ElbValues, declaration: Declaration
) -> aws.lb.TargetGroup:
    return aws.lb.TargetGroup(
        name_of(entry, "target-group", group.name),
        **attributes.properties(attributes.GROUP, group.attributes),
        health_check=aws.lb.TargetGroupHealthCheckArgs(
            enabled=group.check_enabled,
            healthy_threshold=group.healthy_threshold,
            interval=group.check_interval,
            matcher=group.matcher,
            path=group.check_path,
            port=group.check_port,
            protocol=group.check_protocol,
            timeout=group.check_timeout,
            unhealthy_threshold=group.unhealthy_threshold,
        ),
        ip_address_type=group.ip_address_type,
        name=group.name,
        port=group.port,
        protocol=group.protocol,
        protocol_version=group.protocol_version,
        region=declaration.shard.provider_region,
        stickiness=_stickiness(group),
        tags=tags_of(entry),
        target_type=group.target_type,
        vpc_id=values.vpcs[group.vpc],
        opts=declaration.options(OWNERS, TARGET_GROUP, protect=True),
    )


def _stickiness(group: TargetGroup) -> Any:
    found = group.attributes
    kind = found.get("stickiness.type")
    if found.get("stickiness.enabled") != "true" or kind is None:
        return None
    duration = found.get(f"stickiness.{kind}.duration_seconds")
    return aws.lb.TargetGroupStickinessArgs(
        cookie_duration=int(duration) if duration else None,
        cookie_name=found.get("stickiness.app_cookie.cookie_name") or None,
        enabled=True,
        type=kind,
    )


def _listener(
    entry: CatalogEntry,
    listener: Listener,
    values: ElbValues,
    balancer: aws.lb.LoadBalancer,
    groups: dict[str, Any],
    declaration: Declaration,
) -> None:
    port = str(listener.port)
    made = aws.lb.Listener(
        name_of(entry, "listener", port),
        alpn_policy=listener.alpn_policy,
        certificate_arn=values.certificates[listener.certificate] if listener.certificate else None,
        default_actions=actions(listener.actions, groups, rule=False),
        load_balancer_arn=balancer.arn,
        port=listener.port,
        protocol=listener.protocol,
        region=declaration.shard.provider_region,
        ssl_policy=listener.ssl_policy,
        tags=tags_of(entry),
        opts=declaration.options(OWNERS, LISTENER),
    )
    for arn in listener.more_certificates:
        aws.lb.ListenerCertificate(
            name_of(entry, "listener", port, "certificate", arn.rpartition("/")[2]),
            certificate_arn=values.certificates[arn],
            listener_arn=made.arn,
            opts=declaration.options(OWNERS, CERTIFICATE),
        )
    for rule in listener.rules:
        aws.lb.ListenerRule(
            name_of(entry, "listener", port, "rule", str(rule.priority)),
            actions=actions(rule.actions, groups, rule=True),
            conditions=conditions(rule.conditions),
            listener_arn=made.arn,
            priority=rule.priority,
            region=declaration.shard.provider_region,
            tags=tags_of(entry),
            opts=declaration.options(OWNERS, RULE),
        )
