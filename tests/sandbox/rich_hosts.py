"""Hosts, fleets, file systems, buckets and clusters with every setting that their specs know.

As ``rich_scope``, of another scope: what a rebuilt scope forgets shows itself.
"""

from __future__ import annotations

import base64
from typing import Any

import yaml

from drstate.adapters.registry import adapter_for
from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.resource import Resource, resource_key
from drstate.model.scope import Scope
from drstate.model.tags import DrTags
from tests.sandbox.rich import known, served
from tests.sandbox.rich_files import buckets, files
from tests.sandbox.rich_names import (
    ADMIN,
    APP,
    DATA,
    DNS,
    EAST,
    FAR,
    FAR_GROUP,
    FILE_GROUP,
    FILES,
    FSX,
    GROUP,
    IMAGES,
    JOIN,
    KEYS,
    ORACLE_HOST,
    RESTORED,
    ROLE,
    SNAPSHOT,
    SQL_HOST,
    SUBNETS,
    TAGS,
    TARGETS,
    WEST,
    WHEN,
    Row,
)


def _west(text: str) -> str:
    """An ARN in the other region, or another identifier of the same form."""
    return text.replace(EAST, WEST) if EAST in text else text[:-3] + "f" + text[-2:]


def scope_text() -> str:
    """The scope file."""
    same = (*SUBNETS, FAR, *FILES)
    return yaml.safe_dump(
        {
            "schema": "drstate.scope/1",
            "customer": "aviato",
            "environment": "production",
            "regions": {"primary": EAST, "recovery": WEST},
            "accounts": [
                {
                    "id": account,
                    "name": f"aviato-{name}",
                    "role_arn": f"arn:aws:iam::{account}:role/drstate",
                    "external_id": "rehearsal",
                    "discover": name != "dns",
                }
                for name, account in (("data", DATA), ("app", APP), ("dns", DNS))
            ],
            "site_map": {
                WEST: {
                    "subnets": {one: _west(one) for one in same},
                    "security_groups": {
                        one: _west(one) for one in (GROUP, FAR_GROUP, FILE_GROUP)
                    },
                    "kms_keys": {one: _west(one) for one in KEYS.values()},
                    "amis": {one: _west(one) for one in IMAGES},
                    "directories": {"d-0123456789": "d-9876543210"},
                    "key_pairs": {"aviato": "aviato-dr"},
                    "instance_profiles": {"aviato-web": "aviato-web-dr"},
                    "target_groups": {TARGETS: _west(TARGETS)},
                    "secrets": {JOIN: _west(JOIN)},
                    "svms": {"svm-0b0b0b0b0b0b0b001": "svm-0b0b0b0b0b0b0bf01"},
                    "buckets": {"aviato-archive": "aviato-archive-west"},
                    "clusters": {"aviato": "aviato-dr"},
                    "identifiers": {
                        SQL_HOST: _west(SQL_HOST),
                        ORACLE_HOST: _west(ORACLE_HOST),
                        "crew_east": "crew_west",
                        SNAPSHOT: _west(SNAPSHOT),
                    },
                }
            },
            "policies": {
                "approval": "automatic",
                "drs": {
                    "servers": {
                        # what is said of a copy is the other site's own, and in no site map
                        "i-0b0b0b0b0b0b0b002": {
                            "subnet": "subnet-0b0b0b0b0b0b0bf99",
                            "security_groups": ["sg-0b0b0b0b0b0b0bf99"],
                            "instance_profile": "aviato-far-dr",
                            "private_ip": "10.99.8.9",
                        }
                    }
                },
                "ontap": {
                    "secrets": ADMIN,
                    "management": {EAST: "10.40.0.5", WEST: "ontap-dr.aviato.example"},
                    # neither is used in a sandbox, whose clusters are behind a way of its own
                    "proxy": "http://proxy.aviato.example:3128",
                    "ca_file": "/etc/aviato.pem",
                },
                "s3": {
                    "replication_role": ROLE,
                    "left_to_owner": [
                        "cors", "lifecycle", "logging", "notifications", "ownership", "policy",
                        "website",
                    ]
                },
                "eks_dns": {
                    "clusters": {
                        "aviato": {
                            "zone_id": "Z0B0B0B0B0B0B0",
                            "account": DNS,
                            "records": [
                                {"name": "www.aviato.example.", "ingress": "shop/web"},
                                {"name": "api.aviato.example.", "ingress": "shop/api"},
                            ],
                            "owners": {EAST: "east", WEST: "west"},
                            "txt_prefix": "dns-",
                        }
                    }
                },
            },
        }
    )  # fmt: skip


def catalog(**changed: Any) -> Catalog:
    """Its catalog, while the primary region serves. ``changed``: technology -> of its specs."""
    scope = Scope.model_validate(yaml.safe_load(scope_text()))
    entries = tuple(
        _entry(scope, technology, name, arn, {**spec, **changed.get(technology, {})})
        for technology, name, arn, spec in (*_machines(), *files(), *buckets(), *_databases())
    )
    return served(scope, entries)


def _entry(
    scope: Scope, technology: str, name: str, arn: str, content: dict[str, Any]
) -> CatalogEntry:
    adapter = adapter_for(technology)
    spec = adapter.spec_type.model_validate({"region": EAST, "captured_at": WHEN, **content})
    strategies = {"sql-ag": "sql-ag", "oracle-dg": "oracle-dg", "eks-dns": "eks-dns"}
    more = {
        "sql-ag": {"drstate:connect": "localhost\\CREW"},
        "oracle-dg": {"drstate:user": "orau", "drstate:connect": "/@crew"},
        "fsx": {"drstate:superseded": "2026-10-01"} if name == f"{FSX}{RESTORED:02}" else {},
    }.get(technology, {})
    if technology in strategies:
        more = {**more, "dr:recovery-strategy": strategies[technology]}
    resource = Resource(
        key=resource_key(technology, APP if f":{APP}:" in arn else DATA, name),
        technology=technology,
        name=name,
        account=APP if f":{APP}:" in arn else DATA,
        region=EAST,
        arn=arn,
        tags=DrTags(customer="aviato", environment="production", wave=1),
        raw_tags={**TAGS, **more},
    )
    return known(scope, adapter, resource, spec, wave=1)


def _server(name: str, **more: Any) -> Row:
    arn = f"arn:aws:ec2:{EAST}:{APP}:instance/{name}"
    spec = {
        "instance_id": name,
        "arn": arn,
        "platform": "linux",
        "architecture": "x86_64",
        "image": IMAGES[0],
        "instance_type": "m6i.large",
        **more,
    }
    return ("drs", name, arn, spec)


def _machines() -> list[Row]:
    windows = _server(
        "i-0b0b0b0b0b0b0b001",
        endpoints={"private_dns": "crew-1.corp.aviato.example"},
        platform="windows",
        image=IMAGES[1],
        subnet=SUBNETS[0],
        subnet_cidr="10.40.0.0/20",
        private_ip="10.40.3.7",
        public_ip=True,
        security_groups=[GROUP],
        instance_profile="aviato-web",
        key_pair="aviato",
        ebs_optimized=True,
        detailed_monitoring=True,
        termination_protection=True,
        source_dest_check=False,
        tenancy="dedicated",
        metadata={"tokens": "required", "hop_limit": 2, "tags": "enabled"},
    )
    # the same end of the address in another network of the account
    far = _server(
        "i-0b0b0b0b0b0b0b002",
        endpoints={"private_dns": "ip-172-20-5-7.ec2.internal"},
        subnet=FAR,
        subnet_cidr="172.20.4.0/22",
        private_ip="172.20.5.7",
        security_groups=[FAR_GROUP],
    )
    return [windows, far, _fleet()]


def _fleet() -> Row:
    arn = (
        f"arn:aws:autoscaling:{EAST}:{APP}:autoScalingGroup:0b0b0b0b-1111-4222-8333-944455556666:"
        "autoScalingGroupName/aviato-web"
    )
    tracked = {"MetricName": "Depth", "Namespace": "Shop", "Statistic": "Average"}
    queue = [{"Name": "Queue", "Value": "orders"}]
    depth = {"CustomizedMetricSpecification": {**tracked, "Dimensions": queue}, "TargetValue": 9.0}
    step = {"ScalingAdjustment": 2, "MetricIntervalLowerBound": 0.0}
    spec = {
        "name": "aviato-web",
        "arn": arn,
        "min_size": 1,
        "max_size": 9,
        "desired": 3,
        "template": {
            "name": "aviato-web",
            "image": "resolve:ssm:/aviato/image",
            "key_name": "aviato",
            "instance_profile": f"arn:aws:iam::{APP}:instance-profile/fleet/aviato-web",
            "interfaces": [
                {
                    "public_ip": False,
                    "delete_on_termination": True,
                    "description": "first",
                    "security_groups": [GROUP],
                }
            ],
            "user_data_binary": base64.b64encode(b"\xff\xfe\x00").decode(),
            "ebs_optimized": False,
            "monitoring": False,
            "devices": [
                {
                    "device": "/dev/xvda",
                    "volume_gib": 40,
                    "volume_type": "gp3",
                    "iops": 4000,
                    "throughput": 250,
                    "encrypted": True,
                    "kms_key": KEYS[APP],
                    "delete_on_termination": True,
                },
                {"device": "/dev/xvdb", "volume_type": "gp3", "snapshot": SNAPSHOT},
                {"device": "/dev/xvdc", "virtual_name": "ephemeral0"},
                {"device": "/dev/xvdd", "no_device": True},
            ],
            "metadata": {
                "endpoint": "enabled",
                "tokens": "required",
                "hop_limit": 2,
                "ipv6": "disabled",
                "tags": "enabled",
            },
            "cpu_credits": "unlimited",
            "tenancy": "default",
            "shutdown_behavior": "terminate",
            "disable_api_stop": False,
            "disable_api_termination": True,
            "tags": {"instance": {"Role": "web"}, "volume": {"Role": "disk"}},
        },
        "mixed": {
            "on_demand_strategy": "prioritized",
            "on_demand_base": 1,
            "on_demand_percent": 50,
            "spot_strategy": "lowest-price",
            "spot_pools": 3,
            "spot_max_price": "0.2",
            "overrides": [
                {"instance_type": "m6i.large", "weight": "1"},
                {"instance_type": "m5.large", "weight": "1"},
            ],
        },
        "subnets": SUBNETS,
        "target_groups": [TARGETS],
        "health_check_type": "ELB",
        "health_check_grace_seconds": 45,
        "default_cooldown": 77,
        "default_warmup": 30,
        "max_lifetime": 604800,
        "termination_policies": ["OldestInstance"],
        "capacity_rebalance": True,
        "protect_new_instances": True,
        "enabled_metrics": ["GroupDesiredCapacity", "GroupInServiceInstances"],
        "service_role": f"arn:aws:iam::{APP}:role/aws-service-role/autoscaling.amazonaws.com/"
        "AWSServiceRoleForAutoScaling_aviato",
        "suspended": ["AZRebalance", "ReplaceUnhealthy"],
        "propagated": ["Customer", "Name"],
        "policies": [
            {
                "name": "depth",
                "type": "TargetTrackingScaling",
                "configuration": {"TargetTrackingConfiguration": depth},
            },
            {
                "name": "simple",
                "type": "SimpleScaling",
                "enabled": False,
                "configuration": {
                    "AdjustmentType": "ChangeInCapacity",
                    "Cooldown": 60,
                    "ScalingAdjustment": 1,
                },
            },
            {
                "name": "steps",
                "type": "StepScaling",
                "configuration": {
                    "AdjustmentType": "PercentChangeInCapacity",
                    "EstimatedInstanceWarmup": 30,
                    "MetricAggregationType": "Average",
                    "MinAdjustmentMagnitude": 2,
                    "StepAdjustments": [step],
                },
            },
        ],
        "schedules": [{"name": "night", "recurrence": "0 22 * * *", "max_size": 1}],
    }
    return ("autoscaling", "aviato-web", arn, spec)


def _databases() -> list[Row]:
    def host(name: str) -> str:
        return f"arn:aws:ec2:{EAST}:{DATA}:instance/{name}"

    replicas = [
        {"server": "CREW-DR", "mode": "ASYNCHRONOUS_COMMIT"},
        {"server": "CREW-E1", "mode": "SYNCHRONOUS_COMMIT"},
        {"server": "CREW-E2", "mode": "SYNCHRONOUS_COMMIT"},
    ]
    groups = {
        "instance": SQL_HOST,
        "connect": "localhost\\CREW",
        "groups": [
            {"name": "ledger", "databases": ["books", "ledger"], "replicas": replicas},
            {"name": "people", "databases": ["people"], "replicas": replicas[:2]},
        ],
    }
    guard = {
        "instance": ORACLE_HOST,
        "user": "orau",
        "connect": "/@crew",
        "configuration": "crew_dg",
        "protection_mode": "MaxAvailability",
        "database": "crew_east",
        "members": ["crew_east", "crew_near", "crew_west"],
    }
    cluster = f"arn:aws:eks:{EAST}:{APP}:cluster/aviato"
    portal = {"cluster": "aviato", "version": "1.31", "ingresses": ["shop/api", "shop/web"]}
    return [
        ("sql-ag", SQL_HOST, host(SQL_HOST), groups),
        ("oracle-dg", ORACLE_HOST, host(ORACLE_HOST), guard),
        ("eks-dns", "aviato", cluster, portal),
    ]
