"""What has to hold before a pair is made or turned: the two fit, and the smaller has room.

Reads only. What the service would refuse anyway is found here before anything was changed; what it
would let happen and nobody wants (a standby too small for its data) is found only here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.findings import Health
from drstate.adapters.opensearch import reading
from drstate.model.health import ResourceStatus
from drstate.programs.opensearch.spec import Nodes, OpenSearchSpec

#: these do not replicate
_BURSTABLE = ("t2.", "t3.", "m3.")
#: more than this of the standby's volumes may not be needed for the data it is to hold
_FULL = 0.8
_WINDOW = timedelta(minutes=15)
_MIB_PER_GIB = 1024.0
_EQUAL = "make the two equal by their owners' code, then run this again"


def before_replicate(
    spec: OpenSearchSpec, standby: Nodes | None, here: At, there: At, now: datetime
) -> tuple[Health, ...]:
    """Whether the domain in ``here`` may follow the one in ``there``.

    ``standby``: the data nodes that a stack gives it; None where it keeps what it has.
    """
    follower = reading.domain(here, spec.name_in(here.region))
    leader = reading.domain(there, spec.name_in(there.region))
    found: list[Health | None] = [_nodes_fit(spec, follower, leader)]
    if follower is not None and leader is not None:
        wrong = reading.differences(follower, leader)
        if wrong:
            said = f"{spec.domain}: " + "; ".join(wrong)
            found.append(Health(ResourceStatus.UNHEALTHY, said, _EQUAL))
    nodes = standby or (reading.nodes(follower) if follower else None)
    if nodes is not None:
        found.append(_room(spec, nodes, there, now))
    found.append(_ejected(spec, there))
    return tuple(one for one in found if one is not None)


def before_shrinking(
    spec: OpenSearchSpec, nodes: Nodes, here: At, now: datetime
) -> tuple[Health, ...]:
    """Whether the data of the domain in ``here`` fits into these data nodes."""
    wrong = _room(spec, nodes, here, now)
    return () if wrong is None else (wrong,)


def before_activate(spec: OpenSearchSpec, here: At) -> tuple[Health, ...]:
    """Whether the domain follows, is primary already, or is on its way."""
    pair = reading.pair(here, spec.name_in(here.region))
    facts = pair.facts() if pair else {}
    if pair is not None and (
        pair.role == reading.PRIMARY or pair.status == reading.ACTIVE or not pair.settled
    ):
        return (Health(ResourceStatus.HEALTHY, f"{spec.domain} follows", facts=facts),)
    return (
        Health(
            ResourceStatus.DEGRADED,
            f"{spec.domain} in {here.region} does not follow "
            f"({pair.status if pair else 'it does not exist'})",
            "drstate up --phase replicate pairs the domains",
            facts,
        ),
    )


def _nodes_fit(
    spec: OpenSearchSpec, follower: dict[str, Any] | None, leader: dict[str, Any] | None
) -> Health | None:
    types = {spec.nodes.instance_type}
    types |= {reading.nodes(one).instance_type for one in (follower, leader) if one is not None}
    wrong = sorted(one for one in types if one.startswith(_BURSTABLE))
    if not wrong:
        return None
    return Health(
        ResourceStatus.UNHEALTHY,
        f"{spec.domain} runs on {', '.join(wrong)}, which does not replicate",
        "choose a type that is not burstable, at both sites",
    )


def _room(spec: OpenSearchSpec, nodes: Nodes, there: At, now: datetime) -> Health | None:
    """What is wrong where the data does not fit into the receiving domain's volumes."""
    if spec.volume is None or not spec.volume.size_gib:
        return None
    used = _used_gib(spec, there, now)
    held = float(nodes.instance_count * spec.volume.size_gib)
    if used is None or used <= held * _FULL:
        return None
    return Health(
        ResourceStatus.UNHEALTHY,
        f"{spec.domain} has {used:.0f} GiB of data; {nodes.instance_count} data nodes of the "
        f"receiving domain hold {held:.0f} GiB",
        "raise policies.opensearch.standby_instance_count, or the volumes of both domains",
        {"used_gib": used, "volumes_gib": held},
    )


def _used_gib(spec: OpenSearchSpec, there: At, now: datetime) -> float | None:
    answer = there.call(
        "cloudwatch",
        "get_metric_statistics",
        Namespace="AWS/ES",
        MetricName="ClusterUsedSpace",
        Dimensions=[
            {"Name": "DomainName", "Value": spec.name_in(there.region)},
            {"Name": "ClientId", "Value": there.account},
        ],
        StartTime=now - _WINDOW,
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )
    points = sorted(answer.get("Datapoints", []), key=lambda point: point["Timestamp"])
    return float(points[-1]["Maximum"]) / _MIB_PER_GIB if points else None


def _ejected(spec: OpenSearchSpec, there: At) -> Health | None:
    pair = reading.pair(there, spec.name_in(there.region))
    if pair is None or pair.status != reading.EJECTED:
        return None
    return Health(
        ResourceStatus.DEGRADED,
        f"{pair.peer} was ejected by a failover: what only it has is dropped now",
        "take a manual snapshot of it first if those writes matter",
        pair.facts(),
    )
