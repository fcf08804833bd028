"""ECS services: the spec, the values at a site, the owners, and the declaration."""

from __future__ import annotations

from drstate.programs.base import Program
from drstate.programs.ecs.declare import classes, declare_site
from drstate.programs.ecs.owners import (
    OWNERS,
    OWNERS_AUTOSCALED,
    POLICY,
    SERVICE,
    TARGET,
)
from drstate.programs.ecs.running import runs
from drstate.programs.ecs.spec import EcsSpec
from drstate.programs.ecs.values import EcsPolicy, ecs_values

PROGRAM = Program(
    technology="ecs",
    spec=EcsSpec,
    policy=EcsPolicy,
    owners={
        "": {token: items for token, items in OWNERS.items() if token != SERVICE},
        "without autoscaling": {SERVICE: OWNERS[SERVICE]},
        "with autoscaling": {SERVICE: OWNERS_AUTOSCALED[SERVICE]},
    },
    values=ecs_values,
    site=declare_site,
    classes=classes,
    identities={
        # AWS and the provider find a service by its name too; reading puts the ARN in its place
        SERVICE: "{name}",
        TARGET: "{resourceId}",
        POLICY: "{name}",
    },
    runs=runs,
)
