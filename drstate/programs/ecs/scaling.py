"""Autoscaling of a declared ECS service: the scalable target and its policies.

A standby's target is held at 0 to 0, a warm one at its count: no policy moves what does not serve.
"""

from __future__ import annotations

from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.programs.context import Declaration, name_of, tags_of
from drstate.programs.ecs.owners import OWNERS, POLICY, TARGET
from drstate.programs.ecs.spec import EcsSpec, ScalingPolicySpec
from drstate.programs.ecs.values import EcsValues
from drstate.programs.lazy import aws

_DIMENSION = "ecs:service:DesiredCount"


def scaling_classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    return [
        aws.appautoscaling.Target,
        aws.appautoscaling.Policy,
        aws.appautoscaling.PolicyStepScalingPolicyConfigurationArgs,
        aws.appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgs,
        aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs,
        aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationArgs,
        aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationDimensionArgs,
        aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs,
    ]


def declare_scaling(
    entry: CatalogEntry,
    spec: EcsSpec,
    values: EcsValues,
    service: aws.ecs.Service,
    declaration: Declaration,
) -> aws.appautoscaling.Target:
    """The target with the site state's bounds, and every policy of the source."""
    low, high = values.bounds or (0, 0)
    target = aws.appautoscaling.Target(
        name_of(entry, "scalable-target"),
        max_capacity=high,
        min_capacity=low,
        resource_id=f"service/{values.cluster}/{spec.service}",
        scalable_dimension=_DIMENSION,
        service_namespace="ecs",
        tags=tags_of(entry),
        opts=declaration.options(OWNERS, TARGET, depends_on=[service]),
    )
    for policy in spec.autoscaling.policies if spec.autoscaling else ():
        _policy(entry, policy, values, target, declaration)
    return target


def _policy(
    entry: CatalogEntry,
    policy: ScalingPolicySpec,
    values: EcsValues,
    target: aws.appautoscaling.Target,
    declaration: Declaration,
) -> None:
    tracking = policy.type == "TargetTrackingScaling"
    aws.appautoscaling.Policy(
        name_of(entry, "policy", policy.name),
        name=policy.name,
        policy_type=policy.type,
        resource_id=target.resource_id,
        scalable_dimension=target.scalable_dimension,
        service_namespace=target.service_namespace,
        step_scaling_policy_configuration=None if tracking else _steps(policy.configuration),
        target_tracking_scaling_policy_configuration=_tracking(
            policy.configuration, values.resource_labels.get(policy.name)
        )
        if tracking
        else None,
        opts=declaration.options(OWNERS, POLICY),
    )


def _steps(found: dict[str, Any]) -> Any:
    return aws.appautoscaling.PolicyStepScalingPolicyConfigurationArgs(
        adjustment_type=found.get("AdjustmentType"),
        cooldown=found.get("Cooldown"),
        metric_aggregation_type=found.get("MetricAggregationType"),
        min_adjustment_magnitude=found.get("MinAdjustmentMagnitude"),
        step_adjustments=[
            aws.appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgs(
                scaling_adjustment=step["ScalingAdjustment"],
                metric_interval_lower_bound=_text(step.get("MetricIntervalLowerBound")),
                metric_interval_upper_bound=_text(step.get("MetricIntervalUpperBound")),
            )
            for step in found.get("StepAdjustments", [])
        ],
    )


def _tracking(found: dict[str, Any], label: str | None) -> Any:
    predefined = found.get("PredefinedMetricSpecification")
    custom = found.get("CustomizedMetricSpecification")
    return aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
        target_value=float(found["TargetValue"]),
        disable_scale_in=found.get("DisableScaleIn"),
        scale_in_cooldown=found.get("ScaleInCooldown"),
        scale_out_cooldown=found.get("ScaleOutCooldown"),
        predefined_metric_specification=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
            predefined_metric_type=predefined["PredefinedMetricType"], resource_label=label
        )
        if predefined
        else None,
        customized_metric_specification=_custom(custom) if custom else None,
    )


def _custom(found: dict[str, Any]) -> Any:
    scaling = aws.appautoscaling
    return scaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationArgs(
        metric_name=found.get("MetricName"),
        namespace=found.get("Namespace"),
        statistic=found.get("Statistic"),
        unit=found.get("Unit"),
        dimensions=[
            aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationDimensionArgs(
                name=item["Name"], value=item["Value"]
            )
            for item in found.get("Dimensions", [])
        ]
        or None,
    )


def _text(bound: float | None) -> str | None:
    # Pulumi takes the bounds as texts; whole numbers without a fraction, as AWS prints them
    if bound is None:
        return None
    return str(int(bound)) if float(bound).is_integer() else str(bound)
