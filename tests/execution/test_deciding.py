"""Decisions made in another terminal, tokens, and who may decide: real runs, real journal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from drstate.aws.clock import SystemClock
from drstate.errors import ExitCode, PlanRefusedError, UsageError
from drstate.execution.cancelling import cancel
from drstate.execution.deciding import decide, request_pause
from drstate.execution.executing import execute, exit_code
from drstate.execution.gates import Answer, Question
from drstate.execution.making_plan import PlannedRun, make_plan
from drstate.execution.resuming import resume
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.phases import Phase
from drstate.model.scope import Approval
from drstate.report.preview import PlanPreview
from drstate.report.view import ExecutionView, Progress
from tests.execution.worlds import World

GATE = "activate.w1"


class AheadClock(SystemClock):
    """The machine's clock, which a test can put ahead."""

    ahead = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@dataclass
class Desk:
    """A person's terminal: what runs there, and what is said there of tokens."""

    services: Services
    tokens: list[str]

    def run(self, ask: Callable[[Question], Answer | None] | None, **more: object) -> ExecutionView:
        planned = self.planned()
        seen = PlanPreview(
            plan=planned.plan, plan_digest=planned.plan.digest(), engine="", stages=()
        )
        told = {"tell_token": lambda _execution, _stage, token: self.tokens.append(token)}
        return execute(
            self.services,
            planned,
            preview=seen,
            ask=ask,
            **{**told, **more},  # type: ignore[arg-type]
        )

    def planned(self) -> PlannedRun:
        scope = self.services.scope("acme", "staging")
        return make_plan(self.services, scope, phases=(Phase.ACTIVATE,), approval=Approval.REQUIRED)


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    before = dict(os.environ)
    with world.services() as opened:
        opened.clock = AheadClock()
        yield Desk(opened, [])
    os.environ.clear()
    os.environ.update(before)


def ruled(world: World, folder: Path, *rules: str) -> World:
    """The world with a project of its own, whose scope file says more."""
    project = folder / "ruled"
    shutil.copytree(world.project, project)
    file = project / "stacks" / "acme" / "staging.yaml"
    text = file.read_text(encoding="utf-8")
    assert "  approval: automatic\n" in text
    lines = "".join(f"  {rule}\n" for rule in rules)
    file.write_text(text.replace("  approval: automatic\n", lines), encoding="utf-8")
    return replace(world, project=project)


def never(_question: Question) -> Answer:
    raise AssertionError("nobody was to be asked any more")


def test_a_decision_made_elsewhere_reaches_the_run_that_waits(desk: Desk) -> None:
    other = desk.services  # what it does is one append to the journal; any process may

    def ask(question: Question) -> None:
        assert not question.settled()
        assert question.summary[0].startswith("nothing was changed yet")
        with pytest.raises(UsageError, match="token"):
            decide(other, question.execution, approved=True, token="guessed")
        decided = decide(
            other, question.execution, approved=False, comment="not now", token=desk.tokens[0]
        )
        assert decided.runner is not None
        assert decided.stage == GATE
        assert question.settled()

    view = desk.run(ask)
    assert (view.status, exit_code(view)) == (ExecutionStatus.CANCELLED, ExitCode.CANCELLED)
    gate = view.stages[0].gate
    assert gate is not None
    assert (gate.state, gate.comment) == (Progress.FAILED, "not now")
    assert view.changes == 0
    told = "".join(
        event.payload.model_dump_json() for event in other.journal.events(view.execution)
    )
    assert desk.tokens[0] not in told, "only its sha256 may be kept"
    assert [row.stage for row in view.pauses] == [GATE]
    assert view.pauses[0].seconds is not None


def test_of_two_who_decide_at_once_the_later_one_is_told_that_it_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = desk.services.journal
    append = journal.append

    def after_ann(execution: str, payload: e.Payload, fence: int | None) -> e.Event:
        if isinstance(payload, e.GateDecided):
            append(execution, payload.model_copy(update={"approved": False, "by": "ann"}), fence)
        return append(execution, payload, fence)

    def ask(question: Question) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(journal, "append", after_ann)
            with pytest.raises(UsageError, match="was rejected by") as late:
                decide(desk.services, question.execution, approved=True)
        assert late.value.hint == f"see where it stands: drstate status {question.execution}"
        assert question.settled()

    view = desk.run(ask)
    assert view.status is ExecutionStatus.CANCELLED
    said = [row.by for row in view.stages if row.gate for row in [row.gate] if row.by]
    assert said == ["ann"]


def test_after_half_an_hour_people_are_alerted_and_the_old_token_is_refused(desk: Desk) -> None:
    clock = desk.services.clock
    assert isinstance(clock, AheadClock)

    def ask(question: Question) -> None:
        clock.ahead += 31 * 60
        assert not question.settled()
        assert len(desk.tokens) == 2
        old, new = desk.tokens
        with pytest.raises(UsageError, match="has expired"):
            decide(desk.services, question.execution, approved=True, token=old)
        assert not question.settled()
        decide(desk.services, question.execution, approved=False, token=new)

    view = desk.run(ask)
    assert view.status is ExecutionStatus.CANCELLED
    assert view.stages[0].gate is not None
    assert view.stages[0].gate.reminders == 1


def test_time_at_a_gate_is_not_the_phases_time(desk: Desk) -> None:
    clock = desk.services.clock
    assert isinstance(clock, AheadClock)

    def ask(question: Question) -> Answer:
        if question.stage != GATE:
            clock.ahead += 24 * 3600
        return Answer(approved=question.stage != "activate.w3", by="ben")

    view = desk.run(ask)
    # activate.w2 began a day after the phase had begun, whose budget is 30 minutes
    assert view.stage_view("activate.w2").state is Progress.DONE
    kinds = [event.payload for event in desk.services.journal.events(view.execution)]
    again = [row.stage for row in kinds if isinstance(row, e.WaveRevalidated)]
    assert again == [GATE], "the wave before each approved gate is looked at again"


def test_a_pause_and_a_cancellation_reach_the_run(desk: Desk) -> None:
    def ask(question: Question) -> Answer:
        if question.stage == GATE:
            request_pause_while_it_waits(desk.services, question.execution)
        return Answer(approved=True, by="ben")

    def request_pause_while_it_waits(services: Services, execution: str) -> None:
        with pytest.raises(UsageError, match="is PAUSED"):
            request_pause(services, execution)
        services.journal.append(execution, e.PauseRequested(by="ann"), None)

    view = desk.run(ask)
    assert view.status is ExecutionStatus.PAUSED
    assert view.stages[0].state is Progress.PENDING
    assert view.next[0] == f"drstate resume {view.execution} --sandbox"

    def ask_again(question: Question) -> None:
        desk.services.journal.append(
            question.execution, e.CancelRequested(by="ann", reason="wrong button"), None
        )
        assert question.settled()

    view = resume(desk.services, view.execution, ask=ask_again)
    assert view.status is ExecutionStatus.CANCELLED
    assert view.error is not None
    assert view.error.what == "cancelled by ann: wrong button"
    states = {row.state for stage in view.stages for row in stage.resources}
    assert states <= {Progress.DONE, Progress.UNKNOWN, Progress.PENDING}


def test_whoever_started_it_may_not_decide_where_the_scope_says_so(
    world: World, tmp_path: Path
) -> None:
    before = dict(os.environ)
    with ruled(world, tmp_path, "separate_approver: true").services() as services:
        desk = Desk(services, [])
        barred: list[str | None] = []

        def ask(question: Question) -> None:
            barred.append(question.barred)
            with pytest.raises(UsageError, match="may not decide") as refused:
                decide(services, question.execution, approved=True)
            assert "drstate approve" in refused.value.hint
            services.operator = "ben@elsewhere"
            decide(services, question.execution, approved=False)
            services.operator = "tester"

        view = desk.run(ask)
        assert barred == ["tester (user/drstate-operator in 100000000001)"]
        assert view.status is ExecutionStatus.CANCELLED
        view = desk.run(lambda _question: None)
        with pytest.raises(UsageError, match="may not decide"):
            resume(services, view.execution, approve=True)
        cancel(services, view.execution)
    os.environ.clear()
    os.environ.update(before)


def test_a_gate_that_needs_its_token_is_decided_with_it_only(world: World, tmp_path: Path) -> None:
    before = dict(os.environ)
    with ruled(world, tmp_path, "approval_token: true").services() as services:
        desk = Desk(services, [])

        def ask(question: Question) -> None:
            with pytest.raises(UsageError, match="with its token only") as missing:
                decide(services, question.execution, approved=True)
            assert missing.value.hint.endswith(f"{question.execution} --token TOKEN")
            decide(services, question.execution, approved=False, token=desk.tokens[0])

        assert desk.run(ask).status is ExecutionStatus.CANCELLED
        # in a pipeline nobody sits who could be shown a token
        view = desk.run(None, tell_token=None)
        for ways in (
            lambda: decide(services, view.execution, approved=True),
            lambda: resume(services, view.execution, approve=True),
        ):
            with pytest.raises(UsageError, match="with its token only") as missing:
                ways()
            assert "this gate has none" in missing.value.why
            assert f"a terminal, which shows one: drstate resume {view.execution}" in (
                missing.value.hint
            )
        cancel(services, view.execution)
    os.environ.clear()
    os.environ.update(before)


def test_maintenance_and_another_execution_are_told_together(world: World, tmp_path: Path) -> None:
    before = dict(os.environ)
    now = SystemClock().now()
    window = (
        f"maintenance: [{{begins: {now - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}, "
        f"ends: {now + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}, reason: new firewall}}]"
    )
    changed = ruled(world, tmp_path, "approval: required")
    with world.services() as services:
        view = Desk(services, []).run(lambda _question: None)
        assert view.status is ExecutionStatus.PAUSED
    file = changed.project / "stacks" / "acme" / "staging.yaml"
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{window}\n", encoding="utf-8")
    with changed.services() as services:
        with pytest.raises(PlanRefusedError) as refused:
            Desk(services, []).run(never)
        assert "new firewall" in refused.value.why
        assert "is in maintenance" in refused.value.why
        assert f"execution {view.execution}" in refused.value.why
        assert f"drstate cancel {view.execution}" in refused.value.hint
        assert services.journal.executions()[0].execution == view.execution
        # a disaster does not wait for the window, but one execution a scope still holds
        forced = make_plan(
            services,
            services.scope("acme", "staging"),
            phases=(Phase.ACTIVATE,),
            force=True,
            emergency=True,
        )
        with pytest.raises(PlanRefusedError) as again:
            execute(services, forced, consent="tester")
        assert "maintenance" not in again.value.why
    os.environ.clear()
    os.environ.update(before)
