"""An action that only waits runs where the stack has changed something, however soon it ends."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import pytest

from drstate.adapters.actions import Observation
from drstate.execution.actionstep import ActionStep
from drstate.execution.progress import RunState
from drstate.execution.workbench import Stop, Workbench
from drstate.model.events import ActionFinished, ActionIntended
from drstate.model.phases import Operation, Phase
from drstate.planning.compiling import compile_plan
from drstate.planning.requests import PlanRequest
from tests.aws.clocks import FakeClock
from tests.planning.planning_estate import SCOPE, ScriptedWork, action, catalog, entry

WEB = entry("shop/web", technology="ecs")


@pytest.mark.parametrize(
    ("waits", "changed", "runs"),
    [(True, True, True), (True, False, False), (False, True, False)],
)
def test_what_is_done_already_runs_only_where_it_waits_for_a_changed_stack(
    waits: bool, changed: bool, runs: bool
) -> None:
    plan = compile_plan(
        PlanRequest(operation=Operation.PHASE, phases=(Phase.ACTIVATE,)),
        catalog(WEB),
        SCOPE,
        ScriptedWork(),
    )
    stage = plan.stages[0]
    spec = action(WEB, "steady", stage.region).model_copy(update={"waits": waits})
    ran: list[str] = []

    def run(_aws: Any, _context: Any) -> dict[str, Any]:
        ran.append(spec.id)
        return {}

    # what the scope file says now, though it said something else when the plan was made
    mended = spec.model_copy(update={"title": "as mended"})
    found = SimpleNamespace(
        spec=mended, observe=lambda _: Observation(True, {"running": 2}), run=run
    )
    told: list[Any] = []
    bench = SimpleNamespace(
        plan=plan,
        clock=FakeClock(),
        stop=Stop(),
        serial=SimpleNamespace(held=lambda _: nullcontext()),
        entry=lambda _: WEB,
        adapter=lambda _: SimpleNamespace(action=lambda *_: found),
        aws_for=lambda *_: None,
        site=lambda *_: None,
        recorder=SimpleNamespace(
            state=RunState(plan=plan),
            append=told.append,
            fold=SimpleNamespace(changed_by_stack=lambda *_: changed),
        ),
    )
    assert ActionStep(cast("Workbench", bench), stage, stage.shards[0], spec).run()
    assert bool(ran) is runs
    kinds = [type(one) for one in told]
    assert kinds == ([ActionIntended, ActionFinished] if runs else [ActionFinished])
    assert told[-1].already_done is not runs
    assert [one.title for one in told if isinstance(one, ActionIntended)] == ["as mended"] * runs
