"""The same with shards that run side by side, in every phase: killed, killed again, resumed.

Where events of parallel shards fall is chance: which moment a number stands for differs from run to
run, the end does not. A few moments a phase are tried; all of them with DRSTATE_FULL_TESTS=1.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from drstate.model.events import ExecutionStatus
from drstate.model.phases import Phase
from drstate.rehearsal.comparing import differences, shape, timeless
from tests.execution.worlds import World

SCOPE = "acme/production"
#: how many moments of a phase are tried, and what has to be done before it
MOMENTS = 1
BEFORE: dict[Phase, Sequence[Phase]] = {
    Phase.REPLICATE: (),
    Phase.INSTANTIATE: (Phase.REPLICATE,),
    Phase.ACTIVATE: (Phase.REPLICATE,),
    Phase.CLEANUP: (Phase.REPLICATE, Phase.ACTIVATE),
}
#: a resumed run is killed too, so many events after it began
AGAIN = 7


def moments(events: int) -> list[int]:
    """Numbers of events spread over the run, or all of them."""
    if os.environ.get("DRSTATE_FULL_TESTS") == "1":
        return list(range(1, events))
    return [1 + (2 * part + 1) * (events - 1) // (2 * MOMENTS) for part in range(MOMENTS)]


@pytest.mark.parametrize("phase", list(BEFORE))
def test_parallel_shards_killed_twice_resume_to_the_same_end(phase: Phase, tmp_path: Path) -> None:
    ready = World.start(tmp_path / "ready")
    try:
        for earlier in BEFORE[phase]:
            assert ready.run("run", phase=earlier, scope=SCOPE) == 0
        whole = ready.copy(tmp_path / "whole")
        try:
            assert whole.run("run", phase=phase, scope=SCOPE) == 0
            expected, digest = whole.view(), whole.digest()
            assert expected.status is ExecutionStatus.COMPLETED
            with whole.readers() as readers:
                events = len(readers.logs())
        finally:
            whole.stop()
        for number in moments(events):
            world = ready.copy(tmp_path / str(number))
            try:
                _killed_twice(world, phase, number)
                told = f"killed after event {number}"
                assert not differences(timeless(expected), timeless(world.view())), told
                assert shape(world.digest()) == shape(digest), told
            finally:
                world.stop()
    finally:
        ready.stop()


def _killed_twice(world: World, phase: Phase, number: int) -> None:
    assert world.run("run", phase=phase, kill_after=number, scope=SCOPE) == -signal.SIGKILL
    with world.readers() as readers:
        there = len(readers.logs())
    assert there >= number
    killed = world.run("resume", kill_after=there + AGAIN, scope=SCOPE) == -signal.SIGKILL
    # the second kill may have come right after the very last event
    if killed and world.view().status is not ExecutionStatus.COMPLETED:
        assert world.run("resume", scope=SCOPE) == 0
