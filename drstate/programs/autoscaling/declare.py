"""An Auto Scaling group declared: launch template, group, policies, scheduled actions.

There is no instance refresh in it, on purpose: a launch template that has changed is used by the
instances that are launched from then on, and replaces none that runs.
"""

from __future__ import annotations

from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.programs import identifiers
from drstate.programs.autoscaling.owners import GROUP, OWNERS, POLICY, SCHEDULE
from drstate.programs.autoscaling.spec import AutoScalingSpec, MixedSpec, PolicySpec
from drstate.programs.autoscaling.template import declare_template, template_classes
from drstate.programs.autoscaling.values import AutoScalingValues, autoscaling_values
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.lazy import aws
from drstate.programs.translator import Translator

#: schedules take -1 for "leave it as it is"
_UNSET = -1


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    scaling = aws.autoscaling
    return [
        *template_classes(),
        scaling.Group,
        scaling.GroupLaunchTemplateArgs,
        scaling.GroupMixedInstancesPolicyArgs,
        scaling.GroupMixedInstancesPolicyInstancesDistributionArgs,
        scaling.GroupMixedInstancesPolicyLaunchTemplateArgs,
        scaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs,
        scaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs,
        scaling.GroupTagArgs,
        scaling.Policy,
        scaling.PolicyStepAdjustmentArgs,
        scaling.PolicyTargetTrackingConfigurationArgs,
        scaling.PolicyTargetTrackingConfigurationCustomizedMetricSpecificationArgs,
        scaling.PolicyTargetTrackingConfigurationCustomizedMetricSpecificationMetricDimensionArgs,
        scaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs,
        scaling.Schedule,
    ]


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """Everything of the group at the shard's site; the same in every site state."""
    spec = AutoScalingSpec.model_validate(entry.spec)
    translator = declaration.translator(entry, spec.region)
    values = autoscaling_values(spec, translator)
    translator.settle()
    template = declare_template(entry, spec.template, values.template, translator, declaration)
    group = _group(entry, spec, values, template, translator, declaration)
    for policy in spec.policies:
        _policy(entry, policy, values.resource_labels.get(policy.name), group, declaration)
    for schedule in spec.schedules:
        aws.autoscaling.Schedule(
            name_of(entry, "schedule", schedule.name),
            autoscaling_group_name=group.name,
            desired_capacity=_UNSET if schedule.desired is None else schedule.desired,
            max_size=_UNSET if schedule.max_size is None else schedule.max_size,
            min_size=_UNSET if schedule.min_size is None else schedule.min_size,
            recurrence=schedule.recurrence,
            scheduled_action_name=schedule.name,
            time_zone=schedule.time_zone,
            opts=declaration.options(OWNERS, SCHEDULE),
        )
    return DeclaredOutputs(resources={"group": group.name, "launch_template": template.id})


def _group(
    entry: CatalogEntry,
    spec: AutoScalingSpec,
    values: AutoScalingValues,
    template: aws.ec2.LaunchTemplate,
    translator: Translator,
    declaration: Declaration,
) -> aws.autoscaling.Group:
    # a number: whatever else is added to the template by hand is not used
    version = template.latest_version.apply(str)
    return aws.autoscaling.Group(
        name_of(entry),
        capacity_rebalance=spec.capacity_rebalance,
        default_cooldown=spec.default_cooldown,
        default_instance_warmup=spec.default_warmup,
        desired_capacity=0,
        enabled_metrics=list(spec.enabled_metrics) or None,
        force_delete=False,
        health_check_grace_period=spec.health_check_grace_seconds,
        health_check_type=spec.health_check_type,
        launch_template=None
        if spec.mixed
        else aws.autoscaling.GroupLaunchTemplateArgs(id=template.id, version=version),
        max_instance_lifetime=spec.max_lifetime,
        max_size=0,
        min_size=0,
        mixed_instances_policy=_mixed(spec.mixed, template, version) if spec.mixed else None,
        name=spec.name,
        protect_from_scale_in=spec.protect_new_instances,
        service_linked_role_arn=values.service_role,
        # only for the moment of its creation; see the owners
        suspended_processes=sorted({*spec.suspended, *spec.held}),
        tags=[
            aws.autoscaling.GroupTagArgs(
                key=key, value=value, propagate_at_launch=key in spec.propagated
            )
            for key, value in sorted(tags_of(entry).items())
        ],
        target_group_arns=[identifiers.given(translator, one) for one in values.target_groups]
        or None,
        termination_policies=list(spec.termination_policies) or None,
        vpc_zone_identifiers=list(values.subnets),
        # waiting is the adapter's business, with a deadline of its own
        wait_for_capacity_timeout="0",
        opts=declaration.options(OWNERS, GROUP),
    )


def _mixed(spec: MixedSpec, template: aws.ec2.LaunchTemplate, version: Any) -> Any:
    scaling = aws.autoscaling
    return scaling.GroupMixedInstancesPolicyArgs(
        instances_distribution=scaling.GroupMixedInstancesPolicyInstancesDistributionArgs(
            on_demand_allocation_strategy=spec.on_demand_strategy,
            on_demand_base_capacity=spec.on_demand_base,
            on_demand_percentage_above_base_capacity=spec.on_demand_percent,
            spot_allocation_strategy=spec.spot_strategy,
            spot_instance_pools=spec.spot_pools,
            spot_max_price=spec.spot_max_price,
        ),
        launch_template=scaling.GroupMixedInstancesPolicyLaunchTemplateArgs(
            launch_template_specification=(
                scaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs(
                    launch_template_id=template.id, version=version
                )
            ),
            overrides=[
                scaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs(
                    instance_type=item.instance_type, weighted_capacity=item.weight
                )
                for item in spec.overrides
            ]
            or None,
        ),
    )


def _policy(
    entry: CatalogEntry,
    policy: PolicySpec,
    label: str | None,
    group: aws.autoscaling.Group,
    declaration: Declaration,
) -> None:
    found = policy.configuration
    tracking = found.get("TargetTrackingConfiguration")
    aws.autoscaling.Policy(
        name_of(entry, "policy", policy.name),
        adjustment_type=found.get("AdjustmentType"),
        autoscaling_group_name=group.name,
        cooldown=found.get("Cooldown"),
        enabled=policy.enabled,
        estimated_instance_warmup=found.get("EstimatedInstanceWarmup"),
        metric_aggregation_type=found.get("MetricAggregationType"),
        min_adjustment_magnitude=found.get("MinAdjustmentMagnitude"),
        name=policy.name,
        policy_type=policy.type,
        scaling_adjustment=found.get("ScalingAdjustment"),
        step_adjustments=[
            aws.autoscaling.PolicyStepAdjustmentArgs(
                scaling_adjustment=step["ScalingAdjustment"],
                metric_interval_lower_bound=_text(step.get("MetricIntervalLowerBound")),
                metric_interval_upper_bound=_text(step.get("MetricIntervalUpperBound")),
            )
            for step in found.get("StepAdjustments", [])
        ]
        or None,
        target_tracking_configuration=_tracking(tracking, label) if tracking else None,
        opts=declaration.options(OWNERS, POLICY),
    )


def _tracking(found: dict[str, Any], label: str | None) -> Any:
    scaling = aws.autoscaling
    predefined = found.get("PredefinedMetricSpecification")
    custom = found.get("CustomizedMetricSpecification")
    dimension = (
        scaling.PolicyTargetTrackingConfigurationCustomizedMetricSpecificationMetricDimensionArgs
    )
    return scaling.PolicyTargetTrackingConfigurationArgs(
        target_value=float(found["TargetValue"]),
        disable_scale_in=bool(found.get("DisableScaleIn")),
        predefined_metric_specification=(
            scaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs(
                predefined_metric_type=predefined["PredefinedMetricType"], resource_label=label
            )
        )
        if predefined
        else None,
        customized_metric_specification=(
            scaling.PolicyTargetTrackingConfigurationCustomizedMetricSpecificationArgs(
                metric_name=custom.get("MetricName"),
                namespace=custom.get("Namespace"),
                statistic=custom.get("Statistic"),
                unit=custom.get("Unit"),
                metric_dimensions=[
                    dimension(name=item["Name"], value=item["Value"])
                    for item in custom.get("Dimensions", [])
                ]
                or None,
            )
        )
        if custom
        else None,
    )


def _text(bound: float | None) -> str | None:
    if bound is None:
        return None
    return str(int(bound)) if float(bound).is_integer() else str(bound)
