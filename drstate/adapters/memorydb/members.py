"""Members of a multi-region cluster: where somebody else's is reached, and how many replicas.

The number of replicas is set by an action in an emergency only, where no stack does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.memorydb import reading
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.model.words import counted
from drstate.programs.memorydb import MemorydbSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 3600


class _MemberAction(Action):
    """What both actions know."""

    def __init__(self, entry: CatalogEntry, spec: MemorydbSpec, target: str) -> None:
        self.account = entry.resource.account
        self.target = target
        self.cluster = spec.member(target)

    def at(self, aws: AwsCaller) -> At:
        """The region acted on."""
        return At(aws, self.account, self.target)

    def settled(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """The cluster, once it is available."""

        def available() -> dict[str, Any] | None:
            found = reading.cluster(self.at(aws), self.cluster)
            return found if found and found["Status"] == reading.AVAILABLE else None

        return run.wait(
            available,
            what=f"{self.cluster} in {self.target} to be available",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"look at the cluster's events in {self.target}; then drstate resume",
        )


class Reach(_MemberAction):
    """See that a member that somebody else has is available, and where it is reached."""

    def __init__(self, entry: CatalogEntry, spec: MemorydbSpec, target: str) -> None:
        super().__init__(entry, spec, target)
        self.known = entry.endpoints.get(target, {})
        self.spec = ActionSpec(
            id=f"{entry.key}#reach",
            resource=entry.key,
            technology="memorydb",
            title=f"see that {self.cluster} in {target} is available, and where it is reached",
            when=When.BEFORE,
            calls=tuple(calls(reading.SERVICE, target, "DescribeClusters")),
            estimate_seconds=10,
            deadline_seconds=_DEADLINE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when it is available and its endpoint is recorded."""
        found = reading.cluster(self.at(aws), self.cluster)
        if found is None:
            return Observation(
                False,
                {},
                f"there is no cluster {self.cluster} in {self.target}",
                "its owner has to make it anew as a member of the multi-region cluster",
            )
        told = reading.endpoints(found)
        done = found["Status"] == reading.AVAILABLE and told == self.known
        return Observation(done, {"endpoints": told})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Wait, and tell the endpoint."""
        return {"endpoints": reading.endpoints(self.settled(aws, run))}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Nothing was changed, so nothing is put back."""
        return {}


class Resize(_MemberAction):
    """Give every shard its replicas."""

    def __init__(self, entry: CatalogEntry, spec: MemorydbSpec, target: str) -> None:
        super().__init__(entry, spec, target)
        self.replicas = spec.replicas
        self.spec = ActionSpec(
            id=f"{entry.key}#resize",
            resource=entry.key,
            technology="memorydb",
            title=f"give {self.cluster} in {target} {counted(self.replicas, 'replica')} per shard",
            when=When.AFTER,
            calls=tuple(calls(reading.SERVICE, target, "DescribeClusters", "UpdateCluster")),
            estimate_seconds=600,
            deadline_seconds=_DEADLINE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when no shard has fewer."""
        found = reading.cluster(self.at(aws), self.cluster)
        if found is None:
            return Observation(
                False,
                {},
                f"there is no cluster {self.cluster} in {self.target}",
                "drstate up --phase replicate",
            )
        has = reading.replicas(found)
        done = has >= self.replicas and found["Status"] == reading.AVAILABLE
        return Observation(done, {"replicas": has})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Add what is missing and wait; never takes away."""
        found = self.settled(aws, run)
        if reading.replicas(found) < self.replicas:
            self._set(aws, run, self.replicas)
        return {"replicas": self.replicas}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Take away again what was added."""
        before = recorded.get("replicas")
        if not isinstance(before, int):
            raise OperationError(
                f"how many replicas {self.cluster} had is not recorded",
                why="the observation before the change does not say",
                hint="drstate up --phase replicate sets the standby's number",
            )
        if before < self.replicas:
            self.settled(aws, run)
            self._set(aws, run, before)
        return {"replicas": before}

    def _set(self, aws: AwsCaller, run: RunContext, count: int) -> None:
        self.at(aws).call(
            reading.SERVICE,
            "update_cluster",
            ClusterName=self.cluster,
            ReplicaConfiguration={"ReplicaCount": count},
        )
        self.settled(aws, run)
