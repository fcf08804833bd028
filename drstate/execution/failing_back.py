"""Which phases bring a scope back to its original primary region, from where it stands now."""

from __future__ import annotations

from drstate.errors import PlanRefusedError
from drstate.model.catalog import Catalog
from drstate.model.phases import Phase, SiteState
from drstate.model.scope import Scope

#: state of the original primary -> what is left to do
_WAYS: dict[SiteState, tuple[Phase, ...]] = {
    SiteState.STANDBY: (Phase.INSTANTIATE, Phase.ACTIVATE),
    SiteState.WARM: (Phase.ACTIVATE,),
    SiteState.RETIRED: (Phase.REPLICATE, Phase.INSTANTIATE, Phase.ACTIVATE),
    SiteState.ABSENT: (Phase.REPLICATE, Phase.INSTANTIATE, Phase.ACTIVATE),
    SiteState.SUPERSEDED: (Phase.CLEANUP, Phase.REPLICATE, Phase.INSTANTIATE, Phase.ACTIVATE),
}


def failback_phases(catalog: Catalog, scope: Scope) -> tuple[Phase, ...]:
    """The phases. Raises PlanRefusedError where the original primary serves already."""
    origin = scope.regions.primary
    if catalog.serving == origin:
        raise PlanRefusedError(
            f"there is nothing to fail back: {origin} serves {scope.key}",
            why="it is the scope's original primary region",
            hint=f"see where it stands: drstate status; to leave it: drstate failover "
            f"-c {scope.customer} -e {scope.environment}",
        )
    return _WAYS[catalog.sites.get(origin, SiteState.ABSENT)]
