"""What runs of databases and caches, and what CLEANUP leaves of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.model.cost import Running, Usage
from drstate.programs.running import At, kept, usage

if TYPE_CHECKING:
    from drstate.programs.aurora import AuroraPolicy, AuroraSpec
    from drstate.programs.elasticache import ElasticacheSpec
    from drstate.programs.memorydb import MemorydbSpec
    from drstate.programs.opensearch import OpenSearchSpec
    from drstate.programs.rds import RdsPolicy, RdsSpec

_IO_OPTIMIZED = "aurora-iopt1"
_SNAPSHOTS = "snapshots: how much they hold is not known"


def rds(spec: RdsSpec, at: At) -> Running:
    """The instance and its storage; after CLEANUP what ``old_source`` leaves."""
    policy: RdsPolicy = at.policy
    zones = 2 if spec.multi_az else 1
    where = ", two zones" if spec.multi_az else ""
    instance = Usage(
        what=f"{spec.instance_class}{where}",
        price=f"rds-{spec.engine}/{spec.instance_class}",
        quantity=zones,
    )
    kind = spec.storage_type or "gp2"
    storage = [
        Usage(
            what=f"{spec.allocated_gib} GiB {kind} storage{where}",
            price=f"rds-storage/{kind}",
            quantity=spec.allocated_gib * zones,
        )
    ]
    if kind.startswith("io") and spec.iops:
        storage.append(
            Usage(what=f"{spec.iops} IOPS", price=f"rds-iops/{kind}", quantity=spec.iops * zones)
        )
    unknown = (
        ("provisioned IOPS and throughput of gp3 beyond what comes with it",)
        if kind == "gp3" and (spec.iops or spec.throughput) and spec.allocated_gib >= _GP3_GIB
        else ()
    )
    running = (instance, *storage)
    if not at.retired:
        return Running(usages=running, unknown=unknown)
    match policy.old_source:
        case "stop":
            return Running(
                usages=tuple(storage),
                unknown=(*unknown, _SNAPSHOTS),
                done="stopped",
                note="AWS starts a stopped instance again after 7 days, and it costs again",
            )
        case "delete":
            snapshot = Usage(
                what=f"final snapshot, at most {spec.allocated_gib} GiB",
                price="rds-snapshot/gib",
                quantity=spec.allocated_gib,
            )
            return Running(usages=(snapshot,), done="deleted after a final snapshot")
        case _:
            return Running(usages=running, unknown=(*unknown, _SNAPSHOTS), done="kept")


#: from this size on, gp3 has figures of its own that cost
_GP3_GIB = 400


def aurora(spec: AuroraSpec, at: At) -> Running:
    """The instances; a declared standby may be smaller. The cluster stays as a replica."""
    policy: AuroraPolicy = at.policy
    meter = _IO_OPTIMIZED if spec.storage_type == _IO_OPTIMIZED else "aurora"
    small = policy.standby_instance_class if at.retired and at.declared else None
    classes = [small or one.instance_class for one in spec.instances]
    usages = []
    for name in dict.fromkeys(classes):
        count = classes.count(name)
        if name == "db.serverless":
            least = spec.serverless.min_capacity if spec.serverless else 0
            what = f"serverless, at least {least:g} ACU"
            usages.append(usage(count, what, f"{meter}/acu", least))
        else:
            usages.append(usage(count, name, f"{meter}/{name}"))
    changed = small is not None and any(small != one.instance_class for one in spec.instances)
    return Running(
        usages=tuple(usages),
        unknown=("cluster storage and snapshots: they grow by themselves",),
        done="made smaller, kept as the replica" if changed else kept(at),
        note="a headless standby's instances go with the next replicate"
        if at.retired and at.declared and policy.headless
        else "",
    )


def elasticache(spec: ElasticacheSpec, at: At) -> Running:
    """The nodes; a declared secondary may have fewer replicas."""
    from drstate.programs.elasticache.declare import replicas_at  # noqa: PLC0415 it names us

    smaller = at.declared and at.retired and spec.by_datastore(at.policy)
    replicas = replicas_at(spec, at.policy, standby=smaller)
    nodes = spec.shards * (1 + replicas)
    return Running(
        usages=(usage(nodes, spec.node_type, f"elasticache-{spec.engine}/{spec.node_type}"),),
        unknown=(_SNAPSHOTS,) if spec.snapshot_retention_days else (),
        done="fewer replicas, kept" if replicas < spec.replicas else kept(at),
    )


def memorydb(spec: MemorydbSpec, at: At) -> Running:
    """The nodes; a declared member may have fewer replicas."""
    from drstate.programs.memorydb import replicas_at  # noqa: PLC0415 it names us

    smaller = at.declared and at.retired and spec.multi_region is not None
    replicas = replicas_at(spec, at.policy, standby=smaller)
    nodes = spec.shards * (1 + replicas)
    return Running(
        usages=(usage(nodes, spec.node_type, f"memorydb-{spec.engine}/{spec.node_type}"),),
        unknown=("data written, and snapshots",),
        done="fewer replicas, kept" if replicas < spec.replicas else kept(at),
    )


def opensearch(spec: OpenSearchSpec, at: At) -> Running:
    """Data, manager and warm nodes, and their volumes; a declared standby may be smaller."""
    from drstate.programs.levels import Level  # noqa: PLC0415 with the next one
    from drstate.programs.opensearch import nodes_at  # noqa: PLC0415 it names us

    level = Level.STANDBY if at.retired and at.declared else Level.PRODUCTION
    nodes = nodes_at(spec, at.policy, level)
    usages = [_nodes(nodes.instance_count, nodes.instance_type)]
    unknown: tuple[str, ...] = ()
    if nodes.manager_count and nodes.manager_type:
        usages.append(_nodes(nodes.manager_count, nodes.manager_type))
    if nodes.warm_count and nodes.warm_type:
        usages.append(_nodes(nodes.warm_count, nodes.warm_type))
        unknown += ("what warm nodes store",)
    if nodes.cold_storage:
        unknown += ("cold storage",)
    volume = spec.volume
    if volume is not None and volume.size_gib:
        kind = volume.type or "gp2"
        what = f"{volume.size_gib} GiB {kind} storage"
        price = f"opensearch-storage/{kind}"
        usages.append(usage(nodes.instance_count, what, price, volume.size_gib))
    return Running(
        usages=tuple(usages),
        unknown=unknown,
        done="made smaller, kept as the secondary" if nodes != spec.nodes else kept(at),
    )


def _nodes(count: int, kind: str) -> Usage:
    return usage(count, kind, f"opensearch/{kind}")
