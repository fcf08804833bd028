"""Backups of FSx: taken, copied between regions, restored from, deleted; each in its time.

A backup keeps what the file system was when it was taken. A copy is a backup of its own in
another region, and outlives its source. Backups of volumes (ONTAP) are refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from moto.fsx.models import FSxBackend, fsx_backends
from moto.moto_api._internal import mock_random

from . import fsx_systems as systems
from . import runtime
from .fsx_systems import AVAILABLE, CONFIGURATIONS, CREATING, System
from .modelled import Refusal, unsupported

CREATE_SECONDS = 120.0
COPY_SECONDS = 240.0
COPYING = "COPYING"
# AWS's limit of copies under way to one region of an account.
COPIES_AT_ONCE = 5


@dataclass
class Backup:
    """A backup. `system` is the file system's description when it was taken."""

    backend: FSxBackend
    backup_id: str
    system: dict[str, Any]
    key: str
    created: float
    seconds: float
    lifecycle: str = CREATING
    source_id: str = ""
    source_region: str = ""
    wishes: dict[str, Any] = field(default_factory=dict)

    @property
    def resource_arn(self) -> str:
        """Its ARN; moto's tagging asks for it under this name."""
        place = f"{self.backend.region_name}:{self.backend.account_id}"
        return f"arn:aws:fsx:{place}:backup/{self.backup_id}"

    def shown(self) -> dict[str, Any]:
        """As DescribeBackups shows it."""
        found: dict[str, Any] = {
            "BackupId": self.backup_id,
            "Lifecycle": self.lifecycle,
            "Type": "USER_INITIATED",
            "ProgressPercent": self._progress(),
            "CreationTime": datetime.fromtimestamp(self.created, tz=UTC),
            "KmsKeyId": self.key,
            "ResourceARN": self.resource_arn,
            "Tags": self.backend.list_tags_for_resource(self.resource_arn),
            "FileSystem": self.system,
            "OwnerId": self.backend.account_id,
            "ResourceType": "FILE_SYSTEM",
        }
        if self.source_id:
            found |= {"SourceBackupId": self.source_id, "SourceBackupRegion": self.source_region}
        return found

    def _progress(self) -> int:
        if self.lifecycle == AVAILABLE:
            return 100
        clock = runtime.clock()
        whole = self.seconds * clock.scale
        return min(99, int(100 * (clock.seconds() - self.created) / whole)) if whole else 99


def find(backend: FSxBackend, name: str) -> Backup:
    """A backup of the region, or the refusal that there is none."""
    found: Backup | None = backend.backups.get(name)
    if found is None:
        raise Refusal("BackupNotFound", f"Backup '{name}' does not exist.")
    return found


def create(backend: FSxBackend, params: dict[str, Any]) -> Backup:
    """Begin a backup of a file system."""
    unsupported("fsx", "CreateBackup", params, "VolumeId")
    name = params.get("FileSystemId")
    if not name:
        raise Refusal("BadRequest", "FileSystemId is required.")
    system = systems.find(backend, name)
    again: Backup | None = systems.asked_before(backend.backups.values(), "CreateBackup", params)
    if again is not None:
        return again
    _require_backed_up(system)
    for one in backend.backups.values():
        if one.lifecycle == CREATING and one.system["FileSystemId"] == name:
            raise Refusal("BackupInProgress", f"Backup '{one.backup_id}' of it is in progress.")
    return take(system, {"operation": "CreateBackup", **params}, params.get("Tags"))


def take(system: System, wishes: dict[str, Any], tags: list[dict[str, str]] | None) -> Backup:
    """Begin a backup; with the file system's own tags where it says so and none are given."""
    shown = system.shown()
    if not tags and system.configuration.get("CopyTagsToBackups"):
        tags = shown["Tags"]
    kept = {name: value for name, value in shown.items() if name != "NetworkInterfaceIds"}
    made = Backup(
        backend=system.backend,
        backup_id=_fresh_id(),
        system=kept,
        key=system.key,
        created=runtime.clock().seconds(),
        seconds=CREATE_SECONDS,
        wishes=wishes,
    )
    return _begin(made, tags)


def copy(backend: FSxBackend, params: dict[str, Any]) -> Backup:
    """Begin a copy, from this region or another one of the account, into this one."""
    again: Backup | None = systems.asked_before(backend.backups.values(), "CopyBackup", params)
    if again is not None:
        return again
    region = params.get("SourceRegion") or backend.region_name
    group = fsx_backends[backend.account_id]
    if region not in group.regions:
        raise Refusal(
            "InvalidRegion", f"The Region provided for SourceRegion, {region}, is not valid."
        )
    source = find(group[region], params["SourceBackupId"])
    if source.lifecycle != AVAILABLE:
        raise Refusal(
            "SourceBackupUnavailable",
            f"Backup '{source.backup_id}' is {source.lifecycle}, not AVAILABLE.",
        )
    if sum(one.lifecycle == COPYING for one in backend.backups.values()) >= COPIES_AT_ONCE:
        raise Refusal(
            "ServiceLimitExceeded",
            f"{COPIES_AT_ONCE} backups are being copied to {backend.region_name} already.",
            Limit="TOTAL_IN_PROGRESS_COPY_BACKUPS",
        )
    tags = {one["Key"]: one["Value"] for one in _tags(source)} if params.get("CopyTags") else {}
    tags |= {one["Key"]: one["Value"] for one in params.get("Tags") or []}
    made = Backup(
        backend=backend,
        backup_id=_fresh_id(),
        system=source.system,
        key=systems.key_arn(backend, params.get("KmsKeyId"), "InvalidDestinationKmsKey"),
        created=runtime.clock().seconds(),
        seconds=COPY_SECONDS,
        lifecycle=COPYING,
        source_id=source.backup_id,
        source_region=region,
        wishes={"operation": "CopyBackup", **params},
    )
    return _begin(made, [{"Key": key, "Value": value} for key, value in tags.items()])


def restore(backend: FSxBackend, params: dict[str, Any]) -> System:
    """Begin a file system from a backup: what is not said is as it was."""
    backup = find(backend, params["BackupId"])
    if backup.lifecycle != AVAILABLE:
        raise Refusal(
            "BadRequest", f"Backup '{backup.backup_id}' is {backup.lifecycle}, not AVAILABLE."
        )
    was, kind = backup.system, backup.system["FileSystemType"]
    member = CONFIGURATIONS[kind]
    wanted = int(params.get("StorageCapacity") or was["StorageCapacity"])
    if wanted < was["StorageCapacity"] or (kind == "LUSTRE" and wanted != was["StorageCapacity"]):
        raise Refusal(
            "BadRequest",
            f"StorageCapacity {wanted} does not fit a backup of {was['StorageCapacity']} GiB.",
        )
    if kind == "LUSTRE" and "DeploymentType" in (params.get(member) or {}):
        given = params[member]["DeploymentType"]
        if given != was[member]["DeploymentType"]:
            raise Refusal("BadRequest", f"The backup is of deployment type "
                          f"{was[member]['DeploymentType']}; {given} does not fit.")  # fmt: skip
    asked = {
        **params,
        "FileSystemType": kind,
        "StorageCapacity": wanted,
        "StorageType": params.get("StorageType") or was["StorageType"],
        member: {**was[member], **(params.get(member) or {})},
        "FileSystemTypeVersion": params.get("FileSystemTypeVersion")
        or was.get("FileSystemTypeVersion"),
    }
    return systems.create(backend, "CreateFileSystemFromBackup", asked, backup=backup.backup_id)


def delete(backend: FSxBackend, name: str) -> None:
    """Delete a backup that nothing is being made from."""
    backup = find(backend, name)
    if backup.lifecycle != AVAILABLE:
        raise Refusal("BackupInProgress", f"Backup '{name}' is {backup.lifecycle}.")
    for system in backend.file_systems.values():
        if system.backup == name and system.lifecycle == CREATING:
            raise Refusal(
                "BackupRestoring",
                f"File system '{system.file_system_id}' is being restored from backup '{name}'.",
                FileSystemId=system.file_system_id,
            )
    group = fsx_backends[backend.account_id]
    for other in list(group.values()):
        for one in other.backups.values():
            if one.source_id == name and one.lifecycle == COPYING:
                raise Refusal(
                    "BackupBeingCopied", f"Backup '{name}' is being copied.", BackupId=name
                )
    del backend.backups[name]


def _begin(backup: Backup, tags: list[dict[str, str]] | None) -> Backup:
    backup.backend.backups[backup.backup_id] = backup
    if tags:
        backup.backend.tagger.tag_resource(backup.resource_arn, tags)
    runtime.clock().after(backup.seconds, partial(_ready, backup))
    return backup


def _ready(backup: Backup) -> None:
    backup.lifecycle = AVAILABLE


def _fresh_id() -> str:
    return f"backup-{mock_random.get_random_hex(17)}"


def _tags(backup: Backup) -> list[dict[str, str]]:
    found: list[dict[str, str]] = backup.backend.list_tags_for_resource(backup.resource_arn)
    return found


def _require_backed_up(system: System) -> None:
    kind = system.file_system_type
    scratch = str(system.configuration.get("DeploymentType", "")).startswith("SCRATCH")
    if kind == "ONTAP" or scratch:
        what = "volumes" if kind == "ONTAP" else "persistent file systems"
        raise Refusal("UnsupportedOperation", f"{kind}: backups are of {what} only.")
    if system.lifecycle != AVAILABLE:
        raise Refusal("BadRequest", f"File system '{system.file_system_id}' is {system.lifecycle}.")
