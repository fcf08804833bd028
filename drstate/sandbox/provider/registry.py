"""Every resource type that is served. Adding one is its file in ``services/`` and a line here.

Two types with one token are an error at import.
"""

from __future__ import annotations

from drstate.sandbox.provider.resource import ResourceType
from drstate.sandbox.provider.services.autoscaling_policy import ScalingPolicy
from drstate.sandbox.provider.services.autoscaling_target import ScalableTarget
from drstate.sandbox.provider.services.cloudwatch_alarm import MetricAlarm
from drstate.sandbox.provider.services.ecs_cluster import EcsCluster
from drstate.sandbox.provider.services.ecs_service import EcsService
from drstate.sandbox.provider.services.ecs_task_definition import TaskDefinition
from drstate.sandbox.provider.services.logs_group import LogGroup
from drstate.sandbox.provider.services.rds_cluster import RdsCluster
from drstate.sandbox.provider.services.rds_cluster_instance import RdsClusterInstance
from drstate.sandbox.provider.services.rds_global_cluster import RdsGlobalCluster
from drstate.sandbox.provider.services.route53_health_check import HealthCheck
from drstate.sandbox.provider.services.route53_record import Record

_TYPES: tuple[ResourceType, ...] = (
    EcsCluster(),
    EcsService(),
    HealthCheck(),
    LogGroup(),
    MetricAlarm(),
    RdsCluster(),
    RdsClusterInstance(),
    RdsGlobalCluster(),
    Record(),
    ScalableTarget(),
    ScalingPolicy(),
    TaskDefinition(),
)
_BY_TOKEN = {resource.urn_type: resource for resource in _TYPES}
if len(_BY_TOKEN) != len(_TYPES):
    raise ValueError("two resource types of the sandbox's provider have one token")


def find(token: str) -> ResourceType | None:
    """The type with this token."""
    return _BY_TOKEN.get(token)


def tokens() -> list[str]:
    """Every token, sorted."""
    return sorted(_BY_TOKEN)
