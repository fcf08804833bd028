"""Beginning a replication, for the first time or in reverse.

The file system that becomes the copy is opened for it (its protection is turned off): what it
holds is overwritten. That is why the title of a reversal says so, and why nothing here opens a file
system that is a source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.efs import reading
from drstate.adapters.efs.reading import Replication
from drstate.adapters.efs.replication import (
    ENDING_SECONDS,
    FIRST_COPY_SECONDS,
    LOCAL_ONLY,
    EfsAction,
    await_copy,
)
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.efs import EfsSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller


class Replicate(EfsAction):
    """Copy the file system of ``other`` onto the one in ``target``, from now on."""

    def __init__(
        self, entry: CatalogEntry, spec: EfsSpec, target: str, other: str, *, by_stack: bool
    ) -> None:
        super().__init__(entry, spec, target, other)
        self.by_stack = by_stack
        back = target == spec.region
        title = f"replicate {spec.identifier} from {other} to {target}"
        if back:
            title += f"; what was written in {target} since the failover is overwritten"
        reads = ("DescribeFileSystems", "DescribeReplicationConfigurations")
        self.spec = ActionSpec(
            id=f"{entry.key}#replicate",
            resource=entry.key,
            technology="efs",
            title=title,
            when=When.AFTER,
            calls=(
                *calls(
                    "efs",
                    target,
                    *reads,
                    "UpdateFileSystemProtection",
                    "DeleteReplicationConfiguration",
                ),
                *calls("efs", other, *reads, "CreateReplicationConfiguration"),
            ),
            warning=f"{entry.key}: what was written in {target} since the failover is overwritten; "
            "only backups of it are left"
            if back
            else None,
            estimate_seconds=300,
            deadline_seconds=FIRST_COPY_SECONDS + ENDING_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the file system here is a working copy of the other site's."""
        here, there = self._at(aws, self.target), self._at(aws, self.other)
        found = reading.file_system(here, self.system)
        if found is None:
            if self.by_stack:
                return Observation(False)
            return Observation(
                False,
                {},
                f"there is no file system for {self.system.identifier} in {self.target}",
                f"its owner has to create it; then add it to the catalog again: drstate discover "
                f"--refresh (looked for in {self.target})",
            )
        name = str(found["FileSystemId"])
        facts = {"file_system": name, "protection": reading.protection(found)}
        known = reading.replication(here, name)
        if known is not None:
            facts |= known.facts()
            if known.source == name and not self._stale(there, known):
                return Observation(
                    False,
                    facts,
                    f"{name} in {self.target} is the source of a replication",
                    "a standby cannot be: drstate up --phase activate moves the writers first",
                )
            if known.destination == name and known.source_region != self.other:
                return Observation(
                    False,
                    facts,
                    f"{name} is a copy of {known.source} in {known.source_region}",
                    "end that replication first: aws efs delete-replication-configuration",
                )
        source = reading.file_system(there, self.system)
        if source is None:
            return Observation(
                False,
                facts,
                f"there is no file system to copy in {self.other}",
                f"look for {self.system.identifier} in {self.other}; drstate discover --refresh",
            )
        facts["source"] = str(source["FileSystemId"])
        return Observation(bool(known and known.destination == name and known.copies), facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Clear what is left of an earlier one, open the target, begin, wait for the first copy."""
        here, there = self._at(aws, self.target), self._at(aws, self.other)
        found = reading.file_system(here, self.system)
        source = reading.file_system(there, self.system)
        if found is None or source is None:
            missing = self.target if found is None else self.other
            raise OperationError(
                f"there is no file system for {self.system.identifier} in {missing}",
                why="DescribeFileSystems does not know it",
                hint="drstate up --phase replicate declares the one at the recovery site",
            )
        name = str(found["FileSystemId"])
        known = reading.replication(here, name)
        if known is not None and known.source == name and self._stale(there, known):
            self._delete(here, name, LOCAL_ONLY)
            known = None
        if known is not None and known.status == reading.DELETING:
            self._await_end(here, name, run, ENDING_SECONDS)
            known = None
        if known is None:
            if reading.protection(found) != reading.OPEN:
                self._protect(here, name, reading.OPEN)
            self._create(there, str(source["FileSystemId"]), name, self.target)
        done = await_copy(here, name, run, FIRST_COPY_SECONDS)
        return {"file_system": name, **done.facts()}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """End it, and protect the target as it was protected."""
        here = self._at(aws, self.target)
        found = reading.file_system(here, self.system)
        if found is None:
            return {}
        name = str(found["FileSystemId"])
        known = reading.replication(here, name)
        if known is not None and recorded.get("replication") is None:
            self._delete(here, known.source)
            self._await_end(here, name, run, ENDING_SECONDS)
            if recorded.get("protection") == reading.OPEN:
                self._protect(here, name, reading.OPEN)
        return {"file_system": name}

    def _stale(self, there: At, known: Replication) -> bool:
        """Whether it was ended at the other end alone, and is only left over at this one."""
        return (
            known.destination_region == self.other
            and reading.replication(there, known.destination) is None
        )
