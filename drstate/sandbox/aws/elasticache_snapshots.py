"""Snapshots of replication groups: made, copied, exported to S3, and restored from.

A snapshot takes a while. Exporting writes one object per shard into a bucket of the same
region, and a group can be restored from such objects in the region their bucket is in:
that is how a snapshot reaches another region.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from moto.elasticache.models import ElastiCacheBackend, Snapshot
from moto.s3.models import s3_backends

from drstate.sandbox.access import PARTITION

from . import elasticache_groups as groups
from . import runtime
from .elasticache_groups import Group
from .modelled import Refusal

CREATE_SECONDS = 10.0
_RESTORED = ("CacheNodeType", "Engine", "EngineVersion", "NumNodeGroups", "Port")


def _free(backend: ElastiCacheBackend, name: str) -> None:
    if name in backend.snapshots:
        raise Refusal("SnapshotAlreadyExistsFault", f"Snapshot {name} already exists.")


def find(backend: ElastiCacheBackend, name: str) -> Snapshot:
    """An available snapshot, or the refusal."""
    found: Snapshot | None = backend.snapshots.get(name)
    if found is None:
        raise Refusal("SnapshotNotFoundFault", f"Snapshot {name} not found.")
    return found


def _available(snapshot: Snapshot) -> None:
    snapshot.snapshot_status = "available"


def _begin(backend: ElastiCacheBackend, snapshot: Snapshot, tags: Any, status: str) -> Snapshot:
    snapshot.snapshot_status = status
    backend.snapshots[snapshot.snapshot_name] = snapshot
    if tags:
        backend.tagging_service.tag_resource(snapshot.arn, tags)
    runtime.clock().after(CREATE_SECONDS, partial(_available, snapshot))
    return snapshot


def of_group(backend: ElastiCacheBackend, name: str, group: Group, params: Any) -> Snapshot:
    """Begin a snapshot of an available group."""
    _free(backend, name)
    groups.require_available(group)
    made = Snapshot(
        account_id=backend.account_id,
        region_name=backend.region_name,
        automatic_failover=group.automatic_failover,
        auto_minor_version_upgrade=group.settings.get("AutoMinorVersionUpgrade"),
        cache_cluster_create_time=None,
        cache_cluster_id=None,
        cache_node_type=group.node_type,
        cache_parameter_group_name=group.parameter_group,
        cache_subnet_group_name=group.settings.get("CacheSubnetGroupName"),
        engine=group.engine,
        engine_version=group.version,
        kms_key_id=params.get("KmsKeyId"),
        num_cache_nodes=None,
        num_node_groups=len(group.shards),
        port=group.port,
        preferred_availability_zone=None,
        preferred_maintenance_window=group.settings.get("PreferredMaintenanceWindow"),
        preferred_outpost_arn=None,
        replication_group_description=group.description,
        replication_group_id=group.id,
        snapshot_name=name,
        snapshot_retention_limit=group.settings.get("SnapshotRetentionLimit"),
        snapshot_source="manual",
        snapshot_status="creating",
        snapshot_window=group.settings.get("SnapshotWindow"),
        topic_arn=group.settings.get("NotificationTopicArn"),
        tags=params.get("Tags") or [],
    )
    made.automatic_failover = "enabled" if group.automatic_failover else "disabled"
    groups.become(group, "snapshotting", CREATE_SECONDS)
    return _begin(backend, made, params.get("Tags"), "creating")


def copy(backend: ElastiCacheBackend, params: Any) -> Snapshot:
    """A copy under another name, or, with TargetBucket, objects in a bucket."""
    source = find(backend, params["SourceSnapshotName"])
    if source.snapshot_status != "available":
        raise Refusal("InvalidSnapshotState", f"Snapshot {source.snapshot_name} is not available.")
    name = params["TargetSnapshotName"]
    if params.get("TargetBucket"):
        _export(backend, source, name, params["TargetBucket"])
        return source
    _free(backend, name)
    made = Snapshot.__new__(Snapshot)
    vars(made).update(vars(source))
    made.snapshot_name = name
    made.arn = source.arn.rsplit(":", 1)[0] + f":{name}"
    made.kms_key_id = params.get("KmsKeyId") or source.kms_key_id
    made.tags = params.get("Tags") or []
    return _begin(backend, made, params.get("Tags"), "copying")


def _export(backend: ElastiCacheBackend, source: Snapshot, name: str, bucket: str) -> None:
    buckets = s3_backends[backend.account_id][PARTITION]
    known = buckets.buckets.get(bucket)
    if known is None or known.region_name != backend.region_name:
        raise Refusal(
            "InvalidParameterValue",
            f"Bucket {bucket} does not exist in region {backend.region_name}, or ElastiCache "
            "has no access to it.",
        )
    content = {
        "CacheNodeType": source.cache_node_type,
        "Engine": source.engine,
        "EngineVersion": source.engine_version,
        "NumNodeGroups": source.num_node_groups,
        "Port": source.port,
    }
    for number in range(1, int(source.num_node_groups or 1) + 1):
        buckets.put_object(bucket, f"{name}-{number:04d}.rdb", json.dumps(content).encode())


def defaults(backend: ElastiCacheBackend, params: Any) -> dict[str, Any]:
    """What a snapshot that a group is restored from says about the new group."""
    if params.get("SnapshotArns"):
        found = [_exported(backend, arn) for arn in params["SnapshotArns"]]
        shards = found[0].get("NumNodeGroups") or 1
        given = params.get("NumNodeGroups")
        if given is None and shards > 1:
            return {"NumNodeGroups": shards}
        return {}
    if not params.get("SnapshotName"):
        return {}
    if params["SnapshotName"] not in backend.snapshots:
        # CreateReplicationGroup has no error of its own for this.
        raise Refusal("InvalidParameterValue", f"Snapshot {params['SnapshotName']} not found.")
    snapshot = find(backend, params["SnapshotName"])
    if snapshot.snapshot_status != "available":
        raise Refusal(
            "InvalidParameterValue", f"Snapshot {snapshot.snapshot_name} is not available."
        )
    known = {
        "CacheNodeType": snapshot.cache_node_type,
        "Engine": snapshot.engine,
        "EngineVersion": snapshot.engine_version,
        "NumNodeGroups": snapshot.num_node_groups,
        "Port": snapshot.port,
    }
    if params.get("NumCacheClusters") is not None:
        known.pop("NumNodeGroups")
    return {name: known[name] for name in _RESTORED if known.get(name) is not None}


def _exported(backend: ElastiCacheBackend, arn: str) -> dict[str, Any]:
    bucket, _, key = arn.removeprefix("arn:aws:s3:::").partition("/")
    buckets = s3_backends[backend.account_id][PARTITION]
    known = buckets.buckets.get(bucket)
    stored = None
    if known is not None and known.region_name == backend.region_name:
        stored = buckets.get_object(bucket, key)
    if stored is None:
        raise Refusal(
            "InvalidParameterValue",
            f"The snapshot {arn} cannot be read: there is no such object in a bucket of region "
            f"{backend.region_name}.",
        )
    try:
        content = json.loads(stored.value)
    except ValueError as error:
        raise Refusal("InvalidParameterValue", f"{arn} is not a valid RDB file.") from error
    return dict(content)
