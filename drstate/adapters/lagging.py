"""Whether a standby keeps up: what ``Adapter.check`` adds to a standby that is sound otherwise.

A figure over the limit is a finding, and so is a missing one where the service has a measurement:
what was not verified is not called protected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from drstate.adapters.findings import Health, Lag
from drstate.errors import DrstateError
from drstate.model.health import ResourceStatus
from drstate.model.words import span

LAG, LIMIT = "lag_seconds", "lag_limit_seconds"
_ASK_AGAIN = "drstate readiness asks again"


def held_to(
    found: Health, measure: Callable[[], Lag | None], limit: float, promised_minutes: int | None
) -> Health:
    """``found`` as it is, or DEGRADED where the standby is too far behind or nobody knows how far.

    ``limit`` is in seconds; ``promised_minutes`` is the resource's ``dr:rpo-target``. The facts get
    ``lag_seconds`` and ``lag_limit_seconds`` where there is a lag at all.
    """
    if promised_minutes is not None:
        limit = min(limit, promised_minutes * 60.0)
    try:
        lag = measure()
    except DrstateError as error:
        facts = {**found.facts, LAG: None, LIMIT: limit}
        return _degraded(found, f"its lag could not be read: {error.what}", error.hint, facts)
    if lag is None:
        return found
    facts = {**found.facts, LAG: lag.seconds, LIMIT: limit, "lag_source": lag.source}
    if lag.seconds is None:
        if not lag.measurable:
            return replace(found, detail=f"{found.detail} ({lag.source})", facts=facts)
        missing = f"how far it is behind is not known yet: no {lag.source}"
        return _degraded(found, missing, f"AWS needs some minutes for it; {_ASK_AGAIN}", facts)
    if lag.seconds > limit:
        behind = f"it is {span(lag.seconds)} behind, and may be {span(limit)} ({lag.source})"
        hint = (
            f"a copy that was just made catches up by itself; {_ASK_AGAIN}. Where it does not, "
            "look at the network and at what is written. policies.max_lag_seconds and "
            "dr:rpo-target set the limit"
        )
        return _degraded(found, behind, hint, facts)
    return replace(found, facts=facts)


def _degraded(found: Health, what: str, hint: str, facts: dict[str, Any]) -> Health:
    return replace(
        found,
        status=ResourceStatus.DEGRADED,
        detail=f"{found.detail}, but {what}",
        hint=hint,
        facts=facts,
    )
