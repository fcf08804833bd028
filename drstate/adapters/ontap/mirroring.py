"""Making the volume of a site the copy of the other's, for the first time or in reverse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.ontap.actions import (
    BROKEN,
    MIRRORED,
    OntapAction,
    await_junction,
    await_kind,
    await_seen,
    facts_of,
)
from drstate.adapters.ontap.client import Mirror
from drstate.adapters.ontap.place import DP, Place, place_calls
from drstate.adapters.site import SiteContext
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import When
from drstate.programs.ontap import OntapPolicy, OntapSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_COPY_SECONDS = 14400
_STEP_SECONDS = 600


class Replicate(OntapAction):
    """Copy the volume of ``other`` onto the one in ``target``, from now on."""

    def __init__(self, entry: CatalogEntry, spec: OntapSpec, site: SiteContext) -> None:
        super().__init__(entry, spec, site)
        title = f"mirror {spec.name} from {site.other} to {site.region}"
        if site.region == spec.region:
            title += f"; what was written in {site.region} since the failover is thrown away"
        self._told(
            "mirror",
            title,
            When.AFTER,
            [
                *place_calls(
                    site.region,
                    "GetStorageVolumes",
                    "GetSnapmirrorRelationships",
                    "PatchStorageVolumes",
                    "PostSnapmirrorRelationships",
                    "PatchSnapmirrorRelationships",
                ),
                *place_calls(
                    site.other,
                    "GetStorageVolumes",
                    "GetSnapmirrorRelationships",
                    "DeleteSnapmirrorRelationships",
                ),
            ],
            estimate_seconds=600,
            deadline_seconds=_COPY_SECONDS + 1200,
            undoable=False,
            warning=f"{entry.key}: what was written in {site.region} since the failover is thrown "
            "away; only snapshots and backups of it are left"
            if site.region == spec.region
            else None,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when a healthy mirror from the other site's volume has copied everything once."""
        here, there = self._place(aws, self.target), self._place(aws, self.other)
        found = here.cluster.volume(here.svm_name, self.volume.name)
        if found is None and self.site.by_stack:
            return Observation(False)
        if found is None:
            return Observation(
                False,
                {},
                f"there is no volume {here.path} in {self.target}",
                "its owner has to create it again, as a data protection volume",
            )
        mirror = here.cluster.mirror(here.path)
        facts = {"type": found.kind, "junction": found.junction, **facts_of(mirror)}
        if mirror is not None and mirror.source != there.path:
            return Observation(
                False,
                facts,
                f"{here.path} is a copy of {mirror.source}, not of {there.path}",
                "break and delete that relationship first",
            )
        left = there.cluster.mirror(there.path)
        if left is not None and left.state != BROKEN:
            return Observation(
                False,
                facts,
                f"{there.path} in {self.other} is itself a copy ({left.state})",
                "drstate up --phase activate makes it writable first",
            )
        return Observation(left is None and _copies(mirror) and found.kind == "dp", facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Clear the old direction, unmount, begin or resynchronise, wait for the first copy."""
        here, there = self._place(aws, self.target), self._place(aws, self.other)
        found = here.cluster.volume(here.svm_name, self.volume.name)
        if found is None:
            raise OperationError(
                f"there is no volume {here.path} in {self.target}",
                why="ONTAP does not know it",
                hint="drstate up --phase replicate declares the one at the recovery site",
            )
        if found.junction:
            here.cluster.mount(found.uuid, "")
            await_junction(here, run, None)
        self._begin(here, there, found.kind, run)
        done = self._await(here, run, "to be a copy", MIRRORED, seconds=_COPY_SECONDS)
        # only now: until then the old direction could still be taken up again
        left = there.cluster.mirror(there.path)
        if left is not None and left.state == BROKEN:
            there.cluster.delete_mirror(left.uuid)
        await_kind(here, run, "dp")
        await_seen(here, run, DP, None)
        return facts_of(done)

    def _begin(self, here: Place, there: Place, kind: str, run: RunContext) -> None:
        policy = self.site.policy("ontap", OntapPolicy)
        mirror = here.cluster.mirror(here.path)
        first = kind == "dp"
        if mirror is None:
            here.cluster.create_mirror(
                there.path, here.path, policy.mirror_policy, policy.schedule, begin=first
            )
            mirror = run.wait(
                lambda: here.cluster.mirror(here.path),
                what=f"the mirror to {here.path} to be created",
                timeout_seconds=_STEP_SECONDS,
                hint="look at the cluster's jobs; drstate resume",
            )
            if first:
                # creating it began the first copy
                return
        if mirror.state != MIRRORED and not mirror.transferring:
            # initialises, resumes or resynchronises, by the state that it is in
            here.cluster.set_state(mirror.uuid, MIRRORED)


def _copies(mirror: Mirror | None) -> bool:
    return (
        mirror is not None
        and mirror.state == MIRRORED
        and mirror.healthy
        and mirror.lag_seconds is not None
    )
