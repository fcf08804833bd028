"""What cannot be declared of EFS: which file system is copied to which.

A replication belongs to neither file system's program, because it is broken and reversed at every
failover. Breaking it is called in the region that takes over, on both ends at once; only where that
fails, and data loss was agreed to, is the configuration deleted at this end alone: what is left at
the other end then copies nothing and has to be deleted there, which the reversal does.

EFS has no point in time to go back to. What the copy has is everything that was written before
``LastReplicatedTimestamp``, and part of what was written after.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.efs import reading
from drstate.adapters.efs.reading import Replication
from drstate.errors import AwsCallError, OperationError, TimedOutError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.efs import EfsSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: consent that a forced failover needs
DATA_LOSS = "data-loss"
#: how long the end of a replication may take: AWS says several minutes
ENDING_SECONDS = 600
#: the first copy may be long; drstate resume goes on waiting
FIRST_COPY_SECONDS = 14400
LOCAL_ONLY = "LOCAL_CONFIGURATION_ONLY"


class EfsAction(Action):
    """What every action on a replication knows."""

    def __init__(self, entry: CatalogEntry, spec: EfsSpec, target: str, other: str) -> None:
        self.account = entry.resource.account
        self.system = spec
        self.target = target
        self.other = other

    def _at(self, aws: AwsCaller, region: str) -> At:
        return At(aws, self.account, region)

    def _delete(self, at: At, source: str, mode: str = "") -> None:
        """Delete the configuration; one that is gone already is no failure."""
        more = {"DeletionMode": mode} if mode else {}
        at.find(
            "efs",
            "delete_replication_configuration",
            "ReplicationNotFound",
            SourceFileSystemId=source,
            **more,
        )

    def _create(self, at: At, source: str, destination: str, region: str) -> None:
        at.call(
            "efs",
            "create_replication_configuration",
            SourceFileSystemId=source,
            Destinations=[{"Region": region, "FileSystemId": destination}],
        )

    def _protect(self, at: At, identifier: str, state: str) -> None:
        at.call(
            "efs",
            "update_file_system_protection",
            FileSystemId=identifier,
            ReplicationOverwriteProtection=state,
        )

    def _await_end(self, at: At, identifier: str, run: RunContext, seconds: float) -> None:
        """Wait until the file system is no end of a replication any more."""

        def ended() -> bool | None:
            return True if reading.replication(at, identifier) is None else None

        run.wait(
            ended,
            what=f"the replication of {identifier} to end",
            timeout_seconds=seconds,
            hint=f"aws efs describe-replication-configurations --region {at.region}; then "
            "drstate resume",
        )


class Break(EfsAction):
    """Make the copy in ``target`` writable, planned or forced."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: EfsSpec,
        target: str,
        other: str,
        *,
        force: bool,
        final_sync_seconds: int,
    ) -> None:
        super().__init__(entry, spec, target, other)
        self.force = force
        self.final_sync_seconds = final_sync_seconds
        name = spec.identifier
        if force:
            title = f"end the replication of {name} in {target}: what was not copied is lost"
            undo: list[Any] = []
        else:
            title = f"end the replication of {name} in {target} once everything is copied"
            undo = calls("efs", other, "CreateReplicationConfiguration")
        self.spec = ActionSpec(
            id=f"{entry.key}#break",
            resource=entry.key,
            technology="efs",
            title=title,
            when=When.BEFORE,
            calls=(
                *calls(
                    "efs",
                    target,
                    "DescribeFileSystems",
                    "DescribeReplicationConfigurations",
                    "DeleteReplicationConfiguration",
                    *(() if force else ("UpdateFileSystemProtection",)),
                ),
                *undo,
            ),
            estimate_seconds=180 if force else 600,
            deadline_seconds=ENDING_SECONDS * 2 + (0 if force else final_sync_seconds),
            needs_consent=DATA_LOSS if force else None,
            undoable=not force,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the file system here is nobody's copy, and once was one."""
        here = self._at(aws, self.target)
        found = reading.file_system(here, self.system)
        replicate = "make the copy first: drstate up --phase replicate"
        if found is None:
            return Observation(
                False,
                {},
                f"there is no file system for {self.system.identifier} in {self.target}",
                replicate,
            )
        name = str(found["FileSystemId"])
        known = reading.replication(here, name)
        facts = {"file_system": name, "protection": reading.protection(found)}
        if known is None and facts["protection"] == reading.OPEN:
            # the end of a replication turns the protection on: this one has never had one
            return Observation(
                False, facts, f"{name} in {self.target} has never been a copy", replicate
            )
        if known is None:
            return Observation(facts["protection"] != reading.REPLICATING, facts)
        facts |= known.facts()
        if known.source == name:
            return Observation(True, facts)
        blocked, hint = self._obstacle(known)
        return Observation(False, facts, blocked, hint)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Wait for the last copy (unless forced), end the replication, wait for its end."""
        here = self._at(aws, self.target)
        if self.force:
            run.require_consent(DATA_LOSS, self.spec.title)
        found = reading.file_system(here, self.system)
        if found is None:
            raise OperationError(
                f"there is no file system for {self.system.identifier} in {self.target}",
                why="DescribeFileSystems does not know it",
                hint="drstate up --phase replicate makes it",
            )
        name = str(found["FileSystemId"])
        started = run.clock.now()
        known = reading.replication(here, name)
        how = "ended before"
        if known is not None and known.destination == name:
            if known.status != reading.DELETING and not self.force:
                known = self._caught_up(here, name, run, started)
            how = self._end(here, known, run)
        self._await_writable(here, run)
        last = known.last.isoformat() if known and known.last else run.facts.get("last_replicated")
        behind = _behind(last, started)
        return {
            "file_system": name,
            "last_replicated": last,
            "lag_seconds_before": behind,
            "forced": self.force,
            "deletion": how,
            "data_loss": _loss(self.force, last, behind),
        }

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Make it the copy again (planned only): what was written here meanwhile is overwritten."""
        source, name = str(recorded.get("source") or ""), str(recorded.get("file_system") or "")
        if self.force or not source:
            return super().undo(aws, run, recorded)
        here = self._at(aws, self.target)
        known = reading.replication(here, name)
        if known is not None and known.status == reading.DELETING:
            self._await_end(here, name, run, ENDING_SECONDS)
            known = None
        if known is None:
            self._protect(here, name, reading.OPEN)
            self._create(self._at(aws, self.other), source, name, self.target)
        return await_copy(here, name, run, FIRST_COPY_SECONDS).facts()

    def _obstacle(self, known: Replication) -> tuple[str | None, str]:
        if self.force or known.status == reading.DELETING or known.copies:
            return None, ""
        state = f"the replication from {known.source} is {known.status}"
        hint = "mend it; if that region is lost: drstate up --phase activate --force"
        return f"{state}: {known.message}" if known.message else f"{state}, not complete", hint

    def _caught_up(
        self, here: At, name: str, run: RunContext, started: datetime
    ) -> Replication | None:
        def copied() -> Replication | None:
            now = reading.replication(here, name)
            return now if now is not None and now.last and now.last >= started else None

        return run.wait(
            copied,
            what=f"everything written to {self.system.identifier} before to be in {self.target}",
            timeout_seconds=self.final_sync_seconds,
            hint="drstate resume waits on; or accept the loss: drstate up --phase activate --force",
        )

    def _end(self, here: At, known: Replication | None, run: RunContext) -> str:
        if known is None:
            return "ended before"
        try:
            if known.status != reading.DELETING:
                self._delete(here, known.source)
            self._await_end(here, known.destination, run, ENDING_SECONDS)
        except (AwsCallError, TimedOutError):
            if not self.force:
                raise
            # the other end cannot be reached: end this one alone
            self._delete(here, known.source, LOCAL_ONLY)
            return "at this end only: the other end could not be reached"
        return "at both ends"

    def _await_writable(self, here: At, run: RunContext) -> None:
        def writable() -> bool | None:
            found = reading.file_system(here, self.system)
            free = found is not None and reading.protection(found) != reading.REPLICATING
            return True if free else None

        run.wait(
            writable,
            what=f"the copy of {self.system.identifier} in {self.target} to be writable",
            timeout_seconds=ENDING_SECONDS,
            hint="drstate resume",
        )


def await_copy(at: At, name: str, run: RunContext, seconds: float) -> Replication:
    """Wait until everything has been copied once."""

    def copying() -> Replication | None:
        now = reading.replication(at, name)
        if now is not None and now.status == "ERROR":
            raise OperationError(
                f"the replication to {name} in {at.region} has failed",
                why=now.message or "EFS gives no reason",
                hint="mend what it names, then drstate resume",
            )
        return now if now is not None and now.copies else None

    return run.wait(
        copying,
        what=f"the first copy to {name} in {at.region}",
        timeout_seconds=seconds,
        hint="a large file system takes long; drstate resume goes on waiting",
    )


def _behind(last: str | None, moment: datetime) -> float | None:
    if last is None:
        return None
    return round(max(0.0, (moment - datetime.fromisoformat(last)).total_seconds()), 1)


def _loss(force: bool, last: str | None, behind: float | None) -> str:
    if not force:
        return f"none of what was written before {last}; EFS does not stop writers"
    if behind is None:
        return "unknown: nothing had been copied completely"
    return f"writes after {last}, about {behind:.0f} s, are lost or there in part"
