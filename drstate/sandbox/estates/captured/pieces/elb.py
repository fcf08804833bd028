"""A load balancer with its target groups, listeners and rules, each under its own ARN.

Listeners and rules have identifiers that no spec knows: they are made up. Two healthy targets are
registered in every group that takes addresses, so that it serves.
"""

from __future__ import annotations

from typing import Any

from moto.elbv2 import models as elbv2

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.elb.spec import DNS, ElbSpec, Listener, Rule, TargetGroup
from drstate.sandbox.estates.captured.forcing import forced
from drstate.sandbox.estates.captured.given import given
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper

_TARGETS = ("10.0.0.11", "10.0.1.11")


def build(site: Captured, entry: CatalogEntry) -> None:
    """The balancer; what its listeners present and who they ask is made too."""
    spec = ElbSpec.model_validate(entry.spec)
    account, region = entry.resource.account, spec.region
    for subnet in spec.subnets:
        site.subnet(account, region, subnet)
    for group in spec.security_groups:
        site.security_group(account, region, group)
    backend: Any = elbv2.elbv2_backends[account][region]
    site.ids.named(account, region, "alb", spec.name)
    with forced(elbv2, "make_arn_for_load_balancer", spec.arn):
        balancer = backend.create_load_balancer(
            name=spec.name,
            security_groups=list(spec.security_groups),
            subnet_ids=list(spec.subnets),
            scheme=spec.scheme,
            ip_address_type=spec.ip_address_type or "ipv4",
            tags=upper(site.tags(entry)),
            loadbalancer_type=spec.type,
        )
    site.made.add((str(SiteMapTable.LOAD_BALANCERS), account, region, spec.arn))
    balancer.state = "active"
    balancer.attrs |= spec.attributes
    balancer.dns_name = spec.endpoints.get(DNS, balancer.dns_name)
    balancer.canonical_hosted_zone_id = _zone(site, balancer, region)
    for one in spec.target_groups:
        _target_group(site, backend, account, region, one)
    for listener in spec.listeners:
        _listener(site, backend, account, region, spec, listener)


def _zone(site: Captured, balancer: Any, region: str) -> str:
    """The hosted zone that aliases of the scope name for this host; the emulation's otherwise."""
    for record in site.scope.dns:
        if balancer.dns_name in record.values.get(region, ()) and record.alias_zones:
            return record.alias_zones[region]
    return str(balancer.canonical_hosted_zone_id)


def _target_group(
    site: Captured, backend: Any, account: str, region: str, group: TargetGroup
) -> None:
    site.vpc(account, region, group.vpc)
    site.ids.named(account, region, "target-group", group.name)
    site.made.add((str(SiteMapTable.TARGET_GROUPS), account, region, group.arn))
    grpc = group.protocol_version == "GRPC"
    with forced(elbv2, "make_arn_for_target_group", group.arn):
        made = backend.create_target_group(
            group.name,
            **given(
                protocol=group.protocol,
                port=str(group.port),
                vpc_id=group.vpc,
                target_type=group.target_type,
                protocol_version=group.protocol_version,
                ip_address_type=group.ip_address_type,
                healthcheck_enabled=str(group.check_enabled).lower(),
                healthcheck_protocol=group.check_protocol,
                healthcheck_port=group.check_port,
                healthcheck_path=group.check_path,
                healthcheck_interval_seconds=group.check_interval,
                healthcheck_timeout_seconds=group.check_timeout,
                healthy_threshold_count=group.healthy_threshold,
                unhealthy_threshold_count=group.unhealthy_threshold,
                matcher={"GrpcCode" if grpc else "HttpCode": group.matcher}
                if group.matcher
                else None,
                tags=upper(site.own_tags()),
            ),
        )
    made.attributes |= group.attributes
    if group.target_type == "ip":
        for address in _TARGETS:
            made.targets[address] = {"Id": address, "Port": made.port, "State": "healthy"}


def _listener(
    site: Captured,
    backend: Any,
    account: str,
    region: str,
    spec: ElbSpec,
    listener: Listener,
) -> None:
    certificates = [one for one in (listener.certificate, *listener.more_certificates) if one]
    for arn in certificates:
        if ":acm:" in arn:
            site.have(SiteMapTable.CERTIFICATES, arn, account, region)
    site.ids.named(account, region, "listener", spec.name, str(listener.port))
    made = backend.create_listener(
        load_balancer_arn=spec.arn,
        protocol=listener.protocol,
        port=str(listener.port),
        ssl_policy=listener.ssl_policy or "",
        certificate=listener.certificate,
        actions=[dict(one) for one in listener.actions],
        alpn_policy=[listener.alpn_policy] if listener.alpn_policy else None,
        tags=upper(site.own_tags()),
    )
    made.certificates = certificates
    for rule in listener.rules:
        _rule(site, backend, account, region, spec, made, listener, rule)


def _rule(
    site: Captured,
    backend: Any,
    account: str,
    region: str,
    spec: ElbSpec,
    made: Any,
    listener: Listener,
    rule: Rule,
) -> None:
    site.ids.named(account, region, "rule", spec.name, str(listener.port), str(rule.priority))
    backend.create_rule(
        listener_arn=made.arn,
        conditions=[dict(one) for one in rule.conditions],
        priority=rule.priority,
        actions=[dict(one) for one in rule.actions],
        tags=upper(site.own_tags()),
    )
