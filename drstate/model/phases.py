"""Phases, operations and the states of a site."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Phase(StrEnum):
    """The four phases. Each one leaves a site in a state (``leaves``)."""

    INSTANTIATE = "instantiate"
    ACTIVATE = "activate"
    CLEANUP = "cleanup"
    REPLICATE = "replicate"

    @property
    def leaves(self) -> SiteState:
        """The state in which the phase leaves the site that it acts on."""
        return _LEAVES[self]

    @property
    def budget_minutes(self) -> int:
        """How long the phase may take (B2)."""
        return _BUDGET_MINUTES[self]


#: in the place of a drill's id: what is removed was launched by a recovery, not by a drill
LAUNCHED = "launched"


class SiteState(StrEnum):
    """What a site is ready for. Only ``active`` serves."""

    ABSENT = "absent"
    STANDBY = "standby"
    WARM = "warm"
    ACTIVE = "active"
    #: it served until the other site was activated; nothing was cleaned up yet
    SUPERSEDED = "superseded"
    RETIRED = "retired"


class Operation(StrEnum):
    """An ordered choice of phases; ``phase`` means that the user named the phases."""

    FAILOVER = "failover"
    FAILBACK = "failback"
    TEST = "test"
    PHASE = "phase"


def meant(operation: Operation, phases: Iterable[str], *, emergency: bool = False) -> str:
    """How people name a run, so that a drill is never taken for the real thing.

    ``drill (activate, cleanup)``, ``failover (instantiate, activate)``; where the user named the
    phases, those alone.
    """
    name = {Operation.TEST: "drill", Operation.PHASE: ""}.get(operation, str(operation))
    name = "emergency" if emergency else name
    listed = ", ".join(phases)
    return f"{name} ({listed})" if name else listed


_LEAVES = {
    Phase.REPLICATE: SiteState.STANDBY,
    Phase.INSTANTIATE: SiteState.WARM,
    Phase.ACTIVATE: SiteState.ACTIVE,
    Phase.CLEANUP: SiteState.RETIRED,
}
_BUDGET_MINUTES = {
    Phase.INSTANTIATE: 60,
    Phase.ACTIVATE: 30,
    Phase.CLEANUP: 30,
    Phase.REPLICATE: 60,
}
