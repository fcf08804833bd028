"""Whether an FSx file system serves at a site, or a copied backup is there to make one from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.findings import Health
from drstate.adapters.fsx import reading
from drstate.adapters.fsx.placing import placed
from drstate.adapters.site import SiteContext
from drstate.model.catalog import CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.programs.fsx import FsxPolicy, FsxSpec


def active(at: At, entry: CatalogEntry, spec: FsxSpec) -> Health:
    """HEALTHY: a file system that is not superseded is available here."""
    known = reading.current(at, spec.identifier, entry.resource.arn)
    if known is None:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"no file system of {spec.identifier} serves in {at.region}",
            "drstate up --phase activate restores one",
        )
    facts: dict[str, Any] = {
        "file_system": known.identifier,
        "state": known.lifecycle,
        "taken_at": known.taken_at,
        "host": known.host,
    }
    if known.lifecycle != reading.AVAILABLE:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{known.identifier} in {at.region} is {known.lifecycle}"
            + (f": {known.message}" if known.message else ""),
            f"aws fsx describe-file-systems --region {at.region}",
            facts,
        )
    data = f", with the data of {known.taken_at}" if known.taken_at else ""
    words = f"{known.identifier} is available in {at.region}{data}"
    return Health(ResourceStatus.HEALTHY, words, facts=facts)


def standby(at: At, entry: CatalogEntry, spec: FsxSpec, site: SiteContext, now: datetime) -> Health:
    """HEALTHY: a copy that a file system can be made from, and everything mapped that it needs."""
    copy = reading.newest_copy(at, entry.resource.arn)
    if copy is None:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"no backup of {spec.identifier} is in {at.region}",
            "drstate up --phase replicate copies one",
        )
    age = copy.age_seconds(now)
    facts = {
        "copy": copy.identifier,
        "taken_at": copy.taken_at.isoformat(),
        "lag_seconds": age,
    }
    missing = placed(spec, site).missing
    if missing:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{copy.identifier} cannot be restored in {at.region}: unmapped are "
            + ", ".join(missing),
            f"add them to {site.scope_file}",
            facts,
        )
    words = f"{copy.identifier} in {at.region} has the data of {facts['taken_at']}"
    if age > site.policy("fsx", FsxPolicy).backup_max_age_minutes * 60 * 2:
        return Health(
            ResourceStatus.DEGRADED,
            f"{words}, {age / 3600:.0f} h ago",
            "drstate up --phase replicate copies a newer one",
            facts,
        )
    return Health(ResourceStatus.HEALTHY, words, facts=facts)


def retired(at: At, entry: CatalogEntry, spec: FsxSpec) -> Health:
    """HEALTHY: nothing here is taken for serving; what served is kept."""
    known = reading.systems(at, spec.identifier, entry.resource.arn)
    serving = next((one for one in known if one.superseded is None), None)
    if serving is not None:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{serving.identifier} in {at.region} is not marked as superseded",
            "drstate up --phase cleanup marks it",
        )
    kept = ", ".join(one.identifier for one in known) or "nothing"
    return Health(ResourceStatus.HEALTHY, f"kept in {at.region}: {kept}")
