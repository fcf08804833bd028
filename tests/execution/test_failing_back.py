"""Which phases are left to do until the original region serves again."""

from __future__ import annotations

import pytest

from drstate.errors import PlanRefusedError
from drstate.execution.failing_back import failback_phases
from drstate.model.catalog import Catalog
from drstate.model.phases import Phase, SiteState
from drstate.planning import preconditions
from tests.planning.planning_estate import EAST, SCOPE, WEST, demo

ALL = (Phase.CLEANUP, Phase.REPLICATE, Phase.INSTANTIATE, Phase.ACTIVATE)


def failed_over(origin: SiteState) -> Catalog:
    """West serves; ``origin`` is the state of the original primary."""
    known = demo()
    for phase in (Phase.REPLICATE, Phase.INSTANTIATE, Phase.ACTIVATE):
        known = known.after(phase)
    assert (known.serving, known.sites[EAST]) == (WEST, SiteState.SUPERSEDED)
    for phase, state in zip(ALL, ("retired", "standby", "warm"), strict=False):
        if known.sites[EAST] is origin:
            break
        known = known.after(phase)
        assert known.sites[EAST] == state
    return known


@pytest.mark.parametrize(
    ("origin", "left"),
    [
        (SiteState.SUPERSEDED, ALL),
        (SiteState.RETIRED, ALL[1:]),
        (SiteState.STANDBY, ALL[2:]),
        (SiteState.WARM, ALL[3:]),
    ],
)
def test_what_is_left_to_do_may_be_done_and_ends_where_it_began(
    origin: SiteState, left: tuple[Phase, ...]
) -> None:
    known = failed_over(origin)
    assert failback_phases(known, SCOPE) == left
    for phase in left:
        preconditions.check(phase, known)  # refuses what the sites do not allow
        known = known.after(phase)
    assert (known.serving, known.sites[EAST]) == (EAST, SiteState.ACTIVE)


def test_where_the_original_region_serves_there_is_nothing_to_fail_back() -> None:
    with pytest.raises(PlanRefusedError, match=f"{EAST} serves") as refused:
        failback_phases(demo(), SCOPE)
    assert "drstate failover" in refused.value.hint
