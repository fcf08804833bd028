"""What runs of servers, tasks and functions. CLEANUP stops all of it, and disks stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drstate.model.cost import Running, Usage
from drstate.programs.running import At, usage

if TYPE_CHECKING:
    from drstate.programs.autoscaling.spec import AutoScalingSpec
    from drstate.programs.drs import DrsSpec
    from drstate.programs.ecs.spec import EcsSpec
    from drstate.programs.elb.spec import ElbSpec
    from drstate.programs.lambda_.spec import LambdaSpec
    from drstate.programs.launching import DrsPolicy

_FARGATE = ("FARGATE", "FARGATE_SPOT")
#: a task's own disk comes with the task up to this size
_FREE_GIB = 20


def drs(spec: DrsSpec, at: At) -> Running:
    """The instance; it is stopped, and its disks stay."""
    disks = ("its disks: DRS knows them, the catalog does not",)
    if at.retired:
        return Running(unknown=disks, done="stopped")
    policy: DrsPolicy = at.policy
    own = policy.servers.get(spec.instance_id)
    kind = spec.instance_type
    if not at.captured_here and own is not None and own.instance_type:
        kind = own.instance_type
    meter = "ec2-windows" if spec.platform == "windows" else "ec2"
    if spec.tenancy != "default":
        return Running(unknown=(f"{kind} with {spec.tenancy} tenancy", *disks))
    return Running(usages=(usage(1, kind, f"{meter}/{kind}"),), unknown=disks)


def autoscaling(spec: AutoScalingSpec, at: At) -> Running:
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


def ecs(spec: EcsSpec, at: At) -> Running:
    """Fargate tasks; the service goes to zero, and stays."""
    if at.retired:
        return Running(done="scaled to zero")
    providers = [row.provider for row in spec.capacity_providers]
    fargate = spec.launch_type == "FARGATE" or (
        bool(providers) and all(name in _FARGATE for name in providers)
    )
    if not fargate:
        return Running(note="its tasks run on instances that are counted with their group")
    task = spec.task_definition
    if "FARGATE_SPOT" in providers:
        return Running(unknown=(f"{spec.desired_count} tasks, some at spot prices, which move",))
    if (task.runtime_platform or {}).get("operatingSystemFamily", "LINUX") != "LINUX":
        return Running(unknown=(f"{spec.desired_count} tasks of Windows",))
    cpu, memory = _units(task.cpu), _units(task.memory)
    if cpu is None or memory is None:
        return Running(unknown=(f"{spec.desired_count} tasks: their size is not known",))
    arm = (task.runtime_platform or {}).get("cpuArchitecture") == "ARM64"
    meter = "fargate-arm" if arm else "fargate"
    count = spec.desired_count
    usages = [
        usage(count, f"task with {cpu:g} vCPU", f"{meter}/vcpu", cpu),
        usage(count, f"task with {memory:g} GiB", f"{meter}/gib", memory),
    ]
    extra = (task.ephemeral_storage_gib or 0) - _FREE_GIB
    if extra > 0:
        usages.append(usage(count, f"{extra} GiB of task storage", "fargate-storage/gib", extra))
    return Running(usages=tuple(usages), note="counted at production's desired count")


def lambda_(spec: LambdaSpec, at: At) -> Running:
    """Provisioned concurrency; a function without any costs nothing while nobody calls it."""
    kept_ready = [row for row in spec.aliases if row.provisioned]
    if not kept_ready:
        return Running(note="nothing costs by the hour without provisioned concurrency")
    if at.retired:
        return Running(done="provisioned concurrency removed")
    arm = "arm64" in spec.architectures
    price = f"lambda-provisioned{'-arm' if arm else ''}/gib"
    gib = spec.memory_mib / 1024
    return Running(
        usages=tuple(
            Usage(
                what=f"{row.provisioned} x {gib:g} GiB provisioned for {row.name}",
                price=price,
                quantity=(row.provisioned or 0) * gib,
            )
            for row in kept_ready
        )
    )


def elb(spec: ElbSpec, at: At) -> Running:
    """The balancer; it stays with its name."""
    return Running(
        usages=(usage(1, f"{spec.type} load balancer", f"elb/{spec.type}"),),
        unknown=("capacity units: they follow the traffic",),
        done="kept" if at.retired else "",
    )


def _units(text: Any) -> float | None:
    """``1024`` as 1: vCPUs of CPU units, GiB of MiB."""
    try:
        return int(str(text)) / 1024
    except ValueError:
        return None
