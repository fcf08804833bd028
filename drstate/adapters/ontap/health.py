"""Whether a volume serves at a site, or is the copy that the site state wants.

FSx is asked first, because a volume that is not there needs no login; then ONTAP, which is the
truth.
"""

from __future__ import annotations

from typing import Any

from drstate.adapters.findings import Health
from drstate.adapters.ontap.actions import MIRRORED, facts_of
from drstate.adapters.ontap.place import Place
from drstate.model.health import ResourceStatus

_REPLICATE = "drstate up --phase replicate"


def absent(region: str, name: str) -> Health:
    """No volume is there."""
    return Health(ResourceStatus.UNHEALTHY, f"there is no volume {name} in {region}", _REPLICATE)


def active(here: Place) -> Health:
    """HEALTHY: writable and mounted as captured. DEGRADED: quota rules that are not active."""
    found = here.cluster.volume(here.svm_name, here.spec.name)
    if found is None:
        return absent(here.at.region, here.path)
    facts: dict[str, Any] = {
        "volume": here.path,
        "type": found.kind,
        "junction": found.junction,
        "quotas": found.quotas,
    }
    if found.kind != "rw":
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{here.path} in {here.at.region} is a read-only copy",
            "drstate up --phase activate breaks its mirror",
            facts,
        )
    wanted = here.spec.junction_path
    if wanted and found.junction != wanted:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{here.path} in {here.at.region} is not mounted at {wanted}",
            "drstate up --phase activate mounts it",
            facts,
        )
    good = f"{here.path} is writable in {here.at.region}"
    if not found.quotas and here.cluster.has_quota_rules(here.svm_name, here.spec.name):
        return Health(
            ResourceStatus.DEGRADED,
            f"{good}, but its quotas are not active",
            "drstate up --phase activate activates them",
            facts,
        )
    return Health(ResourceStatus.HEALTHY, good, facts=facts)


def standby(here: Place) -> Health:
    """HEALTHY: a mirror that works and has copied everything once; its lag is among the facts."""
    mirror = here.cluster.mirror(here.path)
    facts = {"volume": here.path, **facts_of(mirror)}
    if mirror is None or mirror.state != MIRRORED:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{here.path} in {here.at.region} is no copy"
            + (f": its mirror is {mirror.state}" if mirror else ""),
            _REPLICATE,
            facts,
        )
    if not mirror.healthy or mirror.lag_seconds is None:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"the mirror from {mirror.source} to {here.path} "
            + (f"is not healthy: {mirror.reason}" if not mirror.healthy else "is not complete"),
            f"look at the mirror on the cluster in {here.at.region}",
            facts,
        )
    facts["lag_seconds"] = mirror.lag_seconds
    words = f"{here.path} is a copy of {mirror.source}, {mirror.lag_seconds:.0f} s old"
    return Health(ResourceStatus.HEALTHY, words, facts=facts)


def retired(here: Place) -> Health:
    """HEALTHY: kept, and mounted nowhere."""
    found = here.cluster.volume(here.svm_name, here.spec.name)
    if found is None:
        return absent(here.at.region, here.path)
    facts = {"volume": here.path, "type": found.kind, "junction": found.junction}
    if found.junction:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{here.path} in {here.at.region} is still mounted at {found.junction}",
            "drstate up --phase cleanup unmounts it",
            facts,
        )
    words = f"{here.path} is kept in {here.at.region}, mounted nowhere"
    return Health(ResourceStatus.HEALTHY, words, facts=facts)
