"""What a stack would set, set by an action: at a foreign site, and in an emergency.

Class, second zone, backups and windows are brought to what the site state wants. A second zone and
another class take minutes while the instance answers on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import calls
from drstate.adapters.rds import reading
from drstate.adapters.rds.changing import RdsAction, present
from drstate.adapters.rds.replica import differing
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.rds import RdsSpec, RdsValues

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller


class Settle(RdsAction):
    """Bring the instance in ``region`` to the site state's values."""

    def __init__(
        self, entry: CatalogEntry, spec: RdsSpec, region: str, other: str, values: RdsValues
    ) -> None:
        super().__init__(entry, spec, region, other)
        self.values = values
        self.spec = ActionSpec(
            id=f"{entry.key}#settle",
            resource=entry.key,
            technology="rds",
            title=f"set class, zones and backups of {spec.identifier} in {region}",
            when=When.AFTER,
            calls=tuple(calls("rds", region, "DescribeDBInstances", "ModifyDBInstance")),
            estimate_seconds=300,
            deadline_seconds=3600,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when everything is as wanted. An instance that is yet to be made is no obstacle."""
        found = reading.instance(self.here(aws), self.db.identifier)
        if found is None:
            return Observation(False, {"status": "absent"})
        later = differing(found, self.db, self.values)
        before = {key: found.shown.get(key) for key in later}
        return Observation(not later, {"status": found.status, "before": before})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """One change, applied at once, and the wait for its end."""
        later = differing(present(self.here(aws), self.db.identifier), self.db, self.values)
        self._set(aws, run, later)
        return {"set": sorted(later)}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """The values of before."""
        before = dict(recorded.get("before") or {})
        found = present(self.here(aws), self.db.identifier)
        self._set(
            aws,
            run,
            {
                key: value
                for key, value in before.items()
                if value is not None and found.shown.get(key) != value
            },
        )
        return {"set": sorted(before)}

    def _set(self, aws: AwsCaller, run: RunContext, changes: dict[str, Any]) -> None:
        if not changes:
            return
        here = self.here(aws)
        self.change(
            run,
            here,
            self.db.identifier,
            "set its class, zones and backups",
            lambda: here.call(
                "rds",
                "modify_db_instance",
                DBInstanceIdentifier=self.db.identifier,
                ApplyImmediately=True,
                **changes,
            ),
        )
        self.until(
            run,
            here,
            self.db.identifier,
            "changed",
            lambda one: (
                one.status in reading.SERVING
                and not (set(changes) & set(one.shown.get("PendingModifiedValues") or {}))
            ),
        )
