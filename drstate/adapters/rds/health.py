"""Whether an RDS instance serves at a site, replicates there, or is put away."""

from __future__ import annotations

from typing import Any

from drstate.adapters.at import At
from drstate.adapters.findings import Health
from drstate.adapters.rds import reading
from drstate.adapters.rds.lag import lag_if_known
from drstate.model.health import ResourceStatus
from drstate.programs.rds import RdsPolicy, RdsSpec

_ACTIVATE = "drstate up --phase activate promotes it"


def writer_health(at: At, spec: RdsSpec) -> Health:
    """HEALTHY: an instance of its own that answers. DEGRADED: it has no automated backups."""
    absent, found = _looked_up(at, spec)
    if found is None or absent is not None:
        return absent or _absent(at, spec)
    facts = _facts(found)
    if not found.writer:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"the instance in {at.region} is still a replica of {found.source}",
            _ACTIVATE,
            facts,
        )
    if not found.shown.get("BackupRetentionPeriod"):
        return Health(
            ResourceStatus.DEGRADED,
            f"writes in {at.region}, but has no automated backups: no replica can be made of it",
            "drstate resume sets them; aws rds modify-db-instance --backup-retention-period",
            facts,
        )
    return Health(ResourceStatus.HEALTHY, f"writes in {at.region}", facts=facts)


def replica_health(at: At, spec: RdsSpec, other: str, now: Any) -> Health:
    """HEALTHY: an available replica of the other site's instance that replicates."""
    absent, found = _looked_up(at, spec)
    if found is None or absent is not None:
        return absent or _absent(at, spec)
    facts = _facts(found)
    if found.writer:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"the instance in {at.region} is an instance of its own, not a replica",
            "drstate up --phase cleanup puts it away, --phase replicate makes a replica",
            facts,
        )
    if found.source != spec.instance_arn(other):
        return Health(
            ResourceStatus.UNHEALTHY,
            f"the replica in {at.region} follows {found.source}, not the instance in {other}",
            "drstate up --phase replicate",
            facts,
        )
    if found.replication != "replicating":
        return Health(
            ResourceStatus.UNHEALTHY,
            f"the replica in {at.region} does not replicate: {found.replication}",
            f"aws rds describe-events --source-type db-instance --region {at.region}; a replica "
            "that ended is deleted by hand and made again: drstate up --phase replicate",
            facts,
        )
    lag = lag_if_known(at, spec.identifier, now)
    if lag.seconds is not None:
        facts["lag_seconds"] = lag.seconds
    return Health(ResourceStatus.HEALTHY, f"replicates in {at.region}", facts=facts)


def retired_health(at: At, spec: RdsSpec, policy: RdsPolicy) -> Health:
    """HEALTHY: nothing writes under the identifier, and what served is put away as policy says."""
    named = reading.instance(at, spec.identifier)
    away = reading.retired(at, spec.identifier)
    facts: dict[str, Any] = {"retired": reading.told(away)}
    if named is not None and named.writer:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"the instance in {at.region} still takes writes under its name",
            "drstate up --phase cleanup puts it away",
            facts,
        )
    wrong = [one for one in away if policy.old_source == "stop" and one.status != "stopped"]
    if policy.old_source == "delete":
        wrong = away
    if wrong:
        return Health(
            ResourceStatus.DEGRADED,
            f"{wrong[0].identifier} in {at.region} is {wrong[0].status}; "
            f"policies.rds.old_source is {policy.old_source}",
            "drstate up --phase cleanup (AWS starts a stopped instance again after 7 days)",
            facts,
        )
    what = f"{', '.join(one.identifier for one in away)} put away" if away else "nothing is left"
    return Health(ResourceStatus.HEALTHY, f"{what} in {at.region}", facts=facts)


def _looked_up(at: At, spec: RdsSpec) -> tuple[Health | None, reading.Instance | None]:
    found = reading.instance(at, spec.identifier)
    if found is None or found.status in reading.SERVING:
        return None, found
    return (
        Health(
            ResourceStatus.UNHEALTHY,
            f"instance {spec.identifier} in {at.region} is {found.status}",
            f"aws rds describe-events --source-type db-instance --region {at.region}",
            _facts(found),
        ),
        found,
    )


def _absent(at: At, spec: RdsSpec) -> Health:
    return Health(
        ResourceStatus.UNHEALTHY,
        f"instance {spec.identifier} does not exist in {at.region}",
        "drstate up --phase replicate makes it",
    )


def _facts(found: reading.Instance) -> dict[str, Any]:
    return {
        "instance": found.arn,
        "status": found.status,
        "source": found.source,
        "class": found.shown.get("DBInstanceClass"),
    }
