"""DB instances and DB clusters of a region: one quota each, which Aurora and RDS share."""

from __future__ import annotations

from drstate.adapters.at import At
from drstate.adapters.quotas import Limit

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
