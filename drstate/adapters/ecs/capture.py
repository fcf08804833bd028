"""Reading an ECS service into its spec, at the serving site and at production capacity only.

It refuses a service that runs nothing (a retired or standby site would overwrite production's
numbers), and settings that a recovery service would lose: leaving one out silently is no option.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.ecs import reading
from drstate.adapters.ecs.normal import container, without_empty
from drstate.adapters.ecs.reading import ServiceId
from drstate.adapters.ecs.supported import unsupported_service, unsupported_task
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.ecs.spec import (
    AutoscalingSpec,
    CapacityProvider,
    EcsLoadBalancer,
    EcsNetwork,
    EcsSpec,
    Placement,
    ScalingPolicySpec,
    TaskDefinitionSpec,
)


def capture(resource: Resource, at: At, now: datetime) -> EcsSpec:
    """The spec of the service at ``at.region``. Raises OperationError, AwsCallError."""
    cluster, _, service = resource.name.partition("/")
    name = ServiceId(cluster, service)
    found = reading.service(at, name)
    if found is None:
        raise OperationError(
            f"{resource.key}: no active service {name} in {at.region}",
            why="DescribeServices does not know it",
            hint="drstate discover --refresh shows what is there now",
        )
    _refuse(resource, found)
    task = at.call("ecs", "describe_task_definition", taskDefinition=found["taskDefinition"])
    deployment = found.get("deploymentConfiguration") or {}
    breaker = deployment.get("deploymentCircuitBreaker") or {}
    strategy = found.get("capacityProviderStrategy") or []
    return EcsSpec(
        region=at.region,
        captured_at=now,
        cluster=cluster,
        service=service,
        arn=found["serviceArn"],
        desired_count=int(found["desiredCount"]),
        task_definition=_task_definition(resource, task["taskDefinition"]),
        launch_type=None if strategy else found.get("launchType"),
        capacity_providers=tuple(
            CapacityProvider(
                provider=item["capacityProvider"],
                weight=int(item.get("weight") or 0),
                base=int(item.get("base") or 0),
            )
            for item in strategy
        ),
        platform_version=found.get("platformVersion"),
        network=_network(found),
        load_balancers=tuple(
            EcsLoadBalancer(
                target_group=item["targetGroupArn"],
                container=item["containerName"],
                port=int(item["containerPort"]),
            )
            for item in found.get("loadBalancers", [])
            if item.get("targetGroupArn")
        ),
        deployment_minimum_percent=deployment.get("minimumHealthyPercent"),
        deployment_maximum_percent=deployment.get("maximumPercent"),
        circuit_breaker=bool(breaker.get("enable")),
        circuit_breaker_rollback=bool(breaker.get("rollback")),
        health_check_grace_seconds=found.get("healthCheckGracePeriodSeconds") or None,
        enable_execute_command=bool(found.get("enableExecuteCommand")),
        enable_managed_tags=bool(found.get("enableECSManagedTags")),
        propagate_tags=_propagation(found),
        zone_rebalancing=found.get("availabilityZoneRebalancing") == "ENABLED",
        placement_strategies=tuple(
            Placement(type=item["type"], value=item.get("field"))
            for item in found.get("placementStrategy") or []
        ),
        placement_constraints=tuple(
            Placement(type=item["type"], value=item.get("expression"))
            for item in found.get("placementConstraints") or []
        ),
        autoscaling=_autoscaling(at, name),
    )


def _refuse(resource: Resource, found: dict[str, Any]) -> None:
    where = f"{resource.key} in {resource.region}"
    if int(found.get("desiredCount", 0)) < 1:
        raise OperationError(
            f"{where} runs no tasks, so there is no production capacity to capture",
            why="a site in standby or retired must not overwrite the numbers of production",
            hint="the last spec stays in use; capture again when the service serves",
        )
    wrong = unsupported_service(found)
    if wrong:
        raise _unsupported(where, resource, wrong)


def _unsupported(where: str, resource: Resource, names: list[str]) -> OperationError:
    return OperationError(
        f"{where} uses {', '.join(names)}",
        why="these settings are not carried to the recovery site, and are never dropped silently",
        hint=f"change the service, or take the tag dr:enabled off {resource.arn}",
    )


def _task_definition(resource: Resource, found: dict[str, Any]) -> TaskDefinitionSpec:
    wrong = unsupported_task(found)
    if wrong:
        raise _unsupported(f"{resource.key}'s task definition", resource, wrong)
    mode = found.get("networkMode")
    storage = found.get("ephemeralStorage") or {}
    return TaskDefinitionSpec(
        family=found["family"],
        containers=tuple(container(item, mode) for item in found["containerDefinitions"]),
        cpu=found.get("cpu"),
        memory=found.get("memory"),
        network_mode=mode,
        requires_compatibilities=tuple(sorted(found.get("requiresCompatibilities") or [])),
        execution_role=found.get("executionRoleArn"),
        task_role=found.get("taskRoleArn"),
        pid_mode=found.get("pidMode"),
        ipc_mode=found.get("ipcMode"),
        volumes=tuple(without_empty(item) for item in found.get("volumes") or []),
        placement_constraints=tuple(
            without_empty(item) for item in found.get("placementConstraints") or []
        ),
        runtime_platform=without_empty(found.get("runtimePlatform")) or None,
        ephemeral_storage_gib=storage.get("sizeInGiB"),
    )


def _network(found: dict[str, Any]) -> EcsNetwork | None:
    vpc = (found.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if not vpc:
        return None
    return EcsNetwork(
        subnets=tuple(sorted(vpc.get("subnets", []))),
        security_groups=tuple(sorted(vpc.get("securityGroups", []))),
        assign_public_ip=vpc.get("assignPublicIp") == "ENABLED",
    )


def _propagation(found: dict[str, Any]) -> str | None:
    value = found.get("propagateTags")
    return None if value in (None, "", "NONE") else str(value)


def _autoscaling(at: At, name: ServiceId) -> AutoscalingSpec | None:
    target = reading.scalable_target(at, name)
    if target is None:
        return None
    policies = at.pages(
        "application-autoscaling",
        "describe_scaling_policies",
        "ScalingPolicies",
        ServiceNamespace=reading.NAMESPACE,
        ResourceId=name.resource_id,
        ScalableDimension=reading.DIMENSION,
    )
    return AutoscalingSpec(
        min_capacity=int(target["MinCapacity"]),
        max_capacity=int(target["MaxCapacity"]),
        policies=tuple(
            sorted((_policy(policy) for policy in policies), key=lambda policy: policy.name)
        ),
    )


def _policy(found: dict[str, Any]) -> ScalingPolicySpec:
    kind = str(found["PolicyType"])
    if kind not in ("TargetTrackingScaling", "StepScaling"):
        raise OperationError(
            f"scaling policy {found['PolicyName']} is of type {kind}",
            why="target tracking and step scaling are carried to the recovery site",
            hint="remove the policy, or take the service's tag dr:enabled off",
        )
    field = f"{kind}PolicyConfiguration"
    return ScalingPolicySpec(
        name=found["PolicyName"], type=kind, configuration=without_empty(found.get(field) or {})
    )
