"""A file system made from the newest copy of a backup: a new one, with a new name."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.fsx import reading
from drstate.adapters.fsx.actions import DATA_LOSS, REPLICATE, FsxAction, told
from drstate.adapters.fsx.placing import placed
from drstate.adapters.fsx.reading import System
from drstate.adapters.site import SiteContext
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.phases import SiteState
from drstate.model.plan import ActionSpec, When
from drstate.programs.fsx import DNS, FsxSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

_RESTORE_SECONDS = 7200


class Restore(FsxAction):
    """Make the file system in ``target`` from the newest copy there."""

    def __init__(self, entry: CatalogEntry, spec: FsxSpec, site: SiteContext, clock: Clock) -> None:
        super().__init__(entry, spec, site, clock)
        lost = ", what was written after that backup is lost" if site.force else ""
        self.spec = ActionSpec(
            id=f"{entry.key}#restore",
            resource=entry.key,
            technology="fsx",
            title=f"restore {spec.identifier} in {self.target} from the newest backup there{lost}",
            when=When.AFTER,
            calls=tuple(
                calls(
                    "fsx",
                    self.target,
                    "DescribeFileSystems",
                    "DescribeBackups",
                    "CreateFileSystemFromBackup",
                )
            ),
            estimate_seconds=1800,
            deadline_seconds=_RESTORE_SECONDS,
            needs_consent=DATA_LOSS if site.force else None,
            undoable=False,
            warning=f"{spec.identifier} is restored in {self.target} before it is activated: what "
            "is written after that backup is not in it (policies.fsx.restore_in)"
            if site.state is SiteState.WARM
            else None,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when one that is not superseded is available here."""
        here = self._at(aws, self.target)
        known = self.current(here)
        if known is not None:
            facts = {"file_system": known.identifier, "taken_at": known.taken_at}
            if known.lifecycle in (reading.AVAILABLE, reading.CREATING):
                return Observation(known.lifecycle == reading.AVAILABLE, facts)
            return Observation(
                False,
                facts,
                f"{known.identifier} in {self.target} is {known.lifecycle}: {known.message}",
                f"mend it, or mark it with the tag {reading.SUPERSEDED_TAG} to restore another one",
            )
        copy = self.newest(here)
        facts = told(copy)
        blocked, hint = self.lacking(placed(self.system, self.site))
        # without force a backup is copied first: then there is one
        if copy is None and self.site.force:
            return Observation(
                False,
                facts,
                f"no backup of {self.system.identifier} is in {self.target}",
                REPLICATE,
            )
        return Observation(False, facts, blocked, hint)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Create it unless it is there, and wait until it is available."""
        here = self._at(aws, self.target)
        if self.site.force:
            run.require_consent(DATA_LOSS, self.spec.title)
        known = self.current(here)
        name = known.identifier if known else self._begin(here)
        done = self._await(here, name, run)
        age = _age(done.taken_at, run)
        return {
            "file_system": done.identifier,
            "backup": done.backup,
            "taken_at": done.taken_at,
            "lag_seconds_before": age,
            "forced": self.site.force,
            "data_loss": f"writes after {done.taken_at} are not in the backup",
            "endpoints": {DNS: done.host} if done.host else {},
            "memory": {"file_system": done.identifier},
        }

    def _begin(self, here: At) -> str:
        copy = self.newest(here)
        if copy is None:
            raise OperationError(
                f"no backup of {self.system.identifier} is in {self.target}",
                why="DescribeBackups shows none with its tag",
                hint=REPLICATE,
            )
        token = hashlib.sha256(f"{self.entry.key} {copy.identifier}".encode()).hexdigest()[:32]
        made = here.call(
            "fsx",
            "create_file_system_from_backup",
            BackupId=copy.identifier,
            ClientRequestToken=f"drstate-{token}",
            Tags=self._tags(
                **{
                    reading.BACKUP_TAG: copy.identifier,
                    reading.TAKEN_TAG: copy.taken_at.isoformat(),
                }
            ),
            **placed(self.system, self.site).request,
        )
        return str(made["FileSystem"]["FileSystemId"])

    def _await(self, here: At, name: str, run: RunContext) -> System:
        def available() -> System | None:
            now = self.current(here)
            if now is None or now.identifier != name or now.lifecycle == reading.CREATING:
                return None
            if now.lifecycle != reading.AVAILABLE:
                raise OperationError(
                    f"{name} in {self.target} is {now.lifecycle}",
                    why=now.message or "FSx gives no reason",
                    hint=f"mend what it names, or mark it with the tag {reading.SUPERSEDED_TAG}; "
                    "then drstate resume",
                )
            return now

        return run.wait(
            available,
            what=f"file system {name} in {self.target} to be available",
            timeout_seconds=_RESTORE_SECONDS,
            hint=f"aws fsx describe-file-systems --region {self.target}; drstate resume",
        )


def _age(taken_at: str | None, run: RunContext) -> float | None:
    if taken_at is None:
        return None
    passed = run.clock.now() - datetime.fromisoformat(taken_at)
    return round(max(0.0, passed.total_seconds()), 1)
