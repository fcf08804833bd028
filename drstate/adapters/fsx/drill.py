"""A drill's copy of a file system: restored from the newest backup that was copied here.

It carries neither the tag that tells whose a file system is nor that of its data's age, so that it
is never taken for the one that serves.
"""

from __future__ import annotations

import hashlib
from typing import Any

from drstate.adapters.actions import RunContext
from drstate.adapters.at import At
from drstate.adapters.drilling import DRILL_TAG, Copy, Found, copy_name, pairs, unpaired
from drstate.adapters.fsx import reading
from drstate.adapters.fsx.placing import placed
from drstate.adapters.site import SiteContext
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant
from drstate.programs.fsx import FsxKind, FsxSpec

_NAME_TAG = "Name"
_REPLICATE = "drstate up --phase replicate copies one"
#: kinds that would leave a last backup, and how they are told not to
_NO_LAST_BACKUP: dict[FsxKind, dict[str, Any]] = {
    FsxKind.WINDOWS: {"WindowsConfiguration": {"SkipFinalBackup": True}},
    FsxKind.LUSTRE: {"LustreConfiguration": {"SkipFinalBackup": True}},
    FsxKind.OPENZFS: {
        "OpenZFSConfiguration": {
            "SkipFinalBackup": True,
            "Options": ["DELETE_CHILD_VOLUMES_AND_SNAPSHOTS"],
        }
    },
}

GRANTS = (
    Grant(
        "remove the file system that a drill restored",
        ("fsx:DeleteFileSystem",),
        ("arn:aws:fsx:*:*:file-system/*",),
        uncalled="only in a drill",
    ),
)


class DrillSystem(Copy):
    """A file system of its own, with the newest backup's data."""

    part = "file-system"
    service = "fsx"
    reads = ("DescribeFileSystems", "DescribeBackups")
    makes = ("CreateFileSystemFromBackup",)
    removes = ("DeleteFileSystem",)
    seconds = 1800
    deadline = 4 * 3600

    def __init__(self, entry: CatalogEntry, spec: FsxSpec, site: SiteContext) -> None:
        name = copy_name(entry.key, spec.identifier, site.drill, 120)
        super().__init__(entry, site.region, site.drill, name)
        self.system = spec
        self.site = site

    @property
    def title(self) -> str:
        """See ``Copy.title``."""
        return f"file system {self.name} in {self.region}, restored from the newest backup there"

    def find(self, at: At) -> Found | None:
        """See ``Copy.find``: FSx makes up ids, so its tags tell which one it is."""
        for one in at.pages("fsx", "describe_file_systems", "FileSystems"):
            tags = unpaired(one.get("Tags") or ())
            if tags.get(DRILL_TAG) == self.drill and tags.get(_NAME_TAG) == self.name:
                return one
        return None

    def mine(self, at: At, found: Found) -> bool:  # noqa: ARG002 - the contract
        """See ``Copy.mine``."""
        return self.owns(unpaired(found.get("Tags") or ()))

    def ready(self, found: Found) -> bool:
        """See ``Copy.ready``."""
        return found.get("Lifecycle") == reading.AVAILABLE

    def broken(self, found: Found) -> str | None:
        """See ``Copy.broken``."""
        if found.get("Lifecycle") not in ("FAILED", "MISCONFIGURED"):
            return None
        details = found.get("FailureDetails") or {}
        return str(details.get("Message") or "FSx gives no reason")

    def told(self, found: Found) -> dict[str, Any]:
        """Where people who look at the copy find it."""
        return {"file_system": found.get("FileSystemId"), "address": found.get("DNSName")}

    def obstacle(self, at: At) -> tuple[str, str] | None:
        """No backup here, or something unmapped."""
        missing = placed(self.system, self.site).missing
        if missing:
            return (
                f"unmapped in {self.region} are {', '.join(missing)}",
                f"add them to {self.site.scope_file}",
            )
        if reading.newest_copy(at, self.entry.resource.arn) is None:
            return f"no backup of {self.system.identifier} is in {self.region}", _REPLICATE
        return None

    def make(self, at: At, run: RunContext) -> None:  # noqa: ARG002 - the contract
        """See ``Copy.make``."""
        backup = reading.newest_copy(at, self.entry.resource.arn)
        if backup is None:
            raise OperationError(
                f"no backup of {self.system.identifier} is in {self.region}",
                why="DescribeBackups shows none with its tag",
                hint=_REPLICATE,
            )
        token = hashlib.sha256(f"{self.entry.key} {self.drill}".encode()).hexdigest()[:32]
        at.call(
            "fsx",
            "create_file_system_from_backup",
            BackupId=backup.identifier,
            ClientRequestToken=f"drill-{token}",
            Tags=pairs({**self.tags, _NAME_TAG: self.name}),
            **{**placed(self.system, self.site).request, "SecurityGroupIds": self.groups},
        )

    def remove(self, at: At, found: Found) -> None:
        """See ``Copy.remove``: without a last backup, the data is a backup's."""
        if found.get("Lifecycle") in ("DELETING", "CREATING"):
            return
        at.find(
            "fsx",
            "delete_file_system",
            "FileSystemNotFound",
            FileSystemId=found["FileSystemId"],
            **_NO_LAST_BACKUP.get(self.system.kind, {}),
        )
