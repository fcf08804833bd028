"""After a detachment: the sites are joined again, from the cluster that stands alone and writes.

AWS takes no existing cluster into a global cluster, so the old one and what is left in it go, a new
global cluster of the same name is made over the writer, and a secondary of the same name with the
same instances in the other region. What the old writer had is kept in a snapshot first: it may hold
writes that the new one never got. A global cluster that is somebody else's is not touched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.aurora import detach, making, reading
from drstate.adapters.aurora.actions import GlobalAction
from drstate.adapters.aurora.instances import add, remove
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.aurora.spec import READER, WRITER, AuroraSpec
from drstate.programs.aurora.values import AuroraValues

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 6 * 3600
_HINT = "aws rds describe-events --source-type db-cluster; then drstate resume"


class Rejoin(GlobalAction):
    """Make ``target`` a secondary of the cluster in ``other``, which was detached."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: AuroraSpec,
        target: str,
        other: str,
        *,
        values: AuroraValues,
        tags: Mapping[str, str],
        global_tags: Mapping[str, str],
        headless: bool,
    ) -> None:
        super().__init__(entry, spec, target, other)
        self.values = values
        self.tags = tags
        self.global_tags = global_tags
        self.headless = headless
        self.spec = ActionSpec(
            id=f"{entry.key}#rejoin",
            resource=entry.key,
            technology="aurora",
            title=f"join {spec.identifier} again: snapshot of the old cluster in {target}, then a "
            f"new secondary there of the one in {other}",
            when=When.BEFORE,
            calls=(
                *calls(
                    "rds",
                    target,
                    "DescribeGlobalClusters",
                    "DescribeDBClusters",
                    "DescribeDBInstances",
                    "DescribeDBClusterSnapshots",
                    "CreateDBClusterSnapshot",
                    "RemoveFromGlobalCluster",
                    "ModifyGlobalCluster",
                    "DeleteGlobalCluster",
                    "ModifyDBCluster",
                    "DeleteDBInstance",
                    "DeleteDBCluster",
                    "CreateDBCluster",
                    "CreateDBInstance",
                ),
                *calls(
                    "rds",
                    other,
                    "DescribeDBClusters",
                    "DescribeGlobalClusters",
                    "CreateGlobalCluster",
                    "RemoveTagsFromResource",
                ),
            ),
            estimate_seconds=3600,
            deadline_seconds=_DEADLINE_SECONDS,
            undoable=False,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the cluster here is in the global cluster that the other one leads."""
        there = self.at(aws, self.other)
        topology = reading.topology(there, self.cluster.global_cluster_id)
        source = self.cluster.cluster_arn(self.other)
        facts = {
            "writer": topology.writer if topology else None,
            "global_cluster": self.cluster.global_cluster_id if topology else None,
        }
        if topology is not None and topology.writer == source:
            member = topology.member(self.target_arn)
            tags = reading.tags_of(reading.cluster(there, self.cluster.identifier))
            done = member is not None and detach.DETACHED_AT not in tags
            return Observation(done, facts)
        if detach.alone(there, self.cluster, topology) is None:
            return Observation(
                False,
                facts,
                f"the cluster in {self.other} neither leads {self.cluster.global_cluster_id} nor "
                "was it detached from it",
                "drstate up --phase activate first",
            )
        if topology is not None and self.cluster.global_cluster is not None:
            return Observation(
                False,
                facts,
                f"global cluster {topology.identifier} belongs to someone else's code",
                f"its owner takes {self.target_arn} out of it, deletes it, and makes one of that "
                f"name over {source}; then run this again",
            )
        return Observation(False, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Keep, clear, and make anew; every step looks first, so that it can be begun again."""
        here, there = self.at(aws, self.target), self.at(aws, self.other)
        writer = self.cluster.cluster_arn(self.other)
        leader = reading.cluster(there, self.cluster.identifier)
        if leader is None:
            raise OperationError(
                f"the cluster in {self.other} does not exist",
                why="it is to be the source of the new secondary",
                hint="drstate status shows which site serves",
            )
        since = reading.tags_of(leader).get(detach.DETACHED_AT, "")
        topology = reading.topology(here, self.cluster.global_cluster_id)
        kept = None
        if topology is None or topology.writer != writer:
            kept = self._keep(here, run, since)
            self._clear(here, run, topology)
        self._global(there, run, writer)
        if reading.cluster(here, self.cluster.identifier) is None:
            request = making.secondary(self.cluster, self.values, self.tags)
            here.call("rds", "create_db_cluster", **request)
        self._until(here, run, lambda found: found["Status"] == reading.AVAILABLE, "available")
        if not self.headless:
            instances = self.values.instances
            add(here, self.cluster, instances, self.tags, run, _DEADLINE_SECONDS)
        there.call(
            "rds",
            "remove_tags_from_resource",
            ResourceName=writer,
            TagKeys=[detach.DETACHED_FROM, detach.DETACHED_AT],
        )
        made = reading.cluster(here, self.cluster.identifier) or {}
        return {
            "writer": writer,
            "kept_snapshot": kept,
            "endpoints": {WRITER: made.get("Endpoint"), READER: made.get("ReaderEndpoint")},
            "memory": {"rejoined": since},
        }

    def _keep(self, here: At, run: RunContext, since: str) -> str | None:
        if reading.cluster(here, self.cluster.identifier) is None:
            return None
        stamp = re.sub(r"\D", "", since)[:14]
        name = f"{self.cluster.identifier}-before-rejoin-{stamp}"

        def snapshot() -> dict[str, Any] | None:
            found: list[dict[str, Any]] = here.find(
                "rds",
                "describe_db_cluster_snapshots",
                "DBClusterSnapshotNotFoundFault",
                DBClusterSnapshotIdentifier=name,
            ).get("DBClusterSnapshots", [])
            return found[0] if found else None

        if snapshot() is None:
            here.call(
                "rds",
                "create_db_cluster_snapshot",
                DBClusterIdentifier=self.cluster.identifier,
                DBClusterSnapshotIdentifier=name,
                Tags=[{"Key": "drstate:managed", "Value": "true"}],
            )
        run.wait(
            lambda: True if (snapshot() or {}).get("Status") == "available" else None,
            what=f"snapshot {name} in {here.region}",
            timeout_seconds=_DEADLINE_SECONDS,
            hint=_HINT,
        )
        return name

    def _clear(self, here: At, run: RunContext, topology: reading.Topology | None) -> None:
        """Only after a snapshot: the old cluster leaves, and it and the global cluster go."""
        name = self.cluster.global_cluster_id
        if topology is not None and topology.member(self.target_arn) is not None:
            here.call(
                "rds",
                "remove_from_global_cluster",
                GlobalClusterIdentifier=name,
                DbClusterIdentifier=self.target_arn,
            )
        if topology is not None:
            here.call(
                "rds",
                "modify_global_cluster",
                GlobalClusterIdentifier=name,
                DeletionProtection=False,
            )
            run.wait(
                lambda: self._deleted(here, name),
                what=f"global cluster {name} to be gone",
                timeout_seconds=_DEADLINE_SECONDS,
                hint=_HINT,
            )
        if reading.cluster(here, self.cluster.identifier) is None:
            return
        self._until(here, run, lambda found: found["Status"] == reading.AVAILABLE, "available")
        found = reading.instances(here, self.cluster.identifier)
        names = [str(one["DBInstanceIdentifier"]) for one in found]
        remove(here, names, run, _DEADLINE_SECONDS)
        here.call(
            "rds",
            "modify_db_cluster",
            DBClusterIdentifier=self.cluster.identifier,
            DeletionProtection=False,
            ApplyImmediately=True,
        )
        self._until(
            here,
            run,
            lambda one: one["Status"] == reading.AVAILABLE and not one.get("DeletionProtection"),
            "unprotected",
        )
        here.call(
            "rds",
            "delete_db_cluster",
            DBClusterIdentifier=self.cluster.identifier,
            # it was taken before anything else
            SkipFinalSnapshot=True,
        )
        run.wait(
            lambda: None if reading.cluster(here, self.cluster.identifier) else True,
            what=f"{self.target_arn} to be gone",
            timeout_seconds=_DEADLINE_SECONDS,
            hint=_HINT,
        )

    def _deleted(self, here: At, name: str) -> bool | None:
        topology = reading.topology(here, name)
        if topology is None:
            return True
        if topology.settled and not topology.members:
            here.find(
                "rds",
                "delete_global_cluster",
                "GlobalClusterNotFoundFault",
                GlobalClusterIdentifier=name,
            )
        return None

    def _global(self, there: At, run: RunContext, writer: str) -> None:
        name = self.cluster.global_cluster_id
        if reading.topology(there, name) is None:
            there.call(
                "rds",
                "create_global_cluster",
                GlobalClusterIdentifier=name,
                SourceDBClusterIdentifier=writer,
                DeletionProtection=self.cluster.deletion_protection,
                Tags=[
                    {"Key": key, "Value": self.global_tags[key]} for key in sorted(self.global_tags)
                ],
            )

        def led() -> bool | None:
            now = reading.topology(there, name)
            return True if now is not None and now.settled and now.writer == writer else None

        run.wait(
            led,
            what=f"global cluster {name} over {writer}",
            timeout_seconds=_DEADLINE_SECONDS,
            hint=_HINT,
        )

    def _until(self, here: At, run: RunContext, so: Any, what: str) -> None:
        def seen() -> bool | None:
            found = reading.cluster(here, self.cluster.identifier)
            return True if found is not None and so(found) else None

        run.wait(
            seen,
            what=f"{self.target_arn} to be {what}",
            timeout_seconds=_DEADLINE_SECONDS,
            hint=_HINT,
        )
