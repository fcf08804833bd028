"""Auto Scaling groups: declared at zero, sized by one call at whichever site is acted on.

The sizes belong to the action everywhere, also where a stack has the group. Production's numbers
come from the spec; at a foreign site, from what was recorded when the group was taken down.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from drstate.adapters import vcpus
from drstate.adapters.actions import Work
from drstate.adapters.at import At
from drstate.adapters.autoscaling import capture, drill, health, launching, prerequisites
from drstate.adapters.autoscaling.actions import SIZES, SUSPENDED, Goal, ScaleAction
from drstate.adapters.autoscaling.reading import Sizes
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.confining import Confined, Unconfined
from drstate.adapters.drilling import Copy
from drstate.adapters.findings import Health
from drstate.adapters.quotas import Demand, Limit
from drstate.adapters.site import SiteContext
from drstate.model.catalog import GLOBAL, CatalogEntry, Ownership
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.resource import Resource
from drstate.model.spec import Spec
from drstate.programs.autoscaling.owners import TEMPLATE
from drstate.programs.autoscaling.spec import AutoScalingSpec
from drstate.programs.autoscaling.values import AutoScalingPolicy

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_NOTHING_GLOBAL = "an Auto Scaling group has no part that spans both sites"
_GROUPS = ("arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/*",)


class AutoScalingAdapter(Adapter):
    """Auto Scaling groups with a launch template."""

    technology = "autoscaling"
    summary = "Auto Scaling groups: no instances in standby, production's sizes in one call"
    services = ("autoscaling", "ec2", "elbv2", "service-quotas")
    grants = (
        Grant(
            "see groups, policies, schedules, launch templates and target health",
            (
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeLifecycleHooks",
                "autoscaling:DescribeNotificationConfigurations",
                "autoscaling:DescribePolicies",
                "autoscaling:DescribeScheduledActions",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:DescribeLaunchTemplates",
                "elasticloadbalancing:DescribeTargetHealth",
            ),
        ),
        Grant(
            "check images, key pairs and vCPU quotas before anything is changed",
            (
                "ec2:DescribeImages",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeInstances",
                "ec2:DescribeKeyPairs",
                "servicequotas:GetServiceQuota",
            ),
        ),
        Grant(
            "size groups, hold and resume their processes",
            (
                "autoscaling:ResumeProcesses",
                "autoscaling:SuspendProcesses",
                "autoscaling:UpdateAutoScalingGroup",
            ),
            _GROUPS,
        ),
    )
    stack_grants = (
        Grant(
            "declare groups, their policies and scheduled actions",
            (
                "autoscaling:CreateAutoScalingGroup",
                "autoscaling:DeleteAutoScalingGroup",
                "autoscaling:DeletePolicy",
                "autoscaling:DeleteScheduledAction",
                "autoscaling:DeleteTags",
                "autoscaling:PutScalingPolicy",
                "autoscaling:PutScheduledUpdateGroupAction",
            ),
            _GROUPS,
        ),
        Grant(
            "change what a declared group has",
            (
                "autoscaling:AttachLoadBalancerTargetGroups",
                "autoscaling:CreateOrUpdateTags",
                "autoscaling:DetachLoadBalancerTargetGroups",
                "autoscaling:EnableMetricsCollection",
            ),
            _GROUPS,
            uncalled="only where the source has metrics, or its tags or target groups change",
        ),
        Grant(
            "declare launch templates",
            (
                "ec2:CreateLaunchTemplate",
                "ec2:DeleteLaunchTemplate",
                "ec2:DeleteTags",
                "ec2:ModifyLaunchTemplate",
            ),
            ("arn:aws:ec2:*:*:launch-template/*",),
        ),
        Grant(
            "change launch templates: a new version",
            ("ec2:CreateLaunchTemplateVersion", "ec2:CreateTags"),
            ("arn:aws:ec2:*:*:launch-template/*",),
            uncalled="only where the source's template changes; EC2 checks CreateTags as it makes "
            "one",
        ),
        Grant(
            "let groups launch instances from a template, with its profile",
            ("ec2:RunInstances", "iam:PassRole"),
            uncalled="Auto Scaling checks them when a group gets its template",
        ),
    )
    transient_codes = frozenset({"ResourceContention", "ScalingActivityInProgress"})
    drill_grants = drill.GRANTS
    spec_type = AutoScalingSpec
    claims = (
        Claim(
            technology="autoscaling",
            explorer_type="autoscaling:autoScalingGroup",
            arn_pattern=re.compile(
                r"arn:aws[a-z-]*:autoscaling:[a-z0-9-]+:\d{12}:autoScalingGroup:[0-9a-f-]+:"
                r"autoScalingGroupName/(?P<name>.+)"
            ),
        ),
    )
    limits = (
        Limit("Auto Scaling groups per region", 500, "autoscaling", "L-CDE20ADC"),
        vcpus.STANDARD,
    )

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the group that runs production; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Prewarm: a part of production's instances, pinned there."""
        return self._work(entry, site)

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Production's sizes; then alarms and schedules go on."""
        return self._work(entry, site)

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """No instances, and nothing that brings them back."""
        return self._work(entry, site)

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """No instances; the group itself stays (or is declared) for the next activation."""
        return self._work(entry, site)

    def copies(self, entry: CatalogEntry, site: SiteContext) -> tuple[Copy, ...]:
        """A launch template like the standby's, and a group with one instance of it."""
        given = (entry, self.spec(entry).name, site.region, site.drill)
        return drill.DrillTemplate(*given), drill.DrillGroup(*given)

    def confinement(self, entry: CatalogEntry, site: SiteContext) -> Confined | Unconfined:  # noqa: ARG002 - the contract
        """In the VPC of the standby's subnets."""
        return Confined(partial(drill.vpc_of, self.spec(entry).name))

    def created(
        self, kind: str, inputs: Mapping[str, Any], account: str, aws: AwsCaller
    ) -> str | None:
        """Id of a launch template whose creation was cut off, by its name."""
        region = str(inputs.get("region") or "")
        if kind != TEMPLATE or not region:
            return None
        answer = At(aws, account, region).find(
            "ec2",
            "describe_launch_templates",
            "InvalidLaunchTemplateName.NotFoundException",
            LaunchTemplateNames=[str(inputs["name"])],
        )
        found = answer.get("LaunchTemplates", [])
        return str(found[0]["LaunchTemplateId"]) if found else None

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """Image and key pair are there."""
        if site.region == GLOBAL or phase is Phase.CLEANUP:
            return ()
        spec = self.spec(entry)
        at = At(aws, entry.resource.account, site.region)
        return prerequisites.check(spec, site, at)

    def used(self, limit: Limit, at: At) -> dict[str, int]:
        """The vCPUs of running instances that count towards the quota."""
        return vcpus.used(limit, at)

    def demand(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Demand, ...]:
        """The vCPUs of the instances that the phase launches."""
        if site.region == GLOBAL or phase is Phase.CLEANUP:
            return ()
        spec = self.spec(entry)
        at = At(aws, entry.resource.account, site.region)
        return launching.demand(spec, at, goal_of(spec, entry, site).sizes.desired)

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """By force: the group of the other site runs on. Else CLEANUP takes it down."""
        if not site.force:
            return None
        return (
            f"Auto Scaling group {self.spec(entry).name} in {site.other} goes on running its "
            "instances, which may serve and write until it is cleaned up"
        )

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Instances serve, targets answer, nothing is held any more."""
        return self.ready(entry, site, aws)

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The capacity that the site state wants."""
        if site.region == GLOBAL:
            return Health(ResourceStatus.HEALTHY, _NOTHING_GLOBAL)
        spec = self.spec(entry)
        at = At(aws, entry.resource.account, site.region)
        return health.group_health(at, spec.name, goal_of(spec, entry, site))

    def spec(self, entry: CatalogEntry) -> AutoScalingSpec:
        """The entry's spec, typed."""
        return AutoScalingSpec.model_validate(entry.spec)

    def _work(self, entry: CatalogEntry, site: SiteContext) -> Work:
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        spec = self.spec(entry)
        goal = goal_of(spec, entry, site)
        action = ScaleAction(entry, spec.name, site.region, goal, by_stack=site.by_stack)
        return Work((action,))


def goal_of(spec: AutoScalingSpec, entry: CatalogEntry, site: SiteContext) -> Goal:
    """The capacity of a site state, from the spec and what was recorded at the site."""
    memory = entry.memory.get(site.region, {})
    if site.state is SiteState.ACTIVE:
        sizes = _production(spec, site, memory)
        serves = site.serving == site.region
        return Goal(
            sizes,
            # it serves already, so fewer within the bounds are the policies' decision
            at_least=min(sizes.desired, max(1, sizes.minimum)) if serves else sizes.desired,
            bounds=not serves,
            resume=frozenset(memory.get(SUSPENDED, spec.held)),
        )
    if site.state is SiteState.WARM:
        percent = site.policy("autoscaling", AutoScalingPolicy).warm_percent
        count = spec.warm_count(percent)
        return Goal(Sizes(count, count, count), count, bounds=True, resume=None)
    retires = site.state is SiteState.RETIRED
    return Goal(Sizes(0, 0, 0), 0, bounds=True, resume=None, retires=retires)


def _production(spec: AutoScalingSpec, site: SiteContext, memory: dict[str, Any]) -> Sizes:
    recorded = memory.get(SIZES)
    if site.owner is Ownership.DECLARED or not recorded:
        return Sizes(spec.min_size, spec.max_size, spec.desired)
    low, high, desired = (int(one) for one in recorded)
    # policies may have scaled it in while nobody called it any more
    return Sizes(low, high, min(high, max(desired, spec.desired)))
