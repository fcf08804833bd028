"""Whether a cluster serves at a site: as a member that takes writes, with its replicas."""

from __future__ import annotations

from typing import Any

from drstate.adapters.at import At
from drstate.adapters.findings import Health
from drstate.adapters.memorydb import reading
from drstate.model.health import ResourceStatus
from drstate.model.words import counted
from drstate.programs.memorydb import OPEN_ACCESS, MemorydbSpec


def member_health(at: At, spec: MemorydbSpec, replicas: int) -> Health:
    """HEALTHY: available, a member, with its replicas. DEGRADED: short of some.

    Asked alike at both sites and in every state: all members take writes.
    """
    name = spec.member(at.region)
    found = reading.cluster(at, name)
    status = str(found["Status"]) if found else "absent"
    facts: dict[str, Any] = {"cluster": name, "status": status}
    if found is None or status != reading.AVAILABLE:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"cluster {name} in {at.region} is {status}",
            f"aws memorydb describe-events --source-name {name} --region {at.region}"
            if found
            else "drstate up --phase replicate",
            facts,
        )
    if found.get("MultiRegionClusterName") != spec.multi_region:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"cluster {name} in {at.region} is no member of {spec.multi_region}",
            "AWS takes no existing cluster in: delete it and run drstate up --phase replicate",
            facts,
        )
    has = reading.replicas(found)
    facts["replicas"] = has
    good = f"takes writes in {at.region}, as every member does; {counted(has, 'replica')} per shard"
    if has >= replicas:
        return Health(ResourceStatus.HEALTHY, good, facts=facts)
    return Health(
        ResourceStatus.DEGRADED,
        f"{good}, {replicas} wanted",
        "drstate resume waits for the rest; see the cluster's events",
        facts,
    )


def compatible(at: At, spec: MemorydbSpec, acl: str) -> list[Health]:
    """The multi-region cluster and the list of users, as the region at hand tells them."""
    found: list[Health] = []
    if spec.multi_region is not None:
        found += _multi_region(at, spec, spec.multi_region)
    if acl != OPEN_ACCESS and not reading.acl(at, acl):
        found.append(
            Health(
                ResourceStatus.UNHEALTHY,
                f"access control list {acl} is not in {at.region}",
                "create it there with the same users; lists and users are regional",
            )
        )
    return found


def _multi_region(at: At, spec: MemorydbSpec, name: str) -> list[Health]:
    known = reading.multi_region(at, name)
    if known is None:
        return [
            Health(
                ResourceStatus.UNHEALTHY,
                f"multi-region cluster {name} does not exist (seen from {at.region})",
                "drstate capture reads what is there now",
            )
        ]
    if (known.node_type, known.shards) == (spec.node_type, spec.shards):
        return []
    return [
        Health(
            ResourceStatus.UNHEALTHY,
            f"multi-region cluster {name} has {counted(known.shards, 'shard')} of "
            f"{known.node_type}; the spec has {counted(spec.shards, 'shard')} of {spec.node_type}",
            "drstate capture reads what is there now",
        )
    ]
