"""ECS: services that exist at both sites and run tasks at one.

Who sets the desired count: the stack, where the service is declared and has no autoscaling; the
actions here everywhere else. Production's numbers always come from the spec, which was captured
while the service was healthy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Work
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.confining import Confined, Unconfined
from drstate.adapters.drilling import Copy
from drstate.adapters.ecs import capture, drill, health, prerequisites, registered, tasks
from drstate.adapters.ecs.actions import Goal, ServiceAction
from drstate.adapters.ecs.reading import ServiceId
from drstate.adapters.findings import Health
from drstate.adapters.quotas import Demand, Limit
from drstate.adapters.site import SiteContext
from drstate.errors import ConfigError
from drstate.model.catalog import GLOBAL, CatalogEntry
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.resource import Resource
from drstate.model.scope import SiteMapTable
from drstate.model.spec import Spec
from drstate.model.translation import Translation
from drstate.programs.ecs.owners import TASK_DEFINITION
from drstate.programs.ecs.spec import EcsSpec
from drstate.programs.ecs.values import EcsPolicy

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_NOTHING_GLOBAL = "an ECS service has no part that spans both sites"


class EcsAdapter(Adapter):
    """ECS services with the ECS deployment controller."""

    technology = "ecs"
    summary = "ECS services: zero tasks in standby, production count with autoscaling when active"
    services = ("ecs", "application-autoscaling", "elbv2")
    grants = (
        Grant(
            "see clusters, services, task definitions, autoscaling and target health",
            (
                "ecs:DescribeClusters",
                "ecs:DescribeServices",
                "ecs:DescribeTaskDefinition",
                "ecs:ListClusters",
                "application-autoscaling:DescribeScalableTargets",
                "application-autoscaling:DescribeScalingPolicies",
                "elasticloadbalancing:DescribeTargetHealth",
            ),
        ),
        Grant(
            "find a task definition that was registered as its stack was cut off",
            ("ecs:ListTaskDefinitions",),
            uncalled="only after a crash",
        ),
        Grant("set the number of tasks", ("ecs:UpdateService",), ("arn:aws:ecs:*:*:service/*",)),
        Grant(
            "set the bounds of autoscaling",
            ("application-autoscaling:RegisterScalableTarget",),
            ("arn:aws:application-autoscaling:*:*:scalable-target/*",),
        ),
    )
    deviations = {
        "drill-leaves-nothing": "ECS tells of a deleted service for a while, as INACTIVE",
    }
    stack_grants = (
        Grant(
            "declare task definitions and services",
            (
                "ecs:CreateService",
                "ecs:DeleteService",
                "ecs:ListTagsForResource",
                "ecs:RegisterTaskDefinition",
                "ecs:TagResource",
                "ecs:UntagResource",
            ),
        ),
        Grant(
            "declare scalable targets and policies",
            (
                "application-autoscaling:DeleteScalingPolicy",
                "application-autoscaling:DeregisterScalableTarget",
                "application-autoscaling:ListTagsForResource",
                "application-autoscaling:PutScalingPolicy",
                "application-autoscaling:TagResource",
                "application-autoscaling:UntagResource",
            ),
        ),
        Grant(
            "let target tracking make its alarms",
            ("cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm"),
            ("arn:aws:cloudwatch:*:*:alarm:*",),
            uncalled="Application Auto Scaling calls them in the caller's name",
        ),
        Grant(
            "hand task and execution roles to ECS",
            ("iam:PassRole",),
            ("arn:aws:iam::*:role/*",),
            uncalled="ECS checks it where a task definition names a role",
        ),
    )
    transient_codes = frozenset({"ConcurrentUpdateException", "UpdateInProgressException"})
    drill_grants = drill.GRANTS
    spec_type = EcsSpec
    limits = (
        tasks.TASKS,
        Limit("services per cluster", 5000, "ecs", "L-9EF96962", "resource"),
    )
    claims = (
        Claim(
            technology="ecs",
            explorer_type="ecs:service",
            arn_pattern=re.compile(
                r"arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:service/(?P<name>[^/]+/[^/]+)"
            ),
        ),
    )

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the service that runs production; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def created(
        self, kind: str, inputs: Mapping[str, Any], account: str, aws: AwsCaller
    ) -> str | None:
        """ARN of the revision that a cut-off update had registered."""
        region = str(inputs.get("region") or "")
        if kind != TASK_DEFINITION or not region:
            return None
        return registered.revision(At(aws, account, region), inputs)

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Prewarm: a part of production's tasks, pinned there."""
        return self._work(entry, site)

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Production's tasks and bounds."""
        return self._work(entry, site)

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """No tasks, and autoscaling held at zero."""
        return self._work(entry, site)

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """No tasks; the service itself stays (or is declared) for the next activation."""
        return self._work(entry, site)

    def copies(self, entry: CatalogEntry, site: SiteContext) -> tuple[Copy, ...]:
        """A service with one task that nobody calls."""
        standby = service_at(entry, self.spec(entry), site)
        return (drill.DrillService(entry, standby, site.region, site.drill),)

    def confinement(self, entry: CatalogEntry, site: SiteContext) -> Confined | Unconfined:
        """In the VPC of the standby's subnets, where its tasks have addresses of their own."""
        spec = self.spec(entry)
        if spec.network is None:
            mode = spec.task_definition.network_mode or "bridge"
            return Unconfined(
                f"in network mode {mode} its task has the network of the instance that it runs on"
            )
        return Confined(partial(drill.vpc_of, service_at(entry, spec, site)))

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """The cluster is there, with the capacity providers."""
        if site.region == GLOBAL or phase is Phase.CLEANUP:
            return ()
        spec = self.spec(entry)
        translation = Translation(site.site_map, spec.region, site.region)
        cluster = translation.find(SiteMapTable.ECS_CLUSTERS, spec.cluster)
        if cluster is None:
            return ()  # a problem of the plan, with its field and file
        at = At(aws, entry.resource.account, site.region)
        name = ServiceId(cluster, spec.service)
        return prerequisites.check(spec, name, translation, at)

    def used(self, limit: Limit, at: At) -> dict[str, int]:  # noqa: ARG002 - there is one
        """Tasks of each cluster."""
        return tasks.used(at)

    def demand(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Demand, ...]:
        """Tasks that the phase starts."""
        if site.region == GLOBAL or phase is Phase.CLEANUP:
            return ()
        spec = self.spec(entry)
        at = At(aws, entry.resource.account, site.region)
        name = service_at(entry, spec, site)
        return tasks.demand(name, at, goal_of(spec, site).desired)

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """By force: the service of the other site runs on. Else CLEANUP takes it down."""
        if not site.force:
            return None
        return (
            f"service {entry.resource.name} in {site.other} goes on running its tasks, which may "
            "serve and write until it is cleaned up"
        )

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Desired tasks run, the deployment has completed, targets answer."""
        return self.ready(entry, site, aws)

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The capacity that the site state wants."""
        if site.region == GLOBAL:
            return Health(ResourceStatus.HEALTHY, _NOTHING_GLOBAL)
        spec = self.spec(entry)
        at = At(aws, entry.resource.account, site.region)
        name = service_at(entry, spec, site)
        return health.service_health(at, name, goal_of(spec, site))

    def spec(self, entry: CatalogEntry) -> EcsSpec:
        """The entry's spec, typed."""
        return EcsSpec.model_validate(entry.spec)

    def _work(self, entry: CatalogEntry, site: SiteContext) -> Work:
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        spec = self.spec(entry)
        goal = goal_of(spec, site)
        scales = not site.by_stack or spec.autoscaling is not None
        if not scales and goal.desired == 0:
            # the stack sets the count; that nothing runs any more is the health check's business
            return Work()
        name = service_at(entry, spec, site)
        action = ServiceAction(
            entry, name, site.region, goal, scales=scales, by_stack=site.by_stack
        )
        return Work((action,))


def service_at(entry: CatalogEntry, spec: EcsSpec, site: SiteContext) -> ServiceId:
    """The service's name at the site. Raises ConfigError where the site map lacks its cluster."""
    translation = Translation(site.site_map, spec.region, site.region)
    cluster = translation.find(SiteMapTable.ECS_CLUSTERS, spec.cluster)
    if cluster is None:
        raise ConfigError(
            f"{entry.key}: no ECS cluster in {site.region} stands for {spec.cluster!r}",
            why=f"{site.scope_file} has no "
            f"site_map.{site.region}.{SiteMapTable.ECS_CLUSTERS}[{spec.cluster!r}]",
            hint=f"add the cluster's name in {site.region} there",
        )
    return ServiceId(cluster, spec.service)


def goal_of(spec: EcsSpec, site: SiteContext) -> Goal:
    """The capacity of a site state.

    The bounds are registered by the action only at a foreign site: where the scalable target is
    declared, the stack has set them before.
    """
    scaling = spec.autoscaling
    registers = scaling is not None and not site.by_stack
    if site.state is SiteState.ACTIVE:
        at_least = spec.desired_count
        if scaling is not None and site.serving == site.region:
            # it serves already, so a lower count within the bounds is autoscaling's decision
            at_least = min(at_least, max(1, scaling.min_capacity))
        bounds = (scaling.min_capacity, scaling.max_capacity) if scaling else None
        return Goal(spec.desired_count, at_least, bounds if registers else None)
    if site.state is SiteState.WARM:
        count = spec.warm_count(site.policy("ecs", EcsPolicy).warm_percent)
        return Goal(count, count, (count, count) if registers else None)
    return Goal(0, 0, (0, 0) if registers else None)
