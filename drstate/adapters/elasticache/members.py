"""A member's place and size: that it follows as a secondary, and that it has its replicas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import calls
from drstate.adapters.elasticache import reading
from drstate.adapters.elasticache.actions import GroupAction
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.model.words import counted
from drstate.programs.elasticache import ElasticacheSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 3600


class Follow(GroupAction):
    """See that a foreign group follows as a secondary, and where it is reached."""

    def __init__(self, entry: CatalogEntry, spec: ElasticacheSpec, target: str) -> None:
        super().__init__(entry, spec, target)
        #: later waves are bound to them; those of the captured site are in the spec
        self.known = spec.endpoints if target == spec.region else entry.endpoints.get(target, {})
        self.spec = ActionSpec(
            id=f"{entry.key}#follow",
            resource=entry.key,
            technology="elasticache",
            title=f"wait until {self.group} in {target} follows as a secondary",
            when=When.AFTER,
            calls=tuple(
                calls(
                    reading.SERVICE,
                    target,
                    "DescribeReplicationGroups",
                    "DescribeGlobalReplicationGroups",
                )
            ),
            estimate_seconds=30,
            deadline_seconds=_DEADLINE_SECONDS,
            waits=True,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when it is an available secondary."""
        found, topology = self.seen(aws)
        if found is None or topology is None:
            what = "absent" if found is None else "in no global datastore"
            return Observation(
                False,
                {},
                f"{self.group} in {self.target} is {what}",
                "AWS takes no existing group into a datastore: its owner has to delete it and make "
                "it anew as a secondary of the datastore that serves, then run this again",
            )
        member = topology.member(self.target, self.group)
        facts = {"datastore": topology.identifier, "primary": bool(member and member.primary)}
        if member is not None and member.primary and topology.settled:
            return Observation(
                False,
                facts,
                f"the group in {self.target} takes the writes; a standby cannot",
                "drstate up --phase activate fails over first",
            )
        told = all(self.known.get(name) for name in reading.endpoints(found))
        return Observation(told and _follows(found, topology, member), facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Wait; AWS makes the old primary a secondary by itself."""

        def following() -> dict[str, Any] | None:
            found, topology = self.seen(aws)
            if found is None or topology is None:
                return None
            member = topology.member(self.target, self.group)
            return found if _follows(found, topology, member) else None

        found = run.wait(
            following,
            what=f"{self.group} in {self.target} to follow",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"look at the group's events in {self.target}; then drstate resume",
        )
        return {"follows": True, "endpoints": reading.endpoints(found)}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Nothing was changed, so nothing is put back."""
        return {}


def _follows(
    found: dict[str, Any], topology: reading.Topology, member: reading.Member | None
) -> bool:
    if member is None or member.primary or not topology.settled:
        return False
    return member.status == "associated" and found["Status"] == reading.AVAILABLE


class Resize(GroupAction):
    """Give every shard its replicas (in an emergency, where no stack does)."""

    def __init__(
        self, entry: CatalogEntry, spec: ElasticacheSpec, target: str, replicas: int
    ) -> None:
        super().__init__(entry, spec, target)
        self.replicas = replicas
        self.spec = ActionSpec(
            id=f"{entry.key}#resize",
            resource=entry.key,
            technology="elasticache",
            title=f"give {self.group} in {target} {counted(replicas, 'replica')} per shard",
            when=When.AFTER,
            calls=tuple(
                calls(
                    reading.SERVICE,
                    target,
                    "DescribeReplicationGroups",
                    "IncreaseReplicaCount",
                    "DecreaseReplicaCount",
                )
            ),
            estimate_seconds=600,
            deadline_seconds=_DEADLINE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when no shard has fewer."""
        found = reading.group(self.at(aws), self.group)
        if found is None:
            return Observation(
                False,
                {},
                f"there is no replication group {self.group} in {self.target}",
                "drstate up --phase replicate",
            )
        has = reading.replicas(found)
        enough = min(has, default=0) >= self.replicas
        return Observation(enough and found["Status"] == reading.AVAILABLE, {"replicas": min(has)})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Add what is missing and wait; never takes away."""
        self._settled(aws, run)
        found = reading.group(self.at(aws), self.group) or {}
        if min(reading.replicas(found), default=0) < self.replicas:
            self._call(aws, "increase_replica_count", self.replicas)
            self._settled(aws, run)
        return {"replicas": self.replicas}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Take away again what was added."""
        before = recorded.get("replicas")
        if not isinstance(before, int):
            raise OperationError(
                f"how many replicas {self.group} had is not recorded",
                why="the observation before the change does not say",
                hint="drstate up --phase replicate sets the standby's number",
            )
        if before < self.replicas:
            self._settled(aws, run)
            self._call(aws, "decrease_replica_count", before)
            self._settled(aws, run)
        return {"replicas": before}

    def _call(self, aws: AwsCaller, operation: str, count: int) -> None:
        self.at(aws).call(
            reading.SERVICE,
            operation,
            ReplicationGroupId=self.group,
            NewReplicaCount=count,
            ApplyImmediately=True,
        )

    def _settled(self, aws: AwsCaller, run: RunContext) -> None:
        def available() -> bool | None:
            found = reading.group(self.at(aws), self.group)
            return True if found and found["Status"] == reading.AVAILABLE else None

        run.wait(
            available,
            what=f"{self.group} in {self.target} to be available",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"look at the group's events in {self.target}; then drstate resume",
        )
