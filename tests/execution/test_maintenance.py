"""Maintenance windows: whose they are, what a start is told, what becomes of what runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import cast

import pytest

from drstate.errors import ConfigError
from drstate.execution.commands import Command, PauseAsRequested, StartPhase, StartStage
from drstate.execution.hindrances import hindrances, maintenance
from drstate.execution.maintenance_watch import MaintenanceWatch
from drstate.execution.recorder import Recorder
from drstate.execution.services import Services
from drstate.inventory.maintenance import windows_of
from drstate.journal.sqlite import SqliteJournal, open_journal
from drstate.model import events as e
from drstate.model.maintenance import MaintenanceWindow, PlacedWindow, Running
from drstate.model.notify import Kind
from drstate.model.phases import Phase
from tests.aws.clocks import FakeClock
from tests.execution.transcript import SCOPE as STAGING
from tests.execution.transcript import A, created, key, plan, shard, stage
from tests.planning.planning_estate import SCOPE

NOON = FakeClock().now()


def window(begins: float, ends: float, **more: str) -> MaintenanceWindow:
    return MaintenanceWindow(
        begins=NOON + timedelta(hours=begins),
        ends=NOON + timedelta(hours=ends),
        reason="firewall",
        running=Running(more.get("running", "finish")),
    )


def project(folder: Path, *lines: str) -> Path:
    text = "\n".join(["name: drstate", "drstate:", "  journal: file", *(f"  {s}" for s in lines)])
    (folder / "Pulumi.yaml").write_text(text + "\n", encoding="utf-8")
    return folder


def services(folder: Path) -> Services:
    journal = SimpleNamespace(executions=lambda _scope, limit: [])
    found = SimpleNamespace(clock=FakeClock(), project_dir=folder, journal=journal)
    return cast("Services", found)


def test_windows_of_the_project_hold_for_every_scope_beside_its_own(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        "maintenance:",
        "  - {begins: 2026-03-01T11:00:00Z, ends: 2026-03-01T13:00:00Z, reason: new firewall}",
    )
    scope = SCOPE.model_copy(update={"maintenance": [window(-2, 1)]})
    assert [row.file for row in windows_of(folder, scope)] == [
        "stacks/acme/production.yaml",
        "Pulumi.yaml",
    ]
    own, whole = maintenance(services(folder), scope)
    assert own.what == "acme/production is in maintenance until 2026-03-01 13:00 UTC"
    assert whole.what == "the whole project is in maintenance until 2026-03-01 13:00 UTC"
    assert whole.why == "new firewall"
    assert "the window is in Pulumi.yaml: maintenance" in whole.hint


@pytest.mark.parametrize(
    ("lines", "what", "why", "hint"),
    [
        (
            ("maintenence: []",),
            "drstate.maintenence of Pulumi.yaml: there is no such setting",
            "known are maintenance",
            "write maintenance instead of maintenence",
        ),
        (
            (
                "maintenance:",
                "  - {begins: 2026-03-01T11:00:00Z, ends: 2026-03-01T15:01:00Z, reason: x}",
            ),
            "drstate.maintenance of Pulumi.yaml is wrong",
            "longer than 4 hours",
            "4 hours at most",
        ),
        (
            ("maintenance:", "  - {begins: noon, ends: 2026-03-01T15:00:00Z, reason: x}"),
            "drstate.maintenance of Pulumi.yaml is wrong",
            "drstate.maintenance[0].begins is 'noon'",
            "begins: 2026",
        ),
    ],
)
def test_a_mistake_in_the_project_s_windows_is_told_and_stops_no_emergency(
    tmp_path: Path, lines: tuple[str, ...], what: str, why: str, hint: str
) -> None:
    given = services(project(tmp_path, *lines))
    with pytest.raises(ConfigError) as refused:
        hindrances(given, SCOPE)
    assert refused.value.what == what
    assert why in refused.value.why
    assert hint in refused.value.hint
    urgent = hindrances(given, SCOPE, urgent=True)
    assert urgent.refusals == ()
    assert what in urgent.notices[0]


def test_windows_that_follow_each_other_are_one_and_no_longer_than_four_hours() -> None:
    apart = [window(1, 4), window(4.5, 8)]
    scope = SCOPE.model_dump(mode="json", by_alias=True)
    assert len(type(SCOPE).model_validate({**scope, "maintenance": apart}).maintenance) == 2
    chained = [window(4, 8), window(1, 4)]
    with pytest.raises(ValueError, match="without a gap for longer than 4 hours"):
        type(SCOPE).model_validate({**scope, "maintenance": chained})


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    with open_journal(tmp_path / "journal.db") as opened:
        yield opened


class Run:
    """A run of two waves; the first one is about to begin."""

    def __init__(self, journal: SqliteJournal) -> None:
        self.clock = FakeClock()
        self.queue: SimpleQueue[Command] = SimpleQueue()
        self.journal = journal
        lease = journal.acquire(STAGING, runner="me", host="here", pid=1, ttl_seconds=60)
        self.recorder = Recorder(journal, "run-1", lease.fence, self.clock, self.queue)
        self.recorder.append(
            created(plan(*(stage(n, shard(A, f"w{n}", key(f"db{n}"))) for n in (1, 2))))
        )
        self.recorder.append(
            e.RunnerAttached(runner="me", host="here", pid=1, fence=lease.fence, resumed=False)
        )

    def watch(self, *windows: MaintenanceWindow, pauses: bool = True) -> MaintenanceWatch:
        placed = [PlacedWindow(window=one, of="acme/production", file="f") for one in windows]
        return MaintenanceWatch(self.recorder, placed, self.clock, pauses=pauses)

    def told(self) -> list[tuple[Kind, str, str]]:
        found = [row.payload for row in self.journal.events("run-1", kinds=("warned",))]
        return [(row.kind, row.text, row.hint) for row in found if isinstance(row, e.Warned)]

    def next(self) -> list[Command]:
        return [self.queue.get_nowait() for _ in range(self.queue.qsize())]


def test_what_runs_finishes_and_people_are_told_once_that_a_window_opened(
    journal: SqliteJournal,
) -> None:
    run = Run(journal)
    watch = run.watch(window(1, 2))
    watch()
    assert run.told() == []
    run.clock.forward(3600)
    watch()
    watch()
    ((kind, text, hint),) = run.told()
    assert kind is Kind.MAINTENANCE
    assert "has begun and goes on until 2026-03-01 14:00 UTC (firewall)" in text
    assert "this execution goes on; drstate pause run-1" in hint
    assert run.recorder.state.pause_requested is None


def test_a_window_may_pause_what_runs_after_its_wave(journal: SqliteJournal) -> None:
    run = Run(journal)
    watch = run.watch(window(1, 2, running="pause"))
    run.clock.forward(3600)
    watch()
    assert run.next() == [StartPhase(Phase.ACTIVATE), PauseAsRequested()]
    assert "drstate resume run-1" in run.told()[0][2]


def test_a_window_pauses_no_emergency(journal: SqliteJournal) -> None:
    run = Run(journal)
    watch = run.watch(window(1, 2, running="pause"), pauses=False)
    run.clock.forward(3600)
    watch()
    assert run.recorder.state.pause_requested is None
    assert "goes on" in run.told()[0][2]


def test_whoever_goes_on_in_an_open_window_is_not_paused_by_it_again(
    journal: SqliteJournal,
) -> None:
    run = Run(journal)
    watch = run.watch(window(-1, 2, running="pause"))
    run.clock.forward(60)
    watch()
    assert run.told() == []
    assert run.recorder.state.pause_requested is None
    assert not any(isinstance(one, StartStage | PauseAsRequested) for one in run.next())
