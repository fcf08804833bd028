"""Site states as levels of capacity: all that a phase chooses."""

from __future__ import annotations

from enum import StrEnum

from drstate.model.phases import SiteState


class Level(StrEnum):
    """How much of production a site state keeps ready."""

    STANDBY = "standby"
    WARM = "warm"
    PRODUCTION = "production"


_LEVELS = {
    SiteState.ABSENT: Level.STANDBY,
    SiteState.STANDBY: Level.STANDBY,
    SiteState.WARM: Level.WARM,
    SiteState.ACTIVE: Level.PRODUCTION,
    # it served a moment ago and nothing was cleaned up yet
    SiteState.SUPERSEDED: Level.PRODUCTION,
    SiteState.RETIRED: Level.STANDBY,
}


def level(state: SiteState) -> Level:
    """The capacity of a site state."""
    return _LEVELS[state]
