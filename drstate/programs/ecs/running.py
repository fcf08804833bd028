"""What runs of a service: Fargate tasks. CLEANUP stops all of it."""

from __future__ import annotations

from typing import Any

from drstate.model.cost import Running
from drstate.programs.ecs.spec import EcsSpec
from drstate.programs.running import At, usage

_FARGATE = ("FARGATE", "FARGATE_SPOT")
#: a task's own disk comes with the task up to this size
_FREE_GIB = 20


def runs(spec: EcsSpec, at: At) -> Running:
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


def _units(text: Any) -> float | None:
    """``1024`` as 1: vCPUs of CPU units, GiB of MiB."""
    try:
        return int(str(text)) / 1024
    except ValueError:
        return None
