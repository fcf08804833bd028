"""An Auto Scaling group that serves four instances behind a load balancer's target group."""

from __future__ import annotations

import base64
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.core.types import Base64EncodedString
from moto.ec2.models import ec2_backends
from moto.ec2.models.key_pairs import KeyPair
from moto.elbv2.models import elbv2_backends

from drstate.sandbox.aws.autoscaling_groups import serve_now
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo.land import Land, Piece
from drstate.sandbox.estates.demo.names import upper

PORT = 8080
_START = """\
#!/bin/bash
echo "fleet" > /etc/motd
systemctl start fleet
"""


def build(ids: SeededIds, land: Land) -> Piece:
    """The group in the east; image, key pair and target group at both sites."""
    account = land.app
    grounds = {region: _ground(ids, land, region) for region in (land.primary, land.recovery)}
    east, west = grounds[land.primary], grounds[land.recovery]
    name = f"{land.scope.prefix}-fleet"
    region = land.primary
    template = _template(ids, land, name, east)
    backend = autoscaling_backends[account][region]
    ids.named(account, region, "auto-scaling-group", name)
    tags = [
        {"Key": key, "Value": value, "PropagateAtLaunch": not key.startswith("dr:")}
        for key, value in land.tags(2, "high").items()
    ]
    group: Any = backend.create_auto_scaling_group(
        name=name,
        availability_zones=[],
        desired_capacity=4,
        max_size=8,
        min_size=2,
        launch_config_name="",
        launch_template={"LaunchTemplateId": template.id, "Version": "$Default"},
        vpc_zone_identifier=",".join(east["subnets"]),
        default_cooldown=120,
        health_check_period=90,
        health_check_type="ELB",
        load_balancers=[],
        target_group_arns=[east["target_group"]],
        placement_group=None,
        termination_policies=["OldestLaunchTemplate", "Default"],
        tags=tags,
    )
    serve_now(group)
    backend.suspend_processes(name, ["AZRebalance"])
    backend.put_scaling_policy(
        name=f"{name}-cpu",
        policy_type="TargetTrackingScaling",
        metric_aggregation_type=None,
        adjustment_type=None,
        as_name=name,
        min_adjustment_magnitude=None,
        scaling_adjustment=None,
        cooldown=None,
        target_tracking_config={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": 55.0,
        },
        step_adjustments=[],
        estimated_instance_warmup=None,
        predictive_scaling_configuration=None,
    )
    backend.put_scheduled_update_group_action(
        name=name,
        desired_capacity=6,
        max_size=8,
        min_size=4,
        scheduled_action_name="working-days",
        start_time=None,
        end_time=None,
        recurrence="0 7 * * 1-5",
        timezone="Europe/Vienna",
    )
    return Piece(
        facts={
            "account": account,
            "name": name,
            "arn": group.arn,
            "launch_template": template.id,
            "image": {land.primary: east["image"], land.recovery: west["image"]},
            "target_group": {
                land.primary: east["target_group"],
                land.recovery: west["target_group"],
            },
        },
        site_map={
            "amis": {east["image"]: west["image"]},
            "key_pairs": {east["key"]: west["key"]},
            "target_groups": {east["target_group"]: west["target_group"]},
        },
    )


def _ground(ids: SeededIds, land: Land, region: str) -> dict[str, Any]:
    account = land.app
    ec2, elb = ec2_backends[account][region], elbv2_backends[account][region]
    network = land.network(account, region)
    name = f"{land.scope.prefix}-fleet{land.suffix(region)}"
    ids.named(account, region, "image", name)
    image = ec2.register_image(name, "fleet 2026.11")
    ids.named(account, region, "key-pair", name)
    ec2.key_pairs[name] = KeyPair(
        name, "ed25519", "SHA256:sandbox", b"", b"ssh-ed25519 sandbox", land.scope.tags(), ec2
    )
    ids.named(account, region, "alb", name)
    balancer = elb.create_load_balancer(
        name=name,
        security_groups=[network.security_group],
        subnet_ids=list(network.subnets),
        scheme="internal",
        tags=upper(land.scope.tags()),
        loadbalancer_type="application",
    )
    balancer.state = "active"
    ids.named(account, region, "target-group", name)
    group = elb.create_target_group(
        name,
        protocol="HTTP",
        port=str(PORT),
        vpc_id=network.vpc,
        target_type="instance",
        healthcheck_path="/healthz",
        tags=upper(land.scope.tags()),
    )
    ids.named(account, region, "listener", name)
    elb.create_listener(
        load_balancer_arn=balancer.arn,
        protocol="HTTP",
        port="80",
        ssl_policy="",
        certificate=None,
        actions=[{"Type": "forward", "TargetGroupArn": group.arn}],
        tags=upper(land.scope.tags()),
    )
    return {
        "image": image.id,
        "key": name,
        "subnets": list(network.subnets),
        "security_group": network.security_group,
        "target_group": group.arn,
    }


def _template(ids: SeededIds, land: Land, name: str, east: dict[str, Any]) -> Any:
    account, region = land.app, land.primary
    ids.named(account, region, "launch-template", name)
    text = Base64EncodedString(base64.b64encode(_START.encode()).decode())
    return ec2_backends[account][region].create_launch_template(
        name,
        "",
        {
            "ImageId": east["image"],
            "InstanceType": "t3.medium",
            "KeyName": east["key"],
            "SecurityGroupIds": [east["security_group"]],
            "UserData": text,
            "EbsOptimized": True,
            "Monitoring": {"Enabled": True},
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            "BlockDeviceMappings": [
                {
                    "DeviceName": "/dev/xvda",
                    "Ebs": {"VolumeSize": 20, "VolumeType": "gp3", "DeleteOnTermination": True},
                }
            ],
            "TagSpecifications": [
                {
                    "ResourceType": "instance",
                    "Tags": [{"Key": "Role", "Value": "fleet"}],
                }
            ],
        },
        {"launch-template": land.scope.tags()},
    )
