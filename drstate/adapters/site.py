"""The site that a phase acts on, as adapters and their actions see it. A value, without calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from drstate.model.base import Value
from drstate.model.catalog import Catalog, CatalogEntry, Ownership
from drstate.model.phases import SiteState
from drstate.model.scope import Account, Scope, SiteMap
from drstate.model.shard import Binding

P = TypeVar("P", bound=Value)


@dataclass(frozen=True)
class SiteContext:
    """The site that a phase acts on, as an adapter sees it.

    ``region`` is the region acted on (or ``global``), ``state`` the site state to reach, ``owner``
    who owns the resource there (None: nothing of it exists or is declared there). ``serving`` and
    ``recovery`` are the roles before the phase.
    """

    scope: Scope
    serving: str
    recovery: str
    region: str
    state: SiteState
    owner: Ownership | None
    #: failover with data loss allowed: no call may go to ``other``
    force: bool = False
    #: actions only, no stack is updated: what a program would set is set by actions
    emergency: bool = False
    bindings: tuple[Binding, ...] = ()
    #: a drill's id: what is made carries it, and nothing that is live is changed
    drill: str = ""
    #: id of the security group that the drill's own stack made for the copy; empty: none so far
    drill_group: str = ""

    @classmethod
    def of(
        cls,
        scope: Scope,
        catalog: Catalog,
        entry: CatalogEntry,
        region: str,
        state: SiteState,
        *,
        force: bool = False,
        emergency: bool = False,
        bindings: tuple[Binding, ...] = (),
        drill: str = "",
    ) -> SiteContext:
        """The context for one entry of the catalog."""
        return cls(
            scope=scope,
            serving=catalog.serving,
            recovery=catalog.recovery,
            region=region,
            state=state,
            owner=entry.owner(region),
            force=force,
            emergency=emergency,
            bindings=bindings,
            drill=drill,
            drill_group=catalog.drill_group(drill, entry.key) if drill else "",
        )

    @property
    def by_stack(self) -> bool:
        """Whether a stack of ours sets this resource's properties in this phase."""
        return self.owner is Ownership.DECLARED and not self.emergency

    @property
    def other(self) -> str:
        """The region that is not acted on (the serving one where ``region`` is ``global``)."""
        if self.region not in (self.scope.regions.primary, self.scope.regions.recovery):
            return self.serving
        return self.scope.regions.other(self.region)

    @property
    def site_map(self) -> SiteMap:
        """Translations into ``region``; empty where nothing is translated."""
        return self.scope.site_map.get(self.region, {})

    def policy(self, technology: str, model: type[P]) -> P:
        """What the scope file says under ``policies`` of a technology."""
        return self.scope.policies.of(technology, model)

    @property
    def scope_file(self) -> str:
        """Path of the scope file, for remedies."""
        return self.scope.key.file

    def account(self, entry: CatalogEntry) -> Account:
        """The account that holds the entry. Raises KeyError."""
        return self.scope.account(entry.resource.account)
