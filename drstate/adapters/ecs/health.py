"""Whether an ECS service runs what the site state wants, and its targets answer."""

from __future__ import annotations

from drstate.adapters.at import At
from drstate.adapters.ecs import reading
from drstate.adapters.ecs.actions import Goal
from drstate.adapters.ecs.reading import ServiceId
from drstate.adapters.findings import Health
from drstate.model.health import ResourceStatus
from drstate.model.words import counted


def service_health(at: At, name: ServiceId, goal: Goal) -> Health:
    """HEALTHY as wanted; DEGRADED: some tasks or targets are missing; UNHEALTHY: none serve."""
    now = reading.capacity(at, name)
    if now is None:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"service {name} does not exist in {at.region}",
            "drstate up --phase replicate creates it",
        )
    facts = now.facts()
    look = (
        f"aws ecs describe-services --cluster {name.cluster} --services {name.service} "
        f"--region {at.region}"
    )
    if goal.desired == 0:
        if now.desired == 0 and now.running == 0:
            return Health(ResourceStatus.HEALTHY, "runs no tasks, as wanted", facts=facts)
        return Health(
            ResourceStatus.UNHEALTHY,
            f"still runs {counted(now.running, 'task')} (desired {now.desired}); none are wanted",
            look,
            facts,
        )
    if now.desired < goal.at_least:
        return Health(
            ResourceStatus.UNHEALTHY if now.running == 0 else ResourceStatus.DEGRADED,
            f"is set to {counted(now.desired, 'task')}; {goal.at_least} are wanted",
            "drstate resume sets the count",
            facts,
        )
    if now.running < now.desired or not now.settled:
        return Health(
            ResourceStatus.UNHEALTHY if now.running == 0 else ResourceStatus.DEGRADED,
            f"runs {now.running} of {now.desired} tasks"
            + ("" if now.settled else "; its deployment has not completed"),
            look,
            facts,
        )
    lacking = reading.lacking_targets(at, now, goal.at_least)
    if lacking:
        group, count = next(iter(lacking.items()))
        facts["healthy_targets"] = lacking
        return Health(
            ResourceStatus.UNHEALTHY if count == 0 else ResourceStatus.DEGRADED,
            f"runs {counted(now.running, 'task')}, but {count} of {goal.at_least} targets are "
            f"healthy in {group.rpartition(':')[2]}",
            f"aws elbv2 describe-target-health --target-group-arn {group} --region {at.region}",
            facts,
        )
    return Health(
        ResourceStatus.HEALTHY, f"{now.running} of {now.desired} tasks run and answer", facts=facts
    )
