"""An ECS service declared: task definition, service, and autoscaling where the source has it.

A task definition cannot be changed, only registered anew; old revisions stay (``skip_destroy``), so
that running tasks and a way back keep theirs.
"""

from __future__ import annotations

from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.programs import identifiers
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.ecs.owners import OWNERS, OWNERS_AUTOSCALED, SERVICE, TASK_DEFINITION
from drstate.programs.ecs.scaling import declare_scaling, scaling_classes
from drstate.programs.ecs.spec import EcsSpec
from drstate.programs.ecs.values import EcsValues, ecs_values
from drstate.programs.lazy import aws
from drstate.programs.translator import Translator


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    return [
        aws.ecs.TaskDefinition,
        aws.ecs.TaskDefinitionEphemeralStorageArgs,
        aws.ecs.TaskDefinitionPlacementConstraintArgs,
        aws.ecs.TaskDefinitionRuntimePlatformArgs,
        aws.ecs.TaskDefinitionVolumeArgs,
        aws.ecs.Service,
        aws.ecs.ServiceCapacityProviderStrategyArgs,
        aws.ecs.ServiceDeploymentCircuitBreakerArgs,
        aws.ecs.ServiceLoadBalancerArgs,
        aws.ecs.ServiceNetworkConfigurationArgs,
        aws.ecs.ServiceOrderedPlacementStrategyArgs,
        aws.ecs.ServicePlacementConstraintArgs,
        *scaling_classes(),
    ]


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """Task definition, service, scalable target and policies at the shard's site."""
    spec = EcsSpec.model_validate(entry.spec)
    translator = declaration.translator(entry, spec.region)
    values = ecs_values(spec, translator)
    translator.settle()
    task = _task_definition(entry, spec, values, translator, declaration)
    service = _service(entry, spec, values, task, translator, declaration)
    resources: dict[str, Any] = {"task_definition": task.arn, "service": service.id}
    if spec.autoscaling is not None and values.bounds is not None:
        target = declare_scaling(entry, spec, values, service, declaration)
        resources["scalable_target"] = target.id
    return DeclaredOutputs(resources=resources)


def _task_definition(
    entry: CatalogEntry,
    spec: EcsSpec,
    values: EcsValues,
    translator: Translator,
    declaration: Declaration,
) -> aws.ecs.TaskDefinition:
    task = spec.task_definition
    platform = task.runtime_platform
    return aws.ecs.TaskDefinition(
        name_of(entry, "task-definition"),
        container_definitions=identifiers.given(translator, values.containers),
        cpu=task.cpu,
        ephemeral_storage=aws.ecs.TaskDefinitionEphemeralStorageArgs(
            size_in_gib=task.ephemeral_storage_gib
        )
        if task.ephemeral_storage_gib
        else None,
        execution_role_arn=values.execution_role,
        family=task.family,
        ipc_mode=task.ipc_mode,
        memory=task.memory,
        network_mode=task.network_mode,
        pid_mode=task.pid_mode,
        placement_constraints=[
            aws.ecs.TaskDefinitionPlacementConstraintArgs(
                type=item["type"], expression=item.get("expression")
            )
            for item in task.placement_constraints
        ]
        or None,
        requires_compatibilities=list(task.requires_compatibilities) or None,
        runtime_platform=aws.ecs.TaskDefinitionRuntimePlatformArgs(
            cpu_architecture=platform.get("cpuArchitecture"),
            operating_system_family=platform.get("operatingSystemFamily"),
        )
        if platform
        else None,
        skip_destroy=True,
        tags=tags_of(entry),
        task_role_arn=values.task_role,
        volumes=[
            aws.ecs.TaskDefinitionVolumeArgs(
                name=item["name"], host_path=(item.get("host") or {}).get("sourcePath")
            )
            for item in task.volumes
        ]
        or None,
        opts=declaration.options(OWNERS, TASK_DEFINITION),
    )


def _service(
    entry: CatalogEntry,
    spec: EcsSpec,
    values: EcsValues,
    task: aws.ecs.TaskDefinition,
    translator: Translator,
    declaration: Declaration,
) -> aws.ecs.Service:
    owners = OWNERS if spec.autoscaling is None else OWNERS_AUTOSCALED
    return aws.ecs.Service(
        name_of(entry),
        availability_zone_rebalancing="ENABLED" if spec.zone_rebalancing else None,
        capacity_provider_strategies=[
            aws.ecs.ServiceCapacityProviderStrategyArgs(
                capacity_provider=provider, base=item.base, weight=item.weight
            )
            for item, provider in zip(
                spec.capacity_providers, values.capacity_providers, strict=True
            )
        ]
        or None,
        cluster=values.cluster,
        deployment_circuit_breaker=aws.ecs.ServiceDeploymentCircuitBreakerArgs(
            enable=True, rollback=spec.circuit_breaker_rollback
        )
        if spec.circuit_breaker
        else None,
        deployment_maximum_percent=spec.deployment_maximum_percent,
        deployment_minimum_healthy_percent=spec.deployment_minimum_percent,
        desired_count=values.desired_count,
        enable_ecs_managed_tags=spec.enable_managed_tags,
        enable_execute_command=spec.enable_execute_command,
        health_check_grace_period_seconds=spec.health_check_grace_seconds,
        launch_type=spec.launch_type,
        load_balancers=[
            aws.ecs.ServiceLoadBalancerArgs(
                target_group_arn=identifiers.given(translator, target_group),
                container_name=item.container,
                container_port=item.port,
            )
            for item, target_group in zip(spec.load_balancers, values.target_groups, strict=True)
        ]
        or None,
        name=spec.service,
        network_configuration=aws.ecs.ServiceNetworkConfigurationArgs(
            subnets=list(values.subnets),
            security_groups=[identifiers.given(translator, one) for one in values.security_groups],
            assign_public_ip=spec.network.assign_public_ip,
        )
        if spec.network
        else None,
        ordered_placement_strategies=[
            aws.ecs.ServiceOrderedPlacementStrategyArgs(type=item.type, field=item.value)
            for item in spec.placement_strategies
        ]
        or None,
        placement_constraints=[
            aws.ecs.ServicePlacementConstraintArgs(type=item.type, expression=item.value)
            for item in spec.placement_constraints
        ]
        or None,
        platform_version=spec.platform_version,
        propagate_tags=spec.propagate_tags,
        scheduling_strategy=spec.scheduling_strategy,
        tags=tags_of(entry),
        task_definition=task.arn,
        # health is the adapter's business, with a deadline of its own
        wait_for_steady_state=False,
        opts=declaration.options(owners, SERVICE),
    )
