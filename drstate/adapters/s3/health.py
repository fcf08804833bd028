"""Whether a bucket takes the traffic at a site, or is the replica that the site state wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drstate.adapters.at import At
from drstate.adapters.findings import Health
from drstate.adapters.s3 import reading
from drstate.adapters.s3.routes import Routes
from drstate.model.health import ResourceStatus

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_REPLICATE = "drstate up --phase replicate"


def bucket_health(at: At, bucket: str) -> Health:
    """HEALTHY: it exists and keeps versions."""
    versions = reading.versioning(at, bucket)
    facts: dict[str, Any] = {"bucket": bucket, "versioning": versions}
    if versions is None:
        return Health(
            ResourceStatus.UNHEALTHY, f"bucket {bucket} is absent in {at.region}", _REPLICATE, facts
        )
    if versions != reading.ENABLED:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"versioning of bucket {bucket} is {versions}: nothing is replicated",
            f"turn it on: aws s3api put-bucket-versioning --bucket {bucket}",
            facts,
        )
    return Health(ResourceStatus.HEALTHY, f"bucket {bucket} is there, versioned", facts=facts)


def routed(aws: AwsCaller, routes: Routes, region: str, *, serves: bool) -> Health | None:
    """None where the access point routes as wanted, else what is wrong."""
    arn = routes.arn(aws)
    if arn is None:
        return Health(
            ResourceStatus.UNHEALTHY, f"access point {routes.name} does not exist", _REPLICATE
        )
    dials = routes.dials(aws, arn)
    here = bool(dials.get(region))
    others = [other for other, dial in dials.items() if dial and other != region]
    facts = {"access_point": arn, "dials": dials}
    if serves and (not here or others):
        return Health(
            ResourceStatus.UNHEALTHY,
            f"access point {routes.name} routes to "
            + ", ".join(sorted(one for one, dial in dials.items() if dial)),
            "drstate up --phase activate routes it here",
            facts,
        )
    if not serves and here:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"access point {routes.name} still routes to {region}",
            f"activate the other site, or {_REPLICATE}",
            facts,
        )
    return None


def receives(at: At, bucket: str, rule_id: str) -> Health | None:
    """None where the bucket at the other site replicates here, else what is wrong."""
    found = reading.rule(reading.configuration(at, bucket), rule_id)
    if found is None or found.get("Status") != reading.ENABLED:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"bucket {bucket} in {at.region} has no enabled rule {rule_id}",
            _REPLICATE,
            {"rule": rule_id, "status": found.get("Status") if found else None},
        )
    return None
