"""A drill's copy of an Auto Scaling group: one instance, launched as the standby's would be.

The copy is in no target group and has no policies or schedules. Security groups stand in launch
templates, so it has one of its own: the standby's version with the drill's group. A version of the
standby's template would be launched by whoever uses its newest one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drstate.adapters.actions import RunContext
from drstate.adapters.at import At
from drstate.adapters.autoscaling import launching, reading
from drstate.adapters.confining import in_group, vpc_of_subnets
from drstate.adapters.drilling import Copy, Found, copy_name, pairs, unpaired
from drstate.adapters.quotas import Demand
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant
from drstate.programs.autoscaling.spec import AutoScalingSpec

NAME_LIMIT = 255
TEMPLATE_NAME_LIMIT = 128
_UNDER_WAY = ("ResourceInUse", "ScalingActivityInProgress")
_NO_TEMPLATE = (
    "InvalidLaunchTemplateId.NotFound",
    "InvalidLaunchTemplateName.NotFoundException",
)

GRANTS = (
    Grant(
        "run a drill's group with one instance, and remove it",
        ("autoscaling:CreateAutoScalingGroup", "autoscaling:DeleteAutoScalingGroup"),
        ("arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/*",),
        uncalled="only in a drill",
    ),
    Grant(
        "see the template that a drill copies",
        ("ec2:DescribeLaunchTemplateVersions", "ec2:DescribeLaunchTemplates"),
        uncalled="only in a drill",
    ),
    Grant(
        "give a drill's group a launch template, and remove it",
        ("ec2:CreateLaunchTemplate", "ec2:CreateTags", "ec2:DeleteLaunchTemplate"),
        ("arn:aws:ec2:*:*:launch-template/*",),
        uncalled="only in a drill",
    ),
)


def vpc_of(standby: str, at: At) -> str | None:
    """The VPC of the standby's group; None: it is not there."""
    found = reading.group(at, standby)
    if found is None:
        return None
    subnets = str(found.get("VPCZoneIdentifier") or "")
    return vpc_of_subnets(at, [one.strip() for one in subnets.split(",") if one.strip()])


def template_of(group: Found) -> Mapping[str, Any] | None:
    """The launch template that the group names, alone or in a mixed policy."""
    mixed = (group.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    found = mixed.get("LaunchTemplateSpecification") or group.get("LaunchTemplate")
    return found or None


class DrillTemplate(Copy):
    """A launch template: the standby's version, with the drill's security group."""

    part = "template"
    service = "ec2"
    reads = ("DescribeLaunchTemplates", "DescribeLaunchTemplateVersions")
    makes = ("CreateLaunchTemplate",)
    removes = ("DeleteLaunchTemplate",)
    others = (("autoscaling", "DescribeAutoScalingGroups"),)
    seconds = 10
    deadline = 600

    def __init__(self, entry: CatalogEntry, standby: str, region: str, drill: str) -> None:
        name = copy_name(entry.key, standby, drill, TEMPLATE_NAME_LIMIT)
        super().__init__(entry, region, drill, name)
        self.standby = standby

    @property
    def title(self) -> str:
        """See ``Copy.title``."""
        return f"launch template {self.name} in {self.region}, with the drill's security group"

    def find(self, at: At) -> Found | None:
        """See ``Copy.find``."""
        answer = at.find(
            "ec2", "describe_launch_templates", *_NO_TEMPLATE, LaunchTemplateNames=[self.name]
        )
        found: list[dict[str, Any]] = answer.get("LaunchTemplates", [])
        return found[0] if found else None

    def mine(self, at: At, found: Found) -> bool:  # noqa: ARG002 - the contract
        """See ``Copy.mine``."""
        return self.owns(unpaired(found.get("Tags") or ()))

    def ready(self, found: Found) -> bool:  # noqa: ARG002 - the contract
        """See ``Copy.ready``: it is there, or it is not."""
        return True

    def obstacle(self, at: At) -> tuple[str, str] | None:
        """Without the standby's group, or without a template, there is nothing to copy."""
        group = reading.group(at, self.standby)
        if group is None:
            return (
                f"Auto Scaling group {self.standby} does not exist in {self.region}",
                "drstate up --phase replicate makes it",
            )
        if template_of(group) is None:
            return (
                f"Auto Scaling group {self.standby} in {self.region} has no launch template",
                "give it one: launch configurations cannot be rehearsed",
            )
        return None

    def make(self, at: At, run: RunContext) -> None:  # noqa: ARG002 - the contract
        """See ``Copy.make``."""
        named = template_of(reading.group(at, self.standby) or {}) or {}
        version = str(named.get("Version") or "$Default")
        answer = at.call(
            "ec2",
            "describe_launch_template_versions",
            LaunchTemplateId=named["LaunchTemplateId"],
            Versions=[version],
        )
        at.call(
            "ec2",
            "create_launch_template",
            LaunchTemplateName=self.name,
            LaunchTemplateData=in_group(
                answer["LaunchTemplateVersions"][0]["LaunchTemplateData"], self.groups
            ),
            TagSpecifications=[{"ResourceType": "launch-template", "Tags": pairs(self.tags)}],
        )

    def remove(self, at: At, found: Found) -> None:
        """See ``Copy.remove``."""
        at.find(
            "ec2",
            "delete_launch_template",
            *_NO_TEMPLATE,
            LaunchTemplateId=found["LaunchTemplateId"],
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
            "being called, it does in the drill, as far as the drill's security group lets it out"
        )

    def demand(self, at: At) -> tuple[Demand, ...]:
        """See ``Copy.demand``."""
        return launching.one_more(AutoScalingSpec.model_validate(self.entry.spec), at)

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
        template = {"LaunchTemplateName": self.name, "Version": "$Default"}
        given: dict[str, Any] = {"LaunchTemplate": template}
        if standby.get("MixedInstancesPolicy"):
            policy = standby["MixedInstancesPolicy"]
            kinds = [
                # a kind with a template of its own would come with its security groups
                {key: one[key] for key in one if key != "LaunchTemplateSpecification"}
                for one in policy["LaunchTemplate"].get("Overrides") or []
            ]
            mixed: dict[str, Any] = {"LaunchTemplateSpecification": template}
            mixed |= {"Overrides": kinds} if kinds else {}
            given = {"MixedInstancesPolicy": {**policy, "LaunchTemplate": mixed}}
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
