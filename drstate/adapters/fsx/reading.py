"""Reading FSx: which file system is a resource's at a site, and what backups of it are there.

A restore makes a new file system, so one resource has several in the course of time. Tags tell them
apart, in each region without asking the other: ``drstate:source`` says whose it is,
``drstate:superseded`` that another one serves in its stead. Everything tolerates "not there yet".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drstate.adapters.at import At

AVAILABLE, CREATING, COPYING = "AVAILABLE", "CREATING", "COPYING"
#: ARN of the resource as it was first found
SOURCE_TAG = "drstate:source"
#: the file system that a copied backup was taken of
SYSTEM_TAG = "drstate:file-system"
#: when the data of a copied backup, or of a file system made from it, was as it is
TAKEN_TAG = "drstate:taken-at"
#: the backup that a file system was made from
BACKUP_TAG = "drstate:backup"
#: since when a file system does not serve any more; it is kept
SUPERSEDED_TAG = "drstate:superseded"
MANAGED_TAG = "drstate:managed"


@dataclass(frozen=True)
class System:
    """A file system of the resource."""

    identifier: str
    arn: str
    lifecycle: str
    created: datetime
    host: str
    backup: str | None
    taken_at: str | None
    superseded: str | None
    message: str


@dataclass(frozen=True)
class Backup:
    """A backup; ``system`` is the file system that it was taken of, ``taken_at`` its moment."""

    identifier: str
    lifecycle: str
    system: str
    taken_at: datetime
    message: str

    def age_seconds(self, now: datetime) -> float:
        """How old its data is."""
        return max(0.0, (now - self.taken_at).total_seconds())


def tags_in(found: dict[str, Any]) -> dict[str, str]:
    """Tags by name."""
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}


def systems(at: At, identifier: str, arn: str) -> list[System]:
    """All file systems of the resource at ``at.region``, the newest first."""
    found = [
        _system(one)
        for one in at.pages("fsx", "describe_file_systems", "FileSystems")
        if (one["FileSystemId"] == identifier or tags_in(one).get(SOURCE_TAG) == arn)
        and one["Lifecycle"] != "DELETING"
    ]
    return sorted(found, key=lambda one: (one.created, one.identifier), reverse=True)


def current(at: At, identifier: str, arn: str) -> System | None:
    """The file system that serves at ``at.region``, or is to; None where there is none."""
    return next((one for one in systems(at, identifier, arn) if one.superseded is None), None)


def copies(at: At, arn: str) -> list[Backup]:
    """Copied backups of the resource at ``at.region``, the newest data first."""
    found = []
    for one in at.pages("fsx", "describe_backups", "Backups"):
        tags = tags_in(one)
        if tags.get(SOURCE_TAG) == arn and TAKEN_TAG in tags:
            moment = datetime.fromisoformat(tags[TAKEN_TAG])
            found.append(_backup(one, tags.get(SYSTEM_TAG, ""), moment))
    return sorted(found, key=lambda one: (one.taken_at, one.identifier), reverse=True)


def newest_copy(at: At, arn: str) -> Backup | None:
    """The newest copied backup that a file system can be made from."""
    return next((one for one in copies(at, arn) if one.lifecycle == AVAILABLE), None)


def copying(at: At) -> int:
    """How many copies to ``at.region`` are under way, whosever they are."""
    found = at.pages("fsx", "describe_backups", "Backups")
    return sum(1 for one in found if one["Lifecycle"] == COPYING)


def backups_of(at: At, system: str) -> list[Backup]:
    """Backups of a file system in its own region, automatic ones too, the newest first."""
    found = [
        _backup(one, system, one["CreationTime"])
        for one in at.pages(
            "fsx",
            "describe_backups",
            "Backups",
            Filters=[{"Name": "file-system-id", "Values": [system]}],
        )
        # a copy tells the other region's file system; AWS Backup's own are copied by AWS Backup
        if not one.get("SourceBackupId") and one.get("Type") != "AWS_BACKUP"
    ]
    return sorted(found, key=lambda one: (one.taken_at, one.identifier), reverse=True)


def backup(at: At, identifier: str) -> Backup | None:
    """One backup, as it is now."""
    answer = at.find("fsx", "describe_backups", "BackupNotFound", BackupIds=[identifier])
    found = answer.get("Backups", [])
    if not found:
        return None
    tags = tags_in(found[0])
    moment = tags.get(TAKEN_TAG)
    taken = datetime.fromisoformat(moment) if moment else found[0]["CreationTime"]
    return _backup(found[0], tags.get(SYSTEM_TAG, ""), taken)


def _system(found: dict[str, Any]) -> System:
    tags = tags_in(found)
    return System(
        identifier=found["FileSystemId"],
        arn=found["ResourceARN"],
        lifecycle=found["Lifecycle"],
        created=found["CreationTime"],
        host=found.get("DNSName", ""),
        backup=tags.get(BACKUP_TAG),
        taken_at=tags.get(TAKEN_TAG),
        superseded=tags.get(SUPERSEDED_TAG),
        message=(found.get("FailureDetails") or {}).get("Message", ""),
    )


def _backup(found: dict[str, Any], system: str, taken_at: datetime) -> Backup:
    return Backup(
        identifier=found["BackupId"],
        lifecycle=found["Lifecycle"],
        system=system,
        taken_at=taken_at,
        message=(found.get("FailureDetails") or {}).get("Message", ""),
    )
