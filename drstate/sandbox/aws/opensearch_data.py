"""An OpenSearch domain's own HTTP interface: snapshot repositories, snapshots, and indexes.

Snapshots lie in their bucket as objects, so that every domain that registers it sees them, and a
bucket that replicates carries them. An index has a name and a number of documents. Everything else
that a domain serves is refused.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from moto.s3.models import s3_backends

from drstate.sandbox.access import PARTITION

from . import runtime
from .s3_replication import bucket_named

SNAPSHOT_SECONDS = 60.0
RESTORE_SECONDS = 120.0
_DATA = "_drstate_data"
_FOLDER = "search-snapshots/"
_SNAPSHOT = re.compile(r"^/_snapshot/(?P<repo>[^/]+)(?:/(?P<name>[^/]+))?(?P<restore>/_restore)?$")
_INDEX = re.compile(r"^/(?P<index>[a-z0-9][^/]*)$")
Answer = tuple[int, Any]


@dataclass
class Data:
    """What a domain holds."""

    #: name -> documents
    indexes: dict[str, int] = field(default_factory=dict)
    repositories: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: being made: name -> what it will be
    making: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: being restored
    restoring: list[str] = field(default_factory=list)


def data_of(domain: Any) -> Data:
    """The domain's data; empty at first."""
    found: Data | None = getattr(domain, _DATA, None)
    if found is None:
        found = Data()
        setattr(domain, _DATA, found)
    return found


def handle(domain: Any, method: str, path: str, body: Any) -> Answer:
    """Serve one request to the domain: status and JSON."""
    data = data_of(domain)
    if path == "/_cluster/health" and method == "GET":
        return 200, {"status": "yellow" if data.restoring else "green"}
    if path == "/_cat/indices" and method == "GET":
        return 200, [
            {"index": name, "docs.count": str(count)}
            for name, count in sorted(data.indexes.items())
        ]
    snapshot = _SNAPSHOT.match(path)
    if snapshot is not None:
        return _snapshots(data, method, snapshot, body)
    index = _INDEX.match(path)
    if index is not None:
        return _index(data, method, index["index"])
    return _error(400, "illegal_argument_exception", f"the sandbox does not serve {method} {path}")


def _snapshots(data: Data, method: str, asked: re.Match[str], body: Any) -> Answer:
    repo, name = asked["repo"], asked["name"]
    if name is None and method == "PUT":
        return _register(data, repo, body)
    if repo not in data.repositories:
        return _error(404, "repository_missing_exception", f"[{repo}] missing")
    if asked["restore"] and method == "POST":
        return _restore(data, repo, str(name))
    if name is None and method == "GET":
        return 200, {repo: data.repositories[repo]}
    if name is not None and method == "PUT":
        return _take(data, repo, name)
    if name == "_all" and method == "GET":
        found = [*_kept(data, repo), *data.making.values()]
        return 200, {"snapshots": sorted(found, key=lambda one: int(one["start_time_in_millis"]))}
    return _error(405, "method_not_allowed", f"{method} on a snapshot")


def _register(data: Data, repo: str, body: Any) -> Answer:
    settings = (body or {}).get("settings") or {}
    bucket = bucket_named(str(settings.get("bucket")))
    if (body or {}).get("type") != "s3" or not settings.get("role_arn"):
        return _error(400, "illegal_argument_exception", "type s3 and a role_arn are needed")
    if bucket is None or bucket.region_name != settings.get("region"):
        return _error(
            500,
            "repository_verification_exception",
            f"[{repo}] {settings.get('bucket')} is not there",
        )
    data.repositories[repo] = dict(body)
    return 200, {"acknowledged": True}


def _take(data: Data, repo: str, name: str) -> Answer:
    if data.repositories[repo]["settings"].get("readonly"):
        return _error(500, "repository_exception", f"[{repo}] is read-only")
    if name in data.making or any(one["snapshot"] == name for one in _kept(data, repo)):
        return _error(400, "invalid_snapshot_name_exception", f"[{repo}:{name}] exists already")
    if data.making:
        return _error(503, "concurrent_snapshot_execution_exception", f"[{repo}:{name}] is busy")
    clock = runtime.clock()
    now = int(clock.seconds() * 1000)
    made = {"snapshot": name, "state": "IN_PROGRESS", "start_time_in_millis": now, "indices": {}}
    data.making[name] = {**made, "indices": sorted(data.indexes)}
    clock.after(SNAPSHOT_SECONDS, partial(_taken, data, repo, name, dict(data.indexes)))
    return 200, {"accepted": True}


def _taken(data: Data, repo: str, name: str, indexes: dict[str, int]) -> None:
    made = data.making.pop(name)
    made |= {"state": "SUCCESS", "end_time_in_millis": int(runtime.clock().seconds() * 1000)}
    bucket = bucket_named(str(data.repositories[repo]["settings"]["bucket"]))
    if bucket is not None:
        content = json.dumps({**made, "documents": indexes}).encode()
        backend = s3_backends[bucket.account_id][PARTITION]
        backend.put_object(bucket.name, f"{_FOLDER}{repo}/{name}.json", content)


def _kept(data: Data, repo: str) -> list[dict[str, Any]]:
    bucket = bucket_named(str(data.repositories[repo]["settings"]["bucket"]))
    if bucket is None:
        return []
    return [
        json.loads(key.value)
        for name, key in sorted(bucket.keys.items())
        if name.startswith(f"{_FOLDER}{repo}/")
    ]


def _restore(data: Data, repo: str, name: str) -> Answer:
    found = next((one for one in _kept(data, repo) if one["snapshot"] == name), None)
    if found is None:
        return _error(404, "snapshot_missing_exception", f"[{repo}:{name}] is missing")
    taken = sorted(set(found["documents"]) & set(data.indexes))
    if taken:
        return _error(
            500,
            "snapshot_restore_exception",
            f"[{repo}:{name}] cannot restore index [{taken[0]}] because an open index with same "
            "name already exists in the cluster",
        )
    data.restoring = sorted(found["documents"])
    runtime.clock().after(RESTORE_SECONDS, partial(_restored, data, dict(found["documents"])))
    return 200, {"accepted": True}


def _restored(data: Data, documents: dict[str, int]) -> None:
    data.indexes.update(documents)
    data.restoring = []


def _index(data: Data, method: str, name: str) -> Answer:
    if method == "PUT":
        data.indexes[name] = data.indexes.get(name, 0)
        return 200, {"acknowledged": True}
    if name not in data.indexes:
        return _error(404, "index_not_found_exception", f"no such index [{name}]")
    if method == "DELETE":
        del data.indexes[name]
        return 200, {"acknowledged": True}
    return _error(405, "method_not_allowed", f"{method} on an index")


def _error(status: int, kind: str, reason: str) -> Answer:
    return status, {"error": {"type": kind, "reason": reason}, "status": status}
