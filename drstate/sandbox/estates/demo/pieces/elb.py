"""A load balancer with two listeners, rules and two target groups, of which one is in use."""

from __future__ import annotations

from typing import Any

from moto.elbv2.models import elbv2_backends

from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo.land import Land, Piece
from drstate.sandbox.estates.demo.names import upper

_TARGETS = ("10.0.0.11", "10.0.1.11")


def build(ids: SeededIds, land: Land) -> Piece:
    """The load balancer in the east; in the west there is only the network for its copy."""
    account, region = land.app, land.primary
    network = land.network(account, region)
    land.network(account, land.recovery)
    backend = elbv2_backends[account][region]
    name = f"{land.scope.prefix}-shop"
    tags = land.scope.tags()
    ids.named(account, region, "alb", name)
    balancer = backend.create_load_balancer(
        name=name,
        security_groups=[network.security_group],
        subnet_ids=list(network.subnets),
        scheme="internet-facing",
        tags=upper(land.tags(1, "high")),
        loadbalancer_type="application",
    )
    balancer.state = "active"
    balancer.attrs |= {
        "idle_timeout.timeout_seconds": "120",
        "routing.http.drop_invalid_header_fields.enabled": "true",
    }
    shop = _group(ids, land, f"{name}-web", network.vpc)
    cart = _group(ids, land, f"{name}-cart", network.vpc)
    shop.attributes |= {
        "deregistration_delay.timeout_seconds": "60",
        "stickiness.enabled": "true",
        "stickiness.lb_cookie.duration_seconds": "3600",
    }
    for address in _TARGETS:
        shop.targets[address] = {"Id": address, "Port": shop.port, "State": "healthy"}
    ids.named(account, region, "listener", name, "80")
    backend.create_listener(
        load_balancer_arn=balancer.arn,
        protocol="HTTP",
        port="80",
        ssl_policy="",
        certificate=None,
        actions=[_to(shop)],
        tags=upper(tags),
    )
    listener = next(iter(balancer.listeners.values()))
    ids.named(account, region, "rule", name, "cart")
    backend.create_rule(
        listener_arn=listener.arn,
        conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/cart/*"]}}],
        priority=10,
        actions=[_to(cart)],
        tags=upper(tags),
    )
    ids.named(account, region, "rule", name, "old")
    backend.create_rule(
        listener_arn=listener.arn,
        conditions=[
            {"Field": "host-header", "HostHeaderConfig": {"Values": ["old.initech.example"]}}
        ],
        priority=20,
        actions=[
            {
                "Type": "redirect",
                "RedirectConfig": {
                    "Protocol": "HTTP",
                    "Port": "80",
                    "Host": "shop.initech.example",
                    "Path": "/#{path}",
                    "Query": "#{query}",
                    "StatusCode": "HTTP_301",
                },
            }
        ],
        tags=upper(tags),
    )
    return Piece(
        facts={
            "account": account,
            "name": name,
            "arn": balancer.arn,
            "dns_name": balancer.dns_name,
            "target_groups": {"web": shop.arn, "cart": cart.arn},
        }
    )


def _group(ids: SeededIds, land: Land, name: str, vpc: str) -> Any:
    ids.named(land.app, land.primary, "target-group", name)
    return elbv2_backends[land.app][land.primary].create_target_group(
        name,
        protocol="HTTP",
        port="8080",
        vpc_id=vpc,
        target_type="ip",
        healthcheck_path="/healthz",
        tags=upper(land.scope.tags()),
    )


def _to(group: Any) -> dict[str, Any]:
    return {"Type": "forward", "TargetGroupArn": group.arn}
