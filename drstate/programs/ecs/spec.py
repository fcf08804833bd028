"""The spec of an ECS service: task definition, service settings and autoscaling.

The task definition is kept in the shape of the ECS API (camel case), normalised: no empty values,
lists whose order means nothing sorted. What AWS adds by itself is left out, so that two captures of
one configuration are equal.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from drstate.model.base import Value
from drstate.model.spec import Spec


class TaskDefinitionSpec(Value):
    """A task definition, without its revision."""

    family: str
    #: container definitions as ``DescribeTaskDefinition`` gives them, normalised
    containers: tuple[dict[str, Any], ...]
    cpu: str | None = None
    memory: str | None = None
    network_mode: str | None = None
    requires_compatibilities: tuple[str, ...] = ()
    execution_role: str | None = None
    task_role: str | None = None
    pid_mode: str | None = None
    ipc_mode: str | None = None
    #: API shapes, as found
    volumes: tuple[dict[str, Any], ...] = ()
    placement_constraints: tuple[dict[str, Any], ...] = ()
    runtime_platform: dict[str, Any] | None = None
    ephemeral_storage_gib: int | None = None


class EcsLoadBalancer(Value):
    """A target group that the service registers its tasks in."""

    target_group: str
    container: str
    port: int


class EcsNetwork(Value):
    """awsvpc settings."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...] = ()
    assign_public_ip: bool = False


class CapacityProvider(Value):
    """One item of a capacity provider strategy."""

    provider: str
    weight: int = 0
    base: int = 0


class Placement(Value):
    """A placement strategy (``spread``, ``binpack``) or constraint (``memberOf``)."""

    type: str
    #: field of a strategy, expression of a constraint
    value: str | None = None


class ScalingPolicySpec(Value):
    """One scaling policy; the configuration has the API's shape (camel case)."""

    name: str
    #: TargetTrackingScaling or StepScaling
    type: str
    configuration: dict[str, Any]


class AutoscalingSpec(Value):
    """The scalable target and its policies."""

    min_capacity: int = Field(ge=0)
    max_capacity: int = Field(ge=0)
    policies: tuple[ScalingPolicySpec, ...] = ()


class EcsSpec(Spec):
    """An ECS service as captured at the serving site, at production capacity."""

    cluster: str
    service: str
    arn: str
    #: tasks in production; never zero (capture refuses that)
    desired_count: int = Field(ge=1)
    task_definition: TaskDefinitionSpec
    launch_type: str | None = None
    capacity_providers: tuple[CapacityProvider, ...] = ()
    platform_version: str | None = None
    scheduling_strategy: str = "REPLICA"
    network: EcsNetwork | None = None
    load_balancers: tuple[EcsLoadBalancer, ...] = ()
    deployment_minimum_percent: int | None = None
    deployment_maximum_percent: int | None = None
    circuit_breaker: bool = False
    circuit_breaker_rollback: bool = False
    health_check_grace_seconds: int | None = None
    enable_execute_command: bool = False
    enable_managed_tags: bool = False
    propagate_tags: str | None = None
    #: ECS moves tasks by itself so that zones stay even
    zone_rebalancing: bool = False
    placement_strategies: tuple[Placement, ...] = ()
    placement_constraints: tuple[Placement, ...] = ()
    autoscaling: AutoscalingSpec | None = None

    def warm_count(self, warm_percent: int) -> int:
        """Tasks of a warm site: the percentage of production, rounded up, at least one."""
        return max(1, -(-self.desired_count * warm_percent // 100))
