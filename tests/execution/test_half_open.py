"""A recovering region whose control plane is overloaded is waited for; the lost one is not."""

from __future__ import annotations

from typing import Any

from drstate.model.events import CallRetried, ExecutionStatus
from drstate.sandbox import process
from tests.execution.worlds import World

OVERLOADED: dict[str, Any] = {
    "effect": "error",
    "service": "rds",
    "code": "ServiceUnavailable",
    "any_code": True,
    "status": 503,
}


def waits(world: World) -> list[float]:
    with world.readers() as readers:
        events = readers.journal.events(world.view().execution)
    return [one.payload.wait_seconds for one in events if isinstance(one.payload, CallRetried)]


def test_an_action_outlasts_an_outage_of_the_recovery_regions_control_plane(world: World) -> None:
    home = world.home / "sandbox"
    # four attempts are the usual ones
    process.add_fault(
        home,
        {
            **OVERLOADED,
            "service": "ecs",
            "operation": "UpdateService",
            "region": "us-west-2",
            "times": 6,
        },
    )
    ended = world.begin("run", "--hasty").end(120)
    assert ended.returncode == 0, ended.stderr
    assert world.view().status is ExecutionStatus.COMPLETED
    assert waits(world) == [1.0, 2.0, 4.0, 60.0, 60.0, 60.0]


def test_the_other_region_is_not_waited_for(world: World) -> None:
    home = world.home / "sandbox"
    process.add_fault(home, {**OVERLOADED, "region": "us-east-1"})
    world.begin("run", "--hasty").end(120)
    assert max(waits(world), default=0.0) <= 4.0
