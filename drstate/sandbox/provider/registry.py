"""Every resource type that is served. Adding one is its file in ``services/`` and a line here.

Two types with one token are an error at import.
"""

from __future__ import annotations

from drstate.sandbox.provider.resource import ResourceType
from drstate.sandbox.provider.services.autoscaling_group import (
    AutoScalingGroup,
    ScheduledAction,
)
from drstate.sandbox.provider.services.autoscaling_group_policy import GroupScalingPolicy
from drstate.sandbox.provider.services.autoscaling_policy import ScalingPolicy
from drstate.sandbox.provider.services.autoscaling_target import ScalableTarget
from drstate.sandbox.provider.services.cloudwatch_alarm import MetricAlarm
from drstate.sandbox.provider.services.ec2_instance import Instance
from drstate.sandbox.provider.services.ec2_launch_template import LaunchTemplate
from drstate.sandbox.provider.services.ec2_security_group import SecurityGroup
from drstate.sandbox.provider.services.ec2_security_rule import EgressRule, IngressRule
from drstate.sandbox.provider.services.ecs_cluster import EcsCluster
from drstate.sandbox.provider.services.ecs_service import EcsService
from drstate.sandbox.provider.services.ecs_task_definition import TaskDefinition
from drstate.sandbox.provider.services.efs_access_point import AccessPoint as EfsAccessPoint
from drstate.sandbox.provider.services.efs_backup_policy import BackupPolicy as EfsBackupPolicy
from drstate.sandbox.provider.services.efs_file_system import FileSystem as EfsFileSystem
from drstate.sandbox.provider.services.efs_file_system_policy import (
    FileSystemPolicy as EfsFileSystemPolicy,
)
from drstate.sandbox.provider.services.efs_mount_target import MountTarget as EfsMountTarget
from drstate.sandbox.provider.services.elasticache_datastore import GlobalReplicationGroup
from drstate.sandbox.provider.services.elasticache_group import ReplicationGroup
from drstate.sandbox.provider.services.events_bus import EventBus, EventBusPolicy
from drstate.sandbox.provider.services.events_rule import EventRule
from drstate.sandbox.provider.services.events_target import EventTarget
from drstate.sandbox.provider.services.fsx_ontap_volume import OntapVolume
from drstate.sandbox.provider.services.lambda_alias import Alias as LambdaAlias
from drstate.sandbox.provider.services.lambda_event_source import EventSourceMapping
from drstate.sandbox.provider.services.lambda_function import Function as LambdaFunction
from drstate.sandbox.provider.services.lambda_invoke_config import InvokeConfig
from drstate.sandbox.provider.services.lambda_permission import Permission as LambdaPermission
from drstate.sandbox.provider.services.lb_listener import (
    Listener,
    ListenerCertificate,
    ListenerRule,
)
from drstate.sandbox.provider.services.lb_load_balancer import LoadBalancer
from drstate.sandbox.provider.services.lb_target_group import TargetGroup
from drstate.sandbox.provider.services.logs_group import LogGroup
from drstate.sandbox.provider.services.memorydb_cluster import MemoryDbCluster
from drstate.sandbox.provider.services.opensearch_domain import SearchDomain
from drstate.sandbox.provider.services.rds_cluster import RdsCluster
from drstate.sandbox.provider.services.rds_cluster_instance import RdsClusterInstance
from drstate.sandbox.provider.services.rds_global_cluster import RdsGlobalCluster
from drstate.sandbox.provider.services.rds_instance import RdsInstance
from drstate.sandbox.provider.services.route53_health_check import HealthCheck
from drstate.sandbox.provider.services.route53_record import Record
from drstate.sandbox.provider.services.s3_bucket import Bucket
from drstate.sandbox.provider.services.s3_bucket_replication import BucketReplication
from drstate.sandbox.provider.services.s3_bucket_settings import (
    BucketEncryption,
    BucketPublicAccessBlock,
    BucketVersioning,
)
from drstate.sandbox.provider.services.s3control_access_point import MultiRegionAccessPoint

_TYPES: tuple[ResourceType, ...] = (
    Bucket(),
    BucketEncryption(),
    BucketPublicAccessBlock(),
    BucketReplication(),
    BucketVersioning(),
    MultiRegionAccessPoint(),
    SearchDomain(),
    GlobalReplicationGroup(),
    MemoryDbCluster(),
    ReplicationGroup(),
    AutoScalingGroup(),
    EcsCluster(),
    EgressRule(),
    IngressRule(),
    SecurityGroup(),
    EcsService(),
    EfsAccessPoint(),
    EfsBackupPolicy(),
    EfsFileSystem(),
    EfsFileSystemPolicy(),
    EfsMountTarget(),
    OntapVolume(),
    EventBus(),
    EventBusPolicy(),
    EventRule(),
    EventSourceMapping(),
    EventTarget(),
    GroupScalingPolicy(),
    HealthCheck(),
    LaunchTemplate(),
    Listener(),
    ListenerCertificate(),
    ListenerRule(),
    LoadBalancer(),
    TargetGroup(),
    InvokeConfig(),
    LambdaAlias(),
    LambdaFunction(),
    LambdaPermission(),
    Instance(),
    LogGroup(),
    MetricAlarm(),
    RdsCluster(),
    RdsClusterInstance(),
    RdsGlobalCluster(),
    RdsInstance(),
    Record(),
    ScalableTarget(),
    ScheduledAction(),
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
