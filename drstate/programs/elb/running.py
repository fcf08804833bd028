"""What runs of a load balancer: it stays."""

from __future__ import annotations

from drstate.model.cost import Running
from drstate.programs.elb.spec import ElbSpec
from drstate.programs.running import At, usage


def runs(spec: ElbSpec, at: At) -> Running:
    """The balancer; it stays with its name."""
    return Running(
        usages=(usage(1, f"{spec.type} load balancer", f"elb/{spec.type}"),),
        unknown=("capacity units: they follow the traffic",),
        done="kept" if at.retired else "",
    )
