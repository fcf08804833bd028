"""The instance that served is put away: renamed if it still has the name, then as policy says.

It is never touched while the other site does not write: then it has the only whole copy of the
data. Stopped instances are started again by AWS after seven days, which the result says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.rds import reading
from drstate.adapters.rds.changing import RdsAction, is_available
from drstate.adapters.rds.fence import RENAMING, rename
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.rds import RdsSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

Policy = Literal["stop", "keep", "delete"]
_STOPPED = ("stopped", "stopping")
_TITLES: Mapping[str, str] = {
    "stop": "rename it if it still has its name, and stop it",
    "keep": "rename it if it still has its name",
    "delete": "delete it after a final snapshot",
}
_OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "stop": ("StopDBInstance",),
    "keep": (),
    "delete": ("StartDBInstance", "DeleteDBInstance"),
}


class Retire(RdsAction):
    """Put the instance in ``region`` away; the one in ``other`` serves."""

    def __init__(
        self, entry: CatalogEntry, spec: RdsSpec, region: str, other: str, policy: Policy
    ) -> None:
        super().__init__(entry, spec, region, other)
        self.policy = policy
        self.spec = ActionSpec(
            id=f"{entry.key}#retire",
            resource=entry.key,
            technology="rds",
            title=f"put the instance of {spec.identifier} that served in {region} away: "
            + _TITLES[policy],
            when=When.BEFORE,
            calls=(
                *calls("rds", region, *RENAMING, *_OPERATIONS[policy]),
                *calls("rds", other, "DescribeDBInstances"),
            ),
            estimate_seconds=300,
            deadline_seconds=3600,
            undoable=policy != "delete",
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when nothing writes under the name here, and what was renamed is as policy wants."""
        here = self.here(aws)
        named = reading.instance(here, self.db.identifier)
        away = reading.retired(here, self.db.identifier)
        facts: dict[str, Any] = {"retired": reading.told(away)}
        in_place = named is not None and named.writer
        if in_place:
            facts["writes_here"] = self.db.identifier
        if not in_place and all(self._settled(one) for one in away):
            return Observation(True, facts)
        serving = reading.instance(self.there(aws), self.db.identifier)
        if serving is None or not serving.writer:
            return Observation(
                False,
                facts,
                f"the instance in {self.other} does not write: the one in {self.region} may have "
                "the only whole copy",
                "drstate up --phase activate first",
            )
        return Observation(False, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Rename, then stop, keep, or delete after a final snapshot."""
        here = self.here(aws)
        serving = reading.instance(self.there(aws), self.db.identifier)
        if serving is None or not serving.writer:
            raise OperationError(
                f"the instance in {self.region} is not put away",
                why=f"the one in {self.other} does not write",
                hint="drstate up --phase activate first",
            )
        named = reading.instance(here, self.db.identifier)
        if named is not None and named.writer:
            rename(self, run, here, self.db.identifier)
        away = reading.retired(here, self.db.identifier)
        snapshots = [self._put_away(run, here, one) for one in away if not self._settled(one)]
        kept = reading.told(reading.retired(here, self.db.identifier))
        result: dict[str, Any] = {"retired": kept, "policy": self.policy}
        if self.policy == "stop" and kept:
            result["note"] = "AWS starts a stopped instance again after 7 days"
        if self.policy == "delete":
            result["final_snapshots"] = [name for name in snapshots if name]
        return result

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Start what was stopped. A name is not given back: the other site has it."""
        here = self.here(aws)
        if self.policy == "delete":
            return super().undo(aws, run, recorded)
        before = dict(recorded.get("retired") or {})
        for one in reading.retired(here, self.db.identifier):
            if one.status in _STOPPED and before.get(one.identifier) in reading.SERVING:
                self.until(run, here, one.identifier, "stopped", lambda i: i.status == "stopped")
                here.call("rds", "start_db_instance", DBInstanceIdentifier=one.identifier)
                self.until(run, here, one.identifier, "available", is_available)
        return {"retired": reading.told(reading.retired(here, self.db.identifier))}

    def _settled(self, one: reading.Instance) -> bool:
        if self.policy == "stop":
            return one.status == "stopped"
        return self.policy == "keep"

    def _put_away(self, run: RunContext, here: At, one: reading.Instance) -> str | None:
        if self.policy == "stop":
            if one.status not in _STOPPED:
                self.change(
                    run,
                    here,
                    one.identifier,
                    "stop it",
                    lambda: here.call(
                        "rds", "stop_db_instance", DBInstanceIdentifier=one.identifier
                    ),
                )
            self.until(run, here, one.identifier, "stopped", lambda i: i.status == "stopped")
            return None
        if one.status in _STOPPED:
            # put away under another policy: RDS takes no change of a stopped instance
            self.until(run, here, one.identifier, "stopped", lambda i: i.status == "stopped")
            here.call("rds", "start_db_instance", DBInstanceIdentifier=one.identifier)
        if one.shown.get("DeletionProtection"):
            self.change(
                run,
                here,
                one.identifier,
                "take its deletion protection off",
                lambda: here.call(
                    "rds",
                    "modify_db_instance",
                    DBInstanceIdentifier=one.identifier,
                    DeletionProtection=False,
                    ApplyImmediately=True,
                ),
            )
        snapshot = f"{one.identifier}-final"
        self.change(
            run,
            here,
            one.identifier,
            "delete it after a final snapshot",
            lambda: here.call(
                "rds",
                "delete_db_instance",
                DBInstanceIdentifier=one.identifier,
                FinalDBSnapshotIdentifier=snapshot,
                # its backups go only when somebody deletes them
                DeleteAutomatedBackups=False,
            ),
        )
        run.wait(
            lambda: None if reading.instance(here, one.identifier) else True,
            what=f"{one.identifier} in {here.region} to be gone",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"aws rds describe-events --source-type db-instance --region {here.region}",
        )
        return snapshot
