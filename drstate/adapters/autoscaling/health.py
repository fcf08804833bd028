"""Whether a group has the instances that the site state wants, and its targets answer."""

from __future__ import annotations

from drstate.adapters.at import At
from drstate.adapters.autoscaling import reading
from drstate.adapters.autoscaling.actions import Goal
from drstate.adapters.findings import Health
from drstate.model.health import ResourceStatus
from drstate.model.words import counted


def group_health(at: At, name: str, goal: Goal) -> Health:
    """HEALTHY as wanted; DEGRADED: some instances lack, or processes are held; else UNHEALTHY."""
    now = reading.capacity(at, name)
    if now is None:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"Auto Scaling group {name} does not exist in {at.region}",
            "drstate up --phase replicate makes it",
        )
    facts = now.facts()
    look = (
        f"aws autoscaling describe-scaling-activities --auto-scaling-group-name {name} "
        f"--region {at.region}"
    )
    if goal.sizes.desired == 0:
        if now.sizes.desired or now.instances or now.sizes.maximum:
            return Health(
                ResourceStatus.UNHEALTHY,
                f"still has {counted(now.instances, 'instance')} (min/max/desired {now.sizes}); "
                "none are wanted",
                look,
                facts,
            )
    elif not goal.sized(now.sizes):
        return Health(
            ResourceStatus.UNHEALTHY if now.serving == 0 else ResourceStatus.DEGRADED,
            f"its sizes are {now.sizes} (min/max/desired); {goal.sizes} are wanted",
            "drstate resume sets them",
            facts,
        )
    elif now.serving < now.sizes.desired:
        return Health(
            ResourceStatus.UNHEALTHY if now.serving == 0 else ResourceStatus.DEGRADED,
            f"{now.serving} of {now.sizes.desired} instances serve",
            look,
            facts,
        )
    lacking = reading.lacking_targets(at, now, goal.at_least) if goal.at_least else {}
    if lacking:
        arn, count = next(iter(lacking.items()))
        facts["healthy_targets"] = lacking
        return Health(
            ResourceStatus.UNHEALTHY if count == 0 else ResourceStatus.DEGRADED,
            f"{counted(now.serving, 'instance')} serve, but {count} of {goal.at_least} targets are "
            f"healthy in {arn.rpartition(':')[2]}",
            f"aws elbv2 describe-target-health --target-group-arn {arn} --region {at.region}",
            facts,
        )
    off = sorted(goal.to_change(now.suspended))
    if off:
        wrong = "may still change its sizes" if goal.resume is None else "are still suspended"
        return Health(
            ResourceStatus.DEGRADED,
            f"has its sizes, but {' and '.join(off)} {wrong}",
            "drstate resume sees to them",
            facts,
        )
    if goal.sizes.desired == 0:
        return Health(ResourceStatus.HEALTHY, "has no instances, as wanted", facts=facts)
    return Health(
        ResourceStatus.HEALTHY,
        f"{now.serving} of {now.sizes.desired} instances serve"
        + (" and answer" if now.target_groups else ""),
        facts=facts,
    )
