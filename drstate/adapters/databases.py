"""What Aurora and RDS share: quotas of instances and clusters, and groups that have to be there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.findings import Health
from drstate.adapters.quotas import Limit
from drstate.model.health import ResourceStatus

INSTANCES = Limit("DB instances", 40, "rds", "L-7B6409FD", counted=True)
CLUSTERS = Limit("DB clusters", 40, "rds", "L-952B80B8", counted=True)
#: quota's code -> how what counts towards it is listed
_LISTED = {
    INSTANCES.code: ("describe_db_instances", "DBInstances"),
    CLUSTERS.code: ("describe_db_clusters", "DBClusters"),
}


def used(limit: Limit, at: At) -> dict[str, int]:
    """How many there are in the region, whoever's they are."""
    operation, key = _LISTED[limit.code]
    return {"": sum(1 for _ in at.pages("rds", operation, key))}


def listed(at: At, operation: str, key: str, *absent: str, **named: str) -> dict[str, Any] | None:
    """What RDS lists under a name; None where it answers with a code of ``absent``."""
    found: list[dict[str, Any]] = at.find("rds", operation, *absent, **named).get(key, [])
    return found[0] if found else None


def missing(at: At, what: str, name: str, table: str) -> Health:
    """UNHEALTHY: it has to be made, or another one named in that table of the site map."""
    return Health(
        ResourceStatus.UNHEALTHY,
        f"{what} {name} does not exist in {at.region}",
        f"create it there, or name another one in site_map.{at.region}.{table}",
    )


def subnet_group(at: At, name: str | None) -> Iterator[Health]:
    """The DB subnet group is there; None: no group is wanted."""
    if name and not listed(
        at,
        "describe_db_subnet_groups",
        "DBSubnetGroups",
        "DBSubnetGroupNotFoundFault",
        DBSubnetGroupName=name,
    ):
        yield missing(at, "DB subnet group", name, "db_subnet_groups")
