"""A drill's copy of an Auto Scaling group: one instance from the standby's launch template.

The copy is in no target group and has no policies or schedules.
"""

from __future__ import annotations

from typing import Any

from drstate.adapters.actions import RunContext
from drstate.adapters.at import At
from drstate.adapters.autoscaling import reading
from drstate.adapters.drilling import Copy, Found, copy_name, unpaired
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant

NAME_LIMIT = 255
_UNDER_WAY = ("ResourceInUse", "ScalingActivityInProgress")

GRANTS = (
    Grant(
        "run a drill's group with one instance, and remove it",
        ("autoscaling:CreateAutoScalingGroup", "autoscaling:DeleteAutoScalingGroup"),
        ("arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/*",),
        uncalled="only in a drill",
    ),
)


class DrillGroup(Copy):
    """A group with one instance, beside the standby's."""

    part = "group"
    service = "autoscaling"
    reads = ("DescribeAutoScalingGroups",)
    makes = ("CreateAutoScalingGroup",)
    removes = ("DeleteAutoScalingGroup",)
    seconds = 240
    deadline = 1800

    def __init__(self, entry: CatalogEntry, standby: str, region: str, drill: str) -> None:
        super().__init__(entry, region, drill, copy_name(entry.key, standby, drill, NAME_LIMIT))
        self.standby = standby
        self.warning = (
            f"an instance of {standby} runs production's image and user data: what it does without "
            "being called, it does in the drill"
        )

    @property
    def title(self) -> str:
        """See ``Copy.title``."""
        return f"Auto Scaling group {self.name} in {self.region} with one instance"

    def find(self, at: At) -> Found | None:
        """See ``Copy.find``. One that is being deleted still counts."""
        answer = at.call(
            reading.SERVICE, "describe_auto_scaling_groups", AutoScalingGroupNames=[self.name]
        )
        found: list[dict[str, Any]] = answer.get("AutoScalingGroups", [])
        return found[0] if found else None

    def mine(self, at: At, found: Found) -> bool:  # noqa: ARG002 - the contract
        """See ``Copy.mine``."""
        return self.owns(unpaired(found.get("Tags") or ()))

    def ready(self, found: Found) -> bool:
        """See ``Copy.ready``: an instance of it is in service."""
        return any(
            one.get("LifecycleState") == reading.SERVING and one.get("HealthStatus") == "Healthy"
            for one in found.get("Instances") or []
        )

    def obstacle(self, at: At) -> tuple[str, str] | None:
        """Without the standby's group there is nothing to copy."""
        if reading.group(at, self.standby) is not None:
            return None
        return (
            f"Auto Scaling group {self.standby} does not exist in {self.region}",
            "drstate up --phase replicate makes it",
        )

    def make(self, at: At, run: RunContext) -> None:  # noqa: ARG002 - the contract
        """See ``Copy.make``."""
        standby = reading.group(at, self.standby) or {}
        given: dict[str, Any] = {}
        if standby.get("MixedInstancesPolicy"):
            given["MixedInstancesPolicy"] = standby["MixedInstancesPolicy"]
        elif standby.get("LaunchTemplate"):
            template = standby["LaunchTemplate"]
            given["LaunchTemplate"] = {
                "LaunchTemplateId": template["LaunchTemplateId"],
                "Version": template.get("Version") or "$Default",
            }
        if standby.get("VPCZoneIdentifier"):
            given["VPCZoneIdentifier"] = standby["VPCZoneIdentifier"]
        else:
            given["AvailabilityZones"] = standby.get("AvailabilityZones") or []
        at.call(
            reading.SERVICE,
            "create_auto_scaling_group",
            AutoScalingGroupName=self.name,
            MinSize=1,
            MaxSize=1,
            DesiredCapacity=1,
            HealthCheckType="EC2",
            Tags=[
                {"Key": key, "Value": value, "PropagateAtLaunch": True}
                for key, value in sorted(self.tags.items())
            ],
            **given,
        )

    def remove(self, at: At, found: Found) -> None:
        """See ``Copy.remove``: its instance ends with it."""
        if not found.get("Status"):
            at.find(
                reading.SERVICE,
                "delete_auto_scaling_group",
                *_UNDER_WAY,
                AutoScalingGroupName=self.name,
                ForceDelete=True,
            )
