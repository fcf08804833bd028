"""Tasks of clusters, and what a service takes of them.

AWS has no quota to be asked for the tasks of a cluster; the figure is what has to be agreed with
AWS, so a shortage warns and stops nothing. Whether there is capacity behind a provider nobody can
tell beforehand.
"""

from __future__ import annotations

from drstate.adapters.at import At
from drstate.adapters.ecs import reading
from drstate.adapters.ecs.reading import ServiceId
from drstate.adapters.quotas import Demand, Limit

TASKS = Limit("tasks of a cluster", 1000, "ecs", per="resource", counted=True)
#: so many clusters are described in one call
_AT_ONCE = 100


def used(at: At) -> dict[str, int]:
    """Cluster's name -> tasks that run or are about to."""
    arns = [str(one) for one in at.pages("ecs", "list_clusters", "clusterArns")]
    found: dict[str, int] = {}
    for begin in range(0, len(arns), _AT_ONCE):
        answer = at.call("ecs", "describe_clusters", clusters=arns[begin : begin + _AT_ONCE])
        for one in answer.get("clusters", []):
            if one.get("status") == "ACTIVE":
                found[str(one["clusterName"])] = _tasks(one, "TasksCount")
    return found


def demand(name: ServiceId, at: At, wanted: int) -> tuple[Demand, ...]:
    """Tasks of the service that do not run yet, of ``wanted``."""
    found = reading.service(at, name) if wanted else None
    lacking = wanted - (_tasks(found, "Count") if found else 0)
    return (Demand(TASKS, at.account, at.region, lacking, name.cluster),) if lacking > 0 else ()


def _tasks(shown: dict[str, object], ending: str) -> int:
    counts = (shown.get(f"{kind}{ending}") for kind in ("running", "pending"))
    return sum(count for count in counts if isinstance(count, int))
