"""Recovery from carried snapshots: a new cluster from the newest export, its health and its age.

ACTIVATE creates here, by nature. The cluster that served before is left as it is: nothing here
deletes data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.carrying import (
    AVAILABLE,
    DEADLINE_SECONDS,
    Cluster,
    SnapshotAction,
    Snapshots,
)
from drstate.adapters.findings import Health, Lag
from drstate.errors import OperationError
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.model.plan import ActionSpec, Plane, When

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: consent that a restore without a last snapshot needs
DATA_LOSS = "data-loss"


class Restore(SnapshotAction):
    """Make a cluster here from the newest export."""

    def __init__(self, store: Snapshots, *, force: bool) -> None:
        super().__init__(store)
        self.force = force
        self.spec = ActionSpec(
            id=f"{store.entry.key}#restore",
            resource=store.entry.key,
            technology=store.technology,
            title=f"restore {store.identifier} in {self.target} from its newest export; writes "
            "after that snapshot are not in it",
            when=When.BEFORE,
            calls=(
                *calls(store.service, self.target, *store.sees),
                *(call for name, one in store.restores for call in calls(name, self.target, one)),
                *calls("s3", self.target, "ListObjectsV2", plane=Plane.DATA),
            ),
            estimate_seconds=900,
            deadline_seconds=DEADLINE_SECONDS,
            needs_consent=DATA_LOSS if force else None,
            undoable=False,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when a cluster made of the newest export is available."""
        store, here = self.store, self._at(aws, self.target)
        missing = store.no_bucket(self.target)
        if missing is not None:
            return self.without_bucket(missing)
        export = store.newest(here)
        if export is None:
            # a planned one carries its own last snapshot before
            blocked = None
            if self.force:
                blocked = f"bucket {store.buckets[self.target]} has no export of {store.identifier}"
            return Observation(
                False, {}, blocked, "without an export nothing can be restored; see its backups"
            )
        made = store.made_of(here, export)
        facts = {
            "export": export.stamp,
            "age_seconds": export.age_seconds(store.clock.now()),
            "cluster": made.name if made else None,
        }
        return Observation(made is not None and made.status == AVAILABLE, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Create unless it is being created already, and wait until it is available.

        Raises OperationError where no export has been carried over.
        """
        store, here = self.store, self._at(aws, self.target)
        if self.force:
            run.require_consent(DATA_LOSS, self.spec.title)
        export = store.newest(here)
        if export is None:
            raise OperationError(
                f"there is no export of {store.identifier} in {self.target}",
                why=f"nothing whole is under {store.prefix} of its bucket",
                hint="drstate up --phase replicate carries one over",
            )
        name = store.restored_name(export.stamp)
        if store.made_of(here, export) is None:
            store.restore(here, name, export.arns)

        def available() -> Cluster | None:
            made = store.made_of(here, export)
            return made if made is not None and made.status == AVAILABLE else None

        made = run.wait(
            available,
            what=f"{name} to be available",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"look at {store.service}'s events in {self.target}; then drstate resume",
        )
        age = export.age_seconds(run.clock.now())
        return {
            "cluster": name,
            "export": export.stamp,
            "forced": self.force,
            "rpo_seconds": age,
            "data_loss": f"writes since {export.taken_at.isoformat()} ({age:.0f} s ago)",
            "endpoints": made.endpoints,
        }


def served(store: Snapshots, at: At) -> Health:
    """HEALTHY: the cluster made of the newest export is available."""
    export = store.newest(at)
    made = store.made_of(at, export)
    if export is None or made is None:
        found = store.serving(at)
        # the original serves where nothing was ever restored
        if export is None and found is not None and found.status == AVAILABLE:
            return Health(ResourceStatus.HEALTHY, f"{found.name} is available")
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{store.identifier} is not restored in {at.region}",
            "drstate up --phase activate restores it",
        )
    facts: dict[str, Any] = {"cluster": made.name, "status": made.status, "export": export.stamp}
    if made.status != AVAILABLE:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{made.name} in {at.region} is {made.status}",
            "wait until it is available: drstate resume",
            facts,
        )
    return Health(ResourceStatus.HEALTHY, f"{made.name} is restored and available", facts=facts)


def standing_by(store: Snapshots, at: At) -> Health:
    """HEALTHY: a whole export is here, young enough, and not restored from already."""
    replicate = "drstate up --phase replicate carries one over"
    missing = store.no_bucket(at.region)
    if missing is not None:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"there is no bucket for exports in {missing}",
            store.bucket_hint(missing),
        )
    export = store.newest(at)
    if export is None or store.made_of(at, export) is not None:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{at.region} has no export of {store.identifier} that it was not restored from",
            replicate,
        )
    age = export.age_seconds(store.clock.now())
    facts: dict[str, Any] = {"export": export.stamp, "lag_seconds": age}
    if age > store.max_age_seconds:
        return Health(
            ResourceStatus.DEGRADED,
            f"the newest export of {store.identifier} is {age / 3600:.1f} h old",
            replicate,
            facts,
        )
    return Health(
        ResourceStatus.HEALTHY,
        f"an export of {export.taken_at.isoformat()} can be restored; a recovery loses what was "
        "written since",
        facts=facts,
    )


def prerequisites(store: Snapshots, phase: Phase, why: str) -> tuple[Health, ...]:
    """Buckets at hand, and in REPLICATE a warning of what a recovery loses, and ``why``."""
    site, found = store.site, []
    missing = store.no_bucket(*((site.region,) if site.force else (site.region, site.other)))
    if missing is not None:
        found.append(
            Health(
                ResourceStatus.UNHEALTHY,
                f"there is no bucket for exports in {missing}",
                store.bucket_hint(missing),
            )
        )
    if phase is Phase.REPLICATE:
        found.append(
            Health(
                ResourceStatus.DEGRADED,
                f"AWS does not replicate {store.identifier} ({why}): snapshots are carried, and a "
                f"recovery loses up to {store.max_age_seconds / 60:.0f} minutes of writes",
                "run drstate up --phase replicate on a schedule, or change what stands in the way",
            )
        )
    return tuple(found)


def export_lag(store: Snapshots, at: At) -> Lag:
    """The age of the newest export: what a recovery now would lose."""
    export = store.newest(at)
    source = f"the newest export of {store.identifier} in {at.region}"
    if export is None:
        return Lag(None, None, source)
    now = store.clock.now()
    return Lag(export.age_seconds(now), now, source)


#: reasons for which phases have nothing to do
RESTORED_LATER = (
    "what is restored gets no later writes, so it is restored in ACTIVATE, from the last snapshot "
    "that can be had"
)
LEFT = "what served before in {region} stays as it was: deleting it is its owner's decision"
