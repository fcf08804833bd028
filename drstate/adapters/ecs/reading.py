"""Reading ECS services, their scalable targets and the health of their targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drstate.adapters.at import At

NAMESPACE = "ecs"
DIMENSION = "ecs:service:DesiredCount"


@dataclass(frozen=True)
class ServiceId:
    """A service at one site."""

    cluster: str
    service: str

    @property
    def resource_id(self) -> str:
        """Application Auto Scaling's name of it."""
        return f"service/{self.cluster}/{self.service}"

    def __str__(self) -> str:
        return f"{self.cluster}/{self.service}"


@dataclass(frozen=True)
class Capacity:
    """What a service is told to run, and what it runs."""

    desired: int
    running: int
    #: one deployment, and ECS calls its roll-out completed
    settled: bool
    target_groups: tuple[str, ...]
    #: None where there is no scalable target
    minimum: int | None
    maximum: int | None

    def facts(self) -> dict[str, Any]:
        """JSON-ready; the values that undo puts back."""
        return {
            "desired": self.desired,
            "running": self.running,
            "min": self.minimum,
            "max": self.maximum,
        }


def service(at: At, name: ServiceId) -> dict[str, Any] | None:
    """The active service, or None where there is none."""
    answer = at.find(
        "ecs",
        "describe_services",
        "ClusterNotFoundException",
        cluster=name.cluster,
        services=[name.service],
    )
    found: list[dict[str, Any]] = [
        item for item in answer.get("services", []) if item.get("status") == "ACTIVE"
    ]
    return found[0] if found else None


def scalable_target(at: At, name: ServiceId) -> dict[str, Any] | None:
    """The scalable target of the service, or None."""
    answer = at.call(
        "application-autoscaling",
        "describe_scalable_targets",
        ServiceNamespace=NAMESPACE,
        ResourceIds=[name.resource_id],
        ScalableDimension=DIMENSION,
    )
    found: list[dict[str, Any]] = answer.get("ScalableTargets", [])
    return found[0] if found else None


def capacity(at: At, name: ServiceId) -> Capacity | None:
    """Desired and running tasks, and the bounds of autoscaling. None: no such service."""
    found = service(at, name)
    if found is None:
        return None
    target = scalable_target(at, name)
    deployments = found.get("deployments", [])
    return Capacity(
        desired=int(found["desiredCount"]),
        running=int(found.get("runningCount", 0)),
        settled=len(deployments) == 1
        and deployments[0].get("rolloutState", "COMPLETED") == "COMPLETED",
        target_groups=tuple(
            group["targetGroupArn"]
            for group in found.get("loadBalancers", [])
            if group.get("targetGroupArn")
        ),
        minimum=int(target["MinCapacity"]) if target else None,
        maximum=int(target["MaxCapacity"]) if target else None,
    )


def healthy_targets(at: At, target_group: str) -> int:
    """How many targets of the group answer their health checks."""
    answer = at.call("elbv2", "describe_target_health", TargetGroupArn=target_group)
    return sum(
        1
        for target in answer.get("TargetHealthDescriptions", [])
        if target.get("TargetHealth", {}).get("State") == "healthy"
    )


def lacking_targets(at: At, now: Capacity, wanted: int) -> dict[str, int]:
    """Target groups with fewer than ``wanted`` healthy targets, and how many they have."""
    counts = {group: healthy_targets(at, group) for group in now.target_groups}
    return {group: count for group, count in counts.items() if count < wanted}
