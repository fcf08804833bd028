"""An ECS service with its task definition, its tasks running, and its autoscaling."""

from __future__ import annotations

from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.core.utils import camelcase_to_underscores
from moto.ecs.models import ecs_backends

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.ecs.spec import EcsSpec, TaskDefinitionSpec
from drstate.sandbox.estates.captured.given import given
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import lower

_DIMENSION = "ecs:service:DesiredCount"
_LINKED = (
    "arn:aws:iam::{account}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_ECSService"
)


def build(site: Captured, entry: CatalogEntry) -> None:
    """The service, and everything that it and its tasks refer to."""
    spec = EcsSpec.model_validate(entry.spec)
    account, region = entry.resource.account, spec.region
    site.have(SiteMapTable.ECS_CLUSTERS, spec.cluster, account, region)
    for balancer in spec.load_balancers:
        site.have(SiteMapTable.TARGET_GROUPS, balancer.target_group, account, region)
    network = spec.network
    if network:
        for subnet in network.subnets:
            site.subnet(account, region, subnet)
        for group in network.security_groups:
            site.security_group(account, region, group)
    definition = _task_definition(site, account, region, spec.task_definition)
    site.ids.named(account, region, "service", spec.cluster, spec.service)
    service: Any = ecs_backends[account][region].create_service(
        cluster_str=spec.cluster,
        service_name=spec.service,
        desired_count=spec.desired_count,
        task_definition_str=definition,
        load_balancers=[
            {
                "targetGroupArn": one.target_group,
                "containerName": one.container,
                "containerPort": one.port,
            }
            for one in spec.load_balancers
        ],
        tags=lower(site.tags(entry)),
        launch_type=spec.launch_type or "FARGATE",
        platform_version=spec.platform_version,
        propagate_tags=spec.propagate_tags or "NONE",
        network_configuration={
            "awsvpcConfiguration": {
                "subnets": list(network.subnets),
                "securityGroups": list(network.security_groups),
                "assignPublicIp": "ENABLED" if network.assign_public_ip else "DISABLED",
            }
        }
        if network
        else None,
    )
    _settings(service, spec)
    _autoscaling(account, region, spec)


def _settings(service: Any, spec: EcsSpec) -> None:
    """What is said at a creation, and kept by the emulation beside it."""
    service.launch_type = spec.launch_type
    kept = {
        "capacityProviderStrategy": [
            {"capacityProvider": one.provider, "weight": one.weight, "base": one.base}
            for one in spec.capacity_providers
        ],
        "placementStrategy": [
            given(type=one.type, field=one.value) for one in spec.placement_strategies
        ],
        "placementConstraints": [
            given(type=one.type, expression=one.value) for one in spec.placement_constraints
        ],
        "healthCheckGracePeriodSeconds": spec.health_check_grace_seconds or 0,
        "enableExecuteCommand": spec.enable_execute_command,
        "availabilityZoneRebalancing": "ENABLED" if spec.zone_rebalancing else "DISABLED",
    }
    for field, value in kept.items():
        setattr(service, camelcase_to_underscores(field), value)
    service.enable_ecs_managed_tags = spec.enable_managed_tags
    service.deployment_configuration = {
        **service.deployment_configuration,
        **given(
            minimumHealthyPercent=spec.deployment_minimum_percent,
            maximumPercent=spec.deployment_maximum_percent,
        ),
        "deploymentCircuitBreaker": {
            "enable": spec.circuit_breaker,
            "rollback": spec.circuit_breaker_rollback,
        },
    }


def _task_definition(site: Captured, account: str, region: str, task: TaskDefinitionSpec) -> str:
    for role in (task.execution_role, task.task_role):
        if role:
            site.role(role)
    for container in task.containers:
        _needs(site, account, region, container)
    site.ids.named(account, region, "task-definition", task.family)
    storage = task.ephemeral_storage_gib
    made = ecs_backends[account][region].register_task_definition(
        task.family,
        [dict(one) for one in task.containers],
        volumes=[dict(one) for one in task.volumes],
        network_mode=task.network_mode,
        placement_constraints=[dict(one) for one in task.placement_constraints],
        requires_compatibilities=list(task.requires_compatibilities),
        cpu=task.cpu,
        memory=task.memory,
        execution_role_arn=task.execution_role,
        task_role_arn=task.task_role,
        runtime_platform=task.runtime_platform,
        ipc_mode=task.ipc_mode,
        pid_mode=task.pid_mode,
        ephemeral_storage={"sizeInGiB": storage} if storage else None,
        tags=lower(site.own_tags()),
    )
    return str(made.arn)


def _needs(site: Captured, account: str, region: str, container: dict[str, Any]) -> None:
    """The image's repository, the secrets, and the log group of a container."""
    if container.get("image"):
        site.have(SiteMapTable.IMAGES, str(container["image"]), account, region)
    named = [one.get("valueFrom") for one in container.get("secrets", ())]
    named.append((container.get("repositoryCredentials") or {}).get("credentialsParameter"))
    for text in named:
        parts = str(text or "").split(":")
        # a key, a stage and a version of the secret may follow its ARN
        if len(parts) >= 7 and parts[2] == "secretsmanager":
            site.have(SiteMapTable.SECRETS, ":".join(parts[:7]), parts[4], parts[3])
    log = container.get("logConfiguration") or {}
    options = log.get("options") or {}
    group = options.get("awslogs-group")
    if log.get("logDriver") == "awslogs" and group:
        where = options.get("awslogs-region") or region
        site.have(SiteMapTable.LOG_GROUPS, group, account, where)


def _autoscaling(account: str, region: str, spec: EcsSpec) -> None:
    scaling = spec.autoscaling
    if scaling is None:
        return
    backend = applicationautoscaling_backends[account][region]
    resource = f"service/{spec.cluster}/{spec.service}"
    backend.register_scalable_target(
        namespace="ecs",
        r_id=resource,
        dimension=_DIMENSION,
        min_capacity=scaling.min_capacity,
        max_capacity=scaling.max_capacity,
        role_arn=_LINKED.format(account=account),
        suspended_state=None,
    )
    for policy in scaling.policies:
        backend.put_scaling_policy(
            policy_name=policy.name,
            service_namespace="ecs",
            resource_id=resource,
            scalable_dimension=_DIMENSION,
            policy_type=policy.type,
            policy_body=dict(policy.configuration),
        )
