"""Whether a load balancer is there with its listeners, and whether what is behind it answers.

A target group that nobody has registered in yet is no fault of the load balancer: who runs at the
site comes in a later wave, and has a health check of its own. It is told.
"""

from __future__ import annotations

from typing import Any

from drstate.adapters.at import At
from drstate.adapters.elb import reading
from drstate.adapters.findings import Health
from drstate.model.health import ResourceStatus
from drstate.model.words import counted
from drstate.programs.elb.spec import ElbSpec


def balancer_health(at: At, spec: ElbSpec, *, serves: bool) -> Health:
    """UNHEALTHY: not there, not whole, or none of a group's targets answers; DEGRADED: some."""
    found = reading.balancer(at, spec.name)
    if found is None:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"load balancer {spec.name} does not exist in {at.region}",
            "drstate up --phase replicate makes it",
        )
    arn, state = found["LoadBalancerArn"], str(found.get("State", {}).get("Code"))
    look = f"aws elbv2 describe-load-balancers --names {spec.name} --region {at.region}"
    facts: dict[str, Any] = {"state": state, "dns": found.get("DNSName")}
    if state not in ("active", "active_impaired"):
        return Health(ResourceStatus.UNHEALTHY, f"is {state}", look, facts)
    ports = {int(one["Port"]) for one in reading.listeners(at, arn)}
    missing = sorted({one.port for one in spec.listeners} - ports)
    groups = reading.target_groups(at, arn)
    lost = sorted({one.name for one in spec.target_groups} - {g["TargetGroupName"] for g in groups})
    if missing or lost:
        lacks = [f"listener {port}" for port in missing] + [f"target group {one}" for one in lost]
        return Health(
            ResourceStatus.UNHEALTHY,
            f"lacks {', '.join(lacks)}",
            "drstate up --phase replicate --refresh puts them back",
            facts,
        )
    if state == "active_impaired":
        return Health(ResourceStatus.DEGRADED, "is active, but impaired", look, facts)
    if not serves:
        return Health(
            ResourceStatus.HEALTHY,
            f"is active with {counted(len(ports), 'listener')}",
            facts=facts,
        )
    return _behind(at, groups, facts)


def _behind(at: At, groups: list[dict[str, Any]], facts: dict[str, Any]) -> Health:
    seen = [reading.targets(at, group) for group in groups]
    facts["targets"] = {one.name: [one.healthy, one.registered] for one in seen}
    silent = [one for one in seen if one.registered and one.healthy < one.registered]
    if silent:
        # the worst first: a group of which nothing answers
        worst = min(silent, key=lambda one: (one.healthy, one.name))
        return Health(
            ResourceStatus.UNHEALTHY if worst.healthy == 0 else ResourceStatus.DEGRADED,
            f"{worst.healthy} of {worst.registered} targets are healthy in {worst.name}",
            f"aws elbv2 describe-target-health --target-group-arn {worst.arn} --region {at.region}",
            facts,
        )
    empty = [one.name for one in seen if not one.registered]
    healthy = sum(one.healthy for one in seen)
    said = f"is active, {counted(healthy, 'target')} answer"
    if empty:
        said += f"; nothing is registered yet in {', '.join(empty)}"
    return Health(ResourceStatus.HEALTHY, said, facts=facts)
