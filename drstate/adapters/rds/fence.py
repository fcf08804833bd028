"""Before a planned promotion, clients are cut off from the instance that serves: it is renamed.

Its endpoint is gone with its name, and the rename restarts it, so that no connection stays. It goes
on replicating under its new name, which is what lets the replica get the last writes. Its data is
kept, and ``dr:`` tags come off, so that it is not protected as something new.

AWS has no other way: an instance with a replica cannot be stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.rds import reading
from drstate.adapters.rds.changing import FORCE, REPLICATE, RdsAction, is_available
from drstate.adapters.rds.lag import lag_if_known
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.rds import RdsSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

#: identifiers have at most 63 characters; the rest is taken by the suffix
_KEPT = 40
_STAMP = "%y%m%d%H%M%S"


def retired_name(identifier: str, moment: datetime) -> str:
    """What an instance is called once it no longer serves."""
    stamp = moment.astimezone(UTC).strftime(_STAMP)
    return f"{identifier[:_KEPT].rstrip('-')}-retired-{stamp}"


class Fence(RdsAction):
    """Rename the serving instance in ``other`` before the replica in ``region`` is promoted."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: RdsSpec,
        region: str,
        other: str,
        *,
        max_lag: int,
        clock: Clock,
    ) -> None:
        super().__init__(entry, spec, region, other)
        self.max_lag = max_lag
        self.clock = clock
        self.spec = ActionSpec(
            id=f"{entry.key}#fence",
            resource=entry.key,
            technology="rds",
            title=f"cut clients off from {spec.identifier} in {other} by renaming it",
            when=When.BEFORE,
            calls=(
                *calls("rds", region, "DescribeDBInstances"),
                *calls("cloudwatch", region, "GetMetricStatistics"),
                *calls("rds", other, *RENAMING),
            ),
            estimate_seconds=90,
            deadline_seconds=1800,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when nothing writes under the identifier in the other region."""
        source = reading.instance(self.there(aws), self.db.identifier)
        if source is None or not source.writer:
            return Observation(True, {"source": source.source if source else None})
        facts = {"source": source.arn, "status": source.status, "tags": source.tags}
        replica = reading.instance(self.here(aws), self.db.identifier)
        if replica is not None and replica.writer:
            return Observation(False, facts)
        return Observation(False, facts, *self._obstacle(aws, source, replica))

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Rename it; replication goes on."""
        there = self.there(aws)
        name = rename(self, run, there, self.db.identifier)
        found = reading.instance(there, name)
        return {"renamed_to": name, "fenced_at": found.tags[reading.FENCED_TAG] if found else ""}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Give it its name and tags back, unless the replica writes by now."""
        replica = reading.instance(self.here(aws), self.db.identifier)
        if replica is not None and replica.writer:
            raise OperationError(
                f"{self.db.identifier} in {self.other} does not get its name back",
                why=f"the instance in {self.region} was promoted: two would take writes",
                hint="go on: drstate up --phase replicate, then activate, returns to that region",
            )
        there = self.there(aws)
        away = reading.retired(there, self.db.identifier)
        if reading.instance(there, self.db.identifier) is None and away:
            last = away[-1]
            self.change(
                run,
                there,
                last.identifier,
                "rename it back",
                lambda: there.call(
                    "rds",
                    "modify_db_instance",
                    DBInstanceIdentifier=last.identifier,
                    NewDBInstanceIdentifier=self.db.identifier,
                    ApplyImmediately=True,
                ),
            )
        found = self.until(run, there, self.db.identifier, "available", is_available)
        before = {str(key): str(value) for key, value in dict(recorded.get("tags") or {}).items()}
        retag(there, found, before)
        return {"source": found.arn, "status": found.status}

    def _obstacle(
        self, aws: AwsCaller, source: reading.Instance, replica: reading.Instance | None
    ) -> tuple[str | None, str]:
        if replica is None:
            return f"there is no replica {self.db.identifier} in {self.region}", REPLICATE
        if source.status not in reading.PASSING:
            return f"the source in {self.other} is {source.status}", FORCE
        if replica.replication != "replicating":
            return f"the replica in {self.region} is {replica.replication}", FORCE
        lag = lag_if_known(self.here(aws), self.db.identifier, self.clock.now())
        if lag.seconds is None:
            return (
                f"the lag of the replica in {self.region} is not known ({lag.source})",
                "wait until CloudWatch has a measurement; " + FORCE,
            )
        if lag.seconds > self.max_lag:
            limit = f"the {self.max_lag} s of policies.rds.max_lag_seconds"
            return (
                f"the replica in {self.region} is {lag.seconds:.0f} s behind, more than {limit}",
                "wait until it has caught up, or raise the limit; " + FORCE,
            )
        return None, ""


#: operations of ``rename`` and ``retag``, as plans tell them
RENAMING = (
    "DescribeDBInstances",
    "AddTagsToResource",
    "RemoveTagsFromResource",
    "ModifyDBInstance",
)


def rename(action: RdsAction, run: RunContext, at: At, identifier: str) -> str:
    """Take the name away from the instance that has it; the new name. Done before, it is told."""
    moment = run.clock.now()
    name = retired_name(identifier, moment)

    def begin() -> None:
        found = reading.instance(at, identifier)
        if found is None:
            return
        kept = {key: value for key, value in found.tags.items() if not key.startswith("dr:")}
        marks = {reading.RETIRED_TAG: identifier, reading.FENCED_TAG: moment.isoformat()}
        # before the rename: whoever finds it later must know what it was
        retag(at, found, {**kept, **marks})
        at.call(
            "rds",
            "modify_db_instance",
            DBInstanceIdentifier=identifier,
            NewDBInstanceIdentifier=name,
            ApplyImmediately=True,
        )

    action.change(run, at, identifier, "rename it", begin)
    action.until(run, at, name, "available", is_available)
    return name


def retag(at: At, found: reading.Instance, wanted: Mapping[str, str]) -> None:
    """Make the instance's tags ``wanted`` (AWS's own stay)."""
    have = {key: value for key, value in found.tags.items() if not key.startswith("aws:")}
    drop = sorted(set(have) - set(wanted))
    put = {key: value for key, value in wanted.items() if have.get(key) != value}
    if drop:
        at.call("rds", "remove_tags_from_resource", ResourceName=found.arn, TagKeys=drop)
    put = {key: value for key, value in put.items() if not key.startswith("aws:")}
    if put:
        tags = [{"Key": key, "Value": value} for key, value in put.items()]
        at.call("rds", "add_tags_to_resource", ResourceName=found.arn, Tags=tags)


def drained(at: At, identifier: str, since: datetime, now: datetime) -> float | None:
    """The lag measured in a period that ended after ``since``; None while there is none."""
    lag = lag_if_known(at, identifier, now)
    if lag.seconds is None or lag.measured_at is None:
        return None
    if lag.measured_at + timedelta(seconds=60) <= since:
        return None
    return lag.seconds
