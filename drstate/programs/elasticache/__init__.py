"""ElastiCache: the spec, the values at a site, the owners, and the declaration."""

from __future__ import annotations

from drstate.programs.base import Program, Step
from drstate.programs.elasticache.declare import (
    GLOBAL_GROUP,
    GROUP,
    OWNERS,
    classes,
    declare_global,
    declare_site,
    elasticache_values,
    replicas_at,
)
from drstate.programs.elasticache.running import runs
from drstate.programs.elasticache.spec import (
    CONFIGURATION,
    DATASTORE,
    MOST_SECONDARIES,
    PRIMARY,
    READER,
    ElasticachePolicy,
    ElasticacheSpec,
    LogDelivery,
)

__all__ = [
    "CONFIGURATION",
    "DATASTORE",
    "GLOBAL_GROUP",
    "GROUP",
    "MOST_SECONDARIES",
    "PRIMARY",
    "PROGRAM",
    "READER",
    "ElasticachePolicy",
    "ElasticacheSpec",
    "LogDelivery",
    "elasticache_values",
    "replicas_at",
]

PROGRAM = Program(
    technology="elasticache",
    spec=ElasticacheSpec,
    step=Step.DATA,
    policy=ElasticachePolicy,
    owners={"": OWNERS},
    values=elasticache_values,
    site=declare_site,
    spanning=declare_global,
    classes=classes,
    stateful={
        GROUP: "a cache and its data",
        GLOBAL_GROUP: "the replication of a cache between the regions",
    },
    # the datastore's id begins with letters that AWS chooses: the adapter looks for it
    identities={GROUP: "{replicationGroupId}"},
    runs=runs,
)
