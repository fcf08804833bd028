"""Load balancers: the spec, the values at a site, the owners, and the declaration."""

from __future__ import annotations

from drstate.programs.base import Program, Step
from drstate.programs.elb.declare import classes, declare_site
from drstate.programs.elb.owners import BALANCER, CERTIFICATE, OWNERS, TARGET_GROUP
from drstate.programs.elb.running import runs
from drstate.programs.elb.spec import ElbSpec
from drstate.programs.elb.values import elb_values

PROGRAM = Program(
    technology="elb",
    spec=ElbSpec,
    step=Step.ENTRANCES,
    owners={"": OWNERS},
    values=elb_values,
    site=declare_site,
    classes=classes,
    identities={CERTIFICATE: "{listenerArn}_{certificateArn}"},
    stateful={
        BALANCER: "a load balancer and its DNS name, which records point to",
        TARGET_GROUP: "a target group and what is registered in it",
    },
    runs=runs,
)
