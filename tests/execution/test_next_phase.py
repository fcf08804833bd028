"""Which phase a scope is due for."""

from __future__ import annotations

import pytest

from drstate.execution.next_phase import next_phase
from drstate.model.catalog import Catalog, OwedDrill
from drstate.model.phases import Phase, SiteState
from tests.planning.planning_estate import EAST, NOW, WEST, catalog, demo


def held(east: SiteState, west: SiteState, *, serving: str = EAST, recovery: str = WEST) -> Catalog:
    return demo().model_copy(
        update={"sites": {EAST: east, WEST: west}, "serving": serving, "recovery": recovery}
    )


@pytest.mark.parametrize(
    ("found", "phase", "why"),
    [
        (None, Phase.REPLICATE, "nothing of the scope is protected"),
        (catalog(), Phase.REPLICATE, "nothing of the scope is protected"),
        (held(SiteState.ACTIVE, SiteState.ABSENT), Phase.REPLICATE, "nothing stands by"),
        (held(SiteState.ACTIVE, SiteState.STANDBY), Phase.REPLICATE, "keeps the standby current"),
        (held(SiteState.ACTIVE, SiteState.WARM), Phase.ACTIVATE, "is warm"),
        (
            held(SiteState.SUPERSEDED, SiteState.ACTIVE, serving=WEST),
            Phase.CLEANUP,
            "nothing of it was cleaned up",
        ),
        (held(SiteState.RETIRED, SiteState.ACTIVE, serving=WEST), Phase.REPLICATE, "stands by"),
        (
            held(SiteState.STANDBY, SiteState.ACTIVE, serving=WEST, recovery=EAST),
            Phase.REPLICATE,
            "keeps the standby current",
        ),
        (
            held(SiteState.ACTIVE, SiteState.STANDBY).with_drill(
                OwedDrill(id="d1", region=WEST, since=NOW)
            ),
            Phase.REPLICATE,
            "keeps the standby current",
        ),
        (
            held(SiteState.SUPERSEDED, SiteState.ACTIVE, serving=WEST).model_copy(
                update={"unreconciled": (WEST,)}
            ),
            Phase.ACTIVATE,
            "its stacks are behind",
        ),
    ],
)
def test_what_is_due(found, phase, why):
    due = next_phase(found)
    assert due.phase is phase
    assert why in due.why
