"""What every action on a global cluster knows, and the wait until a cluster follows.

Roles are not declared; who writes moves by the actions of ``promote``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.aurora import reading
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.aurora.spec import AuroraSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

DEADLINE_SECONDS = 1800
REPLICATE = "create the replica first: drstate up --phase replicate"


class GlobalAction(Action):
    """What every action on a global cluster knows."""

    def __init__(self, entry: CatalogEntry, spec: AuroraSpec, target: str, other: str) -> None:
        self.account = entry.resource.account
        self.cluster = spec
        self.target = target
        self.other = other
        self.target_arn = spec.cluster_arn(target)

    def at(self, aws: AwsCaller, region: str) -> At:
        """Calls to the cluster's account in a region."""
        return At(aws, self.account, region)

    def absent(self, topology: reading.Topology | None) -> Observation | None:
        """Why nothing can be done: no global cluster, or the target is none of it. None: it is."""
        name = self.cluster.global_cluster_id
        if topology is None:
            return Observation(
                False,
                {},
                f"global cluster {name} does not exist (seen from {self.target})",
                REPLICATE,
            )
        if topology.member(self.target_arn) is None:
            return Observation(
                False,
                facts_of(topology),
                f"{self.target_arn} is not a member of global cluster {name}",
                REPLICATE,
            )
        return None


class Follow(GlobalAction):
    """See that a foreign cluster follows as a secondary (the site that is to receive)."""

    def __init__(self, entry: CatalogEntry, spec: AuroraSpec, target: str, other: str) -> None:
        super().__init__(entry, spec, target, other)
        self.spec = ActionSpec(
            id=f"{entry.key}#follow",
            resource=entry.key,
            technology="aurora",
            title=f"wait until {spec.identifier} in {target} follows {spec.global_cluster_id}",
            when=When.AFTER,
            calls=tuple(calls("rds", target, "DescribeGlobalClusters", "DescribeDBClusters")),
            estimate_seconds=30,
            deadline_seconds=DEADLINE_SECONDS * 2,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when it is an available member that replicates."""
        topology = reading.topology(self.at(aws, self.target), self.cluster.global_cluster_id)
        absent = self.absent(topology)
        if absent is not None or topology is None:
            return Observation(
                False,
                absent.facts if absent else {},
                absent.blocked if absent else None,
                f"add the cluster of {self.target} to {self.cluster.global_cluster_id} as a "
                "secondary again (its owner's code or the RDS console), then run this again",
            )
        facts = facts_of(topology)
        member = topology.member(self.target_arn)
        if member is not None and member.writer and topology.settled:
            return Observation(
                False,
                facts,
                f"the cluster in {self.target} is the writer; a standby cannot be",
                "drstate up --phase activate moves the writer first",
            )
        return Observation(self._follows(aws, topology), facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Wait; AWS rebuilds the old writer by itself."""

        def following() -> reading.Topology | None:
            now = reading.topology(self.at(aws, self.target), self.cluster.global_cluster_id)
            return now if now is not None and self._follows(aws, now) else None

        return facts_of(
            run.wait(
                following,
                what=f"{self.target_arn} to follow the writer",
                timeout_seconds=self.spec.deadline_seconds,
                hint="look at the cluster's events; rebuilding may take hours; drstate resume",
            )
        )

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Nothing was changed, so nothing is put back."""
        return {}

    def _follows(self, aws: AwsCaller, topology: reading.Topology) -> bool:
        member = topology.member(self.target_arn)
        if member is None or not member.follows or not topology.settled:
            return False
        found = reading.cluster(self.at(aws, self.target), self.cluster.identifier)
        return found is not None and found["Status"] == reading.AVAILABLE


def facts_of(topology: reading.Topology) -> dict[str, Any]:
    """A topology as JSON-ready facts."""
    return {
        "global_cluster": topology.identifier,
        "status": topology.status,
        "writer": topology.writer,
        "members": sorted(member.arn for member in topology.members),
    }
