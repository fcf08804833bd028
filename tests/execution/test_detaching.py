"""Executions that are started before they are planned, and the process that should run them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from drstate.errors import EngineError, PlanRefusedError
from drstate.execution.cancelling import cancel
from drstate.execution.detaching import Started, start
from drstate.execution.resuming import resume
from drstate.execution.services import Services
from drstate.model.events import ExecutionStatus, Wanted
from drstate.model.phases import Operation, Phase
from tests.execution.worlds import World


@pytest.fixture
def services(world: World) -> Iterator[Services]:
    before = dict(os.environ)
    with world.services() as opened:
        yield opened
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def gone() -> int:
    """The id of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def begin(services: Services, pid: int, **wanted: object) -> Started:
    return start(
        services,
        services.scope("acme", "staging"),
        operation=Operation.PHASE,
        phases=(Phase.ACTIVATE,),
        wanted=Wanted(**wanted),  # type: ignore[arg-type]
        spawn=lambda _execution, _log: pid,
        message="at night",
    )


def test_a_process_that_dies_before_it_begins_is_told_and_a_resume_does_its_work(
    services: Services, gone: int
) -> None:
    started = begin(services, gone)
    view = services.readers.status(started.execution)
    assert (view.status, view.message, view.stages) == (ExecutionStatus.PENDING, "at night", ())
    assert f"its process {gone} ended before it began, see {started.log}" in view.warnings[-1].text
    assert view.next[0] == f"drstate resume {started.execution} --sandbox"
    with pytest.raises(PlanRefusedError, match=f"execution {started.execution} of acme/stag") as no:
        begin(services, gone)
    assert "nobody works on it" in no.value.why
    assert no.value.hint.startswith(f"go on with it: drstate resume {started.execution}\n")

    view = resume(services)
    assert view.execution == started.execution
    assert view.status is ExecutionStatus.COMPLETED
    assert view.serving == "us-west-2"
    assert view.resumed == 0, "nothing was begun before"
    assert services.journal.verify(started.execution) == len(services.readers.logs())


def test_a_process_that_is_on_its_way_is_not_called_gone(services: Services) -> None:
    started = begin(services, os.getpid())
    view = services.readers.status(started.execution)
    assert not view.warnings
    assert view.background is not None
    assert view.background.pid == os.getpid()
    with pytest.raises(PlanRefusedError, match="is not finished: PENDING") as no:
        begin(services, os.getpid())
    assert "its process in the background is about to begin" in no.value.why
    assert no.value.hint.startswith(f"watch it: drstate watch {started.execution}\n")
    assert cancel(services, started.execution).status is ExecutionStatus.CANCELLED


def test_a_plan_that_is_refused_is_in_the_journal_with_its_remedy(
    services: Services, gone: int
) -> None:
    started = begin(services, gone, to="us-east-1")
    with pytest.raises(PlanRefusedError, match="--to us-east-1"):
        resume(services)
    view = services.readers.status(started.execution)
    assert view.status is ExecutionStatus.FAILED
    assert view.error is not None
    assert "--to us-east-1" in view.error.what
    assert "leave out --to" in view.error.hint
    # a refused start stands in nobody's way
    again = begin(services, gone)
    assert again.execution != started.execution


def test_a_process_that_cannot_be_started_names_the_ways_on(services: Services) -> None:
    def fails(_execution: str, _log: object) -> int:
        raise OSError(12, "Cannot allocate memory")

    with pytest.raises(EngineError, match="cannot be started") as refused:
        start(
            services,
            services.scope("acme", "staging"),
            operation=Operation.FAILOVER,
            phases=(),
            wanted=Wanted(),
            spawn=fails,
        )
    execution = services.journal.executions(limit=1)[0].execution
    assert f"drstate resume {execution}" in refused.value.hint
    assert refused.value.why == "Cannot allocate memory"
    assert services.journal.lease(services.scope("acme", "staging").key) is None
