"""Shards of a real run where memory is short: one after the other, and the reason is told."""

from __future__ import annotations

import os
from pathlib import Path

from drstate.execution.executing import execute
from drstate.execution.making_plan import make_plan
from drstate.model import events as e
from drstate.model.events import Event, ExecutionStatus
from drstate.model.phases import Phase
from drstate.model.scope import Approval
from drstate.report.preview import PlanPreview
from drstate.report.timeline import describe
from tests.execution.worlds import World


def test_without_memory_for_two_shards_run_one_by_one_and_say_why(tmp_path: Path) -> None:
    world = World.start(tmp_path)
    before = dict(os.environ)
    events: list[Event] = []
    try:
        with world.services() as services:
            services.memory = lambda: 0
            scope = services.scope("acme", "production")
            assert scope.policies.parallel == 10  # what -p is where nobody says otherwise
            planned = make_plan(
                services, scope, phases=(Phase.REPLICATE,), approval=Approval.AUTOMATIC
            )
            seen = PlanPreview(
                plan=planned.plan, plan_digest=planned.plan.digest(), engine="", stages=()
            )
            view = execute(services, planned, preview=seen, on_event=events.append)
    finally:
        os.environ.clear()
        os.environ.update(before)
        world.stop()
    assert view.status is ExecutionStatus.COMPLETED
    assert any(len(stage.shards) > 1 for stage in view.stages)
    at_work = 0
    for event in events:
        at_work += isinstance(event.payload, e.ShardStarted)
        at_work -= isinstance(event.payload, e.ShardFinished)
        assert at_work <= 1
    told = [row[1] for event in events if (row := describe(event.payload))]
    assert sum("wait for memory" in text or "waits for memory" in text for text in told) >= 1
    assert any("wait" in warning.text for warning in view.warnings)
