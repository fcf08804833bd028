"""What runs of a cluster, and what CLEANUP leaves of it."""

from __future__ import annotations

from drstate.model.cost import Running
from drstate.programs.aurora.spec import AuroraPolicy, AuroraSpec
from drstate.programs.running import At, kept, usage

_IO_OPTIMIZED = "aurora-iopt1"


def runs(spec: AuroraSpec, at: At) -> Running:
    """The instances; a declared standby may be smaller. The cluster stays as a replica."""
    policy: AuroraPolicy = at.policy
    meter = _IO_OPTIMIZED if spec.storage_type == _IO_OPTIMIZED else "aurora"
    small = policy.standby_instance_class if at.retired and at.declared else None
    classes = [small or one.instance_class for one in spec.instances]
    usages = []
    for name in dict.fromkeys(classes):
        count = classes.count(name)
        if name == "db.serverless":
            least = spec.serverless.min_capacity if spec.serverless else 0
            what = f"serverless, at least {least:g} ACU"
            usages.append(usage(count, what, f"{meter}/acu", least))
        else:
            usages.append(usage(count, name, f"{meter}/{name}"))
    changed = small is not None and any(small != one.instance_class for one in spec.instances)
    return Running(
        usages=tuple(usages),
        unknown=("cluster storage and snapshots: they grow by themselves",),
        done="made smaller, kept as the replica" if changed else kept(at),
        note="a headless standby's instances go with the next replicate"
        if at.retired and at.declared and policy.headless
        else "",
    )
