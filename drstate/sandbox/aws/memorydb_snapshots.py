"""Snapshots of MemoryDB clusters: made in time, exported to S3, and restored from.

Exporting writes one object per shard into a bucket of the same region, and a cluster can be made
from such objects in the region that their bucket is in. Nothing is in them: there is no data.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from moto.memorydb.models import MemoryDBBackend, MemoryDBSnapshot
from moto.s3.models import s3_backends

from drstate.sandbox.access import PARTITION

from . import memorydb_clusters as clusters
from . import runtime
from .modelled import Refusal

CREATE_SECONDS = 10.0


def find(backend: MemoryDBBackend, name: str) -> MemoryDBSnapshot:
    """A snapshot, or the refusal that there is none."""
    found: MemoryDBSnapshot | None = backend.snapshots.get(name)
    if found is None:
        raise Refusal("SnapshotNotFoundFault", f"Snapshot {name} not found.")
    return found


def create(backend: MemoryDBBackend, params: Any) -> MemoryDBSnapshot:
    """Begin a snapshot of an available cluster."""
    cluster = clusters.find(backend, params["ClusterName"])
    clusters.require_available(cluster)
    made: MemoryDBSnapshot = backend.create_snapshot(
        cluster_name=params["ClusterName"],
        snapshot_name=params["SnapshotName"],
        kms_key_id=params.get("KmsKeyId"),
        tags=params.get("Tags"),
    )
    made.status = "creating"
    cluster.status = "snapshotting"
    clock = runtime.clock()
    clock.after(CREATE_SECONDS, partial(_available, made))
    clock.after(CREATE_SECONDS, partial(_available, cluster))
    return made


def _available(one: Any) -> None:
    if one.status in ("creating", "copying", "snapshotting"):
        one.status = clusters.AVAILABLE


def copy(backend: MemoryDBBackend, params: Any) -> MemoryDBSnapshot:
    """A copy under another name, or, with TargetBucket, objects in a bucket."""
    source = find(backend, params["SourceSnapshotName"])
    if source.status != clusters.AVAILABLE:
        raise Refusal(
            "InvalidSnapshotStateFault", f"Snapshot {source.snapshot_name} is {source.status}."
        )
    name = params["TargetSnapshotName"]
    if params.get("TargetBucket"):
        _export(backend, source, name, params["TargetBucket"])
        return source
    if name in backend.snapshots:
        raise Refusal("SnapshotAlreadyExistsFault", f"Snapshot {name} already exists.")
    made = MemoryDBSnapshot.__new__(MemoryDBSnapshot)
    vars(made).update(vars(source))
    made.snapshot_name = name
    made.arn = source.arn.rpartition("/")[0] + f"/{name}"
    made.kms_key_id = params.get("KmsKeyId") or source.kms_key_id
    made.status = "copying"
    backend.snapshots[name] = made
    if params.get("Tags"):
        backend.tag_resource(made.arn, params["Tags"])
    runtime.clock().after(CREATE_SECONDS, partial(_available, made))
    return made


def _bucket(backend: MemoryDBBackend, name: str) -> Any:
    known = s3_backends[backend.account_id][PARTITION].buckets.get(name)
    if known is None or known.region_name != backend.region_name:
        return None
    return known


def _export(backend: MemoryDBBackend, source: MemoryDBSnapshot, name: str, bucket: str) -> None:
    if _bucket(backend, bucket) is None:
        raise _value(f"Bucket {bucket} does not exist in region {backend.region_name}.")
    body = json.dumps({"engine": clusters.engine(source.cluster), "shards": len(source.shards)})
    buckets = s3_backends[backend.account_id][PARTITION]
    for number in range(1, len(source.shards) + 1):
        buckets.put_object(bucket, f"{name}-{number:04d}.rdb", body.encode())


def require_restorable(backend: MemoryDBBackend, params: Any) -> None:
    """Refuse to make a cluster from what is not there, or cannot be read from here."""
    if params.get("SnapshotName"):
        known = backend.snapshots.get(params["SnapshotName"])
        if known is None or known.status != clusters.AVAILABLE:
            raise _value(f"Snapshot {params['SnapshotName']} is not there, or not available.")
    for arn in params.get("SnapshotArns") or ():
        bucket, _, key = arn.removeprefix("arn:aws:s3:::").partition("/")
        found = None
        if _bucket(backend, bucket) is not None:
            found = s3_backends[backend.account_id][PARTITION].get_object(bucket, key)
        if found is None:
            raise _value(
                f"{arn} cannot be read: there is no such object in a bucket of region "
                f"{backend.region_name}."
            )


def _value(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message)
