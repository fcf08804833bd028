"""Facts about resource types outside the programs: which hold data, and their identity.

The tables are data for planning's safety rules and for recovery after a crash. A type that is not
listed holds no data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: type tokens whose replacement or deletion loses data, and what would be lost
STATEFUL_TYPES: Mapping[str, str] = {
    "aws:rds/cluster:Cluster": "an Aurora cluster and its data",
    "aws:rds/clusterInstance:ClusterInstance": "a database instance",
    "aws:rds/globalCluster:GlobalCluster": "the replication between the regions",
    "aws:rds/instance:Instance": "a database instance and its data",
    "aws:dynamodb/table:Table": "a table and its data",
    "aws:efs/fileSystem:FileSystem": "a file system and its data",
    "aws:s3/bucket:Bucket": "a bucket and its objects",
    "aws:elasticache/replicationGroup:ReplicationGroup": "a cache and its data",
    "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup": "the replication of a cache",
    "aws:memorydb/cluster:Cluster": "an in-memory database and its data",
    "aws:opensearch/domain:Domain": "a search domain and its data",
    "aws:kms/key:Key": "a key and everything that it encrypts",
    "aws:ebs/volume:Volume": "a volume and its data",
}

#: type token -> how the id in the state is made from the inputs. Only types whose ids can be told
#: beforehand: of these, a creation that was cut off by a crash can be looked up afterwards
IDENTITIES: Mapping[str, str] = {
    "aws:rds/cluster:Cluster": "{clusterIdentifier}",
    "aws:rds/clusterInstance:ClusterInstance": "{identifier}",
    "aws:rds/globalCluster:GlobalCluster": "{globalClusterIdentifier}",
    # AWS and the provider find a service by its name too; reading puts the ARN in its place
    "aws:ecs/service:Service": "{name}",
    "aws:appautoscaling/target:Target": "{resourceId}",
    "aws:appautoscaling/policy:Policy": "{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "{name}",
}


def identity(resource_type: str, inputs: Mapping[str, Any]) -> str | None:
    """The id that a resource with these inputs has once it exists; None if it cannot be told."""
    form = IDENTITIES.get(resource_type)
    if form is None:
        return None
    try:
        made = form.format_map(inputs)
    except KeyError:
        return None
    return made or None
