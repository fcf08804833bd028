"""Pauses, gates, cancellations and second looks, as the reducer decides them. Pure."""

from __future__ import annotations

import pytest

from drstate.execution.commands import (
    AskGate,
    CheckHealth,
    FinishExecution,
    FinishPhase,
    FinishRevalidation,
    PauseAsRequested,
    PauseUnhealthy,
    StartPhase,
    StartStage,
)
from drstate.execution.reducer import replay
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.health import ResourceStatus, WaveHealth
from drstate.model.phases import Phase
from drstate.model.plan import Plan
from tests.execution import transcript as t

W1, W2 = "activate.w1", "activate.w2"
DB, WEB = t.key("db"), t.key("web", t.B)
PAUSE = e.PauseRequested(by="ann")
CANCEL = e.CancelRequested(by="ann", reason="wrong button")


def plan(*, gate: bool = False) -> Plan:
    return t.plan(
        t.stage(1, t.shard(t.A, "w1", DB)),
        t.stage(2, t.shard(t.B, "w2", WEB), gate=gate),
    )


def running(*, gate: bool = False) -> t.Story:
    """The first wave runs."""
    return t.Story(plan(gate=gate)).then(
        t.attached(), t.phase_started(), t.stage_started(W1), t.shard_started(W1, t.A, "w1")
    )


def first_wave_over(story: t.Story) -> t.Story:
    return story.then(t.shard_finished(W1, t.A, "w1"), t.healthy(W1, DB), t.stage_finished(W1))


def at_gate() -> t.Story:
    return first_wave_over(running(gate=True)).then(e.GateOpened(stage=W2, reason="look"))


def revalidated(health: WaveHealth = WaveHealth.HEALTHY) -> e.WaveRevalidated:
    return e.WaveRevalidated(stage=W1, health=health, duration_seconds=1)


def test_a_pause_waits_for_the_wave_that_runs() -> None:
    story = running().then(PAUSE).gives()
    story.then(t.shard_finished(W1, t.A, "w1")).gives(CheckHealth(W1))
    story.then(t.healthy(W1, DB), t.stage_finished(W1))
    assert story.last[-1] == PauseAsRequested()
    assert StartStage(W2) not in story.last
    story.then(e.ExecutionPaused(reason="ann asked", hint="", requested_by="ann"))
    story.gives().stands(ExecutionStatus.PAUSED)


def test_a_resume_after_a_pause_looks_at_the_wave_again_before_the_next_one() -> None:
    story = first_wave_over(running().then(PAUSE))
    story.then(e.ExecutionPaused(reason="ann asked", hint="", requested_by="ann"))
    story.then(t.attached(resumed=True)).gives(CheckHealth(W1))
    story.then(t.healthy(W1, DB)).gives(FinishRevalidation(W1))
    story.then(revalidated()).gives(StartStage(W2))
    # it is the same to whoever attaches in the middle of the second look
    cut = replay([*story.events[:-2], t.attached(resumed=True)])
    assert cut.revalidating == W1


def test_a_pause_asked_of_a_runner_that_died_is_taken_back_by_the_resume() -> None:
    story = running().then(PAUSE, t.attached(resumed=True))
    first_wave_over(story.then(t.shard_started(W1, t.A, "w1")))
    assert story.last[-1] == StartStage(W2)


def test_a_pause_asked_before_it_began_holds_it_before_the_first_phase() -> None:
    t.Story(plan()).then(PAUSE, t.attached()).gives(PauseAsRequested())


def test_a_pause_in_the_last_wave_lets_it_end() -> None:
    story = t.Story(t.plan(t.stage(1, t.shard(t.A, "w1", DB)))).then(
        t.attached(), t.phase_started(), t.stage_started(W1), t.shard_started(W1, t.A, "w1"), PAUSE
    )
    first_wave_over(story)
    assert story.last[-1] == FinishPhase(Phase.ACTIVATE, ok=True)


def test_an_approved_gate_looks_at_the_wave_before_again() -> None:
    story = at_gate().then(e.GateDecided(stage=W2, approved=True, by="ann"))
    story.gives(CheckHealth(W1)).stands(ExecutionStatus.RUNNING)
    story.then(t.healthy(W1, DB)).gives(FinishRevalidation(W1))
    story.then(revalidated()).gives(StartStage(W2))


def test_a_wave_that_is_no_longer_healthy_stops_behind_the_gate() -> None:
    story = at_gate().then(e.GateDecided(stage=W2, approved=True, by="ann"))
    story.then(t.healthy(W1, DB, ResourceStatus.UNHEALTHY))
    story.then(revalidated(WaveHealth.UNHEALTHY)).gives(PauseUnhealthy(W1))
    story.then(e.ExecutionPaused(reason="UNHEALTHY", hint=""))
    over = replay([*story.events, e.WaveOverridden(stage=W1, by="ann", reason="known")])
    assert over.revalidating is None
    story.then(e.WaveOverridden(stage=W1, by="ann", reason="known"), t.attached(resumed=True))
    story.gives(StartStage(W2))


def test_without_an_override_the_wave_is_tried_again() -> None:
    story = at_gate().then(
        e.GateDecided(stage=W2, approved=True, by="ann"),
        t.healthy(W1, DB, ResourceStatus.UNHEALTHY),
        revalidated(WaveHealth.UNHEALTHY),
        e.ExecutionPaused(reason="UNHEALTHY", hint=""),
    )
    story.then(t.attached(resumed=True)).gives(CheckHealth(W1))
    story.then(t.healthy(W1, DB), t.stage_finished(W1))
    assert story.last[-1] == StartStage(W2)


def test_the_first_of_two_decisions_counts() -> None:
    story = at_gate().then(e.GateDecided(stage=W2, approved=False, by="ann"))
    story.gives(FinishExecution(ExecutionStatus.CANCELLED))
    story.then(e.GateDecided(stage=W2, approved=True, by="ben"))
    assert story.state.gates_decided[W2] is False
    assert story.state.issued == {FinishExecution(ExecutionStatus.CANCELLED)}


def test_a_rejection_with_rollback_waits_for_the_rollback() -> None:
    story = at_gate().then(e.GateDecided(stage=W2, approved=False, by="ann", rollback=True))
    story.gives().stands(ExecutionStatus.PAUSED)
    assert story.state.to_roll_back
    story.then(e.GateDecided(stage=W2, approved=True, by="ben"))  # a moment too late
    story.gives().stands(ExecutionStatus.PAUSED)
    story.then(e.RollbackStarted(by="ann", whole=True, steps=()), t.attached(resumed=True)).gives()


@pytest.mark.parametrize("gate", [False, True])
def test_a_cancellation_begins_nothing_more(gate: bool) -> None:
    story = running(gate=gate).then(CANCEL)
    story.gives(FinishExecution(ExecutionStatus.CANCELLED))
    story.then(t.shard_finished(W1, t.A, "w1")).gives()
    story.then(t.finished(ExecutionStatus.CANCELLED)).stands(ExecutionStatus.CANCELLED)


def test_what_is_planned_late_begins_once_it_is_planned() -> None:
    wanted = plan()
    created = t.created(wanted).model_copy(update={"planned": False})
    state = replay([created])
    assert state.plan is None
    planned = e.ExecutionPlanned(plan=wanted, plan_digest="d", engine="embedded")
    story = t.Story(wanted)
    story.state, story.events = state, [created]
    story.then(planned).gives()
    story.then(t.attached()).gives(StartPhase(Phase.ACTIVATE))


def test_what_could_not_be_planned_has_failed_and_can_be_resumed() -> None:
    created = t.created(plan()).model_copy(update={"planned": False})
    state = replay([created, t.finished(ExecutionStatus.FAILED)])
    assert state.status is ExecutionStatus.FAILED
    planned = e.ExecutionPlanned(plan=plan(), plan_digest="d", engine="embedded")
    again = replay([created, t.finished(ExecutionStatus.FAILED), planned, t.attached()])
    assert again.status is ExecutionStatus.RUNNING


def test_gates_are_asked_only_once_the_wave_before_is_over() -> None:
    assert AskGate(W2) in first_wave_over(running(gate=True)).last
