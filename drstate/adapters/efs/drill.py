"""A drill's way into a replica: an access point of its own, read-only as the replica is.

EFS can copy a file system only by a replication or by AWS Backup; the replica stays what it is and
goes on receiving. That clients reach it and its data is there, an access point shows, which writes
nothing into it.
"""

from __future__ import annotations

from typing import Any

from drstate.adapters.actions import RunContext
from drstate.adapters.at import At
from drstate.adapters.drilling import DRILL_TAG, Copy, Found, copy_name, pairs, unpaired
from drstate.adapters.efs import reading
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant
from drstate.programs.efs import EfsSpec

_REPLICATE = "drstate up --phase replicate"

GRANTS = (
    Grant(
        "reach a replica in a drill",
        (
            "elasticfilesystem:CreateAccessPoint",
            "elasticfilesystem:DeleteAccessPoint",
            "elasticfilesystem:TagResource",
        ),
        (
            "arn:aws:elasticfilesystem:*:*:access-point/*",
            "arn:aws:elasticfilesystem:*:*:file-system/*",
        ),
        uncalled="only in a drill",
    ),
)


class DrillPoint(Copy):
    """An access point to the replica's root."""

    part = "access-point"
    service = "efs"
    reads = (
        "DescribeAccessPoints",
        "DescribeFileSystems",
        "DescribeMountTargets",
        "DescribeReplicationConfigurations",
    )
    makes = ("CreateAccessPoint",)
    removes = ("DeleteAccessPoint",)
    seconds = 30
    deadline = 900

    def __init__(self, entry: CatalogEntry, spec: EfsSpec, region: str, drill: str) -> None:
        super().__init__(entry, region, drill, copy_name(entry.key, spec.identifier, drill, 64))
        self.system = spec

    @property
    def title(self) -> str:
        """See ``Copy.title``."""
        return f"access point {self.name} to the replica in {self.region}, which stays read-only"

    def find(self, at: At) -> Found | None:
        """See ``Copy.find``."""
        system = reading.file_system(at, self.system)
        if system is None:
            return None
        for one in at.pages(
            "efs", "describe_access_points", "AccessPoints", FileSystemId=system["FileSystemId"]
        ):
            tags = unpaired(one.get("Tags") or ())
            if one.get("ClientToken") == self.name or tags.get(DRILL_TAG) == self.drill:
                return one
        return None

    def mine(self, at: At, found: Found) -> bool:  # noqa: ARG002 - the contract
        """See ``Copy.mine``."""
        return self.owns(unpaired(found.get("Tags") or ()))

    def ready(self, found: Found) -> bool:
        """See ``Copy.ready``."""
        return found.get("LifeCycleState") == reading.AVAILABLE

    def broken(self, found: Found) -> str | None:
        """See ``Copy.broken``."""
        return "EFS says error" if found.get("LifeCycleState") == "error" else None

    def told(self, found: Found) -> dict[str, Any]:
        """How people who look at the data mount it."""
        return {"access_point": found.get("AccessPointId"), "file_system": found["FileSystemId"]}

    def obstacle(self, at: At) -> tuple[str, str] | None:
        """A replica that has no complete copy, or that nobody could mount."""
        system = reading.file_system(at, self.system)
        if system is None:
            return f"there is no replica of {self.system.identifier} in {self.region}", _REPLICATE
        name = str(system["FileSystemId"])
        known = reading.replication(at, name)
        if known is None or known.destination != name or not known.copies:
            return f"{name} in {self.region} has no complete copy so far", _REPLICATE
        targets = reading.mount_targets(at, name)
        if not any(one.get("LifeCycleState") == reading.AVAILABLE for one in targets):
            return f"{name} in {self.region} has no mount target that is available", _REPLICATE
        return None

    def make(self, at: At, run: RunContext) -> None:  # noqa: ARG002 - the contract
        """See ``Copy.make``."""
        system = reading.file_system(at, self.system) or {}
        at.call(
            "efs",
            "create_access_point",
            ClientToken=self.name,
            FileSystemId=system["FileSystemId"],
            Tags=pairs(self.tags),
        )

    def remove(self, at: At, found: Found) -> None:
        """See ``Copy.remove``: the replica stays as it is."""
        if found.get("LifeCycleState") != "deleting":
            at.find(
                "efs",
                "delete_access_point",
                "AccessPointNotFound",
                AccessPointId=found["AccessPointId"],
            )
