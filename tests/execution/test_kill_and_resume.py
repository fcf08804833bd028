"""Kill the process after an event; resume; the world and the report are the same.

The reference run tells how many events there are. Every fifth of them is tried, all of them with
DRSTATE_FULL_TESTS=1 (``make test-full``); slices spread the work over workers.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drstate.model.events import ExecutionStatus
from drstate.model.phases import Phase
from drstate.rehearsal.comparing import differences, timeless
from tests.execution.worlds import World

SLICES = 6
#: of so many events one is tried
STRIDE = 1 if os.environ.get("DRSTATE_FULL_TESTS") == "1" else 5


@dataclass(frozen=True)
class Reference:
    """The run that nobody killed."""

    ready: World
    events: int
    digest: dict[str, Any]
    view: dict[str, Any]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    folder = tmp_path_factory.mktemp("kill")
    ready = World.start(folder / "ready")
    try:
        assert ready.run("run", phase=Phase.REPLICATE) == 0
        whole = ready.copy(folder / "whole")
        try:
            assert whole.run("run") == 0
            view = whole.view()
            assert view.status is ExecutionStatus.COMPLETED
            with whole.readers() as readers:
                events = len(readers.logs())
            yield Reference(ready, events, whole.digest(), timeless(view))
        finally:
            whole.stop()
    finally:
        ready.stop()


@pytest.mark.parametrize("part", range(SLICES))
def test_a_run_killed_after_any_event_resumes_to_the_same_end(
    part: int, reference: Reference, tmp_path: Path
) -> None:
    numbers = range(1 + part * STRIDE, reference.events + 1, SLICES * STRIDE)
    assert numbers, "more slices than events: lower SLICES"
    for number in numbers:
        world = reference.ready.copy(tmp_path / str(number))
        try:
            assert world.run("run", kill_after=number) == -signal.SIGKILL
            with world.readers() as readers:
                assert len(readers.logs()) >= number
            if number < reference.events:
                assert world.run("resume") == 0
            told = f"killed after event {number}"
            assert not differences(reference.view, timeless(world.view())), told
            assert world.digest() == reference.digest, told
        finally:
            world.stop()
