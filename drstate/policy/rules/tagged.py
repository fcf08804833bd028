"""What can carry tags says whose it is: customer, environment, and that drstate manages it.

Which types can is a table, so that a resource without any tags is seen. What a drill makes carries
the drill's id as well; that is for the drill to keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from drstate.model.declared import UNKNOWN, Declared
from drstate.policy.rule import Rule

REQUIRED = ("Customer", "Environment", "drstate:managed")
#: types that can carry tags, of those that programs declare
TAGGABLE = frozenset(
    {
        "aws:appautoscaling/target:Target",
        "aws:autoscaling/group:Group",
        "aws:cloudwatch/eventBus:EventBus",
        "aws:cloudwatch/eventRule:EventRule",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:ec2/instance:Instance",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ecs/service:Service",
        "aws:ecs/taskDefinition:TaskDefinition",
        "aws:efs/accessPoint:AccessPoint",
        "aws:efs/fileSystem:FileSystem",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:fsx/ontapVolume:OntapVolume",
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        "aws:lambda/function:Function",
        "aws:lb/listener:Listener",
        "aws:lb/listenerRule:ListenerRule",
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:lb/targetGroup:TargetGroup",
        "aws:memorydb/cluster:Cluster",
        "aws:opensearch/domain:Domain",
        "aws:rds/cluster:Cluster",
        "aws:rds/clusterInstance:ClusterInstance",
        "aws:rds/globalCluster:GlobalCluster",
        "aws:rds/instance:Instance",
        "aws:route53/healthCheck:HealthCheck",
        "aws:s3/bucket:Bucket",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    }
)


def _check(resource: Declared) -> Iterable[str]:
    carried = [resource.inputs.get(name) for name in ("tags", "tagsAll")]
    if UNKNOWN in carried or (resource.type not in TAGGABLE and not any(carried)):
        return
    tags = {name: value for part in carried for name, value in _named(part).items()}
    missing = [name for name in REQUIRED if not tags.get(name)]
    if missing:
        yield f"lacks {'tags' if len(missing) > 1 else 'the tag'} {', '.join(missing)}"


def _named(tags: Any) -> dict[str, Any]:
    """Name -> value. An Auto Scaling group lists them, with what becomes of each."""
    if isinstance(tags, Mapping):
        return dict(tags)
    rows = tags if isinstance(tags, list) else []
    return {str(row.get("key")): row.get("value") for row in rows if isinstance(row, Mapping)}


RULE = Rule(
    id="tagged",
    title="what can carry tags says whose it is",
    why="bills, access rules and clean-ups go by tags",
    hint="declare it with tags=tags_of(entry) of drstate.programs.context",
    check=_check,
)
