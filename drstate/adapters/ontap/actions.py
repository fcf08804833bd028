"""What cannot be declared of ONTAP: which volume is the copy, and how it is mounted.

Planned: the old volume is unmounted, which stops its writers; what is left is copied; the mirror is
quiesced and broken; the copy is mounted, and its quotas are activated: a break does neither.
Forced: all of this on the cluster that is left, without the old one. Reversed, a mirror is made
the other way round and resynchronised: what was written to the old volume after the failover is
thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At
from drstate.adapters.ontap.client import Mirror, OntapError
from drstate.adapters.ontap.place import RW, Place, place, place_calls
from drstate.adapters.site import SiteContext
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, Call, When
from drstate.programs.ontap import NFS, OntapSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

DATA_LOSS = "data-loss"
MIRRORED, PAUSED, BROKEN = "snapmirrored", "paused", "broken_off"
_STEP_SECONDS = 600
#: FSx follows ONTAP about a minute later
_SEEN_SECONDS = 600
_COPY_SECONDS = 14400
_REPLICATE = "drstate up --phase replicate"
_READS = ("GetStorageVolumes", "GetSnapmirrorRelationships")


class OntapAction(Action):
    """What every action of a volume knows."""

    def __init__(self, entry: CatalogEntry, spec: OntapSpec, site: SiteContext) -> None:
        self.entry = entry
        self.volume = spec
        self.site = site
        self.target = site.region
        self.other = site.other

    def _place(self, aws: AwsCaller, region: str) -> Place:
        at = At(aws, self.entry.resource.account, region)
        return place(at, self.volume, self.site)

    def _told(self, name: str, title: str, when: When, calls: list[Call], **more: Any) -> None:
        self.spec = ActionSpec(
            id=f"{self.entry.key}#{name}",
            resource=self.entry.key,
            technology="ontap",
            title=title,
            when=when,
            calls=tuple(dict.fromkeys(calls)),
            **more,
        )

    def _await(
        self, here: Place, run: RunContext, what: str, *states: str, seconds: float = _STEP_SECONDS
    ) -> Mirror:
        """Wait until the mirror to the volume here rests in one of the states."""

        def resting() -> Mirror | None:
            now = here.cluster.mirror(here.path)
            if now is None:
                raise OperationError(
                    f"the mirror to {here.path} in {here.at.region} is gone",
                    why="ONTAP does not know it any more; somebody else has deleted it",
                    hint=_REPLICATE,
                )
            # a mirror whose source is lost is not healthy: that is why it is forced
            if not now.healthy and not now.transferring and not self.site.force:
                raise OperationError(
                    f"the mirror to {here.path} in {here.at.region} is not healthy",
                    why=now.reason or "ONTAP gives no reason",
                    hint="mend what it names, then drstate resume",
                )
            return now if now.state in states and not now.transferring else None

        return run.wait(
            resting,
            what=f"{here.path} in {here.at.region} {what}",
            timeout_seconds=seconds,
            hint=f"look at the mirror on the cluster in {here.at.region}; drstate resume waits on",
        )


class Unmount(OntapAction):
    """Take the volume in ``where`` out of its namespace: clients cannot write to it any more."""

    def __init__(self, entry: CatalogEntry, spec: OntapSpec, site: SiteContext, where: str) -> None:
        super().__init__(entry, spec, site)
        self.where = where
        self._told(
            "unmount",
            f"unmount {spec.name} in {where}: nothing can write to it any more",
            When.BEFORE,
            place_calls(where, "GetStorageVolumes", "PatchStorageVolumes"),
            estimate_seconds=10,
            deadline_seconds=_STEP_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when it is mounted nowhere."""
        there = self._place(aws, self.where)
        found = there.cluster.volume(there.svm_name, self.volume.name)
        junction = found.junction if found else None
        return Observation(junction is None, {"junction": junction})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Unmount it unless it is."""
        there = self._place(aws, self.where)
        found = there.cluster.volume(there.svm_name, self.volume.name)
        if found is not None and found.junction:
            there.cluster.mount(found.uuid, "")
        await_junction(there, run, None)
        return {"junction": None}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Mount it where it was mounted."""
        junction = str(recorded.get("junction") or "")
        if junction:
            there = self._place(aws, self.where)
            found = there.cluster.volume(there.svm_name, self.volume.name)
            if found is not None and found.junction != junction:
                there.cluster.mount(found.uuid, junction)
            await_junction(there, run, junction)
        return {"junction": junction or None}


class Break(OntapAction):
    """Make the copy in ``target`` writable."""

    def __init__(self, entry: CatalogEntry, spec: OntapSpec, site: SiteContext) -> None:
        super().__init__(entry, spec, site)
        lost = ": what was not copied is lost" if site.force else " after a last copy"
        forced = ("GetSnapmirrorRelationshipsTransfers", "PatchSnapmirrorRelationshipsTransfers")
        more = forced if site.force else ("PostSnapmirrorRelationshipsTransfers",)
        self._told(
            "break",
            f"break the mirror of {spec.name} in {site.region}{lost}",
            When.BEFORE,
            place_calls(site.region, *_READS, "PatchSnapmirrorRelationships", *more),
            estimate_seconds=60 if site.force else 300,
            deadline_seconds=_STEP_SECONDS * 2 + (0 if site.force else _COPY_SECONDS),
            needs_consent=DATA_LOSS if site.force else None,
            undoable=not site.force,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the volume here is writable and no mirror copies onto it."""
        here = self._place(aws, self.target)
        found = here.cluster.volume(here.svm_name, self.volume.name)
        if found is None:
            return Observation(
                False, {}, f"there is no volume {here.path} in {self.target}", _REPLICATE
            )
        mirror = here.cluster.mirror(here.path)
        facts = {"type": found.kind, **facts_of(mirror)}
        if found.kind == "rw" and (mirror is None or mirror.state == BROKEN):
            return Observation(True, facts)
        if mirror is None:
            return Observation(
                False, facts, f"{here.path} in {self.target} has never been a copy", _REPLICATE
            )
        if mirror.lag_seconds is None:
            return Observation(
                False, facts, f"nothing has been copied to {here.path} completely", _REPLICATE
            )
        if not self.site.force and not mirror.healthy:
            return Observation(
                False,
                facts,
                f"the mirror from {mirror.source} is not healthy: {mirror.reason}",
                "mend it; if that region is lost: drstate up --phase activate --force",
            )
        return Observation(False, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Copy what is left (unless forced), quiesce, break; each unless it is done."""
        if self.site.force:
            run.require_consent(DATA_LOSS, self.spec.title)
        here = self._place(aws, self.target)
        mirror = here.cluster.mirror(here.path)
        if mirror is None:
            raise OperationError(
                f"there is no mirror to {here.path} in {self.target}",
                why="ONTAP does not know one",
                hint=_REPLICATE,
            )
        before = mirror.lag_seconds
        if mirror.state == MIRRORED:
            if self.site.force:
                here.cluster.abort(mirror.uuid)
            else:
                self._last_copy(here, mirror, run)
            here.cluster.set_state(mirror.uuid, PAUSED)
            mirror = self._await(here, run, "to be quiesced", PAUSED)
        if mirror.state != BROKEN:
            here.cluster.set_state(mirror.uuid, BROKEN)
            self._await(here, run, "to be broken off", BROKEN)
        await_kind(here, run, "rw")
        return {
            "mirror": mirror.uuid,
            "lag_seconds_before": before,
            "forced": self.site.force,
            "data_loss": self._loss(before),
        }

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Resynchronise in the old direction: what was written here meanwhile is thrown away."""
        if self.site.force or recorded.get("mirror") is None:
            return super().undo(aws, run, recorded)
        here = self._place(aws, self.target)
        mirror = here.cluster.mirror(here.path)
        if mirror is not None and mirror.state != MIRRORED:
            here.cluster.set_state(mirror.uuid, MIRRORED)
        done = self._await(here, run, "to be a copy again", MIRRORED, seconds=_COPY_SECONDS)
        await_kind(here, run, "dp")
        await_seen(here, run, "DP", None)
        return facts_of(done)

    def _loss(self, lag: float | None) -> str:
        if not self.site.force and self.volume.junction_path:
            return "none: the old volume was unmounted before the last copy"
        if not self.site.force:
            return "none of what was written before the last copy; nothing stops writers of LUNs"
        if lag is None:
            return "unknown: ONTAP had no lag before the break"
        return f"up to about {lag:.0f} s of writes, by the lag before the break"

    def _last_copy(self, here: Place, mirror: Mirror, run: RunContext) -> None:
        """Copy once more, from now on: a copy under way may have begun before the unmount."""
        self._await(here, run, "to be at rest", MIRRORED, seconds=_COPY_SECONDS)

        def begun() -> bool | None:
            try:
                here.cluster.copy_now(mirror.uuid)
            except OntapError:
                now = here.cluster.mirror(here.path)
                if now is None or not now.transferring:
                    raise
                # the schedule was quicker: wait for its end, then copy again
                return None
            return True

        run.wait(
            begun,
            what=f"the last copy to {here.path} to begin",
            timeout_seconds=_COPY_SECONDS,
            hint="drstate resume",
        )
        self._await(here, run, "to have everything", MIRRORED, seconds=_COPY_SECONDS)


class Mount(OntapAction):
    """Mount the volume in ``target`` as the source was, with its quotas, until FSx shows it so."""

    def __init__(self, entry: CatalogEntry, spec: OntapSpec, site: SiteContext) -> None:
        super().__init__(entry, spec, site)
        where = f" at {spec.junction_path}" if spec.junction_path else ""
        self._told(
            "mount",
            f"mount {spec.name} in {site.region}{where}, activate its quotas",
            When.BEFORE,
            place_calls(
                site.region, "GetStorageVolumes", "GetStorageQuotaRules", "PatchStorageVolumes"
            ),
            estimate_seconds=90,
            deadline_seconds=_SEEN_SECONDS + _STEP_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when ONTAP has it mounted, quotas are on where there are rules, and FSx sees it."""
        here = self._place(aws, self.target)
        found = here.cluster.volume(here.svm_name, self.volume.name)
        if found is None:
            return Observation(False)
        facts = {"junction": found.junction, "quotas": found.quotas}
        mounted = found.junction == self.volume.junction_path
        limited = found.quotas or not here.cluster.has_quota_rules(here.svm_name, self.volume.name)
        seen = _seen(here, RW, self.volume.junction_path)
        return Observation(found.kind == "rw" and mounted and limited and seen, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Mount, quotas, wait for FSx."""
        here = self._place(aws, self.target)
        found = here.cluster.volume(here.svm_name, self.volume.name)
        if found is None:
            raise OperationError(
                f"there is no volume {here.path} in {self.target}",
                why="ONTAP does not know it",
                hint=_REPLICATE,
            )
        wanted = self.volume.junction_path
        if wanted and found.junction != wanted:
            here.cluster.mount(found.uuid, wanted)
        rules = here.cluster.has_quota_rules(here.svm_name, self.volume.name)
        if rules and not found.quotas:
            here.cluster.quotas_on(found.uuid)
        await_junction(here, run, wanted)
        await_seen(here, run, RW, wanted)
        endpoint = self.entry.endpoints.get(self.target, {}).get(NFS)
        return {"junction": wanted, "quotas": rules, "host": endpoint}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Put the junction back to what it was."""
        here = self._place(aws, self.target)
        found = here.cluster.volume(here.svm_name, self.volume.name)
        before = str(recorded.get("junction") or "")
        if found is not None and (found.junction or "") != before:
            here.cluster.mount(found.uuid, before)
        await_junction(here, run, before or None)
        return {"junction": before or None}


def facts_of(mirror: Mirror | None) -> dict[str, Any]:
    """A mirror as journals keep it."""
    if mirror is None:
        return {"mirror": None}
    return {"mirror": mirror.uuid, "source": mirror.source, "state": mirror.state}


def await_kind(here: Place, run: RunContext, kind: str) -> None:
    """Wait until ONTAP has turned the volume (``rw``, ``dp``)."""

    def turned() -> bool | None:
        found = here.cluster.volume(here.svm_name, here.spec.name)
        return True if found is not None and found.kind == kind else None

    words = "writable" if kind == "rw" else "a copy"
    run.wait(
        turned,
        what=f"{here.path} in {here.at.region} to be {words}",
        timeout_seconds=_STEP_SECONDS,
        hint="drstate resume",
    )


def await_junction(here: Place, run: RunContext, junction: str | None) -> None:
    """Wait until ONTAP has it mounted there (None: nowhere)."""

    def mounted() -> bool | None:
        found = here.cluster.volume(here.svm_name, here.spec.name)
        return True if found is None or found.junction == junction else None

    run.wait(
        mounted,
        what=f"{here.path} in {here.at.region} to be mounted at {junction or 'no path'}",
        timeout_seconds=_STEP_SECONDS,
        hint="drstate resume",
    )


def _seen(here: Place, kind: str, junction: str | None) -> bool:
    shown = (here.volume() or {}).get("OntapConfiguration") or {}
    return shown.get("OntapVolumeType") == kind and shown.get("JunctionPath") == junction


def await_seen(here: Place, run: RunContext, kind: str, junction: str | None) -> None:
    """Wait until FSx shows what ONTAP has done."""
    run.wait(
        lambda: True if _seen(here, kind, junction) else None,
        what=f"FSx to show {here.spec.name} in {here.at.region} as {kind}",
        timeout_seconds=_SEEN_SECONDS,
        hint="FSx follows ONTAP about a minute later; drstate resume waits on",
    )
