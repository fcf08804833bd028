"""What a cluster takes of the region's quotas, beyond what is there already."""

from __future__ import annotations

from drstate.adapters import databases
from drstate.adapters.at import At
from drstate.adapters.aurora import reading
from drstate.adapters.quotas import Demand
from drstate.programs.aurora.spec import AuroraSpec


def demand(spec: AuroraSpec, at: At, *, cluster: bool, instances: bool) -> tuple[Demand, ...]:
    """The cluster and the instances that are yet to be made, of those that are to be made now."""
    found: list[Demand] = []
    if cluster and reading.cluster(at, spec.identifier) is None:
        found.append(Demand(databases.CLUSTERS, at.account, at.region, 1))
    if instances:
        lacking = len(spec.instances) - len(reading.instances(at, spec.identifier))
        if lacking > 0:
            found.append(Demand(databases.INSTANCES, at.account, at.region, lacking))
    return tuple(found)
