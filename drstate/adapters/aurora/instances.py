"""Instances of a headless site: added before the cluster is to serve, removed once it follows.

A headless secondary has storage only. Its instances are not declared, so that the stack has the
same resources in every site state (see the decision on headless Aurora).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.aurora import making, reading
from drstate.adapters.aurora.actions import REPLICATE, GlobalAction
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.aurora.spec import AuroraSpec
from drstate.programs.aurora.values import InstanceValues

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 3600


class Instances(GlobalAction):
    """Bring the number of instances in ``target`` to all of the source's, or to none."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: AuroraSpec,
        target: str,
        other: str,
        *,
        wanted: tuple[InstanceValues, ...],
        tags: Mapping[str, str],
        present: bool,
        when: When,
    ) -> None:
        super().__init__(entry, spec, target, other)
        self.wanted = wanted
        self.tags = tags
        self.present = present
        operation = "CreateDBInstance" if present else "DeleteDBInstance"
        reads = ["DescribeDBInstances", "DescribeDBClusters"]
        if not present:
            reads.append("DescribeGlobalClusters")
        do = "add the instances of" if present else "remove the instances of"
        self.spec = ActionSpec(
            id=f"{entry.key}#instances",
            resource=entry.key,
            technology="aurora",
            title=f"{do} {spec.identifier} in {target} (headless standby)",
            when=when,
            calls=tuple(calls("rds", target, *reads, operation)),
            estimate_seconds=600,
            deadline_seconds=_DEADLINE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when all of them are available, or none is there."""
        here = self.at(aws, self.target)
        found = self._found(here)
        facts = {"instances": found}
        if self.present:
            done = all(found.get(name) == reading.AVAILABLE for name in self._names())
            if not done and reading.cluster(here, self.cluster.identifier) is None:
                return Observation(
                    False, facts, f"there is no cluster in {self.target} to add them to", REPLICATE
                )
            return Observation(done, facts)
        return Observation(not found, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Make or delete what is missing or too many, and wait."""
        here = self.at(aws, self.target)
        if self.present:
            add(here, self.cluster, self.wanted, self.tags, run, _DEADLINE_SECONDS)
        else:
            self._remove(here, run)
        return {"instances": self._found(here)}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Delete those that were added, or make those again that were removed."""
        here = self.at(aws, self.target)
        before = set(recorded.get("instances") or {})
        if self.present:
            _delete(here, [name for name in self._found(here) if name not in before], run)
        else:
            again = tuple(one for one in self.wanted if one.spec.identifier in before)
            add(here, self.cluster, again, self.tags, run, _DEADLINE_SECONDS)
        return {"instances": self._found(here)}

    def _remove(self, here: At, run: RunContext) -> None:
        topology = reading.topology(here, self.cluster.global_cluster_id)
        member = topology.member(self.target_arn) if topology else None
        if member is None or member.writer:
            raise OperationError(
                f"the instances of {self.cluster.identifier} in {self.target} are not removed",
                why="the cluster does not follow a writer in the other region",
                hint="drstate up --phase activate at the other site first",
            )
        _delete(here, list(self._found(here)), run)

    def _names(self) -> list[str]:
        return [one.spec.identifier for one in self.wanted]

    def _found(self, here: At) -> dict[str, str]:
        return {
            str(one["DBInstanceIdentifier"]): str(one["DBInstanceStatus"])
            for one in reading.instances(here, self.cluster.identifier)
        }


def add(
    here: At,
    spec: AuroraSpec,
    wanted: tuple[InstanceValues, ...],
    tags: Mapping[str, str],
    run: RunContext,
    timeout: float,
) -> None:
    """Make the instances that are missing, all at once, and wait until every one is available."""

    def statuses() -> dict[str, str]:
        return {
            str(one["DBInstanceIdentifier"]): str(one["DBInstanceStatus"])
            for one in reading.instances(here, spec.identifier)
        }

    there = statuses()
    for one in wanted:
        if one.spec.identifier not in there:
            here.call("rds", "create_db_instance", **making.instance(spec, one, tags))

    def available() -> bool | None:
        now = statuses()
        up = all(now.get(one.spec.identifier) == reading.AVAILABLE for one in wanted)
        return True if up else None

    run.wait(
        available,
        what=f"the instances of {spec.identifier} in {here.region} to be available",
        timeout_seconds=timeout,
        hint=f"aws rds describe-events --source-type db-instance --region {here.region}; "
        "then drstate resume",
    )


def _delete(here: At, names: list[str], run: RunContext) -> None:
    remove(here, names, run, _DEADLINE_SECONDS)


def remove(here: At, names: list[str], run: RunContext, timeout: float) -> None:
    """Delete instances (the data is the cluster's) and wait until they are gone."""
    for name in names:
        here.find(
            "rds",
            "delete_db_instance",
            "DBInstanceNotFound",
            DBInstanceIdentifier=name,
            SkipFinalSnapshot=True,
        )

    def gone() -> bool | None:
        left = [
            name
            for name in names
            if here.find(
                "rds",
                "describe_db_instances",
                "DBInstanceNotFound",
                DBInstanceIdentifier=name,
            ).get("DBInstances")
        ]
        return None if left else True

    run.wait(
        gone,
        what=f"{', '.join(names)} in {here.region} to be gone",
        timeout_seconds=timeout,
        hint=f"aws rds describe-db-instances --region {here.region}; then drstate resume",
    )
