"""Whether a replication group serves at a site, or is the secondary that the site state wants."""

from __future__ import annotations

from typing import Any

from drstate.adapters.at import At
from drstate.adapters.elasticache import reading
from drstate.adapters.findings import Health
from drstate.model.health import ResourceStatus
from drstate.model.words import counted
from drstate.programs.elasticache import MOST_SECONDARIES, ElasticacheSpec

_REPLICATE = "drstate up --phase replicate"


def primary_health(at: At, spec: ElasticacheSpec) -> Health:
    """HEALTHY: takes writes, available, with its replicas. DEGRADED: alone, or short of some."""
    found, absent = _group(at, spec)
    if found is None:
        return absent
    facts = _facts(found)
    name = reading.datastore_of(found)
    if name is None:
        return Health(
            ResourceStatus.DEGRADED,
            f"{spec.member(at.region)} in {at.region} takes writes, but replicates nowhere",
            "make a new datastore over it, and the other site's group anew as its secondary",
            facts,
        )
    topology = reading.topology(at, name)
    primary = topology.primary if topology else None
    facts["primary"] = primary.region if primary else None
    if primary is None or (primary.region, primary.group) != (at.region, spec.member(at.region)):
        where = primary.region if primary else "nowhere"
        return Health(
            ResourceStatus.UNHEALTHY,
            f"writes are taken in {where}, not in {at.region}",
            "drstate up --phase activate fails over",
            facts,
        )
    return _nodes(found, spec.replicas, facts, f"takes writes in {at.region}")


def secondary_health(at: At, spec: ElasticacheSpec, replicas: int) -> Health:
    """HEALTHY: an available secondary of the datastore, with at least ``replicas`` per shard."""
    found, absent = _group(at, spec)
    if found is None:
        return absent
    facts = _facts(found)
    name = reading.datastore_of(found)
    topology = reading.topology(at, name) if name else None
    member = topology.member(at.region, spec.member(at.region)) if topology else None
    if topology is None or member is None:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{spec.member(at.region)} in {at.region} is in no global datastore",
            _REPLICATE,
            facts,
        )
    if member.primary:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{member.group} in {at.region} still takes the writes",
            "activate the other site before this one is made a secondary",
            facts,
        )
    if member.status != "associated" or not topology.settled:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{member.group} in {at.region} is {member.status}, its datastore {topology.status}",
            "wait until both have settled: drstate resume",
            facts,
        )
    return _nodes(found, replicas, facts, f"follows in {at.region}")


def datastore_health(at: At, name: str | None, spec: ElasticacheSpec) -> Health:
    """Whether the datastore exists and is at rest."""
    topology = reading.topology(at, name) if name else None
    if topology is None or not topology.settled:
        status = topology.status if topology else "absent"
        return Health(
            ResourceStatus.UNHEALTHY,
            f"the global datastore of {spec.identifier} is {status}",
            "drstate up --phase replicate creates it; drstate resume waits for it",
            {"status": status},
        )
    return Health(
        ResourceStatus.HEALTHY,
        f"global datastore {topology.identifier} is {topology.status}",
        facts={"status": topology.status},
    )


def compatible(at: At, spec: ElasticacheSpec) -> list[Health]:
    """What keeps the member here from standing in for its source; asked in its region alone."""
    found = reading.group(at, spec.member(at.region))
    node = reading.node(at, found) if found else None
    if found is None or node is None:
        return []
    pairs = (
        ("node type", found["CacheNodeType"], spec.node_type),
        ("engine version", _short(node["EngineVersion"]), _short(spec.engine_version)),
        ("number of shards", len(reading.shards(found)), spec.shards),
    )
    return [
        Health(
            ResourceStatus.UNHEALTHY,
            f"{what} of {spec.member(at.region)} in {at.region} is {here}; its source has {source}",
            "change the datastore (ModifyGlobalReplicationGroup), or capture anew: drstate capture",
        )
        for what, here, source in pairs
        if here != source
    ]


def promotable(at: At, spec: ElasticacheSpec, *, planned: bool) -> list[Health]:
    """Whether there is a group to fail over to; for a planned failover, one that follows."""
    found, absent = _group(at, spec)
    if found is None:
        return [absent]
    if not planned or primary_health(at, spec).status is not ResourceStatus.UNHEALTHY:
        return []
    follows = secondary_health(at, spec, 0)
    return [] if follows.ok else [follows]


def room(at: At, spec: ElasticacheSpec, target: str) -> list[Health]:
    """Whether somebody else's datastore has room for a member in ``target``."""
    topology = reading.topology(at, spec.datastore) if spec.datastore else None
    if topology is None or any(one.region == target for one in topology.members):
        return []
    if len(topology.members) - 1 < MOST_SECONDARIES:
        return []
    return [
        Health(
            ResourceStatus.UNHEALTHY,
            f"datastore {topology.identifier} has {MOST_SECONDARIES} secondaries already",
            f"take one of them out, or use one that is in {target}",
        )
    ]


def _short(version: str) -> str:
    # patch levels differ between regions while AWS rolls them out
    return ".".join(str(version).split(".")[:2])


def _facts(found: dict[str, Any]) -> dict[str, Any]:
    return {"group": found["ReplicationGroupId"], "status": found["Status"]}


def _group(at: At, spec: ElasticacheSpec) -> tuple[dict[str, Any] | None, Health]:
    name = spec.member(at.region)
    found = reading.group(at, name)
    status = str(found["Status"]) if found else "absent"
    missing = Health(
        ResourceStatus.UNHEALTHY,
        f"replication group {name} in {at.region} is {status}",
        f"aws elasticache describe-events --source-identifier {name} --region {at.region}"
        if found
        else _REPLICATE,
        {"status": status},
    )
    return (found if status == reading.AVAILABLE else None), missing


def _nodes(found: dict[str, Any], replicas: int, facts: dict[str, Any], good: str) -> Health:
    has = min(reading.replicas(found), default=0)
    facts["replicas"] = has
    if has >= replicas:
        return Health(
            ResourceStatus.HEALTHY,
            f"{good}; {counted(has, 'replica')} per shard",
            facts=facts,
        )
    return Health(
        ResourceStatus.DEGRADED,
        f"{good}, but with {has} of {replicas} replicas per shard",
        "drstate resume waits for the rest; see the group's events",
        facts,
    )
