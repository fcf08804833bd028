"""What runs of a function: what is provisioned."""

from __future__ import annotations

from drstate.model.cost import Running, Usage
from drstate.programs.lambda_.spec import LambdaSpec
from drstate.programs.running import At


def runs(spec: LambdaSpec, at: At) -> Running:
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
