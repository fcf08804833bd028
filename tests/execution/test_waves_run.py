"""A run with conditions, hooks of a wave and overlapping waves; a CLEANUP that fails in part."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.errors import ExitCode
from drstate.execution.executing import execute, exit_code
from drstate.execution.making_plan import make_plan
from drstate.execution.resuming import resume
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.events import Event, ExecutionStatus
from drstate.model.health import WaveHealth
from drstate.model.phases import Phase, SiteState
from drstate.model.scope import Approval
from drstate.report.view import ExecutionView, Progress
from drstate.sandbox import process
from tests.execution.worlds import World

EAST = "us-east-1"
WEB = "ecs/211111111102/acme-staging/acme-staging-web"
CHECK = "import os,sys; sys.exit(0 if os.path.exists(sys.argv[1]) else 3)"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """acme/staging: a service only where the database is well, a hook that asks for a marker."""
    made = World.start(tmp_path)
    file = made.project / "stacks" / "acme" / "staging.yaml"
    content = yaml.safe_load(file.read_text())
    content["waves"] = {
        "overlap": True,
        2: {"when": "health.w1 == 'HEALTHY'"},
        3: {"when": "not forced and phase != 'activate'"},
    }
    marker = str(tmp_path / "marker")
    content["hooks"] = [
        {
            "name": "checked",
            "kind": "command",
            "wave": 1,
            "phases": ["activate"],
            "when": "before",
            "command": [sys.executable, "-c", CHECK, marker],
        }
    ]
    file.write_text(yaml.safe_dump(content))
    before = dict(os.environ)
    yield made
    os.environ.clear()
    os.environ.update(before)
    made.stop()


def run(services: Services, phase: Phase, told: list[Event] | None = None) -> ExecutionView:
    planned = make_plan(
        services,
        services.scope("acme", "staging"),
        phases=(phase,),
        approval=Approval.AUTOMATIC,
    )
    return execute(services, planned, on_event=None if told is None else told.append)


def of(told: list[Event], kind: type[Any]) -> list[Any]:
    return [row.payload for row in told if isinstance(row.payload, kind)]


def test_a_run_with_conditions_and_hooks_and_a_cleanup_that_fails_in_part(
    world: World, tmp_path: Path
) -> None:
    with world.services() as services:
        assert run(services, Phase.REPLICATE).status is ExecutionStatus.COMPLETED

        told: list[Event] = []
        view = run(services, Phase.ACTIVATE, told)
        # the hook before the wave failed: nothing of the wave began
        assert view.status is ExecutionStatus.PAUSED
        assert [row.action for row in of(told, e.ActionIntended)] == [
            "command-hook/211111111101/checked#run"
        ]
        assert of(told, e.StackStarted) == []
        held = [row for row in of(told, e.ShardFinished) if row.error is not None]
        assert "checked failed, so nothing else of wave 1 was begun" in held[-1].error.what

        (tmp_path / "marker").touch()
        told.clear()
        view = resume(services, view.execution, on_event=told.append)
        assert view.status is ExecutionStatus.COMPLETED
        assert exit_code(view) is ExitCode.SKIPS
        seen = {row.stage: row for row in of(told, e.ConditionChecked)}
        assert seen["activate.w2"].met
        assert seen["activate.w2"].inputs == {"health.w1": "HEALTHY"}
        assert not seen["activate.w3"].met
        assert of(told, e.ResourceSkipped)[0].resource.startswith("route53/")
        last = view.stage_view("activate.w3")
        assert (last.state, last.health) == (Progress.SKIPPED, None)
        assert "phase is activate" in last.judged

        _cleanup(world, services)


def _cleanup(world: World, services: Services) -> None:
    process.add_fault(
        world.home / "sandbox",
        {"effect": "error", "service": "ecs", "operation": "UpdateService", "region": EAST,
         "code": "AccessDeniedException", "any_code": True},
    )  # fmt: skip
    told: list[Event] = []
    view = run(services, Phase.CLEANUP, told)
    assert (view.status, exit_code(view)) == (ExecutionStatus.COMPLETED, ExitCode.SKIPS)
    assert view.stage_view("cleanup.w2").health is WaveHealth.DEGRADED
    assert of(told, e.CleanupOwed)[0].resources == (WEB,)
    assert view.error is not None
    assert WEB in view.error.why
    assert "drstate up --phase cleanup -c acme -e staging" in view.error.hint
    catalog = services.journal.load_catalog(services.scope("acme", "staging").key)
    assert catalog is not None
    assert (catalog.sites[EAST], catalog.uncleaned) == (SiteState.RETIRED, {EAST: (WEB,)})

    process.clear_faults(world.home / "sandbox")
    told.clear()
    view = run(services, Phase.CLEANUP, told)
    assert (view.status, exit_code(view)) == (ExecutionStatus.COMPLETED, ExitCode.OK)
    # only what was owed is done
    assert {stage.id for stage in view.stages} == {"cleanup.w2"}
    assert {row.resource for row in of(told, e.ActionIntended)} == {WEB}
    catalog = services.journal.load_catalog(services.scope("acme", "staging").key)
    assert catalog is not None
    assert catalog.uncleaned == {}
