"""What cannot be declared of Aurora: who writes.

A planned switchover is called in the current writer's region and loses nothing: AWS itself fences
the old writer (it stops accepting writes) and waits until the new one has everything. A forced
failover is called in the target region alone, with data loss allowed; AWS's fencing of a region
that does not answer is best effort, so the measured lag is reported, never zero.

Where AWS refuses the forced failover, or it does not come to its end, the target is detached from
the global cluster: the last resort, because nothing replicates any more and the old writer is not
fenced at all. REPLICATE joins the sites again (see ``rejoin``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.aurora import detach, reading
from drstate.adapters.aurora.actions import DEADLINE_SECONDS, GlobalAction, facts_of
from drstate.adapters.aurora.lag import lag_if_known
from drstate.errors import AwsCallError, OperationError, TimedOutError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.aurora.spec import AuroraSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: consent that a forced failover needs
DATA_LOSS = "data-loss"
#: how long a forced failover may take before the target is detached
FAILOVER_SECONDS = 600
#: what RDS answers while roles change, or where they have changed already
_BUSY = frozenset({"InvalidDBClusterStateFault", "InvalidGlobalClusterStateFault"})
#: the caller's own fault: detaching would be refused as well, or be wrong
_NOT_AWS = ("AccessDenied", "Unauthorized", "NotAuthorized", "Validation", "InvalidParameter")


class Promote(GlobalAction):
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
            title = f"fail over {name} to {target}, data loss allowed (detach it as last resort)"
            writes = calls(
                "rds",
                target,
                "FailoverGlobalCluster",
                "DescribeEvents",
                "AddTagsToResource",
                "RemoveFromGlobalCluster",
            )
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
            deadline_seconds=DEADLINE_SECONDS,
            needs_consent=DATA_LOSS if force else None,
            undoable=not force,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the target writes and no role change is under way."""
        here = self.at(aws, self.target)
        topology = reading.topology(here, self.cluster.global_cluster_id)
        absent = self.absent(topology)
        if absent is not None or topology is None:
            alone = detach.alone(here, self.cluster, topology)
            if alone is not None:
                return Observation(alone.status == reading.AVAILABLE, detach.facts_of(alone))
            return absent or Observation(False)
        facts = facts_of(topology)
        if topology.writer == self.target_arn:
            return Observation(topology.settled, facts)
        if topology.moving_to == self.target_arn:
            return Observation(False, facts)
        blocked, hint = self._obstacle(aws, topology)
        return Observation(False, facts, blocked, hint)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Call for the role change unless it is under way already, and wait for the writer."""
        here = self.at(aws, self.target)
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
        because = self._begun(aws, before, name)
        told: dict[str, Any] = {
            "from": str(run.facts.get("writer") or before.writer or ""),
            "forced": self.force,
            "lag_seconds_before": lag,
            # a switchover waits for every write
            "achieved_rpo_seconds": lag if self.force else 0.0,
            "data_loss": _loss(self.force, lag),
        }
        if because is None:
            try:
                after = self._await_writer(here, run, name, self.target_arn)
                if self.force:
                    # whether the old writer was stopped is told nowhere else
                    told["events"] = reading.events(here, self.cluster.identifier)
                return {**facts_of(after), **told}
            except TimedOutError as error:
                if not self.force:
                    raise
                because = error.what
        alone = detach.detach(here, self.cluster, run, because, DEADLINE_SECONDS / 2)
        return {
            **detach.facts_of(alone),
            **told,
            "detached_because": because,
            "memory": {"detached_at": alone.since},
        }

    def _begun(self, aws: AwsCaller, before: reading.Topology, name: str) -> str | None:
        """Call for the role change; None, or why only detaching is left (forced ones only)."""
        if self.target_arn in (before.writer, before.moving_to):
            return None
        try:
            self._call(aws, before, name)
        except AwsCallError as error:
            # An attempt whose answer was lost may have begun what this one asks for again.
            if error.aws_code in _BUSY and self._under_way(self.at(aws, self.target), name):
                return None
            if not self.force or error.aws_code.startswith(_NOT_AWS):
                raise
            return error.why or error.what
        return None

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
        here = self.at(aws, self.target)
        if previous != self.target_arn:
            current = reading.topology(here, name)
            if current is not None and current.writer == self.target_arn and current.settled:
                here.call(
                    "rds",
                    "switchover_global_cluster",
                    GlobalClusterIdentifier=name,
                    TargetDbClusterIdentifier=previous,
                )
        return facts_of(self._await_writer(here, run, name, previous))

    def _obstacle(self, aws: AwsCaller, topology: reading.Topology) -> tuple[str | None, str]:
        here = reading.cluster(self.at(aws, self.target), self.cluster.identifier)
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
        there = reading.cluster(self.at(aws, self.other), self.cluster.identifier)
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
            self.at(aws, self.target).call(
                "rds",
                "failover_global_cluster",
                GlobalClusterIdentifier=name,
                TargetDbClusterIdentifier=self.target_arn,
                AllowDataLoss=True,
            )
            return
        region = reading.region_of(before.writer) if before.writer else self.other
        self.at(aws, region).call(
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
            timeout_seconds=FAILOVER_SECONDS if self.force else self.spec.deadline_seconds,
            hint=f"look at the global cluster's events in {at.region}; then drstate resume",
        )


def _loss(force: bool, lag: float | None) -> str:
    if not force:
        return "none: a switchover waits until the new writer has every write"
    if lag is None:
        return "unknown: AWS had no lag measurement before the failover"
    return f"up to about {lag:.1f} s of writes, by the lag measured before the failover"
