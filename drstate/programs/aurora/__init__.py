"""Aurora clusters: the spec, the values at a site, the owners, and the declaration."""

from __future__ import annotations

from drstate.programs.aurora.declare import classes, declare_global, declare_site
from drstate.programs.aurora.owners import CLUSTER, GLOBAL_CLUSTER, INSTANCE, OWNERS
from drstate.programs.aurora.running import runs
from drstate.programs.aurora.spec import AuroraPolicy, AuroraSpec
from drstate.programs.aurora.values import aurora_values
from drstate.programs.base import Program, Step

PROGRAM = Program(
    technology="aurora",
    spec=AuroraSpec,
    step=Step.DATA,
    policy=AuroraPolicy,
    owners={"": OWNERS},
    values=aurora_values,
    site=declare_site,
    spanning=declare_global,
    classes=classes,
    stateful={
        CLUSTER: "an Aurora cluster and its data",
        INSTANCE: "a database instance",
        GLOBAL_CLUSTER: "the replication between the regions",
    },
    identities={
        CLUSTER: "{clusterIdentifier}",
        INSTANCE: "{identifier}",
        GLOBAL_CLUSTER: "{globalClusterIdentifier}",
    },
    runs=runs,
)
