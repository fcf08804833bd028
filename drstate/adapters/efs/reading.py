"""Reading EFS: file systems, their mount targets, and the replication between two of them.

Everything tolerates "not there yet". A replication is described the same in the regions of both its
ends, so that nothing here depends on the other region.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.programs.efs import EfsSpec

AVAILABLE = "available"
ENABLED, DELETING = "ENABLED", "DELETING"
#: values of a file system's protection against being overwritten by a replication
PROTECTED, OPEN, REPLICATING = "ENABLED", "DISABLED", "REPLICATING"
_NO_REPLICATION = ("ReplicationNotFound", "FileSystemNotFound")


@dataclass(frozen=True)
class Replication:
    """A source, its destination, and how far the copy is."""

    source: str
    source_region: str
    destination: str
    destination_region: str
    status: str
    #: everything that was written before is at the destination; None: nothing is, so far
    last: datetime | None
    message: str

    @property
    def copies(self) -> bool:
        """Whether it works, and has copied everything once."""
        return self.status == ENABLED and self.last is not None

    def facts(self) -> dict[str, Any]:
        """As journals keep it."""
        return {
            "source": self.source,
            "destination": self.destination,
            "replication": self.status,
            "last_replicated": self.last.isoformat() if self.last else None,
        }


def file_system(at: At, spec: EfsSpec) -> dict[str, Any] | None:
    """The file system at ``at.region``, or None where there is none.

    The source is known by its id, a replica of somebody else's too; ours is found by the token that
    it was made with, which needs no record of an id that AWS made up.
    """
    known = spec.identifier if at.region == spec.region else spec.replica
    wanted = {"FileSystemId": known} if known else {"CreationToken": spec.token}
    answer = at.find("efs", "describe_file_systems", "FileSystemNotFound", **wanted)
    found: list[dict[str, Any]] = answer.get("FileSystems", [])
    return found[0] if found else None


def protection(found: dict[str, Any]) -> str:
    """The protection of a described file system."""
    state = found.get("FileSystemProtection", {})
    return str(state.get("ReplicationOverwriteProtection") or PROTECTED)


def replication(at: At, identifier: str) -> Replication | None:
    """The replication that a file system of ``at.region`` is an end of."""
    answer = at.find(
        "efs",
        "describe_replication_configurations",
        *_NO_REPLICATION,
        FileSystemId=identifier,
    )
    found = answer.get("Replications", [])
    return _replication(found[0]) if found else None


def mount_targets(at: At, identifier: str) -> list[dict[str, Any]]:
    """The mount targets of a file system, by subnet."""
    found = at.pages("efs", "describe_mount_targets", "MountTargets", FileSystemId=identifier)
    return sorted(found, key=lambda target: str(target["SubnetId"]))


def _replication(found: dict[str, Any]) -> Replication:
    end = found["Destinations"][0]
    return Replication(
        source=found["SourceFileSystemId"],
        source_region=found["SourceFileSystemRegion"],
        destination=end["FileSystemId"],
        destination_region=end["Region"],
        status=end["Status"],
        last=end.get("LastReplicatedTimestamp"),
        message=end.get("StatusMessage") or "",
    )
