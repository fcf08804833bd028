"""Reading load balancers, their listeners and the health behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drstate.adapters.at import At

SERVICE = "elbv2"
#: targets that are on their way out count for nothing
_LEAVING = ("draining", "unused")


@dataclass(frozen=True)
class Targets:
    """The targets of one target group."""

    name: str
    arn: str
    healthy: int
    registered: int


def balancer(at: At, name: str) -> dict[str, Any] | None:
    """The load balancer of this name, or None."""
    answer = at.find(
        SERVICE,
        "describe_load_balancers",
        "LoadBalancerNotFound",
        "LoadBalancerNotFoundException",
        Names=[name],
    )
    found: list[dict[str, Any]] = answer.get("LoadBalancers", [])
    return found[0] if found else None


def listeners(at: At, arn: str) -> list[dict[str, Any]]:
    """Its listeners, by port."""
    found = at.pages(SERVICE, "describe_listeners", "Listeners", LoadBalancerArn=arn)
    return sorted(found, key=lambda one: int(one.get("Port") or 0))


def target_groups(at: At, arn: str) -> list[dict[str, Any]]:
    """Its target groups, by name."""
    found = at.pages(SERVICE, "describe_target_groups", "TargetGroups", LoadBalancerArn=arn)
    return sorted(found, key=lambda one: str(one["TargetGroupName"]))


def targets(at: At, group: dict[str, Any]) -> Targets:
    """How many targets of a group are registered, and how many answer."""
    answer = at.call(SERVICE, "describe_target_health", TargetGroupArn=group["TargetGroupArn"])
    states = [
        str(one.get("TargetHealth", {}).get("State"))
        for one in answer.get("TargetHealthDescriptions", [])
    ]
    return Targets(
        name=group["TargetGroupName"],
        arn=group["TargetGroupArn"],
        healthy=states.count("healthy"),
        registered=sum(1 for state in states if state not in _LEAVING),
    )
