"""Ownership of ECS's properties. The desired count has two tables: with autoscaling and without."""

from __future__ import annotations

from drstate.programs.owners import Owner, Owners, Property, program

TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"

_SERVICE = program(
    "availabilityZoneRebalancing",
    "capacityProviderStrategies",
    "cluster",
    "deploymentCircuitBreaker",
    "deploymentMaximumPercent",
    "deploymentMinimumHealthyPercent",
    "enableEcsManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "launchType",
    "loadBalancers",
    "name",
    "networkConfiguration",
    "orderedPlacementStrategies",
    "placementConstraints",
    "platformVersion",
    "propagateTags",
    "schedulingStrategy",
    "tags",
    "taskDefinition",
    "waitForSteadyState",
)

OWNERS: Owners = {
    TASK_DEFINITION: program(
        "containerDefinitions",
        "cpu",
        "ephemeralStorage",
        "executionRoleArn",
        "family",
        "ipcMode",
        "memory",
        "networkMode",
        "pidMode",
        "placementConstraints",
        "requiresCompatibilities",
        "runtimePlatform",
        "skipDestroy",
        "tags",
        "taskRoleArn",
        "volumes",
    ),
    SERVICE: (*_SERVICE, *program("desiredCount")),
    TARGET: program(
        "maxCapacity", "minCapacity", "resourceId", "scalableDimension", "serviceNamespace", "tags"
    ),
    POLICY: program(
        "name",
        "policyType",
        "resourceId",
        "scalableDimension",
        "serviceNamespace",
        "stepScalingPolicyConfiguration",
        "targetTrackingScalingPolicyConfiguration",
    ),
}

#: what differs where the service has autoscaling
OWNERS_AUTOSCALED: Owners = {
    **OWNERS,
    SERVICE: (
        *_SERVICE,
        Property(
            "desiredCount",
            Owner.AWS,
            "autoscaling moves it within the target's bounds; the action sets it once per phase",
        ),
    ),
}
