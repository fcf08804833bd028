"""In an emergency no stack brings a small standby to production's class, so an action does.

It follows the promotion: the cluster takes writes meanwhile, and each instance restarts once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.aurora import reading
from drstate.adapters.aurora.actions import DEADLINE_SECONDS, GlobalAction
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.aurora.spec import AuroraSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller


class Resize(GlobalAction):
    """Give the instances in ``target`` the classes of their sources."""

    def __init__(self, entry: CatalogEntry, spec: AuroraSpec, target: str, other: str) -> None:
        super().__init__(entry, spec, target, other)
        self.spec = ActionSpec(
            id=f"{entry.key}#resize",
            resource=entry.key,
            technology="aurora",
            title=f"bring the instances of {spec.identifier} in {target} to production's class",
            when=When.AFTER,
            calls=tuple(calls("rds", target, "DescribeDBInstances", "ModifyDBInstance")),
            estimate_seconds=600,
            deadline_seconds=DEADLINE_SECONDS * 2,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when every instance that is there has its source's class and is available."""
        found = self._found(self.at(aws, self.target))
        return Observation(_so(found, self._wanted()), {"classes": _classes(found)})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Change them at once, and wait."""
        return self._set(aws, run, self._wanted())

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """The classes of before."""
        before = dict(recorded.get("classes") or {})
        return self._set(aws, run, {str(name): str(kind) for name, kind in before.items()})

    def _set(self, aws: AwsCaller, run: RunContext, wanted: Mapping[str, str]) -> dict[str, Any]:
        here = self.at(aws, self.target)
        for name, (kind, _) in self._found(here).items():
            if name in wanted and wanted[name] != kind:
                here.call(
                    "rds",
                    "modify_db_instance",
                    DBInstanceIdentifier=name,
                    DBInstanceClass=wanted[name],
                    ApplyImmediately=True,
                )
        run.wait(
            lambda: True if _so(self._found(here), wanted) else None,
            what=f"the instances of {self.cluster.identifier} in {self.target} to be resized",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"aws rds describe-events --source-type db-instance --region {self.target}; "
            "then drstate resume",
        )
        return {"classes": _classes(self._found(here))}

    def _wanted(self) -> dict[str, str]:
        return {one.identifier: one.instance_class for one in self.cluster.instances}

    def _found(self, here: At) -> dict[str, tuple[str, str]]:
        """Instance -> its class and status."""
        return {
            str(one["DBInstanceIdentifier"]): (
                str(one["DBInstanceClass"]),
                str(one["DBInstanceStatus"]),
            )
            for one in reading.instances(here, self.cluster.identifier)
        }


def _so(found: Mapping[str, tuple[str, str]], wanted: Mapping[str, str]) -> bool:
    return all(
        found[name] == (kind, reading.AVAILABLE) for name, kind in wanted.items() if name in found
    )


def _classes(found: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return {name: kind for name, (kind, _) in found.items()}
