"""Auto Scaling groups: the spec, the values at a site, the owners, and the declaration."""

from __future__ import annotations

from drstate.programs.autoscaling.declare import classes, declare_site
from drstate.programs.autoscaling.owners import GROUP, OWNERS, POLICY, SCHEDULE
from drstate.programs.autoscaling.running import runs
from drstate.programs.autoscaling.spec import AutoScalingSpec
from drstate.programs.autoscaling.values import AutoScalingPolicy, autoscaling_values
from drstate.programs.base import Program

PROGRAM = Program(
    technology="autoscaling",
    spec=AutoScalingSpec,
    policy=AutoScalingPolicy,
    owners={"": OWNERS},
    values=autoscaling_values,
    site=declare_site,
    classes=classes,
    identities={
        GROUP: "{name}",
        POLICY: "{autoscalingGroupName}/{name}",
        SCHEDULE: "{autoscalingGroupName}/{scheduledActionName}",
    },
    runs=runs,
)
