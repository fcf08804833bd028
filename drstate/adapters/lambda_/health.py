"""Whether a function serves, or is stopped with production's code in place."""

from __future__ import annotations

from drstate.adapters.at import At
from drstate.adapters.findings import Health
from drstate.adapters.lambda_ import reading
from drstate.adapters.lambda_.place import Place
from drstate.model.catalog import Ownership
from drstate.model.health import ResourceStatus

_WRONG = {ResourceStatus.HEALTHY: 0, ResourceStatus.DEGRADED: 1, ResourceStatus.UNHEALTHY: 2}


def serving(place: Place, at: At) -> Health:
    """It may run, its aliases name production's code, and its mappings read."""
    found = reading.function(at, place.name)
    if found is None:
        return _absent(place)
    facts: dict[str, object] = {"reserved": reading.reserved_of(found)}
    look = f"aws lambda get-function --function-name {place.name} --region {place.region}"
    if facts["reserved"] == 0:
        return Health(
            ResourceStatus.UNHEALTHY,
            "may not run: its concurrency is 0",
            "drstate resume gives it production's concurrency",
            facts,
        )
    broken = _broken(found, look)
    if broken is not None:
        return broken
    for alias in place.spec.aliases:
        now = reading.alias(at, place.name, alias.name)
        wanted = place.version_for(at, alias)
        if now is None or wanted is None or now.version != wanted or now.weights:
            return Health(
                ResourceStatus.UNHEALTHY,
                f"alias {alias.name} names version {now.version if now else 'none'}, and not "
                f"{wanted or 'one with the code of production'}",
                "drstate resume moves the alias",
                facts,
            )
    raw = reading.mappings(at, place.name, place.qualifiers)
    now_mappings = [reading.mapping_of(item) for item in raw]
    facts["mappings"] = {mapping.source: mapping.state for mapping in now_mappings}
    missing = place.missing(now_mappings)
    idle = [one.source for one in place.to_enable(now_mappings) if one.state != "Enabled"]
    if missing or idle:
        return Health(
            ResourceStatus.DEGRADED,
            f"does not read {', '.join(sorted({*missing, *idle}))}",
            "drstate resume enables the event source mappings",
            facts,
        )
    return _warmth(place, at, facts)


def stopped(place: Place, at: At, *, why: str) -> Health:
    """Nothing of it runs, and (where it is ours) it has production's code."""
    now = reading.running(at, place.name)
    found = reading.function(at, place.name)
    if now is None or found is None:
        return _absent(place)
    facts = now.facts()
    if not now.stopped:
        reads = [mapping.source for mapping in now.mappings if mapping.state in reading.READS]
        return Health(
            ResourceStatus.UNHEALTHY,
            f"is not stopped: concurrency {'unreserved' if now.reserved is None else now.reserved}"
            + (f", reads {', '.join(reads)}" if reads else ""),
            f"drstate up --phase {why} stops it",
            facts,
        )
    if place.site.owner is Ownership.DECLARED:
        code = found["Configuration"]["CodeSha256"]
        if code != place.spec.code_sha256:
            return Health(
                ResourceStatus.UNHEALTHY,
                f"has not the code that production runs ({code}, not {place.spec.code_sha256})",
                "bring the code artifact of production to this region; then drstate up --phase "
                "replicate",
                facts,
            )
        look = f"aws lambda get-function --function-name {place.name} --region {place.region}"
        broken = _broken(found, look)
        if broken is not None:
            return broken
    return Health(ResourceStatus.HEALTHY, "is stopped, with nothing reading for it", facts=facts)


def _warmth(place: Place, at: At, facts: dict[str, object]) -> Health:
    wanted = {alias.name for alias in place.spec.aliases if place.provisioned(alias)}
    if wanted:
        found = reading.provisioned(at, place.name)
        cold = sorted(name for name in wanted if found.get(name, {}).get("Status") != "READY")
        if cold:
            return Health(
                ResourceStatus.DEGRADED,
                f"serves, but the provisioned concurrency of {', '.join(cold)} is not ready",
                f"aws lambda list-provisioned-concurrency-configs --function-name {place.name} "
                f"--region {place.region}",
                facts,
            )
    return Health(ResourceStatus.HEALTHY, "runs the code of production and reads", facts=facts)


def _broken(found: dict[str, object], look: str) -> Health | None:
    config = found["Configuration"]
    assert isinstance(config, dict)  # noqa: S101 - of the API's model
    state, update = config.get("State", "Active"), config.get("LastUpdateStatus", "Successful")
    if state in ("Active", "Inactive") and update == "Successful":
        # an inactive function wakes at its first invocation
        return None
    reason = config.get("StateReason") or config.get("LastUpdateStatusReason") or ""
    pending = state == "Pending" or update == "InProgress"
    return Health(
        ResourceStatus.DEGRADED if pending else ResourceStatus.UNHEALTHY,
        f"is {state}, its last update {update}{': ' if reason else ''}{reason}",
        look,
        {"state": state, "update": update},
    )


def _absent(place: Place) -> Health:
    return Health(
        ResourceStatus.UNHEALTHY,
        f"function {place.name} does not exist in {place.region}",
        "drstate up --phase replicate creates it",
    )
