"""Reading an Auto Scaling group into its spec, at the serving site and at production's sizes only.

It refuses a group that runs nothing (a retired or standby site would overwrite production's
numbers), and every setting that the copy would lose: leaving one out silently is no option.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.autoscaling import reading
from drstate.adapters.autoscaling.reading import SERVICE
from drstate.adapters.autoscaling.template import template_spec, unsupported_template
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.autoscaling.spec import (
    AutoScalingSpec,
    MixedSpec,
    Override,
    PolicySpec,
    ScheduleSpec,
)

_USUAL_ROLE = "/AWSServiceRoleForAutoScaling"
_POLICY_TYPES = ("SimpleScaling", "StepScaling", "TargetTrackingScaling")
#: members of a policy that are not its configuration
_NO_CONFIGURATION = frozenset(
    {"AutoScalingGroupName", "PolicyName", "PolicyARN", "PolicyType", "Alarms", "Enabled"}
)
#: members of a group that are not carried -> what AWS answers where nobody asked for them
_NOT_CARRIED: dict[str, tuple[Any, ...]] = {
    "AvailabilityZoneDistribution": ({"CapacityDistributionStrategy": "balanced-best-effort"},),
    "AvailabilityZoneImpairmentPolicy": (
        {"ZonalShiftEnabled": False},
        {"ZonalShiftEnabled": False, "ImpairedZoneHealthCheckBehavior": "ReplaceUnhealthy"},
    ),
    "CapacityReservationSpecification": ({"CapacityReservationPreference": "default"},),
    "Context": (),
    "DeletionProtection": ("none",),
    "DesiredCapacityType": ("units",),
    "InstanceLifecyclePolicy": (),
    "InstanceMaintenancePolicy": (),
    "LaunchConfigurationName": (),
    "LoadBalancerNames": (),
    "Operator": ({"Managed": False},),
    "PlacementGroup": (),
    "WarmPoolConfiguration": (),
}


def capture(resource: Resource, at: At, now: datetime) -> AutoScalingSpec:
    """The spec of the group at ``at.region``. Raises OperationError, AwsCallError."""
    found = reading.group(at, resource.name)
    if found is None:
        raise OperationError(
            f"{resource.key}: no Auto Scaling group {resource.name} in {at.region}",
            why="DescribeAutoScalingGroups does not know it",
            hint="drstate discover --refresh shows what is there now",
        )
    policies = list(at.pages(
        SERVICE, "describe_policies", "ScalingPolicies", AutoScalingGroupName=resource.name
    ))  # fmt: skip
    schedules = list(at.pages(
        SERVICE,
        "describe_scheduled_actions",
        "ScheduledUpdateGroupActions",
        AutoScalingGroupName=resource.name,
    ))  # fmt: skip
    _refuse_idle(resource, found)
    _refuse(resource, [
        *_unsupported(found),
        *_attached(at, resource.name),
        *_unsupported_policies(policies),
        *_unsupported_schedules(schedules),
    ])  # fmt: skip
    mixed = found.get("MixedInstancesPolicy")
    used = mixed["LaunchTemplate"]["LaunchTemplateSpecification"] if mixed else None
    name, data = _template(at, used or found["LaunchTemplate"])
    _refuse(resource, unsupported_template(data))
    role = str(found.get("ServiceLinkedRoleARN") or "")
    return AutoScalingSpec(
        region=at.region,
        captured_at=now,
        name=resource.name,
        arn=found["AutoScalingGroupARN"],
        min_size=int(found["MinSize"]),
        max_size=int(found["MaxSize"]),
        desired=int(found["DesiredCapacity"]),
        template=template_spec(name, data),
        mixed=_mixed(mixed) if mixed else None,
        subnets=tuple(sorted(found["VPCZoneIdentifier"].replace(" ", "").split(","))),
        target_groups=tuple(sorted(found.get("TargetGroupARNs") or [])),
        health_check_type=found.get("HealthCheckType") or "EC2",
        health_check_grace_seconds=found.get("HealthCheckGracePeriod"),
        default_cooldown=found.get("DefaultCooldown"),
        default_warmup=found.get("DefaultInstanceWarmup"),
        max_lifetime=found.get("MaxInstanceLifetime"),
        termination_policies=tuple(found.get("TerminationPolicies") or []),
        capacity_rebalance=bool(found.get("CapacityRebalance")),
        protect_new_instances=bool(found.get("NewInstancesProtectedFromScaleIn")),
        enabled_metrics=tuple(sorted(one["Metric"] for one in found.get("EnabledMetrics") or [])),
        service_role=None if not role or role.endswith(_USUAL_ROLE) else role,
        suspended=tuple(
            sorted(one["ProcessName"] for one in found.get("SuspendedProcesses") or [])
        ),
        propagated=tuple(
            sorted(
                one["Key"]
                for one in found.get("Tags") or []
                if one.get("PropagateAtLaunch") and not one["Key"].startswith(("dr:", "aws:"))
            )
        ),
        policies=tuple(sorted((_policy(one) for one in policies), key=lambda one: one.name)),
        schedules=tuple(sorted((_schedule(one) for one in schedules), key=lambda one: one.name)),
    )


def _template(at: At, used: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Name and content of the version that the group uses."""
    answer = at.call(
        "ec2",
        "describe_launch_template_versions",
        LaunchTemplateId=used["LaunchTemplateId"],
        Versions=[str(used.get("Version") or "$Default")],
    )
    version = answer["LaunchTemplateVersions"][0]
    return str(version["LaunchTemplateName"]), dict(version["LaunchTemplateData"])


def _mixed(found: dict[str, Any]) -> MixedSpec:
    spread = found.get("InstancesDistribution") or {}
    return MixedSpec(
        on_demand_strategy=spread.get("OnDemandAllocationStrategy"),
        on_demand_base=spread.get("OnDemandBaseCapacity"),
        on_demand_percent=spread.get("OnDemandPercentageAboveBaseCapacity"),
        spot_strategy=spread.get("SpotAllocationStrategy"),
        # only the strategy lowest-price has pools
        spot_pools=spread.get("SpotInstancePools")
        if spread.get("SpotAllocationStrategy") == "lowest-price"
        else None,
        spot_max_price=spread.get("SpotMaxPrice") or None,
        overrides=tuple(
            Override(instance_type=one["InstanceType"], weight=one.get("WeightedCapacity"))
            for one in found["LaunchTemplate"].get("Overrides") or []
        ),
    )


def _policy(found: dict[str, Any]) -> PolicySpec:
    return PolicySpec(
        name=found["PolicyName"],
        type=found["PolicyType"],
        enabled=bool(found.get("Enabled", True)),
        configuration={
            name: value
            for name, value in sorted(found.items())
            if name not in _NO_CONFIGURATION and value not in (None, "", [], {})
        },
    )


def _schedule(found: dict[str, Any]) -> ScheduleSpec:
    return ScheduleSpec(
        name=found["ScheduledActionName"],
        recurrence=found["Recurrence"],
        time_zone=found.get("TimeZone"),
        min_size=found.get("MinSize"),
        max_size=found.get("MaxSize"),
        desired=found.get("DesiredCapacity"),
    )


def _refuse_idle(resource: Resource, found: dict[str, Any]) -> None:
    if int(found["DesiredCapacity"]) >= 1:
        return
    raise OperationError(
        f"{resource.key} in {resource.region} has no instances, so there is no production capacity "
        "to capture",
        why="a site in standby or retired must not overwrite the numbers of production",
        hint="the last spec stays in use; capture again when the group serves",
    )


def _unsupported(found: dict[str, Any]) -> list[str]:
    wrong = [
        name
        for name, usual in _NOT_CARRIED.items()
        if found.get(name) not in (None, "", [], {}, *usual)
    ]
    if not found.get("VPCZoneIdentifier"):
        wrong.append("availability zones without subnets")
    if any(one.get("Type") == "vpc-lattice" for one in found.get("TrafficSources") or []):
        wrong.append("TrafficSources of VPC Lattice")
    mixed = found.get("MixedInstancesPolicy") or {}
    for override in (mixed.get("LaunchTemplate") or {}).get("Overrides") or []:
        wrong += [
            f"overrides with {name}"
            for name in ("InstanceRequirements", "LaunchTemplateSpecification", "ImageId")
            if override.get(name)
        ]
    if (mixed.get("InstancesDistribution") or {}).get("DistributionSegments"):
        wrong.append("DistributionSegments")
    return wrong


def _attached(at: At, name: str) -> list[str]:
    """What hangs on the group and is not carried: lifecycle hooks and notifications."""
    hooks = at.call(SERVICE, "describe_lifecycle_hooks", AutoScalingGroupName=name)
    told = at.call(SERVICE, "describe_notification_configurations", AutoScalingGroupNames=[name])
    wrong = [
        f"lifecycle hook {one['LifecycleHookName']}" for one in hooks.get("LifecycleHooks", [])
    ]
    return wrong + [
        f"notifications to {one['TopicARN']}" for one in told.get("NotificationConfigurations", [])
    ]


def _unsupported_policies(policies: list[dict[str, Any]]) -> list[str]:
    wrong = [
        f"policy {one['PolicyName']} of type {one['PolicyType']}"
        for one in policies
        if one["PolicyType"] not in _POLICY_TYPES
    ]
    for one in policies:
        tracking = one.get("TargetTrackingConfiguration") or {}
        if (tracking.get("CustomizedMetricSpecification") or {}).get("Metrics"):
            wrong.append(f"policy {one['PolicyName']} with an expression over metrics")
    return wrong


def _unsupported_schedules(schedules: list[dict[str, Any]]) -> list[str]:
    wrong = [
        f"scheduled action {one['ScheduledActionName']}, which happens once"
        for one in schedules
        if not one.get("Recurrence")
    ]
    return wrong + [
        f"scheduled action {one['ScheduledActionName']}, which has an end"
        for one in schedules
        if one.get("EndTime")
    ]


def _refuse(resource: Resource, names: list[str]) -> None:
    if not names:
        return
    raise OperationError(
        f"{resource.key} in {resource.region} uses {', '.join(sorted(set(names)))}",
        why="these settings are not carried to the recovery site, and are never dropped silently",
        hint=f"change the group, or take the tag dr:enabled off {resource.arn}",
    )
