"""The replica becomes an instance of its own, planned or forced; Oracle changes roles instead.

Promotion has no way back: RDS makes no replica of an instance that exists. Planned, it follows the
fence and waits until the replica has what was written before; forced, it is called in the target
region alone. Either way the lag that was measured before is recorded as the achieved recovery
point; a forced promotion never claims that nothing was lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import calls
from drstate.adapters.findings import Lag
from drstate.adapters.rds import reading
from drstate.adapters.rds.changing import (
    DATA_LOSS,
    FORCE,
    REPLICATE,
    RdsAction,
    is_available,
    present,
)
from drstate.adapters.rds.fence import drained
from drstate.adapters.rds.lag import lag_if_known
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.rds import ADDRESS, RdsSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 3600


class Promote(RdsAction):
    """Make the replica in ``region`` a writer."""

    def __init__(
        self, entry: CatalogEntry, spec: RdsSpec, region: str, other: str, *, force: bool
    ) -> None:
        super().__init__(entry, spec, region, other)
        self.force = force
        reads = calls("rds", region, "DescribeDBInstances")
        if force:
            title = f"promote {spec.identifier} in {region}, data loss allowed"
        else:
            title = f"promote {spec.identifier} in {region} once it has every write"
            reads += calls("rds", other, "DescribeDBInstances")
        self.spec = ActionSpec(
            id=f"{entry.key}#promote",
            resource=entry.key,
            technology="rds",
            title=title,
            when=When.BEFORE,
            calls=(
                *reads,
                *calls("cloudwatch", region, "GetMetricStatistics"),
                *calls("rds", region, "PromoteReadReplica"),
            ),
            estimate_seconds=300,
            deadline_seconds=_DEADLINE_SECONDS,
            needs_consent=DATA_LOSS if force else None,
            undoable=False,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when it is an instance of its own and answers."""
        found = reading.instance(self.here(aws), self.db.identifier)
        if found is None:
            what = f"there is no replica {self.db.identifier} in {self.region}"
            return Observation(False, {}, what, REPLICATE)
        facts = {"status": found.status, "source": found.source}
        if found.writer:
            return Observation(found.status in reading.SERVING, facts)
        if found.status not in reading.PASSING:
            return Observation(
                False,
                facts,
                f"the replica in {self.region} is {found.status}",
                "aws rds describe-events --source-type db-instance; then run this again",
            )
        if not self.force and found.replication != "replicating":
            return Observation(
                False, facts, f"the replica in {self.region} is {found.replication}", FORCE
            )
        return Observation(False, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Measure, promote, and wait until it writes. Not while it is backed up."""
        here = self.here(aws)
        if self.force:
            run.require_consent(DATA_LOSS, self.spec.title)
        before = present(here, self.db.identifier)
        lag: Lag | None = None
        loss = "none: it was promoted before"
        if before.source is not None:
            if self.force:
                lag = lag_if_known(here, self.db.identifier, run.clock.now())
                loss = _loss(lag)
            else:
                loss = self._drain(aws, run, before.source)
                lag = lag_if_known(here, self.db.identifier, run.clock.now())
            self.change(run, here, self.db.identifier, "promote it", lambda: self._promote(aws))
        after = self.until(run, here, self.db.identifier, "a writer", _writes)
        return {
            "from": before.source,
            "forced": self.force,
            "lag_seconds_before": lag.seconds if lag else None,
            "lag_measured_at": lag.measured_at.isoformat() if lag and lag.measured_at else None,
            "achieved_rpo_seconds": lag.seconds if lag else None,
            "data_loss": loss,
            "endpoints": {ADDRESS: after.address} if after.address else {},
        }

    def _promote(self, aws: AwsCaller) -> None:
        window = self.db.backup_window
        self.here(aws).call(
            "rds",
            "promote_read_replica",
            DBInstanceIdentifier=self.db.identifier,
            # not said, it would be one day, whatever the source had
            BackupRetentionPeriod=self.db.backup_retention_days,
            **({"PreferredBackupWindow": window} if window else {}),
        )

    def _drain(self, aws: AwsCaller, run: RunContext, source: str) -> str:
        """Wait until nothing is missing that was written before clients were cut off."""
        fenced = self._cut_off(aws, source)
        if fenced is None or fenced.fenced_at is None:
            raise OperationError(
                f"{self.db.identifier} in {self.region} is not promoted: its source in "
                f"{self.other} still takes writes",
                why="nobody has cut its clients off, so writes would be lost",
                hint=f"drstate resume does it first; {FORCE}",
            )
        since = fenced.fenced_at

        def caught_up() -> float | None:
            lag = drained(self.here(aws), self.db.identifier, since, run.clock.now())
            return lag if lag == 0 else None

        run.wait(
            caught_up,
            what=f"the replica in {self.region} to have what was written before {since}",
            timeout_seconds=self.spec.deadline_seconds / 2,
            hint=f"CloudWatch's ReplicaLag does not come to 0; {FORCE}",
        )
        return f"none known: no writes after {since:%H:%M:%S} UTC, and a lag of 0 s measured since"

    def _cut_off(self, aws: AwsCaller, source: str) -> reading.Instance | None:
        """The renamed source; None while something in the other region has the name."""
        there = self.there(aws)
        if reading.instance(there, self.db.identifier) is not None:
            return None
        named = reading.name_of(source)
        found = reading.retired(there, self.db.identifier)
        return next((one for one in found if one.identifier == named), found[-1] if found else None)


class Switchover(RdsAction):
    """Oracle: the replica in ``region`` and its source change roles; nothing is lost or made."""

    def __init__(self, entry: CatalogEntry, spec: RdsSpec, region: str, other: str) -> None:
        super().__init__(entry, spec, region, other)
        self.spec = ActionSpec(
            id=f"{entry.key}#promote",
            resource=entry.key,
            technology="rds",
            title=f"switch {spec.identifier} over to {region} (Data Guard, without data loss)",
            when=When.BEFORE,
            calls=(
                *calls("rds", region, "DescribeDBInstances", "SwitchoverReadReplica"),
                *calls("rds", other, "DescribeDBInstances"),
                *calls("cloudwatch", region, "GetMetricStatistics"),
            ),
            estimate_seconds=600,
            deadline_seconds=_DEADLINE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the instance here writes and the other one follows it."""
        here = reading.instance(self.here(aws), self.db.identifier)
        there = reading.instance(self.there(aws), self.db.identifier)
        if here is None:
            what = f"there is no replica {self.db.identifier} in {self.region}"
            return Observation(False, {}, what, REPLICATE)
        facts = {"writer": self.region if here.writer else self.other, "status": here.status}
        if here.writer:
            return Observation(here.status in reading.SERVING, facts)
        for region, found in ((self.region, here), (self.other, there)):
            if found is None or found.status not in reading.PASSING:
                what = f"the instance in {region} is {found.status if found else 'absent'}"
                return Observation(False, facts, what, FORCE)
        if here.replication != "replicating":
            return Observation(
                False, facts, f"the replica in {self.region} is {here.replication}", FORCE
            )
        return Observation(False, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Change roles and wait until both sides say so."""
        lag = lag_if_known(self.here(aws), self.db.identifier, run.clock.now())
        after = self._switch(aws, run, to=self.region)
        return {
            "forced": False,
            "lag_seconds_before": lag.seconds,
            "achieved_rpo_seconds": 0.0,
            "data_loss": "none: a switchover waits until the new primary has every write",
            "endpoints": {ADDRESS: after.address} if after.address else {},
        }

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Switch back to the writer of before."""
        writer = str(recorded.get("writer") or self.other)
        self._switch(aws, run, to=writer)
        return {"writer": writer}

    def _switch(self, aws: AwsCaller, run: RunContext, *, to: str) -> reading.Instance:
        ends = {self.region: self.here(aws), self.other: self.there(aws)}
        target = ends[to]
        if not present(target, self.db.identifier).writer:
            self.change(
                run,
                target,
                self.db.identifier,
                "switch over to it",
                lambda: target.call(
                    "rds", "switchover_read_replica", DBInstanceIdentifier=self.db.identifier
                ),
            )
        after = self.until(run, target, self.db.identifier, "the primary", _writes)
        source = ends[self.region if to == self.other else self.other]
        self.until(run, source, self.db.identifier, "a replica", _follows)
        return after


def _writes(found: reading.Instance) -> bool:
    return found.writer and found.status in reading.SERVING


def _follows(found: reading.Instance) -> bool:
    return not found.writer and is_available(found)


def _loss(lag: Lag) -> str:
    if lag.seconds is None:
        return f"unknown: no lag was measured before the promotion ({lag.source})"
    return (
        f"at least what was written in the last {lag.seconds:.1f} s before the source was lost, "
        f"by the lag measured at {lag.measured_at:%H:%M:%S} UTC"
    )
