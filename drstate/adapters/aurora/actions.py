"""What cannot be declared of Aurora: who writes.

A planned switchover is called in the current writer's region and loses nothing: AWS itself fences
the old writer (it stops accepting writes) and waits until the new one has everything. A forced
failover is called in the target region alone, with data loss allowed; AWS's fencing of a region
that does not answer is best effort, so the measured lag is reported, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.aurora import reading
from drstate.adapters.aurora.lag import lag_if_known
from drstate.errors import AwsCallError, OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.aurora import AuroraSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: consent that a forced failover needs
DATA_LOSS = "data-loss"
_DEADLINE_SECONDS = 1800
#: what RDS answers while roles change, or where they have changed already
_BUSY = frozenset({"InvalidDBClusterStateFault", "InvalidGlobalClusterStateFault"})


class _GlobalAction(Action):
    """What every action on a global cluster knows."""

    def __init__(self, entry: CatalogEntry, spec: AuroraSpec, target: str, other: str) -> None:
        self.account = entry.resource.account
        self.cluster = spec
        self.target = target
        self.other = other
        self.target_arn = spec.cluster_arn(target)

    def _at(self, aws: AwsCaller, region: str) -> At:
        return At(aws, self.account, region)

    def _absent(self, topology: reading.Topology | None) -> Observation | None:
        name = self.cluster.global_cluster_id
        replicate = "create the replica first: drstate up --phase replicate"
        if topology is None:
            return Observation(
                False,
                {},
                f"global cluster {name} does not exist (seen from {self.target})",
                replicate,
            )
        if topology.member(self.target_arn) is None:
            return Observation(
                False,
                _facts(topology),
                f"{self.target_arn} is not a member of global cluster {name}",
                replicate,
            )
        return None


class Promote(_GlobalAction):
    """Make the cluster in ``target`` the writer, planned or forced."""

    def __init__(
        self, entry: CatalogEntry, spec: AuroraSpec, target: str, other: str, *, force: bool
    ) -> None:
        super().__init__(entry, spec, target, other)
        self.force = force
        name = spec.global_cluster_id
        reads = calls("rds", target, "DescribeGlobalClusters", "DescribeDBClusters")
        metric = calls("cloudwatch", target, "GetMetricStatistics")
        if force:
            title = f"fail over {name} to {target}, data loss allowed"
            writes = calls("rds", target, "FailoverGlobalCluster")
        else:
            title = f"switch over {name} to {target}, without data loss (AWS fences the old writer)"
            writes = calls("rds", other, "SwitchoverGlobalCluster")
            reads += calls("rds", other, "DescribeDBClusters")
        self.spec = ActionSpec(
            id=f"{entry.key}#promote",
            resource=entry.key,
            technology="aurora",
            title=title,
            when=When.BEFORE,
            calls=(*reads, *metric, *writes),
            estimate_seconds=60 if force else 120,
            deadline_seconds=_DEADLINE_SECONDS,
            needs_consent=DATA_LOSS if force else None,
            undoable=not force,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the target writes and no role change is under way."""
        here = self._at(aws, self.target)
        topology = reading.topology(here, self.cluster.global_cluster_id)
        absent = self._absent(topology)
        if absent is not None or topology is None:
            return absent or Observation(False)
        facts = _facts(topology)
        if topology.writer == self.target_arn:
            return Observation(topology.settled, facts)
        if topology.moving_to == self.target_arn:
            return Observation(False, facts)
        blocked, hint = self._obstacle(aws, topology)
        return Observation(False, facts, blocked, hint)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Call for the role change unless it is under way already, and wait for the writer."""
        here = self._at(aws, self.target)
        name = self.cluster.global_cluster_id
        if self.force:
            run.require_consent(DATA_LOSS, self.spec.title)
        before = reading.topology(here, name)
        lag = lag_if_known(here, self.cluster.identifier, run.clock.now())
        if before is None:
            raise OperationError(
                f"global cluster {name} does not exist",
                why=f"DescribeGlobalClusters in {self.target} does not know it",
                hint="drstate up --phase replicate creates it",
            )
        if self.target_arn not in (before.writer, before.moving_to):
            try:
                self._call(aws, before, name)
            except AwsCallError as error:
                # An attempt whose answer was lost may have begun what this one asks for again.
                if error.aws_code not in _BUSY or not self._under_way(here, name):
                    raise
        after = self._await_writer(here, run, name, self.target_arn)
        return {
            **_facts(after),
            "from": str(run.facts.get("writer") or before.writer or ""),
            "forced": self.force,
            "lag_seconds_before": lag,
            "data_loss": _loss(self.force, lag),
        }

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Switch back to the writer of before (planned promotions only)."""
        if self.force:
            return super().undo(aws, run, recorded)
        previous = str(recorded.get("writer") or "")
        name = self.cluster.global_cluster_id
        if not previous:
            raise OperationError(
                f"no earlier writer of {name} is recorded",
                why="the observation before the promotion has no writer",
                hint="drstate up --phase replicate, then activate, turns the roles",
            )
        here = self._at(aws, self.target)
        if previous != self.target_arn:
            current = reading.topology(here, name)
            if current is not None and current.writer == self.target_arn and current.settled:
                here.call(
                    "rds",
                    "switchover_global_cluster",
                    GlobalClusterIdentifier=name,
                    TargetDbClusterIdentifier=previous,
                )
        return _facts(self._await_writer(here, run, name, previous))

    def _obstacle(self, aws: AwsCaller, topology: reading.Topology) -> tuple[str | None, str]:
        here = reading.cluster(self._at(aws, self.target), self.cluster.identifier)
        if here is None or here["Status"] != reading.AVAILABLE:
            status = here["Status"] if here else "absent"
            return (
                f"the cluster in {self.target} is {status}, not available",
                "wait until it is available, then run the command again",
            )
        if self.force:
            return None, ""
        if not topology.settled:
            return (
                f"global cluster {topology.identifier} is {topology.status}",
                "wait until its change has ended, then run the command again",
            )
        there = reading.cluster(self._at(aws, self.other), self.cluster.identifier)
        if there is None or there["Status"] != reading.AVAILABLE:
            status = there["Status"] if there else "absent"
            return (
                f"the writer in {self.other} is {status}; a switchover needs it available",
                "if that region is lost: drstate up --phase activate --force",
            )
        if there["EngineVersion"] != here["EngineVersion"]:
            versions = f"{there['EngineVersion']} there, {here['EngineVersion']} in {self.target}"
            return (
                f"engine versions differ from {self.other}: {versions}",
                "upgrade the secondary to the writer's version first",
            )
        return None, ""

    def _under_way(self, at: At, name: str) -> bool:
        """Whether the target writes, or is about to."""
        now = reading.topology(at, name)
        return now is not None and self.target_arn in (now.writer, now.moving_to)

    def _call(self, aws: AwsCaller, before: reading.Topology, name: str) -> None:
        if self.force:
            self._at(aws, self.target).call(
                "rds",
                "failover_global_cluster",
                GlobalClusterIdentifier=name,
                TargetDbClusterIdentifier=self.target_arn,
                AllowDataLoss=True,
            )
            return
        region = reading.region_of(before.writer) if before.writer else self.other
        self._at(aws, region).call(
            "rds",
            "switchover_global_cluster",
            GlobalClusterIdentifier=name,
            TargetDbClusterIdentifier=self.target_arn,
        )

    def _await_writer(self, at: At, run: RunContext, name: str, arn: str) -> reading.Topology:
        def settled() -> reading.Topology | None:
            now = reading.topology(at, name)
            return now if now is not None and now.writer == arn and now.settled else None

        return run.wait(
            settled,
            what=f"{arn} to be the writer of {name}",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"look at the global cluster's events in {at.region}; then drstate resume",
        )


class Follow(_GlobalAction):
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
            deadline_seconds=_DEADLINE_SECONDS * 2,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when it is an available member that replicates."""
        topology = reading.topology(self._at(aws, self.target), self.cluster.global_cluster_id)
        absent = self._absent(topology)
        if absent is not None or topology is None:
            return Observation(
                False,
                absent.facts if absent else {},
                absent.blocked if absent else None,
                f"add the cluster of {self.target} to {self.cluster.global_cluster_id} as a "
                "secondary again (its owner's code or the RDS console), then run this again",
            )
        facts = _facts(topology)
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
            now = reading.topology(self._at(aws, self.target), self.cluster.global_cluster_id)
            return now if now is not None and self._follows(aws, now) else None

        return _facts(
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
        found = reading.cluster(self._at(aws, self.target), self.cluster.identifier)
        return found is not None and found["Status"] == reading.AVAILABLE


def _facts(topology: reading.Topology) -> dict[str, Any]:
    return {
        "global_cluster": topology.identifier,
        "status": topology.status,
        "writer": topology.writer,
        "members": sorted(member.arn for member in topology.members),
    }


def _loss(force: bool, lag: float | None) -> str:
    if not force:
        return "none: a switchover waits until the new writer has every write"
    if lag is None:
        return "unknown: AWS had no lag measurement before the failover"
    return f"up to about {lag:.1f} s of writes, by the lag measured before the failover"
