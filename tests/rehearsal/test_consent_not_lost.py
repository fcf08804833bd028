"""An emergency whose process ends before its consent is journaled goes on all the same."""

from __future__ import annotations

from typing import Any

import pytest

from drstate.execution.detaching import start
from drstate.execution.services import Services
from drstate.model.events import Event, ExecutionStatus, Payload, Wanted
from drstate.model.phases import Operation, Phase
from tests.rehearsal.conftest import Project

EMERGENCY = ("--operation", "emergency")


class CutOffError(Exception):
    """The process is gone."""


class CutOff:
    """A journal whose process ends after the first event."""

    def __init__(self, journal: Any) -> None:
        self._journal = journal
        self._gone = False

    def append(self, execution: str, payload: Payload, fence: int | None) -> Event:
        if self._gone:
            raise CutOffError
        self._gone = True
        return self._journal.append(execution, payload, fence)  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


def went_on(project: Project) -> None:
    """Resumed by a person, it comes to its end with the consent that was given at its start."""
    before = [event.payload.type for event in events(project)]
    assert before == ["execution_created"]
    ended = project.world.begin("resume", *EMERGENCY, "--hasty").end(120)
    assert ended.returncode == 0, ended.stderr
    view = project.world.view()
    assert (view.status, view.consents) == (ExecutionStatus.COMPLETED, ("data-loss",))
    (consent,) = [event for event in events(project) if event.payload.type == "consent_recorded"]
    assert consent.seq == 2


def events(project: Project) -> list[Event]:
    with project.world.readers() as readers:
        return list(readers.logs())


def begun(services: Services, *, consent: str | None) -> None:
    services.readers.journal = CutOff(services.journal)  # type: ignore[assignment]
    with pytest.raises(CutOffError):
        start(
            services,
            services.scope("acme", "staging"),
            operation=Operation.FAILOVER,
            phases=(Phase.ACTIVATE,),
            wanted=Wanted(emergency=True),
            spawn=lambda execution, log: 0,
            force=True,
            consent=consent,
        )


def test_killed_before_its_consent_was_journaled_an_emergency_goes_on(project: Project):
    killed = project.world.begin("run", *EMERGENCY, "--kill-after", "1").end(120)
    assert killed.returncode == -9
    went_on(project)


def test_so_does_one_that_was_started_before_it_was_planned(project: Project):
    with project.world.services() as services:
        begun(services, consent="ann")
    went_on(project)


def test_what_nobody_agreed_to_is_not_agreed_to_by_going_on(project: Project):
    with project.world.services() as services:
        begun(services, consent=None)
    ended = project.world.begin("resume", *EMERGENCY, "--hasty").end(120)
    assert ended.returncode != 0
    assert "needs a consent" in ended.stderr
    assert [event for event in events(project) if event.payload.type == "consent_recorded"] == []
