"""What runs of a group: instances and their volumes. CLEANUP stops all of it."""

from __future__ import annotations

from drstate.model.cost import Running
from drstate.programs.autoscaling.spec import AutoScalingSpec
from drstate.programs.running import At, usage


def runs(spec: AutoScalingSpec, at: At) -> Running:
    """Instances and their volumes; the group goes to zero, and stays."""
    if at.retired:
        return Running(done="scaled to zero")
    if spec.mixed is not None:
        return Running(unknown=(f"{spec.desired} instances of several types, or spot",))
    kind = spec.template.instance_type
    if kind is None:
        return Running(unknown=(f"{spec.desired} instances: the template names no type",))
    usages = [usage(spec.desired, kind, f"ec2/{kind}")]
    for device in spec.template.devices:
        if device.no_device or device.volume_gib is None:
            continue
        volume = device.volume_type or "gp3"
        what = f"{device.volume_gib} GiB {volume}"
        usages.append(usage(spec.desired, what, f"ebs/{volume}", device.volume_gib))
    left = any(one.delete_on_termination is False for one in spec.template.devices)
    return Running(
        usages=tuple(usages),
        unknown=("volumes that outlive their instances",) if left else (),
        note="counted as Linux, at production's desired capacity",
    )
