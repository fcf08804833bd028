"""What planning asks of adapters and programs, answered; these rooms do not know each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from drstate.model.catalog import Catalog, CatalogEntry, Ownership
from drstate.model.phases import Phase, SiteState
from drstate.model.problem import Problem
from drstate.model.scope import Scope
from drstate.model.shard import Binding, ShardInput
from drstate.planning.work import PlannedWork, WorkRequest

if TYPE_CHECKING:
    from drstate.adapters.base import Adapter
    from drstate.adapters.site import SiteContext


class AdapterWork:
    """``planning.work.WorkSource`` from the registered adapters and the programs."""

    def __init__(
        self,
        adapter: Callable[[str], Adapter],
        problems: Callable[[ShardInput], Sequence[Problem]],
        declare_seconds: Callable[[CatalogEntry, SiteState], int],
    ) -> None:
        self._adapter = adapter
        self._problems = problems
        self._declare_seconds = declare_seconds

    def work(self, request: WorkRequest) -> PlannedWork:
        """See ``WorkSource.work``."""
        entry = request.entry
        adapter = self._adapter(entry.resource.technology)
        site = site_context(
            request.scope,
            request.catalog,
            entry,
            request.region,
            request.state,
            force=request.force,
            emergency=request.emergency,
        )
        found = adapter.work(request.phase, entry, site)
        declared = self.declares(entry, request.region)
        warnings = list(found.warnings)
        unfenced = (
            adapter.unfenced(entry, site)
            if request.force and request.phase is Phase.ACTIVATE
            else None
        )
        if unfenced is not None:
            warnings.append(f"not fenced in {site.other}: {unfenced}")
        return PlannedWork(
            actions=tuple(action.spec for action in found.actions),
            no_op=found.no_op,
            declare_seconds=self._declare_seconds(entry, request.state) if declared else 0,
            warnings=tuple(warnings),
        )

    def declares(self, entry: CatalogEntry, site: str) -> bool:
        """See ``WorkSource.declares``."""
        return entry.owner(site) is Ownership.DECLARED

    def problems(self, shard: ShardInput) -> Sequence[Problem]:
        """See ``WorkSource.problems``."""
        return self._problems(shard)


def site_context(
    scope: Scope,
    catalog: Catalog,
    entry: CatalogEntry,
    region: str,
    state: SiteState,
    *,
    force: bool,
    emergency: bool,
    bindings: tuple[Binding, ...] = (),
    drill: str = "",
) -> SiteContext:
    """The site as an adapter sees it."""
    from drstate.adapters.site import SiteContext  # noqa: PLC0415 loaded when it is needed

    return SiteContext.of(
        scope,
        catalog,
        entry,
        region,
        state,
        force=force,
        emergency=emergency,
        bindings=bindings,
        drill=drill,
    )
