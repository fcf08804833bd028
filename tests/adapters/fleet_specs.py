"""Specs of a fleet and a load balancer that have everything that such things may have."""

from __future__ import annotations

from typing import Any


def rich_fleet(found: dict[str, Any]) -> dict[str, Any]:
    """The fleet with everything else that a group may have."""
    step = {"ScalingAdjustment": 2, "MetricIntervalLowerBound": 0.0}
    tracked = {"MetricName": "Depth", "Namespace": "Shop", "Statistic": "Average"}
    policies = (
        {"name": "simple", "type": "SimpleScaling", "configuration": {
            "AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1, "Cooldown": 60}},
        {"name": "steps", "type": "StepScaling", "configuration": {
            "AdjustmentType": "ChangeInCapacity", "MetricAggregationType": "Average",
            "StepAdjustments": [step], "EstimatedInstanceWarmup": 30}},
        {"name": "depth", "type": "TargetTrackingScaling", "configuration": {
            "TargetTrackingConfiguration": {"TargetValue": 9.0, "CustomizedMetricSpecification": {
                **tracked, "Dimensions": [{"Name": "Queue", "Value": "orders"}]}}}},
    )  # fmt: skip
    template = {
        **found["template"],
        "instance_type": None,
        "security_groups": (),
        "interfaces": (
            {"public_ip": False, "security_groups": found["template"]["security_groups"]},
        ),
        "instance_profile": "shop",
        "cpu_credits": "unlimited",
        "tenancy": "default",
        "shutdown_behavior": "terminate",
        "disable_api_stop": False,
        "disable_api_termination": True,
    }
    return {
        **found,
        "template": template,
        "mixed": {
            "on_demand_strategy": "prioritized",
            "on_demand_base": 1,
            "on_demand_percent": 50,
            "spot_strategy": "capacity-optimized",
            "overrides": (
                {"instance_type": "m7g.large", "weight": "1"},
                {"instance_type": "m6g.large", "weight": "1"},
            ),
        },
        "default_warmup": 45,
        "max_lifetime": 604800,
        "capacity_rebalance": True,
        "protect_new_instances": True,
        "enabled_metrics": ("GroupDesiredCapacity", "GroupInServiceInstances"),
        "policies": policies,
        "schedules": ({"name": "night", "recurrence": "0 22 * * *", "max_size": 1},),
    }


def rich_balancer(found: dict[str, Any]) -> dict[str, Any]:
    """The load balancer with the other actions and conditions."""
    cart, web = (group["arn"] for group in found["target_groups"])
    shares = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in ((cart, 1), (web, 3))]
    forward = {
        "Type": "forward",
        "ForwardConfig": {
            "TargetGroups": shares,
            "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60},
        },
    }
    down = {"ContentType": "text/plain", "MessageBody": "later", "StatusCode": "503"}
    conditions = (
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X", "Values": ["1"]}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "a", "Value": "b"}]}},
        {"Field": "source-ip", "SourceIpConfig": {"Values": ["192.0.2.0/24"]}},
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
    )
    rules = [
        {"priority": 30 + number, "conditions": (condition,), "actions": (forward,)}
        for number, condition in enumerate(conditions)
    ]
    listener = {
        "port": 8080,
        "protocol": "HTTP",
        "actions": ({"Type": "fixed-response", "FixedResponseConfig": down},),
        "rules": tuple(rules),
    }
    attributes = {**found["attributes"], "routing.http2.enabled": "false"}
    return {**found, "attributes": attributes, "listeners": (*found["listeners"], listener)}
