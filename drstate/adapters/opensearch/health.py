"""Whether a domain takes writes at a site, or follows as the site state wants it."""

from __future__ import annotations

from typing import Any

from drstate.adapters.at import At
from drstate.adapters.findings import Health
from drstate.adapters.opensearch import reading
from drstate.model.health import ResourceStatus
from drstate.programs.opensearch.spec import Nodes

_REPLICATE = "drstate up --phase replicate"


def ready_domain(at: At, name: str, wanted: Nodes | None) -> tuple[Health, dict[str, Any]]:
    """HEALTHY: the domain is there, not being changed, at the capacity wanted (None: any)."""
    found = reading.domain(at, name)
    if found is None:
        absent = Health(
            ResourceStatus.UNHEALTHY, f"domain {name} is absent in {at.region}", _REPLICATE
        )
        return absent, {}
    now = reading.nodes(found)
    facts: dict[str, Any] = {
        "domain": found["ARN"],
        "nodes": f"{now.instance_count} x {now.instance_type}",
        "processing": bool(found.get("Processing")),
    }
    if found.get("Processing") and not reading.endpoint(found):
        return (
            Health(
                ResourceStatus.UNHEALTHY,
                f"domain {name} in {at.region} is being made",
                "wait: it takes 15 to 30 minutes; drstate resume",
                facts,
            ),
            facts,
        )
    if wanted is not None and reading.as_config(now) != reading.as_config(wanted):
        return (
            Health(
                ResourceStatus.UNHEALTHY,
                f"domain {name} in {at.region} has {facts['nodes']}, not "
                f"{wanted.instance_count} x {wanted.instance_type}",
                "drstate up for this phase sets them; drstate resume waits",
                facts,
            ),
            facts,
        )
    has = "is being brought to" if found.get("Processing") else "has"
    said = f"domain {name} in {at.region} {has} {facts['nodes']}"
    return Health(ResourceStatus.HEALTHY, said, facts=facts), facts


def primary(at: At, name: str, good: Health) -> Health:
    """``good`` where the domain is the primary, or was promoted by ending its replication."""
    pair = reading.pair(at, name)
    facts = {**good.facts, **(pair.facts() if pair else {})}
    if pair is not None and pair.role == reading.PRIMARY and pair.settled:
        return Health(good.status, f"{good.detail}; it is the primary", facts=facts)
    arn = str(good.facts.get("domain", ""))
    alone = pair is not None and pair.role is None
    if alone and reading.PROMOTED_TAG in reading.tags(at, arn):
        return Health(good.status, f"{good.detail}; it takes writes, alone", facts=facts)
    return Health(
        ResourceStatus.UNHEALTHY,
        f"domain {name} in {at.region} is "
        + (f"{pair.role} ({pair.status})" if pair and pair.role else "in no pair"),
        "drstate up --phase activate makes it the primary",
        facts,
    )


def secondary(at: At, name: str, good: Health) -> Health:
    """``good`` where the domain follows."""
    pair = reading.pair(at, name)
    facts = {**good.facts, **(pair.facts() if pair else {})}
    if pair is not None and pair.role == reading.SECONDARY and pair.status == reading.ACTIVE:
        return Health(good.status, f"{good.detail}; it follows {pair.peer}", facts=facts)
    if pair is not None and pair.role == reading.PRIMARY:
        said, hint = "is still the primary", "activate the other site first"
    elif pair is not None and pair.role is not None:
        said, hint = f"does not follow ({pair.status})", _REPLICATE
    else:
        said, hint = "is in no pair", _REPLICATE
    return Health(ResourceStatus.UNHEALTHY, f"domain {name} in {at.region} {said}", hint, facts)
