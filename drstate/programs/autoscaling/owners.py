"""Ownership of an Auto Scaling group's properties. The sizes are the adapter's in every state."""

from __future__ import annotations

from drstate.programs.owners import Owner, Owners, Property, program

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:autoscaling/group:Group"
POLICY = "aws:autoscaling/policy:Policy"
SCHEDULE = "aws:autoscaling/schedule:Schedule"
_TOGETHER = "minimum, maximum and desired capacity change in one call, made by the action"

OWNERS: Owners = {
    TEMPLATE: program(
        "blockDeviceMappings",
        "creditSpecification",
        "disableApiStop",
        "disableApiTermination",
        "ebsOptimized",
        "iamInstanceProfile",
        "imageId",
        "instanceInitiatedShutdownBehavior",
        "instanceType",
        "keyName",
        "metadataOptions",
        "monitoring",
        "name",
        "networkInterfaces",
        "placement",
        "region",
        "tagSpecifications",
        "tags",
        "updateDefaultVersion",
        "userData",
        "vpcSecurityGroupIds",
    ),
    GROUP: (
        *program(
            "capacityRebalance",
            "defaultCooldown",
            "defaultInstanceWarmup",
            "enabledMetrics",
            "forceDelete",
            "healthCheckGracePeriod",
            "healthCheckType",
            "launchTemplate",
            "maxInstanceLifetime",
            "mixedInstancesPolicy",
            "name",
            "protectFromScaleIn",
            "serviceLinkedRoleArn",
            "tags",
            "targetGroupArns",
            "terminationPolicies",
            "vpcZoneIdentifiers",
            "waitForCapacityTimeout",
        ),
        Property("desiredCapacity", Owner.ADAPTER, _TOGETHER),
        Property("maxSize", Owner.ADAPTER, _TOGETHER),
        Property("minSize", Owner.ADAPTER, _TOGETHER),
        Property(
            "suspendedProcesses",
            Owner.ADAPTER,
            "what would change the sizes is suspended while the group does not serve",
        ),
    ),
    POLICY: program(
        "adjustmentType",
        "autoscalingGroupName",
        "cooldown",
        "enabled",
        "estimatedInstanceWarmup",
        "metricAggregationType",
        "minAdjustmentMagnitude",
        "name",
        "policyType",
        "scalingAdjustment",
        "stepAdjustments",
        "targetTrackingConfiguration",
    ),
    SCHEDULE: program(
        "autoscalingGroupName",
        "desiredCapacity",
        "maxSize",
        "minSize",
        "recurrence",
        "scheduledActionName",
        "timeZone",
    ),
}
