"""From inventory and specs to the catalog. Pure.

The catalog only ever gains: a resource that is not found any more stays and is marked, one whose
tags broke keeps its last good ones, one that could not be read keeps its spec. Memory, group and
ownership of an entry are never touched. Leaving is a person's decision, not discovery's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from drstate.errors import ConfigError
from drstate.model.base import Value
from drstate.model.catalog import Catalog, CatalogEntry, Ownership
from drstate.model.inventory import Inventory
from drstate.model.names import wave_group
from drstate.model.phases import SiteState
from drstate.model.resource import Resource, Technology
from drstate.model.scope import Scope
from drstate.model.spec import Spec

#: owners of a resource that enters the catalog, as its adapter says
InitialOwnership = Callable[[Resource, Spec, Scope], Mapping[str, Ownership]]


class ChangeKind(StrEnum):
    """What happened to an entry."""

    ADDED = "added"
    #: found, but its configuration could not be read: it enters when it can
    NOT_READ = "not-read"
    #: its configuration changed: a new version of its spec
    SPEC_CHANGED = "spec-changed"
    TAGS_CHANGED = "tags-changed"
    #: its wave changed: REPLICATE will move its state to the other stack
    MOVE_PENDING = "move-pending"
    #: its tags broke: the last good ones hold
    TAGS_KEPT = "tags-kept"
    VANISHED = "vanished"
    RETURNED = "returned"


class CatalogChange(Value):
    """One thing that a person should know about the catalog's new state."""

    kind: ChangeKind
    resource: str
    text: str


class CatalogMerge(Value):
    """The new catalog, not saved yet, and how it differs."""

    catalog: Catalog
    changes: tuple[CatalogChange, ...]


def merge(
    catalog: Catalog | None,
    inventory: Inventory,
    specs: Mapping[str, Spec],
    scope: Scope,
    now: datetime,
    *,
    ownership: InitialOwnership,
) -> CatalogMerge:
    """The catalog after a discovery and a capture; ``specs`` is keyed like the resources.

    ``ownership`` is asked for the owners of resources that enter. A catalog that does not exist yet
    begins with the primary region serving. Raises ConfigError where the scope's regions are not the
    catalog's.
    """
    base = catalog or _first(scope)
    _same_regions(base, scope)
    known = {entry.key: entry for entry in base.entries}
    found = {resource.key: resource for resource in inventory.resources}
    merging = _Merging(inventory, scope, now)
    entries: list[CatalogEntry] = []
    for key in sorted({*known, *found}):
        entry, resource, spec = known.get(key), found.get(key), specs.get(key)
        if entry is None and resource is not None:
            if spec is None:
                merging.tell(ChangeKind.NOT_READ, key, "its configuration could not be read")
            else:
                entries.append(merging.new(resource, spec, ownership(resource, spec, scope)))
        elif entry is not None and resource is not None:
            entries.append(merging.seen(entry, resource, spec))
        elif entry is not None:
            entries.append(merging.unseen(entry))
    merged = base.model_copy(update={"entries": tuple(entries)})
    return CatalogMerge(catalog=merged, changes=tuple(merging.changes))


class _Merging:
    """What every entry is merged with, and the changes so far."""

    def __init__(self, inventory: Inventory, scope: Scope, now: datetime) -> None:
        self._inventory = inventory
        self._scope = scope
        self._now = now
        self._broken = {violation.resource for violation in inventory.errors}
        self.changes: list[CatalogChange] = []

    def tell(self, kind: ChangeKind, key: str, text: str) -> None:
        """Record a change."""
        self.changes.append(CatalogChange(kind=kind, resource=key, text=text))

    def new(self, resource: Resource, spec: Spec, owners: Mapping[str, Ownership]) -> CatalogEntry:
        """The entry of a resource that was not known."""
        self.tell(ChangeKind.ADDED, resource.key, f"wave {resource.tags.wave}")
        return CatalogEntry(
            resource=resource,
            ownership=dict(owners),
            group=wave_group(resource.tags.wave),
            spec=spec.model_dump(mode="json"),
            spec_version=1,
            endpoints={spec.region: dict(spec.endpoints)} if spec.endpoints else {},
            last_seen=self._now,
        )

    def seen(self, entry: CatalogEntry, resource: Resource, spec: Spec | None) -> CatalogEntry:
        """The entry of a known resource that was found."""
        key = entry.key
        if entry.missing_since is not None:
            self.tell(ChangeKind.RETURNED, key, f"missing since {_day(entry.missing_since)}")
        # who it is at its source stays as it was first found: at the other site the ARN is another
        kept = {"region": entry.resource.region, "arn": entry.resource.arn}
        update: dict[str, Any] = {
            "resource": resource.model_copy(update=kept),
            "last_seen": self._now,
            "missing_since": None,
        }
        if resource.tags != entry.resource.tags:
            self.tell(ChangeKind.TAGS_CHANGED, key, _differences(entry.resource, resource))
        wave = resource.tags.wave
        if _wave_of(entry.group) != wave:
            self.tell(
                ChangeKind.MOVE_PENDING,
                key,
                f"wave {wave}, but its stack is that of {entry.group}: 'drstate up --phase "
                "replicate' moves it",
            )
        if spec is not None and _same_site(entry, spec):
            update |= self._spec(entry, spec)
        return entry.model_copy(update=update)

    def _spec(self, entry: CatalogEntry, spec: Spec) -> dict[str, Any]:
        captured = spec.model_dump(mode="json")
        changed = sorted(
            name
            for name in {*captured, *entry.spec} - {"captured_at"}
            if captured.get(name) != entry.spec.get(name)
        )
        version = entry.spec_version
        if changed:
            version += 1
            self.tell(
                ChangeKind.SPEC_CHANGED, entry.key, f"version {version}: {', '.join(changed)}"
            )
        here = {**entry.endpoints.get(spec.region, {}), **spec.endpoints}
        endpoints = {**entry.endpoints, spec.region: here} if here else entry.endpoints
        return {"spec": captured, "spec_version": version, "endpoints": endpoints}

    def unseen(self, entry: CatalogEntry) -> CatalogEntry:
        """The entry of a known resource that was not found, or not as a usable one."""
        if entry.resource.arn in self._broken:
            self.tell(
                ChangeKind.TAGS_KEPT,
                entry.key,
                "its tags break the schema now; the last good ones hold until that is mended",
            )
            return entry
        if entry.missing_since is not None or not self._looked(entry.resource):
            return entry
        self.tell(
            ChangeKind.VANISHED,
            entry.key,
            "not found any more, or no longer enabled; it stays in the catalog, nothing is deleted",
        )
        return entry.model_copy(update={"missing_since": self._now})

    def _looked(self, resource: Resource) -> bool:
        """Whether the place where it was has been asked; the scope file always has."""
        if resource.technology == Technology.ROUTE53:
            return True
        return self._inventory.answered(resource.account, resource.region)


def _first(scope: Scope) -> Catalog:
    return Catalog(
        scope=scope.key,
        serving=scope.regions.primary,
        recovery=scope.regions.recovery,
        sites={
            scope.regions.primary: SiteState.ACTIVE,
            scope.regions.recovery: SiteState.ABSENT,
        },
    )


def _same_regions(catalog: Catalog, scope: Scope) -> None:
    wanted = {scope.regions.primary, scope.regions.recovery}
    if set(catalog.sites) != wanted:
        raise ConfigError(
            f"the regions of {scope.key} are not those of its catalog",
            why=f"the scope file says {', '.join(sorted(wanted))}, the catalog holds "
            f"{', '.join(sorted(catalog.sites))}",
            hint=f"put the regions back in {scope.key.file}; a "
            "protected scope cannot change its regions",
        )


def _same_site(entry: CatalogEntry, spec: Spec) -> bool:
    """Whether the spec was read where the stored one was; identifiers of sites do not mix."""
    return bool(spec.region == entry.spec.get("region"))


def _wave_of(group: str) -> int | None:
    found = re.match(r"w(\d+)", group)
    return int(found.group(1)) if found else None


def _differences(old: Resource, new: Resource) -> str:
    before, after = old.tags.model_dump(mode="json"), new.tags.model_dump(mode="json")
    return ", ".join(
        f"{name} {before[name]!r} -> {after[name]!r}"
        for name in after
        if before[name] != after[name]
    )


def _day(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
