"""What is done for FSx: backups are copied to the other region, file systems made from them.

A file system that was made from a backup is a new one, with a new name; the old one is kept and
marked by a tag. So none of this is taken back: what was copied or restored stays, and whoever owns
it deletes it when it is not wanted any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.fsx import reading
from drstate.adapters.fsx.placing import Placed, placed
from drstate.adapters.fsx.reading import Backup, System
from drstate.adapters.site import SiteContext
from drstate.errors import AwsCallError, OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.context import tags_of
from drstate.programs.fsx import FsxSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

#: consent that a forced failover needs
DATA_LOSS = "data-loss"
_BACKUP_SECONDS = 7200
_COPY_SECONDS = 14400
#: what CopyBackup answers while five copies to the region are under way
LIMIT = "ServiceLimitExceeded"
REPLICATE = "copy a backup first: drstate up --phase replicate"


class FsxAction(Action):
    """What every action of a file system knows."""

    def __init__(self, entry: CatalogEntry, spec: FsxSpec, site: SiteContext, clock: Clock) -> None:
        self.clock = clock
        self.entry = entry
        self.account = entry.resource.account
        self.system = spec
        self.site = site
        self.target = site.region
        self.other = site.other

    def _at(self, aws: AwsCaller, region: str) -> At:
        return At(aws, self.account, region)

    def current(self, at: At) -> System | None:
        """The file system that serves there, or is to."""
        return reading.current(at, self.system.identifier, self.entry.resource.arn)

    def newest(self, at: At) -> Backup | None:
        """The newest copy that a file system can be made from."""
        return reading.newest_copy(at, self.entry.resource.arn)

    def lacking(self, here: Placed) -> tuple[str | None, str]:
        """Why nothing can be restored with what is mapped, and the remedy; None where it can."""
        if not here.missing:
            return None, ""
        return (
            f"the scope file does not say what stands for these in {self.target}: "
            + ", ".join(here.missing),
            f"add them to {self.site.scope_file}",
        )

    def _tags(self, **more: str) -> list[dict[str, str]]:
        tags = {**tags_of(self.entry), reading.SOURCE_TAG: self.entry.resource.arn, **more}
        return [{"Key": name, "Value": value} for name, value in sorted(tags.items())]


class Copy(FsxAction):
    """Have a backup of the serving file system in ``target``, no older than asked."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: FsxSpec,
        site: SiteContext,
        clock: Clock,
        *,
        max_age: timedelta | None,
        unless_there: bool,
    ) -> None:
        """``max_age`` None: always a new backup. ``unless_there``: not where one serves here."""
        super().__init__(entry, spec, site, clock)
        self.max_age = max_age
        self.unless_there = unless_there
        what = "a last backup" if max_age is None else "a backup"
        self.spec = ActionSpec(
            id=f"{entry.key}#copy",
            resource=entry.key,
            technology="fsx",
            title=f"copy {what} of {spec.identifier} from {self.other} to {self.target}",
            when=When.AFTER if not unless_there else When.BEFORE,
            calls=(
                *calls("fsx", self.other, "DescribeFileSystems", "DescribeBackups", "CreateBackup"),
                *calls("fsx", self.target, "DescribeFileSystems", "DescribeBackups", "CopyBackup"),
            ),
            estimate_seconds=1800,
            deadline_seconds=_BACKUP_SECONDS + _COPY_SECONDS,
            undoable=False,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when a young enough copy is here, or a file system already."""
        here, there = self._at(aws, self.target), self._at(aws, self.other)
        if self.unless_there:
            known = self.current(here)
            if known is not None:
                return Observation(True, {"file_system": known.identifier})
        source = self.current(there)
        if source is None:
            return Observation(
                False,
                {},
                f"no file system of {self.system.identifier} serves in {self.other}",
                f"aws fsx describe-file-systems --region {self.other}; drstate discover --refresh",
            )
        copy = self.newest(here)
        facts = {"file_system": source.identifier, **told(copy)}
        blocked, hint = self.lacking(placed(self.system, self.site))
        return Observation(self._young(copy, source), facts, blocked, hint)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Take a backup where none is young enough, and copy it; waits for each to end."""
        here, there = self._at(aws, self.target), self._at(aws, self.other)
        source = self.current(there)
        if source is None:
            raise OperationError(
                f"no file system of {self.system.identifier} serves in {self.other}",
                why="none is there without the tag that it is superseded",
                hint="drstate discover --refresh",
            )
        backup = self._backup(there, source, run)
        copy = self._copied(here, backup, source, run)
        return {
            "backup": backup.identifier,
            "copy": copy.identifier,
            "taken_at": backup.taken_at.isoformat(),
        }

    def _young(self, copy: Backup | None, source: System) -> bool:
        if copy is None or copy.system != source.identifier or self.max_age is None:
            return False
        return copy.age_seconds(self.clock.now()) <= self.max_age.total_seconds()

    def _backup(self, there: At, source: System, run: RunContext) -> Backup:
        known = reading.backups_of(there, source.identifier)
        under_way = next((one for one in known if one.lifecycle == reading.CREATING), None)
        if under_way is not None:
            self._await(there, under_way.identifier, run, _BACKUP_SECONDS)
            known = reading.backups_of(there, source.identifier)
        if self.max_age is not None:
            now = run.clock.now()
            for one in known:
                young = one.age_seconds(now) <= self.max_age.total_seconds()
                if one.lifecycle == reading.AVAILABLE and young:
                    return one

        def begun() -> str | None:
            try:
                made = there.call(
                    "fsx", "create_backup", FileSystemId=source.identifier, Tags=self._tags()
                )
            except AwsCallError as error:
                if error.aws_code != "BackupInProgress":
                    raise
                # FSx has begun one of its own meanwhile
                return None
            return str(made["Backup"]["BackupId"])

        name = run.wait(
            begun,
            what=f"another backup of {source.identifier} to end, so that this one can begin",
            timeout_seconds=_BACKUP_SECONDS,
            hint=f"aws fsx describe-backups --region {self.other}; drstate resume",
        )
        return self._await(there, name, run, _BACKUP_SECONDS)

    def _copied(self, here: At, backup: Backup, source: System, run: RunContext) -> Backup:
        key = placed(self.system, self.site).kms_key
        request: dict[str, Any] = {
            "SourceBackupId": backup.identifier,
            "SourceRegion": self.other,
            # the same copy, however often it is asked for
            "ClientRequestToken": f"drstate-{backup.identifier}",
            "Tags": self._tags(
                **{
                    reading.SYSTEM_TAG: source.identifier,
                    reading.TAKEN_TAG: backup.taken_at.isoformat(),
                }
            ),
            **({"KmsKeyId": key} if key else {}),
        }

        def begun() -> str | None:
            try:
                return str(here.call("fsx", "copy_backup", **request)["Backup"]["BackupId"])
            except AwsCallError as error:
                # five copies to a region at a time: the others' have to end first. Without any
                # under way it is another limit, which waiting does not help
                if error.aws_code != LIMIT or not reading.copying(here):
                    raise
                return None

        name = run.wait(
            begun,
            what=f"one of the five copies to {self.target} to end, so that this one can begin",
            timeout_seconds=_COPY_SECONDS,
            hint=f"aws fsx describe-backups --region {self.target} shows them; drstate resume",
        )
        return self._await(here, name, run, _COPY_SECONDS)

    def _await(self, at: At, name: str, run: RunContext, seconds: float) -> Backup:
        def available() -> Backup | None:
            now = reading.backup(at, name)
            if now is None or now.lifecycle in ("FAILED", "DELETED"):
                raise OperationError(
                    f"backup {name} in {at.region} is {now.lifecycle if now else 'gone'}",
                    why=(now.message if now else "") or "FSx gives no reason",
                    hint="drstate resume takes another one",
                )
            return now if now.lifecycle == reading.AVAILABLE else None

        return run.wait(
            available,
            what=f"backup {name} in {at.region} to be available",
            timeout_seconds=seconds,
            hint="a large file system takes long; drstate resume goes on waiting",
        )


class Retire(FsxAction):
    """Mark the file system in ``target`` as one that does not serve any more. It is kept."""

    def __init__(self, entry: CatalogEntry, spec: FsxSpec, site: SiteContext, clock: Clock) -> None:
        super().__init__(entry, spec, site, clock)
        self.spec = ActionSpec(
            id=f"{entry.key}#retire",
            resource=entry.key,
            technology="fsx",
            title=f"mark the file system of {spec.identifier} in {self.target} as superseded "
            "(it is kept)",
            when=When.BEFORE,
            calls=tuple(
                calls("fsx", self.target, "DescribeFileSystems", "TagResource", "UntagResource")
            ),
            estimate_seconds=5,
            deadline_seconds=120,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when none serves here."""
        known = self.current(self._at(aws, self.target))
        return Observation(known is None, {"arn": known.arn} if known else {})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Tag it."""
        here = self._at(aws, self.target)
        known = self.current(here)
        if known is not None:
            moment = run.clock.now().isoformat(timespec="seconds")
            tags = [{"Key": reading.SUPERSEDED_TAG, "Value": moment}]
            here.call("fsx", "tag_resource", ResourceARN=known.arn, Tags=tags)
        return {"arn": known.arn if known else None}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Take the tag off again."""
        arn = str(recorded.get("arn") or "")
        if arn:
            keys = [reading.SUPERSEDED_TAG]
            self._at(aws, self.target).call("fsx", "untag_resource", ResourceARN=arn, TagKeys=keys)
        return {"arn": arn}


def told(copy: Backup | None) -> dict[str, Any]:
    """A copy as journals keep it."""
    if copy is None:
        return {"copy": None}
    return {"copy": copy.identifier, "taken_at": copy.taken_at.isoformat()}
