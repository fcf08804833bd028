"""What cannot be declared of a global datastore: who takes writes.

A failover is one call, made in the region that is to take over, planned or forced. Replication is
asynchronous, so neither is without loss: the lag measured before is reported, never zero. Where AWS
does not fail over although a person has consented to losing data, the last resort takes the group
out of the datastore: it takes writes at once, and rejoins only by being made anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.elasticache import reading
from drstate.adapters.elasticache.lag import lag_if_known
from drstate.adapters.metrics import lag_calls
from drstate.errors import AwsCallError, OperationError, TimedOutError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.elasticache import ElasticacheSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: consent that a forced failover needs
DATA_LOSS = "data-loss"
_DEADLINE_SECONDS = 1800
#: a forced failover that has not ended by then gives way to the last resort
_PATIENCE_SECONDS = 900
#: what AWS answers where a failover cannot be begun as things are
_REFUSED = frozenset({"InvalidGlobalReplicationGroupState", "InvalidParameterValue"})
_REPLICATE = "create the secondary first: drstate up --phase replicate"


class GroupAction(Action):
    """What every action on a member of a datastore knows."""

    def __init__(self, entry: CatalogEntry, spec: ElasticacheSpec, target: str) -> None:
        self.account = entry.resource.account
        self.cache = spec
        self.target = target
        self.group = spec.member(target)

    def at(self, aws: AwsCaller) -> At:
        """The region acted on."""
        return At(aws, self.account, self.target)

    def seen(self, aws: AwsCaller) -> tuple[dict[str, Any] | None, reading.Topology | None]:
        """The group here, and the datastore that it is in."""
        here = self.at(aws)
        found = reading.group(here, self.group)
        name = reading.datastore_of(found)
        return found, reading.topology(here, name) if name else None


class Promote(GroupAction):
    """Have the group in ``target`` take the writes, planned or forced."""

    def __init__(
        self, entry: CatalogEntry, spec: ElasticacheSpec, target: str, *, force: bool
    ) -> None:
        super().__init__(entry, spec, target)
        self.force = force
        title = f"fail over the datastore of {spec.identifier} to {target}"
        writes = calls(reading.SERVICE, target, "FailoverGlobalReplicationGroup")
        if force:
            title += ", data loss allowed; as the last resort, take the group out of it"
            writes += calls(reading.SERVICE, target, "DisassociateGlobalReplicationGroup")
        self.spec = ActionSpec(
            id=f"{entry.key}#promote",
            resource=entry.key,
            technology="elasticache",
            title=title,
            when=When.BEFORE,
            calls=(
                *calls(
                    reading.SERVICE,
                    target,
                    "DescribeGlobalReplicationGroups",
                    "DescribeReplicationGroups",
                ),
                *lag_calls(target),
                *writes,
            ),
            estimate_seconds=60,
            deadline_seconds=_DEADLINE_SECONDS,
            needs_consent=DATA_LOSS if force else None,
            undoable=not force,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the group takes writes and no role change is under way."""
        found, topology = self.seen(aws)
        if found is None:
            return Observation(
                False,
                {},
                f"there is no replication group {self.group} in {self.target}",
                _REPLICATE,
            )
        available = found["Status"] == reading.AVAILABLE
        if topology is None:
            if self.force:
                # out of its datastore: it takes writes by itself
                return Observation(available, {"datastore": None, "primary": None})
            return Observation(
                False,
                {"datastore": None},
                f"{self.group} in {self.target} is in no global datastore",
                _REPLICATE,
            )
        facts = _facts(topology)
        if self._writes(topology):
            return Observation(topology.settled and available, facts)
        if self.force:
            return Observation(False, facts)
        if not topology.settled or not available:
            status = found["Status"]
            return Observation(
                False,
                facts,
                f"datastore {topology.identifier} is {topology.status}, {self.group} in "
                f"{self.target} is {status}",
                "wait until both are available, then run the command again",
            )
        return Observation(False, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Call for the failover unless it is under way already, and wait for the role."""
        if self.force:
            run.require_consent(DATA_LOSS, self.spec.title)
        found, before = self.seen(aws)
        if found is None or before is None:
            return self._alone(aws, run)
        names = reading.lag_names(found)
        lag = lag_if_known(self.at(aws), names, run.clock.now())
        detached = False
        if not self._writes(before):
            try:
                self._fail_over(aws, run, before, self.target, self.group)
            except (AwsCallError, TimedOutError) as error:
                if not self._last_resort(error):
                    raise
                self._take_out(aws, run, before)
                detached = True
        after = reading.topology(self.at(aws), before.identifier)
        primary = before.primary
        return {
            **(_facts(after) if after else {}),
            "from": primary.region if primary else "",
            "forced": self.force,
            "lag_seconds_before": lag,
            "data_loss": _loss(lag),
            "taken_out": detached,
            "owed": _REJOIN.format(group=self.group, region=self.target) if detached else None,
            "endpoints": reading.endpoints(reading.group(self.at(aws), self.group) or {}),
        }

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Give the writes back to the recorded primary (planned failovers only)."""
        if self.force:
            return super().undo(aws, run, recorded)
        region, group = (str(recorded.get(name) or "") for name in ("region", "primary"))
        _, current = self.seen(aws)
        if not region or not group or current is None:
            raise OperationError(
                f"no earlier primary of {self.group}'s datastore is recorded",
                why="the observation before the failover has none, or the datastore is gone",
                hint="drstate up --phase replicate, then activate, turns the roles",
            )
        if (region, group) != (self.target, self.group):
            self._fail_over(aws, run, current, region, group)
        after = reading.topology(self.at(aws), current.identifier)
        return _facts(after) if after else {}

    def _writes(self, topology: reading.Topology) -> bool:
        member = topology.member(self.target, self.group)
        return member is not None and member.primary

    def _fail_over(
        self, aws: AwsCaller, run: RunContext, before: reading.Topology, region: str, group: str
    ) -> None:
        here, name = self.at(aws), before.identifier
        member = before.member(region, group)
        if member is None or not member.primary:
            try:
                here.call(
                    reading.SERVICE,
                    "failover_global_replication_group",
                    GlobalReplicationGroupId=name,
                    PrimaryRegion=region,
                    PrimaryReplicationGroupId=group,
                )
            except AwsCallError as error:
                # An attempt whose answer was lost may have begun what this one asks for again.
                if error.aws_code not in _REFUSED or not self._moving(here, name, region, group):
                    raise

        def settled() -> bool | None:
            now = reading.topology(here, name)
            there = now.member(region, group) if now else None
            if now is None or there is None or not there.primary or not now.settled:
                return None
            found = reading.group(here, self.group)
            return True if found and found["Status"] == reading.AVAILABLE else None

        run.wait(
            settled,
            what=f"{group} in {region} to be the primary of {name}",
            timeout_seconds=_PATIENCE_SECONDS if self.force else self.spec.deadline_seconds,
            hint=f"look at the datastore's events in {self.target}; then drstate resume",
        )

    def _moving(self, here: At, name: str, region: str, group: str) -> bool:
        now = reading.topology(here, name)
        there = now.member(region, group) if now else None
        return now is not None and (now.status == "modifying" or bool(there and there.primary))

    def _last_resort(self, error: Exception) -> bool:
        if not self.force:
            return False
        return isinstance(error, TimedOutError) or (
            isinstance(error, AwsCallError) and error.aws_code in _REFUSED
        )

    def _take_out(self, aws: AwsCaller, run: RunContext, before: reading.Topology) -> None:
        self.at(aws).call(
            reading.SERVICE,
            "disassociate_global_replication_group",
            GlobalReplicationGroupId=before.identifier,
            ReplicationGroupId=self.group,
            ReplicationGroupRegion=self.target,
        )
        self._alone(aws, run)

    def _alone(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Wait until the group is available outside of any datastore."""

        def alone() -> dict[str, Any] | None:
            found = reading.group(self.at(aws), self.group)
            if found is None or reading.datastore_of(found):
                return None
            return found if found["Status"] == reading.AVAILABLE else None

        found = run.wait(
            alone,
            what=f"{self.group} in {self.target} to take writes by itself",
            timeout_seconds=_PATIENCE_SECONDS,
            hint=f"look at the group's events in {self.target}; then drstate resume",
        )
        return {
            "forced": self.force,
            "taken_out": True,
            "data_loss": _loss(None),
            "owed": _REJOIN.format(group=self.group, region=self.target),
            "endpoints": reading.endpoints(found),
        }


_REJOIN = (
    "{group} in {region} is out of its datastore: delete the old one, make a new one over this "
    "group, and the other site's group anew as its secondary"
)


def _facts(topology: reading.Topology) -> dict[str, Any]:
    primary = topology.primary
    return {
        "datastore": topology.identifier,
        "status": topology.status,
        "primary": primary.group if primary else None,
        "region": primary.region if primary else None,
        "members": sorted(f"{one.region}/{one.group}" for one in topology.members),
    }


def _loss(lag: float | None) -> str:
    if lag is None:
        return "unknown: AWS had no lag measurement before the failover"
    return f"up to about {lag:.1f} s of writes, by the lag measured before the failover"
