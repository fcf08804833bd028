"""What an unplanned failover left behind: the snapshot of the writes that never arrived.

AWS keeps it in the old writer's region, as an automated snapshot that goes when its retention ends.
It is the only place where lost writes can be looked up, so it is copied to one that stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.aurora.actions import DEADLINE_SECONDS, GlobalAction
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.aurora.spec import AuroraSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: what AWS names them after
PREFIX = "rds:unplanned-global-failover-"
_AVAILABLE = "available"


class KeepSnapshots(GlobalAction):
    """Copy the failover snapshots of the cluster in ``target`` before they expire."""

    def __init__(self, entry: CatalogEntry, spec: AuroraSpec, target: str, other: str) -> None:
        super().__init__(entry, spec, target, other)
        self.spec = ActionSpec(
            id=f"{entry.key}#snapshots",
            resource=entry.key,
            technology="aurora",
            title=f"keep snapshots of unplanned failovers of {spec.identifier} in {target}",
            when=When.BEFORE,
            calls=tuple(
                calls("rds", target, "DescribeDBClusterSnapshots", "CopyDBClusterSnapshot")
            ),
            estimate_seconds=10,
            deadline_seconds=DEADLINE_SECONDS * 2,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when every one of them has a copy; without an unplanned failover there is none."""
        here = self.at(aws, self.target)
        wanted = self._wanted(here)
        kept = self._kept(here)
        facts = {"snapshots": sorted(wanted), "kept": sorted(kept & set(wanted.values()))}
        return Observation(set(wanted.values()) <= kept, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Copy those that have no copy yet."""
        here = self.at(aws, self.target)
        wanted = self._wanted(here)
        kept = self._all(here, "manual")
        for name, copy in wanted.items():
            if copy not in kept:
                here.call(
                    "rds",
                    "copy_db_cluster_snapshot",
                    SourceDBClusterSnapshotIdentifier=name,
                    TargetDBClusterSnapshotIdentifier=copy,
                    Tags=[
                        {"Key": "drstate:managed", "Value": "true"},
                        {"Key": "drstate:source", "Value": name},
                    ],
                )
        copies = set(wanted.values())

        def copied() -> bool | None:
            return True if copies <= self._kept(here) else None

        run.wait(
            copied,
            what=f"{', '.join(sorted(copies))} in {self.target} to be copied",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"aws rds describe-db-cluster-snapshots --region {self.target}; "
            "then drstate resume",
        )
        return {
            "kept": sorted(copies),
            "note": "they hold what the old writer had when it was failed over; look for lost "
            "writes there, and delete them when nobody needs them",
        }

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """The copies stay: they harm nobody."""
        return {}

    def _wanted(self, here: At) -> dict[str, str]:
        """Snapshot -> name of its copy."""
        mark = f"{PREFIX}{self.cluster.identifier}-"
        return {
            name: f"{self.cluster.identifier}-unplanned-failover-{name.removeprefix(mark)}"
            for name in self._all(here, "automated")
            if name.startswith(mark)
        }

    def _kept(self, here: At) -> set[str]:
        return {name for name, status in self._all(here, "manual").items() if status == _AVAILABLE}

    def _all(self, here: At, kind: str) -> dict[str, str]:
        found = here.pages(
            "rds",
            "describe_db_cluster_snapshots",
            "DBClusterSnapshots",
            DBClusterIdentifier=self.cluster.identifier,
            SnapshotType=kind,
        )
        return {str(one["DBClusterSnapshotIdentifier"]): str(one.get("Status")) for one in found}
