"""Reading Auto Scaling groups, and the health of the targets behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drstate.adapters.at import At

SERVICE = "autoscaling"
SERVING = "InService"


@dataclass(frozen=True)
class Sizes:
    """Minimum, maximum and desired capacity: they are one value, and change in one call."""

    minimum: int
    maximum: int
    desired: int

    def __str__(self) -> str:
        return f"{self.minimum}/{self.maximum}/{self.desired}"


@dataclass(frozen=True)
class Capacity:
    """What a group is told to run, and what it runs."""

    sizes: Sizes
    #: instances that serve and are healthy, and all that there still are
    serving: int
    instances: int
    #: ids of instances that AWS will not end by itself
    protected: tuple[str, ...]
    suspended: frozenset[str]
    target_groups: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """JSON-ready; the values that undo puts back."""
        return {
            "min": self.sizes.minimum,
            "max": self.sizes.maximum,
            "desired": self.sizes.desired,
            "serving": self.serving,
            "instances": self.instances,
            "suspended": sorted(self.suspended),
        }


def group(at: At, name: str) -> dict[str, Any] | None:
    """The group, or None where there is none or it is being deleted."""
    answer = at.call(SERVICE, "describe_auto_scaling_groups", AutoScalingGroupNames=[name])
    found: list[dict[str, Any]] = [
        one for one in answer.get("AutoScalingGroups", []) if not one.get("Status")
    ]
    return found[0] if found else None


def capacity(at: At, name: str) -> Capacity | None:
    """Sizes, instances and suspended processes. None: no such group."""
    found = group(at, name)
    if found is None:
        return None
    instances = found.get("Instances", [])
    return Capacity(
        sizes=Sizes(int(found["MinSize"]), int(found["MaxSize"]), int(found["DesiredCapacity"])),
        serving=sum(
            1
            for one in instances
            if one.get("LifecycleState") == SERVING and one.get("HealthStatus") == "Healthy"
        ),
        instances=len(instances),
        protected=tuple(
            sorted(one["InstanceId"] for one in instances if one.get("ProtectedFromScaleIn"))
        ),
        suspended=frozenset(one["ProcessName"] for one in found.get("SuspendedProcesses", [])),
        target_groups=tuple(found.get("TargetGroupARNs", [])),
    )


def lacking_targets(at: At, now: Capacity, wanted: int) -> dict[str, int]:
    """Target groups with fewer than ``wanted`` healthy targets, and how many they have."""
    lacking: dict[str, int] = {}
    for arn in now.target_groups:
        answer = at.call("elbv2", "describe_target_health", TargetGroupArn=arn)
        healthy = sum(
            1
            for one in answer.get("TargetHealthDescriptions", [])
            if one.get("TargetHealth", {}).get("State") == "healthy"
        )
        if healthy < wanted:
            lacking[arn] = healthy
    return lacking
