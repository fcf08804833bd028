"""What runs of a replication group, and what CLEANUP leaves of it."""

from __future__ import annotations

from drstate.model.cost import Running
from drstate.programs.elasticache.declare import replicas_at
from drstate.programs.elasticache.spec import ElasticacheSpec
from drstate.programs.running import SNAPSHOTS, At, kept, usage


def runs(spec: ElasticacheSpec, at: At) -> Running:
    """The nodes; a declared secondary may have fewer replicas."""
    smaller = at.declared and at.retired and spec.by_datastore(at.policy)
    replicas = replicas_at(spec, at.policy, standby=smaller)
    nodes = spec.shards * (1 + replicas)
    return Running(
        usages=(usage(nodes, spec.node_type, f"elasticache-{spec.engine}/{spec.node_type}"),),
        unknown=(SNAPSHOTS,) if spec.snapshot_retention_days else (),
        done="fewer replicas, kept" if replicas < spec.replicas else kept(at),
    )
