"""Databases, services and what stands in front of them, with every setting that specs know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import yaml

from drstate.adapters.registry import adapter_for
from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.resource import Resource, resource_key
from drstate.model.scope import Scope
from drstate.model.tags import DrTags
from tests.sandbox.rich import known
from tests.sandbox.rich_databases import (
    APP,
    DATA,
    EAST,
    INSIGHTS,
    KEY,
    MONITORING,
    WEST,
    Said,
    arn_of,
    clusters,
    instances,
)

__all__ = ["INSIGHTS", "KEY", "MONITORING", "catalog", "scope_text"]

DNS = "255555555503"
PATH = "vandelay/staging.yaml"
WHEN = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
VPC = "vpc-0b0b0b0b0b0b0b001"
PUBLIC = ("subnet-0b0b0b0b0b0b0b001", "subnet-0b0b0b0b0b0b0b002", "subnet-0b0b0b0b0b0b0b003")
GROUP, PARTNERS = "sg-0b0b0b0b0b0b0b001", "sg-0b0b0b0b0b0b0b002"
TAGS = {"Customer": "vandelay", "Environment": "staging", "dr:enabled": "true", "dr:wave": "2"}
PANEL = f"arn:aws:route53-recovery-control::{DNS}:controlpanel/{'a1' * 16}"
CONTROLS = {EAST: f"{PANEL}/routingcontrol/{'1' * 16}", WEST: f"{PANEL}/routingcontrol/{'2' * 16}"}
RULE = f"{PANEL}/safetyrule/{'3' * 16}"
SHOP = {EAST: ["shop-7.us-east-1.elb.amazonaws.com"], WEST: ["shop-8.us-west-2.elb.amazonaws.com"]}
ALIASES = {EAST: "Z35SXDOTRQ7X7K", WEST: "Z1H1FL5HABSF5"}


CERTIFICATES = tuple(
    arn_of("acm", f"certificate/0b0b0b0b-1111-4222-8333-44445555666{n}") for n in "12"
)
TOPIC = arn_of("sns", "vandelay-pager", DATA, WEST)
SECRET = arn_of("secretsmanager", "secret:vandelay/db-AbCdEf")


def _record(name: str, **more: Any) -> dict[str, Any]:
    return {
        "zone": "vandelay.example.",
        "account": DNS,
        "name": f"{name}.vandelay.example.",
        "wave": 3,
        "values": SHOP,
        **more,
    }


def scope_text() -> str:
    """The scope file."""
    return yaml.safe_dump(
        {
            "schema": "drstate.scope/1",
            "customer": "vandelay",
            "environment": "staging",
            "regions": {"primary": EAST, "recovery": WEST},
            "accounts": [
                {
                    "id": account,
                    "name": name,
                    "role_arn": f"arn:aws:iam::{account}:role/drstate",
                    "external_id": "rehearsal",
                }
                for name, account in (("data", DATA), ("app", APP), ("dns", DNS))
            ],
            "notifications": {"topics": [{"arn": TOPIC}]},
            "dns": [
                _record("shop", type="A", way="record", alias_zones=ALIASES),
                _record("www"),
                _record("split"),
                _record("api", way="routing-control", controls=CONTROLS, break_glass=[RULE]),
            ],
        }
    )


def catalog() -> Catalog:
    """Its catalog, while the primary region serves."""
    scope = Scope.model_validate(yaml.safe_load(scope_text()))
    return Catalog(
        scope=scope.key,
        serving=EAST,
        recovery=WEST,
        sites={EAST: "active", WEST: "absent"},
        entries=tuple(
            _entry(scope, *one)
            for one in (*_groups(), *clusters(), *instances(), *_balancers(), *_services())
        )
        + tuple(_entry(scope, *one) for one in _records()),
    )


def _entry(
    scope: Scope, technology: str, account: str, name: str, arn: str, content: dict[str, Any]
) -> CatalogEntry:
    adapter = adapter_for(technology)
    spec = adapter.spec_type.model_validate({"region": EAST, "captured_at": WHEN, **content})
    resource = Resource(
        key=resource_key(technology, account, name),
        technology=technology,
        name=name,
        account=account,
        region=EAST,
        arn=arn,
        tags=DrTags(customer="vandelay", environment="staging", wave=2),
        raw_tags={} if technology == "route53" else TAGS,
    )
    return known(scope, adapter, resource, spec, wave=2)


def _groups() -> list[Said]:
    arn = arn_of("ec2", f"security-group/{PARTNERS}")
    tcp = {"protocol": "tcp", "from_port": 443, "to_port": 443}
    spec = {
        "endpoints": {"id": PARTNERS},
        "group_id": PARTNERS,
        "arn": arn,
        "name": "vandelay-partners",
        "description": "what partners reach",
        "vpc": VPC,
        "ingress": [
            {"protocol": "-1", "group": PARTNERS},
            {"protocol": "icmp", "from_port": 8, "to_port": -1, "cidr_ipv4": "10.0.0.0/8"},
            {**tcp, "cidr_ipv6": "2001:db8::/32", "description": "another one"},
            {**tcp, "cidr_ipv4": "203.0.113.0/24", "description": "an office"},
            {**tcp, "prefix_list": "pl-0b0b0b0b0b0b0b001", "description": "a list"},
            {**tcp, "group": GROUP, "description": "our own"},
        ],
        "egress": [{"protocol": "-1", "cidr_ipv4": "0.0.0.0/0"}],
    }
    return [("security-group", APP, PARTNERS, arn, spec)]


def _balancers() -> list[Said]:
    def group(name: str, **more: Any) -> dict[str, Any]:
        return {
            "name": name,
            "arn": arn_of("elasticloadbalancing", f"targetgroup/{name}/0b0b0b0b0b0b0b01"),
            "target_type": "ip",
            "protocol": "HTTP",
            "port": 8080,
            "vpc": VPC,
            "protocol_version": "HTTP1",
            "ip_address_type": "ipv4",
            "check_protocol": "HTTP",
            "check_port": "traffic-port",
            "check_path": "/healthz",
            "check_interval": 15,
            "check_timeout": 6,
            "healthy_threshold": 3,
            "unhealthy_threshold": 4,
            "matcher": "200-204",
            "attributes": {
                "deregistration_delay.timeout_seconds": "45",
                "load_balancing.algorithm.type": "least_outstanding_requests",
                "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
                "slow_start.duration_seconds": "30",
                "stickiness.enabled": "false",
                "stickiness.type": "lb_cookie",
            },
            **more,
        }

    web, grpc = group("vandelay-web"), group("vandelay-rpc", protocol_version="GRPC", matcher="12")
    arn = arn_of("elasticloadbalancing", "loadbalancer/app/vandelay-shop/0b0b0b0b0b0b0b01")
    spec = {
        "name": "vandelay-shop",
        "arn": arn,
        "endpoints": {
            "dns": SHOP[EAST][0],
            **{f"target-group/{one['name']}": one["arn"] for one in (grpc, web)},
        },
        "type": "application",
        "scheme": "internet-facing",
        "ip_address_type": "dualstack",
        "subnets": PUBLIC,
        "security_groups": [GROUP],
        "attributes": {
            "deletion_protection.enabled": "true",
            "idle_timeout.timeout_seconds": "90",
            "load_balancing.cross_zone.enabled": "true",
        },
        "target_groups": [grpc, web],
        "listeners": [
            {
                "port": 443,
                "protocol": "HTTPS",
                "ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
                "certificate": CERTIFICATES[0],
                "more_certificates": [CERTIFICATES[1]],
                "actions": [{"TargetGroupArn": web["arn"], "Type": "forward"}],
                "rules": [
                    {
                        "priority": 5,
                        "conditions": [
                            {
                                "Field": "source-ip",
                                "SourceIpConfig": {"Values": ["203.0.113.0/24"]},
                            }
                        ],
                        "actions": [
                            {
                                "FixedResponseConfig": {
                                    "ContentType": "text/plain",
                                    "MessageBody": "no",
                                    "StatusCode": "403",
                                },
                                "Type": "fixed-response",
                            }
                        ],
                    },
                    {
                        "priority": 10,
                        "conditions": [
                            {
                                "Field": "path-pattern",
                                "PathPatternConfig": {"Values": ["/rpc/*"]},
                            }
                        ],
                        "actions": [{"TargetGroupArn": grpc["arn"], "Type": "forward"}],
                    },
                    {
                        "priority": 20,
                        "conditions": [
                            {
                                "Field": "host-header",
                                "HostHeaderConfig": {"Values": ["old.vandelay.example"]},
                            }
                        ],
                        "actions": [{"TargetGroupArn": web["arn"], "Type": "forward"}],
                    },
                ],
            }
        ],
    }
    return [("elb", APP, "vandelay-shop", arn, spec)]


def _services() -> list[Said]:
    arn = arn_of("ecs", "service/vandelay/web")
    spec = {
        "cluster": "vandelay",
        "service": "web",
        "arn": arn,
        "desired_count": 3,
        "task_definition": {
            "family": "vandelay-web",
            "containers": [
                {
                    "environment": [{"name": "MODE", "value": "fast"}],
                    "image": f"{APP}.dkr.ecr.{EAST}.amazonaws.com/vandelay/web:7",
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": "/vandelay/web",
                            "awslogs-region": EAST,
                            "awslogs-stream-prefix": "web",
                        },
                    },
                    "memory": 512,
                    "name": "web",
                    "portMappings": [{"containerPort": 8080}],
                    "secrets": [{"name": "DB", "valueFrom": f"{SECRET}:password::"}],
                }
            ],
            "cpu": "512",
            "memory": "1024",
            "network_mode": "awsvpc",
            "requires_compatibilities": ["EC2", "FARGATE"],
            "execution_role": f"arn:aws:iam::{APP}:role/ecs/vandelay-execution",
            "task_role": f"arn:aws:iam::{APP}:role/vandelay-task",
            "pid_mode": "task",
            "ipc_mode": "none",
            "volumes": [{"name": "scratch"}],
            "placement_constraints": [
                {"expression": "attribute:ecs.os-type == linux", "type": "memberOf"}
            ],
            "runtime_platform": {
                "cpuArchitecture": "ARM64",
                "operatingSystemFamily": "LINUX",
            },
            "ephemeral_storage_gib": 40,
        },
        "capacity_providers": [{"provider": "vandelay-fleet", "weight": 2, "base": 1}],
        "platform_version": "1.4.0",
        "network": {
            "subnets": PUBLIC[:2],
            "security_groups": [GROUP],
            "assign_public_ip": True,
        },
        "load_balancers": [
            {
                "target_group": arn_of(
                    "elasticloadbalancing", "targetgroup/vandelay-web/0b0b0b0b0b0b0b01"
                ),
                "container": "web",
                "port": 8080,
            }
        ],
        "deployment_minimum_percent": 50,
        "deployment_maximum_percent": 150,
        "circuit_breaker": True,
        "circuit_breaker_rollback": True,
        "health_check_grace_seconds": 120,
        "enable_execute_command": True,
        "enable_managed_tags": True,
        "propagate_tags": "TASK_DEFINITION",
        "zone_rebalancing": True,
        "placement_strategies": [{"type": "spread", "value": "attribute:ecs.availability-zone"}],
        "placement_constraints": [{"type": "distinctInstance"}],
        "autoscaling": {
            "min_capacity": 2,
            "max_capacity": 9,
            "policies": [
                {
                    "name": "steps",
                    "type": "StepScaling",
                    "configuration": {
                        "AdjustmentType": "ChangeInCapacity",
                        "Cooldown": 60,
                        "MetricAggregationType": "Average",
                        "StepAdjustments": [
                            {"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 2}
                        ],
                    },
                }
            ],
        },
    }
    batch = {
        **{name: value for name, value in spec.items() if name != "autoscaling"},
        "service": "batch",
        "arn": arn_of("ecs", "service/vandelay/batch"),
        "launch_type": "EC2",
        "capacity_providers": [],
        "load_balancers": [],
        "platform_version": None,
    }
    return [
        ("ecs", APP, "vandelay/web", arn, spec),
        ("ecs", APP, "vandelay/batch", str(batch["arn"]), batch),
    ]


def _records() -> list[Said]:
    def one(name: str, kind: str, *sets: dict[str, Any], **more: Any) -> Said:
        full = f"{name}.vandelay.example."
        spec = {
            "zone": "vandelay.example.",
            "zone_id": "Z0B0B0B0B0B0B0B0B0B0",
            "name": full,
            "type": kind,
            "record_sets": sets,
            **more,
        }
        arn = f"vandelay.example. {full} {kind}"
        return ("route53", DNS, f"{full}/{kind}", arn, spec)

    def half(region: str, **more: Any) -> dict[str, Any]:
        return {"ttl": 60, "set_identifier": region, "values": SHOP[region], **more}

    endpoints = [
        {"region": region, "url": f"https://host-0b0b0b.{region}.example.com/v1"}
        for region in ("ap-northeast-1", EAST, WEST)
    ]
    return [
        one("shop", "A", {"alias": True}),
        one("www", "CNAME", {"ttl": 30}),
        one("split", "CNAME", half(EAST, weighted=True), half(WEST, weighted=True)),
        one(
            "api",
            "CNAME",
            half(EAST, failover="PRIMARY", control=CONTROLS[EAST]),
            half(WEST, failover="SECONDARY", control=CONTROLS[WEST]),
            cluster_endpoints=endpoints,
        ),
    ]
