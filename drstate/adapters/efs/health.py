"""Whether an EFS file system serves at a site, or is the copy that the site state wants."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.efs import reading
from drstate.adapters.findings import Health
from drstate.model.health import ResourceStatus
from drstate.model.words import counted
from drstate.programs.efs import EfsSpec

_REPLICATE = "drstate up --phase replicate"


def active(at: At, spec: EfsSpec) -> Health:
    """HEALTHY: writable, with its mount targets. DEGRADED: a mount target is missing."""
    found, facts = _found(at, spec)
    if isinstance(found, Health):
        return found
    if facts["protection"] == reading.REPLICATING:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{facts['file_system']} in {at.region} is a read-only copy",
            "drstate up --phase activate ends the replication",
            facts,
        )
    return _mounted(at, spec, facts, f"writable in {at.region}")


def standby(at: At, spec: EfsSpec, now: datetime) -> Health:
    """HEALTHY: a working copy, with its mount targets in place; its lag is among the facts."""
    found, facts = _found(at, spec)
    if isinstance(found, Health):
        return found
    known = reading.replication(at, facts["file_system"])
    if known is None or known.destination != facts["file_system"]:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{facts['file_system']} in {at.region} is no copy of {spec.identifier}",
            _REPLICATE,
            facts,
        )
    facts |= known.facts()
    if not known.copies:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"the replication to {at.region} is {known.status}"
            + (f": {known.message}" if known.message else ", without a complete copy so far"),
            f"aws efs describe-replication-configurations --region {at.region}",
            facts,
        )
    if known.last is not None:
        facts["lag_seconds"] = max(0.0, (now - known.last).total_seconds())
    return _mounted(at, spec, facts, f"copied to {at.region} up to {facts['last_replicated']}")


def retired(at: At, spec: EfsSpec) -> Health:
    """HEALTHY: it is kept; the data of before the failover is still in it."""
    found, facts = _found(at, spec)
    if isinstance(found, Health):
        return found
    return Health(ResourceStatus.HEALTHY, f"kept in {at.region}", facts=facts)


def _found(at: At, spec: EfsSpec) -> tuple[dict[str, Any] | Health, dict[str, Any]]:
    found = reading.file_system(at, spec)
    state = str(found["LifeCycleState"]) if found else "absent"
    facts: dict[str, Any] = {"state": state}
    if found is not None:
        facts |= {"file_system": found["FileSystemId"], "protection": reading.protection(found)}
    if found is not None and state == reading.AVAILABLE:
        return found, facts
    bad = Health(
        ResourceStatus.UNHEALTHY,
        f"the file system for {spec.identifier} in {at.region} is {state}",
        _REPLICATE if found is None else f"aws efs describe-file-systems --region {at.region}",
        facts,
    )
    return bad, facts


def _mounted(at: At, spec: EfsSpec, facts: dict[str, Any], good: str) -> Health:
    targets = reading.mount_targets(at, facts["file_system"])
    up = sum(1 for target in targets if target["LifeCycleState"] == reading.AVAILABLE)
    facts["mount_targets"] = up
    wanted = len(spec.mount_targets)
    if up >= wanted:
        words = f"{good}; {counted(up, 'mount target')} available"
        return Health(ResourceStatus.HEALTHY, words, facts=facts)
    return Health(
        ResourceStatus.DEGRADED if up else ResourceStatus.UNHEALTHY,
        f"{good}, but {up} of {counted(wanted, 'mount target')} are available",
        "mount targets are made before a disaster: " + _REPLICATE,
        facts,
    )
