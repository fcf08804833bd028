"""What a stack was making when it was cut off, found again: ids here are ARNs that AWS makes up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.elb import reading
from drstate.adapters.elb.reading import SERVICE
from drstate.programs.elb.owners import BALANCER, LISTENER, RULE, TARGET_GROUP


def arn_of(kind: str, inputs: Mapping[str, Any], at: At) -> str | None:
    """The ARN of what these inputs make, or None where it is not there."""
    if kind == BALANCER:
        found = reading.balancer(at, str(inputs["name"]))
        return str(found["LoadBalancerArn"]) if found else None
    if kind == TARGET_GROUP:
        answer = at.find(
            SERVICE,
            "describe_target_groups",
            "TargetGroupNotFound",
            "TargetGroupNotFoundException",
            Names=[str(inputs["name"])],
        )
        groups = answer.get("TargetGroups", [])
        return str(groups[0]["TargetGroupArn"]) if groups else None
    if kind == LISTENER:
        listeners = reading.listeners(at, str(inputs["loadBalancerArn"]))
        return _first(listeners, "ListenerArn", "Port", inputs["port"])
    if kind == RULE:
        rules = at.pages(SERVICE, "describe_rules", "Rules", ListenerArn=inputs["listenerArn"])
        return _first(list(rules), "RuleArn", "Priority", inputs["priority"])
    return None


def _first(found: list[dict[str, Any]], arn: str, member: str, value: Any) -> str | None:
    return next((str(one[arn]) for one in found if str(one.get(member)) == str(int(value))), None)
