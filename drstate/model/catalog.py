"""The catalog: what is protected, who owns it at each site, and the roles of the sites.

Programs and plans iterate the catalog, never raw discovery: a resource that vanishes from discovery
stays here, marked, until a person releases it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from drstate.model.base import Value
from drstate.model.phases import Phase, SiteState
from drstate.model.resource import Resource
from drstate.model.scope import ScopeKey

#: the pseudo site of what spans both regions (global clusters, health checks)
GLOBAL = "global"


class Ownership(StrEnum):
    """Who owns a resource at a site."""

    #: in a stack of ours
    DECLARED = "declared"
    #: known by id, owned by someone else's code, never in our state
    FOREIGN = "foreign"


class CatalogEntry(Value):
    """One protected resource of the scope."""

    resource: Resource
    #: region -> owner there, and ``global`` -> owner of what spans both sites. A site or ``global``
    #: that is missing means: nothing of this resource exists or is declared there
    ownership: dict[str, Ownership]
    #: group of the stacks that hold it (``w1``); given once, changed only by a move
    group: str
    #: the technology's spec as JSON, its version counted from 1 at every changed capture
    spec: dict[str, Any]
    spec_version: int = Field(ge=1)
    #: region -> endpoint name -> host name, as recorded from stacks and actions
    endpoints: dict[str, dict[str, str]] = {}
    #: what adapters remember of this resource between runs (undo values, settings switched off);
    #: region -> name -> value
    memory: dict[str, dict[str, Any]] = {}
    last_seen: datetime
    #: set when discovery no longer finds it
    missing_since: datetime | None = None

    @property
    def key(self) -> str:
        """The resource's key."""
        return self.resource.key

    def owner(self, site: str) -> Ownership | None:
        """Owner at the region, or of the ``global`` part."""
        return self.ownership.get(site)


class OwedStack(Value):
    """A stack that a drill has of its own, and where its shard is."""

    stack: str
    account: str
    group: str
    wave: int


class OwedDrill(Value):
    """A drill whose copies may still be there: owed until its removal has ended well."""

    #: what the copies carry in their names and in the tag ``drstate:drill``
    id: str
    #: where the copies are
    region: str
    since: datetime
    #: keys of what was rehearsed
    resources: tuple[str, ...] = ()
    #: stacks that may be there because of it
    stacks: tuple[OwedStack, ...] = ()
    #: resource's key -> id of the security group that these stacks made for its copy
    groups: dict[str, str] = {}


class Catalog(Value):
    """All that drstate knows about one scope. Stored with an optimistic version."""

    scope: ScopeKey
    #: incremented by every save; a save with another version is refused by the journal
    version: int = 0
    #: the region that serves now, and the one that is to take over next
    serving: str
    recovery: str
    sites: dict[str, SiteState]
    entries: tuple[CatalogEntry, ...] = ()
    #: regions that an emergency activated without their stacks: what these stacks recorded is older
    #: than what is there, so that their next updates look first
    unreconciled: tuple[str, ...] = ()
    #: region -> keys of what CLEANUP could not clean up there: it blocks nothing, and is owed until
    #: a CLEANUP has done it or REPLICATE has made the site a standby again
    uncleaned: dict[str, tuple[str, ...]] = {}
    #: drills that are not cleaned up yet; written before a drill makes its first copy
    drills: tuple[OwedDrill, ...] = ()

    def entry(self, key: str) -> CatalogEntry:
        """The entry with this key. Raises KeyError."""
        for entry in self.entries:
            if entry.key == key:
                return entry
        raise KeyError(key)

    def with_entry(self, changed: CatalogEntry) -> Catalog:
        """A copy in which the entry with the same key is replaced, or added."""
        kept = [entry for entry in self.entries if entry.key != changed.key]
        entries = tuple(sorted([*kept, changed], key=lambda entry: entry.key))
        return self.model_copy(update={"entries": entries})

    def with_drill(self, drill: OwedDrill) -> Catalog:
        """A copy in which the drill is owed."""
        others = tuple(one for one in self.drills if one.id != drill.id)
        return self.model_copy(update={"drills": (*others, drill)})

    def drill_group(self, drill: str, key: str) -> str:
        """Id of the security group that a resource's copy stands in; empty: none is known."""
        return next((one.groups.get(key, "") for one in self.drills if one.id == drill), "")

    def with_drill_groups(self, drill: str, groups: Mapping[str, str]) -> Catalog:
        """A copy that knows these groups of a drill; a drill that is not owed has none."""
        known = next((one for one in self.drills if one.id == drill), None)
        if known is None or {**known.groups, **groups} == known.groups:
            return self
        merged = known.model_copy(update={"groups": {**known.groups, **groups}})
        told = tuple(merged if one is known else one for one in self.drills)
        return self.model_copy(update={"drills": told})

    def without_drill(self, drill: str) -> Catalog:
        """A copy in which the drill is owed no more."""
        left = tuple(one for one in self.drills if one.id != drill)
        return self.model_copy(update={"drills": left})

    def after_cleanup(
        self, region: str, handled: Collection[str], failed: Collection[str]
    ) -> Catalog:
        """What is owed at the region once CLEANUP has handled these resources, and some failed."""
        owed = {*self.uncleaned.get(region, ())} - {*handled} | {*failed}
        rest = {name: keys for name, keys in self.uncleaned.items() if name != region}
        told = {**rest, region: tuple(sorted(owed))} if owed else rest
        return self.model_copy(update={"uncleaned": told})

    def target(self, phase: Phase) -> str:
        """The region that the phase acts on.

        INSTANTIATE and ACTIVATE act on the recovery site; CLEANUP and REPLICATE on the site that
        does not serve (before the first ACTIVATE the two are the same site).
        """
        if phase in (Phase.INSTANTIATE, Phase.ACTIVATE):
            return self.recovery
        return next(region for region in self.sites if region != self.serving)

    def after(self, phase: Phase, *, emergency: bool = False) -> Catalog:
        """Roles and site states once every stage of the phase has succeeded.

        ``emergency``: by actions alone. The region stays unreconciled until a phase has brought its
        stacks to a state again.

        ACTIVATE makes its target the serving site and the other one superseded. The recovery role
        passes to the other site only when REPLICATE has made it a standby: until then a second
        ACTIVATE finds nothing to do, instead of turning back.
        """
        target = self.target(phase)
        other = next(region for region in self.sites if region != target)
        sites = {**self.sites, target: phase.leaves}
        update: dict[str, Any] = {"sites": sites}
        if phase is Phase.ACTIVATE and self.serving != target:
            sites[other] = SiteState.SUPERSEDED
            update["serving"] = target
        if phase is Phase.REPLICATE:
            update["recovery"] = target
            kept = {region: keys for region, keys in self.uncleaned.items() if region != target}
            update["uncleaned"] = kept
        behind = {*self.unreconciled} - {target} | ({target} if emergency else set())
        update["unreconciled"] = tuple(sorted(behind))
        return self.model_copy(update=update)
