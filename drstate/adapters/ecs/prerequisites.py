"""What a service needs at the site: its cluster, and its capacity providers there.

Room for its tasks is summed over the whole run: see ``tasks``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.ecs.reading import ServiceId
from drstate.adapters.findings import Health
from drstate.model.health import ResourceStatus
from drstate.model.scope import SiteMapTable
from drstate.model.translation import Translation
from drstate.programs.ecs.spec import EcsSpec


def check(spec: EcsSpec, name: ServiceId, translation: Translation, at: At) -> tuple[Health, ...]:
    """Reads only, in the site's region."""
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
    return tuple(_providers(spec, active[0], translation, at))


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
