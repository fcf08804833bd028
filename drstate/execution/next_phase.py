"""Which phase a scope is due for, where nobody names one: what a merge would run next."""

from __future__ import annotations

from typing import NamedTuple

from drstate.model.catalog import Catalog
from drstate.model.phases import Phase, SiteState
from drstate.report.readiness import owed


class Due(NamedTuple):
    """A phase and why it is the next one."""

    phase: Phase
    why: str


def next_phase(catalog: Catalog | None) -> Due:
    """What is owed comes first; a standby is kept current; a warm site is there to be activated.

    A drill that is not cleaned up is a matter of its own: it changes nothing of what is next.
    """
    if catalog is None or not catalog.entries:
        return Due(Phase.REPLICATE, "nothing of the scope is protected yet")
    debts = owed(catalog.model_copy(update={"drills": ()}))
    if debts:
        return Due(debts[0].phase, f"it is owed: {debts[0].why}")
    if catalog.sites[catalog.recovery] is SiteState.WARM:
        return Due(Phase.ACTIVATE, f"{catalog.recovery} is warm: activating it is what is next")
    return Due(Phase.REPLICATE, "it keeps the standby current, and is what a merge would run")
