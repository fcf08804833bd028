"""What a service needs at the site: its cluster, its capacity providers, room for its tasks.

AWS has no quota to be asked for the tasks of a cluster, so a shortage is a warning and stops
nothing. Whether there is capacity behind a provider nobody can tell beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.base import Health
from drstate.adapters.ecs import reading
from drstate.adapters.ecs.reading import ServiceId
from drstate.model.health import ResourceStatus
from drstate.model.scope import SiteMapTable
from drstate.model.translation import Translation
from drstate.programs.ecs.spec import EcsSpec

#: more than this has to be agreed with AWS, or spread over several clusters
TASKS_PER_CLUSTER = 1000


def check(
    spec: EcsSpec, name: ServiceId, translation: Translation, at: At, wanted: int
) -> tuple[Health, ...]:
    """Reads only, in the site's region. ``wanted``: tasks that the phase leaves running."""
    answer = at.call("ecs", "describe_clusters", clusters=[name.cluster])
    active = [one for one in answer.get("clusters", []) if one.get("status") == "ACTIVE"]
    if not active:
        return (
            Health(
                ResourceStatus.UNHEALTHY,
                f"ECS cluster {name.cluster} does not exist in {at.region}",
                f"aws ecs create-cluster --cluster-name {name.cluster} --region {at.region}, or "
                f"correct site_map.{at.region}.{SiteMapTable.ECS_CLUSTERS}",
            ),
        )
    cluster = active[0]
    return (*_providers(spec, cluster, translation, at), *_room(name, cluster, at, wanted))


def _providers(
    spec: EcsSpec, cluster: dict[str, Any], translation: Translation, at: At
) -> Iterator[Health]:
    there = set(cluster.get("capacityProviders") or [])
    for item in spec.capacity_providers:
        provider = translation.find(SiteMapTable.IDENTIFIERS, item.provider) or item.provider
        if provider in there:
            yield Health(
                ResourceStatus.HEALTHY,
                f"capacity provider {provider} is in cluster {cluster['clusterName']}",
            )
            continue
        yield Health(
            ResourceStatus.UNHEALTHY,
            f"cluster {cluster['clusterName']} in {at.region} has no capacity provider {provider}",
            "aws ecs put-cluster-capacity-providers adds it; where it has another name there, map "
            f"{item.provider} in site_map.{at.region}.{SiteMapTable.IDENTIFIERS}",
        )
    bare = spec.launch_type == "EC2" and not spec.capacity_providers
    if bare and not int(cluster.get("registeredContainerInstancesCount") or 0):
        yield Health(
            ResourceStatus.DEGRADED,
            f"cluster {cluster['clusterName']} in {at.region} has no container instances",
            "tasks of launch type EC2 wait until there are some: protect their Auto Scaling group "
            "in an earlier wave",
        )


def _room(name: ServiceId, cluster: dict[str, Any], at: At, wanted: int) -> Iterator[Health]:
    if not wanted:
        return
    found = reading.service(at, name)
    own = int(found.get("runningCount", 0)) if found else 0
    others = sum(int(cluster.get(f"{kind}TasksCount") or 0) for kind in ("running", "pending"))
    total = max(0, others - own) + wanted
    told = f"{total} tasks in cluster {name.cluster} in {at.region}, of {TASKS_PER_CLUSTER}"
    if total <= TASKS_PER_CLUSTER:
        yield Health(ResourceStatus.HEALTHY, told)
    else:
        yield Health(
            ResourceStatus.DEGRADED,
            told,
            f"map some services to another cluster in site_map.{at.region}."
            f"{SiteMapTable.ECS_CLUSTERS}, or have AWS raise the limit",
        )
