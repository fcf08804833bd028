"""Whether an Aurora cluster serves at a site, or is the replica that the site state wants."""

from __future__ import annotations

from typing import Any

from drstate.adapters.at import At
from drstate.adapters.aurora import detach, reading
from drstate.adapters.findings import Health
from drstate.model.health import ResourceStatus
from drstate.model.words import counted
from drstate.programs.aurora.spec import AuroraSpec


def writer_health(at: At, spec: AuroraSpec) -> Health:
    """HEALTHY: the writer, available, all instances available. DEGRADED: some instance is not."""
    absent, facts = _cluster(at, spec)
    if absent is not None:
        return absent
    topology = reading.topology(at, spec.global_cluster_id)
    alone = detach.alone(at, spec, topology)
    if alone is not None:
        facts |= detach.facts_of(alone)
        serves = _instances(at, spec, facts, f"writes in {at.region}, detached")
        return Health(
            ResourceStatus.DEGRADED if serves.ok else serves.status,
            f"{serves.detail}; nothing replicates from it",
            serves.hint or "drstate up --phase replicate joins the sites again",
            facts,
        )
    writer = topology.writer if topology else None
    facts["writer"] = writer
    if writer != spec.cluster_arn(at.region):
        return Health(
            ResourceStatus.UNHEALTHY,
            f"the writer is {writer or 'unknown'}, not the cluster in {at.region}",
            "drstate up --phase activate moves the writer",
            facts,
        )
    return _instances(at, spec, facts, f"the writer is in {at.region}")


def global_health(at: At, spec: AuroraSpec) -> Health:
    """Whether the global cluster exists and is available."""
    topology = reading.topology(at, spec.global_cluster_id)
    if topology is None or not topology.settled:
        status = topology.status if topology else "absent"
        return Health(
            ResourceStatus.UNHEALTHY,
            f"global cluster {spec.global_cluster_id} is {status}",
            "drstate up --phase replicate creates it; drstate resume waits for it",
            {"status": status},
        )
    return Health(
        ResourceStatus.HEALTHY,
        f"global cluster {topology.identifier} is available",
        facts={"status": topology.status, "writer": topology.writer},
    )


def replica_health(at: At, spec: AuroraSpec, *, instances: int | None = None) -> Health:
    """HEALTHY: an available secondary that replicates, with its instances.

    ``instances``: how many it has to have at least; None: as many as its source.
    """
    absent, facts = _cluster(at, spec)
    if absent is not None:
        return absent
    topology = reading.topology(at, spec.global_cluster_id)
    arn = spec.cluster_arn(at.region)
    member = topology.member(arn) if topology else None
    if topology is None or member is None:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"the cluster in {at.region} is not a member of {spec.global_cluster_id}",
            "drstate up --phase replicate",
            facts,
        )
    facts["writer"] = topology.writer
    facts["synchronization"] = member.synchronization
    if member.writer:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"the cluster in {at.region} is still the writer",
            "activate the other site before this one is made a replica",
            facts,
        )
    if not member.follows:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"the replica in {at.region} is {member.synchronization}",
            "wait until AWS has rebuilt it: drstate resume",
            facts,
        )
    return _instances(at, spec, facts, f"replicates in {at.region}", wanted=instances)


def _cluster(at: At, spec: AuroraSpec) -> tuple[Health | None, dict[str, Any]]:
    found = reading.cluster(at, spec.identifier)
    status = str(found["Status"]) if found else "absent"
    facts: dict[str, Any] = {"cluster": spec.cluster_arn(at.region), "status": status}
    if status == reading.AVAILABLE:
        return None, facts
    return (
        Health(
            ResourceStatus.UNHEALTHY,
            f"cluster {spec.identifier} in {at.region} is {status}",
            f"aws rds describe-events --source-type db-cluster --region {at.region}",
            facts,
        ),
        facts,
    )


def _instances(
    at: At, spec: AuroraSpec, facts: dict[str, Any], good: str, *, wanted: int | None = None
) -> Health:
    found = {
        str(instance["DBInstanceIdentifier"]): str(instance["DBInstanceStatus"])
        for instance in reading.instances(at, spec.identifier)
    }
    facts["instances"] = found
    up = sum(1 for status in found.values() if status == reading.AVAILABLE)
    if wanted is None:
        wanted = len(spec.instances)
    if up >= wanted:
        return Health(
            ResourceStatus.HEALTHY, f"{good}; {counted(up, 'instance')} available", facts=facts
        )
    status = ResourceStatus.DEGRADED if up else ResourceStatus.UNHEALTHY
    return Health(
        status,
        f"{good}, but {up} of {wanted} instances are available",
        f"aws rds describe-db-instances --region {at.region}",
        facts,
    )
