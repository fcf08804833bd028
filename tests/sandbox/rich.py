"""What the invented scopes of ``rich_hosts``, ``rich_scope`` and ``rich_front`` have in common."""

from __future__ import annotations

from collections.abc import Iterable

from drstate.adapters.base import Adapter
from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.names import wave_group
from drstate.model.resource import Resource
from drstate.model.scope import Scope
from drstate.model.spec import Spec


def served(scope: Scope, entries: Iterable[CatalogEntry]) -> Catalog:
    """A catalog of which the primary region serves, and nothing is protected yet."""
    primary, recovery = scope.regions.primary, scope.regions.recovery
    return Catalog(
        scope=scope.key,
        serving=primary,
        recovery=recovery,
        sites={primary: "active", recovery: "absent"},
        entries=tuple(entries),
    )


def known(
    scope: Scope, adapter: Adapter, resource: Resource, spec: Spec, *, wave: int
) -> CatalogEntry:
    """The entry of a resource that was captured some times."""
    return CatalogEntry(
        resource=resource,
        ownership=adapter.initial_ownership(resource, spec, scope),
        group=wave_group(wave),
        spec=spec.model_dump(mode="json"),
        spec_version=3,
        last_seen=spec.captured_at,
    )
