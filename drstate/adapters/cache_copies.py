"""Drills' copies of in-memory data: a snapshot of the member here, and a small cluster made of it.

ElastiCache and MemoryDB do the same under other names, which ``Caches`` tells. Where no member
replicates here, the newest export that was carried over takes the place of the snapshot.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import RunContext
from drstate.adapters.at import At
from drstate.adapters.drilling import Copy, Found, copy_name, pairs, unpaired
from drstate.adapters.exports import UNCALLED
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry

if TYPE_CHECKING:
    from drstate.adapters.carrying import Snapshots

#: longest name of a cluster in either service
NAME_LIMIT = 40
AVAILABLE = "available"
_NO_EXPORT = "drstate up --phase replicate carries one over"
__all__ = ["UNCALLED", "CacheCluster", "CacheSnapshot", "Caches", "Place"]


class Caches(ABC):
    """One service's calls."""

    service: str
    #: (read, make, remove) of snapshots and of clusters; what reads tags
    snapshot_calls: tuple[str, str, str]
    cluster_calls: tuple[str, str, str]
    tag_call: str

    def snapshot(self, at: At, name: str) -> Found | None:
        """A snapshot, or None."""
        answer = at.find(
            self.service, "describe_snapshots", "SnapshotNotFoundFault", SnapshotName=name
        )
        found: list[Found] = answer.get("Snapshots", [])
        return found[0] if found else None

    @abstractmethod
    def snapshot_status(self, found: Found) -> str:
        """Its status."""

    @abstractmethod
    def take(self, at: At, cluster: str, name: str, tags: list[dict[str, str]]) -> None:
        """Begin a snapshot of a cluster."""

    @abstractmethod
    def drop(self, at: At, name: str) -> None:
        """Delete a snapshot; one that is gone or busy is no error."""

    @abstractmethod
    def cluster(self, at: At, name: str) -> Found | None:
        """A cluster, or None."""

    @abstractmethod
    def make(self, at: At, request: Mapping[str, Any]) -> None:
        """Begin to make a cluster."""

    @abstractmethod
    def delete(self, at: At, name: str) -> None:
        """Delete a cluster without a last snapshot; one that is gone or busy is no error."""

    @abstractmethod
    def tags(self, at: At, arn: str) -> list[dict[str, Any]]:
        """The tags of a snapshot or a cluster."""


@dataclass(frozen=True)
class Place:
    """Where a drill's copies of one resource are, and what they are called."""

    entry: CatalogEntry
    region: str
    drill: str
    identifier: str
    caches: Caches

    @property
    def name(self) -> str:
        """Of snapshot and cluster alike."""
        return copy_name(self.entry.key, self.identifier, self.drill, NAME_LIMIT)


class _Part(Copy):
    def __init__(self, place: Place) -> None:
        super().__init__(place.entry, place.region, place.drill, place.name)
        self.caches = place.caches
        self.service = place.caches.service

    def mine(self, at: At, found: Found) -> bool:
        """See ``Copy.mine``."""
        return self.owns(unpaired(self.caches.tags(at, str(found["ARN"]))))


class CacheSnapshot(_Part):
    """A snapshot of the cluster that stands by here."""

    part = "snapshot"
    seconds = 300
    deadline = 7200

    def __init__(self, place: Place, standby: str) -> None:
        super().__init__(place)
        self.standby = standby
        read, make, remove = self.caches.snapshot_calls
        self.reads = (read, self.caches.cluster_calls[0], self.caches.tag_call)
        self.makes, self.removes = (make,), (remove,)

    @property
    def title(self) -> str:
        """See ``Copy.title``."""
        return f"snapshot {self.name} of {self.standby} in {self.region}"

    def find(self, at: At) -> Found | None:
        """See ``Copy.find``."""
        return self.caches.snapshot(at, self.name)

    def ready(self, found: Found) -> bool:
        """See ``Copy.ready``."""
        return self.caches.snapshot_status(found) == AVAILABLE

    def broken(self, found: Found) -> str | None:
        """See ``Copy.broken``."""
        failed = self.caches.snapshot_status(found) == "failed"
        return "the snapshot failed" if failed else None

    def obstacle(self, at: At) -> tuple[str, str] | None:
        """A cluster that is not available cannot be copied."""
        found = self.caches.cluster(at, self.standby)
        if found is None:
            return (
                f"there is no {self.standby} in {self.region} to copy",
                "drstate up --phase replicate makes it",
            )
        if found.get("Status") != AVAILABLE:
            return (
                f"{self.standby} in {self.region} is {found.get('Status')}",
                "wait until it is available, then: drstate test",
            )
        return None

    def make(self, at: At, run: RunContext) -> None:  # noqa: ARG002 - the contract
        """See ``Copy.make``."""
        self.caches.take(at, self.standby, self.name, pairs(self.tags))

    def remove(self, at: At, found: Found) -> None:
        """See ``Copy.remove``."""
        if self.caches.snapshot_status(found) != "deleting":
            self.caches.drop(at, self.name)


class CacheCluster(_Part):
    """A cluster of production's nodes and shards, without replicas, with the data."""

    part = "cluster"
    seconds = 900
    deadline = 7200

    def __init__(
        self,
        place: Place,
        request: Callable[[At], Mapping[str, Any]],
        *,
        carried: Snapshots | None = None,
    ) -> None:
        """``request`` tells what it is made like; ``carried``: it is made of the newest export."""
        super().__init__(place)
        self._request = request
        self._carried = carried
        read, make, remove = self.caches.cluster_calls
        self.reads = (read, self.caches.tag_call)
        self.makes, self.removes = (make,), (remove,)
        if carried is not None:
            self.others = (*carried.restores, ("s3", "ListObjectsV2"))

    @property
    def title(self) -> str:
        """See ``Copy.title``."""
        made_of = "the newest export" if self._carried is not None else "that snapshot"
        return f"{self.name} in {self.region}, restored from {made_of}"

    def find(self, at: At) -> Found | None:
        """See ``Copy.find``."""
        return self.caches.cluster(at, self.name)

    def ready(self, found: Found) -> bool:
        """See ``Copy.ready``."""
        return found.get("Status") == AVAILABLE

    def broken(self, found: Found) -> str | None:
        """See ``Copy.broken``."""
        return "it could not be made" if found.get("Status") == "create-failed" else None

    def obstacle(self, at: At) -> tuple[str, str] | None:
        """Without an export there is nothing to restore."""
        if self._carried is None:
            return None
        missing = self._carried.no_bucket(self.region)
        if missing is not None:
            return (
                f"the scope file names no bucket for exports in {missing}",
                self._carried.bucket_hint(missing),
            )
        if self._carried.newest(at) is None:
            return f"there is no export of it in {self.region}", _NO_EXPORT
        return None

    def make(self, at: At, run: RunContext) -> None:  # noqa: ARG002 - the contract
        """See ``Copy.make``."""
        source: dict[str, Any] = {"SnapshotName": self.name}
        if self._carried is not None:
            export = self._carried.newest(at)
            if export is None:
                raise OperationError(
                    f"there is no export of {self.entry.resource.name} in {self.region}",
                    why="nothing whole is in its bucket",
                    hint=_NO_EXPORT,
                )
            source = {"SnapshotArns": export.arns}
        self.caches.make(
            at,
            {
                **self._request(at),
                **source,
                "SecurityGroupIds": self.groups,
                "Tags": pairs(self.tags),
            },
        )

    def remove(self, at: At, found: Found) -> None:
        """See ``Copy.remove``."""
        if found.get("Status") in (AVAILABLE, "create-failed"):
            self.caches.delete(at, self.name)
