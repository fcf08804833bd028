"""Waiting for prerequisites before a start, and maintenance windows. Time is a test's clock."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import ValidationError

from drstate.execution import previewing
from drstate.execution.making_plan import PlannedRun, not_yet_known
from drstate.execution.services import Services
from drstate.execution.starting import LOOK_SECONDS, look, with_hindrances
from drstate.inventory.sifting import named_resources
from drstate.model.maintenance import MaintenanceWindow
from drstate.model.phases import Operation, Phase
from drstate.model.scope import Hook
from drstate.planning.compiling import compile_plan
from drstate.planning.requests import PlanRequest
from drstate.report.preview import PlanPreview, RefusalView
from tests.aws.clocks import FakeClock
from tests.planning.planning_estate import SCOPE, ScriptedWork, demo

LAG = RefusalView(stack="", what="db is not ready", why="it is 900 s behind", passes=True)
DELETE = RefusalView(stack="s", what="it would delete db", why="stateful")


def planned(*windows: MaintenanceWindow, emergency: bool = False) -> PlannedRun:
    wish = PlanRequest(
        operation=Operation.FAILOVER,
        phases=(Phase.ACTIVATE,),
        force=emergency,
        emergency=emergency,
    )
    scope = SCOPE.model_copy(update={"maintenance": list(windows)})
    return PlannedRun(scope, compile_plan(wish, demo(), scope, ScriptedWork()), demo())


class World:
    """Services whose previews find, one after the other, what a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *found: tuple[RefusalView, ...]) -> None:
        self.clock = FakeClock()
        #: a project without windows of its own, unless a test writes some
        self.project_dir = Path("no-such-project")
        self.journal = SimpleNamespace(executions=lambda _scope, limit: [])
        self.seen = list(found)
        monkeypatch.setattr(previewing, "preview", self._preview)

    def _preview(self, _services: Any, run: PlannedRun, *, parallel: int | None) -> PlanPreview:
        assert parallel is None
        refusals = self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]
        return PlanPreview(plan=run.plan, plan_digest="", engine="", stages=(), refusals=refusals)

    @property
    def services(self) -> Services:
        return cast("Services", self)


def test_a_lag_is_waited_for_until_it_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, (LAG,), (LAG,), ())
    told: list[str] = []
    seen = look(world.services, planned(), wait_seconds=600, tell=told.append)
    assert not seen.refusals
    assert world.clock.slept == [LOOK_SECONDS, LOOK_SECONDS]
    assert "it is 900 s behind" in told[0]
    assert "10 min more" in told[0]


def test_waiting_ends_with_its_time_and_the_details(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, (LAG,))
    seen = look(world.services, planned(), wait_seconds=40)
    assert seen.refusals == (LAG,)
    assert sum(world.clock.slept) == 40


@pytest.mark.parametrize("wait", [0.0, 600.0])
def test_what_does_not_pass_by_itself_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, wait: float
) -> None:
    world = World(monkeypatch, (LAG, DELETE))
    assert look(world.services, planned(), wait_seconds=wait).refusals == (LAG, DELETE)
    assert world.clock.slept == []


def window(begins: float, ends: float) -> MaintenanceWindow:
    now = FakeClock().now()
    return MaintenanceWindow(
        begins=now + timedelta(hours=begins), ends=now + timedelta(hours=ends), reason="firewall"
    )


def test_an_open_window_refuses_once_and_an_emergency_is_told_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, ())
    seen = look(world.services, planned(window(-1, 1)))
    assert [row.why for row in seen.refusals] == ["firewall"]
    again = with_hindrances(world.services, planned(window(-1, 1)), seen)
    assert again == seen
    urgent = look(world.services, planned(window(-1, 1), emergency=True))
    assert urgent.refusals == ()
    assert any("is under way" in text for text in urgent.warnings)


def test_a_window_is_announced_a_day_before_and_not_earlier(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, ())
    soon, later = window(23, 24), window(25, 26)
    seen = look(world.services, planned(soon, later))
    assert seen.refusals == ()
    assert [text for text in seen.warnings if "maintenance" in text] == [
        f"maintenance of acme/production from {soon}: no execution begins then; what runs finishes"
    ]


def test_a_window_is_at_most_four_hours_long_and_has_a_time_zone() -> None:
    assert window(0, 4).open_at(FakeClock().now())
    assert not window(-4, 0).open_at(FakeClock().now())
    with pytest.raises(ValidationError, match="longer than 4 hours"):
        window(0, 4.1)
    with pytest.raises(ValidationError, match="later than begins"):
        window(1, 1)
    now = FakeClock().now().replace(tzinfo=None)
    with pytest.raises(ValidationError, match="time zone"):
        MaintenanceWindow(begins=now, ends=now + timedelta(hours=1), reason="x")


def test_a_hook_that_nobody_has_protected_yet_is_told_and_not_left_out_in_silence() -> None:
    hook = Hook.model_validate(
        {
            "name": "freeze",
            "kind": "command",
            "wave": 1,
            "phases": ["activate"],
            "when": "before",
            "command": ["/opt/freeze"],
            "account": SCOPE.accounts[0].id,
        }
    )
    scope = SCOPE.model_copy(update={"hooks": [hook]})
    before, after = not_yet_known(SCOPE, demo()), not_yet_known(scope, demo())
    (told,) = set(after) - set(before)
    assert "/freeze is in the scope file and not protected yet" in told
    assert "drstate up --phase replicate -c acme -e production takes it up" in told
    (named,) = (row for row in named_resources(scope) if row.name == "freeze")
    known = demo().entries[0].model_copy(update={"resource": named})
    catalog = demo().model_copy(update={"entries": (*demo().entries, known)})
    assert not_yet_known(scope, catalog) == before
