from __future__ import annotations

import pytest

from drstate.errors import InternalError
from drstate.execution.commands import (
    AskGate,
    CheckHealth,
    FinishExecution,
    FinishPhase,
    FinishStage,
    MoveState,
    PauseUnhealthy,
    RunShard,
    StartPhase,
    StartStage,
)
from drstate.execution.reducer import replay
from drstate.execution.states import StepState
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.health import ResourceStatus, WaveHealth
from drstate.model.phases import Phase
from drstate.model.plan import Move
from tests.execution import transcript as t

W1, W2 = "activate.w1", "activate.w2"
DB, WEB, JOB = t.key("db"), t.key("web", t.B), t.key("job")
PAUSED = e.ExecutionPaused(reason="activate.w1 is UNHEALTHY", hint="decide")
OVERRIDDEN = e.WaveOverridden(stage=W1, by="ann", reason="it may wait")
ROLLBACK = e.RollbackStarted(by="ann", whole=True, steps=())


def two_waves(*, gate: bool = False) -> t.Plan:
    return t.plan(
        t.stage(1, t.shard(t.A, "w1", DB), gate=gate),
        t.stage(2, t.shard(t.B, "w2", WEB), t.shard(t.A, "w2", JOB), gate=gate),
    )


def after_first_wave(story: t.Story, health: WaveHealth = WaveHealth.HEALTHY) -> t.Story:
    return story.then(
        t.attached(),
        t.phase_started(),
        t.stage_started(W1),
        t.shard_started(W1, t.A, "w1"),
        t.shard_finished(W1, t.A, "w1"),
        t.healthy(W1, DB),
        t.stage_finished(W1, health),
    )


def test_a_plan_without_gates_runs_wave_by_wave_to_completion() -> None:
    story = t.Story(two_waves()).gives()
    story.then(t.attached()).gives(StartPhase(Phase.ACTIVATE))
    story.then(t.phase_started()).gives(StartStage(W1))
    story.then(t.stage_started(W1)).gives(RunShard(W1, f"{t.WEST}.{t.A}.w1"))
    story.then(t.shard_started(W1, t.A, "w1")).gives()
    story.then(t.shard_finished(W1, t.A, "w1")).gives(CheckHealth(W1))
    story.then(t.healthy(W1, DB)).gives(FinishStage(W1))
    story.then(t.stage_finished(W1)).gives(StartStage(W2))
    story.then(t.stage_started(W2)).gives(
        RunShard(W2, f"{t.WEST}.{t.B}.w2"), RunShard(W2, f"{t.WEST}.{t.A}.w2")
    )
    story.then(t.shard_started(W2, t.B, "w2"), t.shard_finished(W2, t.B, "w2")).gives()
    story.then(t.shard_started(W2, t.A, "w2"), t.shard_finished(W2, t.A, "w2"))
    story.gives(CheckHealth(W2))
    story.then(t.healthy(W2, WEB)).gives()
    story.then(t.healthy(W2, JOB)).gives(FinishStage(W2))
    story.then(t.stage_finished(W2)).gives(FinishPhase(Phase.ACTIVATE, ok=True))
    story.then(t.phase_finished()).gives(FinishExecution(ExecutionStatus.COMPLETED))
    story.then(t.finished(ExecutionStatus.COMPLETED)).gives().stands(ExecutionStatus.COMPLETED)


def unhealthy_first_wave() -> t.Story:
    """Wave 1 failed and was judged."""
    story = t.Story(two_waves()).then(
        t.attached(),
        t.phase_started(),
        t.stage_started(W1),
        t.shard_started(W1, t.A, "w1"),
        t.shard_finished(W1, t.A, "w1", DB),
        t.healthy(W1, DB, ResourceStatus.UNHEALTHY),
    )
    return story.then(t.stage_finished(W1, WaveHealth.UNHEALTHY))


def test_an_unhealthy_wave_pauses_before_the_next_one() -> None:
    story = unhealthy_first_wave().gives(PauseUnhealthy(W1))
    story.then(PAUSED).gives().stands(ExecutionStatus.PAUSED)


def test_an_overridden_wave_is_left_as_it_is_and_the_next_one_begins() -> None:
    story = unhealthy_first_wave().then(PAUSED, OVERRIDDEN).gives()
    story.then(t.attached(resumed=True)).gives(StartStage(W2))
    # what failed is not forgotten
    story.then(
        t.stage_started(W2),
        t.shard_started(W2, t.A, "w2"),
        t.shard_finished(W2, t.A, "w2"),
        t.shard_started(W2, t.B, "w2"),
        t.shard_finished(W2, t.B, "w2"),
        t.healthy(W2, WEB),
        t.healthy(W2, JOB),
    )
    story.then(t.stage_finished(W2)).gives(FinishPhase(Phase.ACTIVATE, ok=True))
    story.then(t.phase_finished()).gives(FinishExecution(ExecutionStatus.FAILED))


def test_a_plain_resume_retries_the_unhealthy_wave_and_judges_it_again() -> None:
    story = unhealthy_first_wave().then(PAUSED, t.attached(resumed=True))
    story.gives(RunShard(W1, f"{t.WEST}.{t.A}.w1"))
    story.then(t.shard_started(W1, t.A, "w1"), t.shard_finished(W1, t.A, "w1"))
    story.gives(CheckHealth(W1))
    story.then(t.healthy(W1, DB, ResourceStatus.UNHEALTHY)).gives(FinishStage(W1))
    story.then(t.stage_finished(W1, WaveHealth.UNHEALTHY)).gives(PauseUnhealthy(W1))
    story.then(PAUSED, t.attached(resumed=True)).gives(CheckHealth(W1))
    story.then(t.healthy(W1, DB)).then(t.stage_finished(W1)).gives(StartStage(W2))


def test_an_override_counts_for_the_verdict_that_was_seen_only() -> None:
    story = unhealthy_first_wave().then(PAUSED, OVERRIDDEN, t.attached(resumed=True))
    story.then(t.finished(ExecutionStatus.FAILED), t.attached(resumed=True))
    story.then(t.shard_started(W1, t.A, "w1"), t.shard_finished(W1, t.A, "w1", DB))
    story.then(t.healthy(W1, DB, ResourceStatus.UNHEALTHY))
    story.then(t.stage_finished(W1, WaveHealth.UNHEALTHY)).gives(PauseUnhealthy(W1))


def test_an_interrupted_pause_keeps_what_was_overridden() -> None:
    story = unhealthy_first_wave().then(PAUSED, OVERRIDDEN, t.attached(resumed=True))
    story.then(t.stage_started(W2), e.ExecutionPaused(reason="interrupted", hint="resume"))
    story.then(t.attached(resumed=True)).gives(
        RunShard(W2, f"{t.WEST}.{t.B}.w2"), RunShard(W2, f"{t.WEST}.{t.A}.w2")
    )


def test_nothing_is_due_once_a_rollback_has_begun() -> None:
    story = unhealthy_first_wave().then(PAUSED, ROLLBACK, t.attached(resumed=True))
    story.gives().stands(ExecutionStatus.RUNNING)
    undo = {"stage": W1, "shard": f"{t.WEST}.{t.A}.w1", "step": f"{DB}#promote"}
    story.then(e.UndoIntended(**undo, title="promote")).gives()
    story.then(e.UndoFinished(**undo, duration_seconds=1)).gives()
    assert story.state.undone == {(W1, undo["shard"], undo["step"])}
    story.then(t.finished(ExecutionStatus.CANCELLED)).gives()


@pytest.mark.parametrize("status", [ExecutionStatus.COMPLETED, ExecutionStatus.CANCELLED])
def test_what_has_ended_for_good_is_not_rolled_back(status: ExecutionStatus) -> None:
    story = after_first_wave(t.Story(two_waves())).then(t.finished(status))
    with pytest.raises(InternalError):
        story.then(ROLLBACK)


def test_a_degraded_wave_lets_the_next_one_begin_and_a_failure_is_remembered() -> None:
    wanted = two_waves()
    story = t.Story(wanted).then(t.attached(), t.phase_started(), t.stage_started(W1))
    story.then(t.shard_started(W1, t.A, "w1"), t.shard_finished(W1, t.A, "w1", DB))
    story.then(t.healthy(W1, DB, ResourceStatus.UNHEALTHY))
    story.then(t.stage_finished(W1, WaveHealth.DEGRADED)).gives(StartStage(W2))
    story.then(
        t.stage_started(W2),
        t.shard_started(W2, t.A, "w2"),
        t.shard_finished(W2, t.A, "w2"),
        t.shard_started(W2, t.B, "w2"),
        t.shard_finished(W2, t.B, "w2"),
        t.healthy(W2, WEB),
        t.healthy(W2, JOB),
        t.stage_finished(W2),
    )
    story.then(t.phase_finished()).gives(FinishExecution(ExecutionStatus.FAILED))


def test_a_gate_pauses_and_approval_goes_on() -> None:
    story = t.Story(two_waves(gate=True)).then(t.attached()).gives(AskGate(W1))
    story.then(e.GateOpened(stage=W1, reason="r")).gives().stands(ExecutionStatus.PAUSED)
    story.then(e.GateDecided(stage=W1, approved=True, by="ann"))
    story.gives(StartPhase(Phase.ACTIVATE)).stands(ExecutionStatus.RUNNING)
    story.then(t.phase_started()).gives(StartStage(W1))


def test_a_rejection_cancels() -> None:
    story = t.Story(two_waves(gate=True)).then(t.attached(), e.GateOpened(stage=W1, reason="r"))
    story.then(e.GateDecided(stage=W1, approved=False, by="ann"))
    story.gives(FinishExecution(ExecutionStatus.CANCELLED))


def test_a_runner_that_left_at_a_gate_is_asked_again_by_the_next_one() -> None:
    story = t.Story(two_waves(gate=True)).then(
        t.attached(),
        e.GateOpened(stage=W1, reason="r"),
        e.ExecutionPaused(reason="nobody is here", hint="resume"),
    )
    story.stands(ExecutionStatus.PAUSED)
    story.then(t.attached(resumed=True)).gives(AskGate(W1))


def test_moves_come_first_in_replicate_and_only_there() -> None:
    move = Move(
        resource=DB,
        from_stack="s1",
        to_stack="s2",
        from_group="w1",
        to_group="w2",
        reason="dr:wave changed",
    )
    wanted = t.plan(
        t.stage(1, t.shard(t.A, "w1", DB), phase=Phase.REPLICATE),
        phases=(Phase.REPLICATE,),
        moves=(move,),
    )
    story = t.Story(wanted).then(t.attached()).gives(StartPhase(Phase.REPLICATE))
    story.then(t.phase_started(Phase.REPLICATE)).gives(MoveState(DB, "s1"))
    done = e.MoveFinished(resource=DB, from_stack="s1", to_stack="s2", urns=())
    story.then(done).gives(StartStage("replicate.w1"))


def test_a_no_op_resource_is_not_waited_for() -> None:
    wanted = t.plan(t.stage(1, t.shard(t.A, "w1", DB, JOB, declared=(DB,), no_ops=(t.no_op(JOB),))))
    story = t.Story(wanted).then(
        t.attached(),
        t.phase_started(),
        t.stage_started(W1),
        t.shard_started(W1, t.A, "w1"),
        t.shard_finished(W1, t.A, "w1"),
    )
    story.then(t.healthy(W1, DB)).gives(FinishStage(W1))


def test_a_new_runner_gets_everything_that_is_open_once_more() -> None:
    story = after_first_wave(t.Story(two_waves())).then(
        t.stage_started(W2), t.shard_started(W2, t.B, "w2"), t.shard_finished(W2, t.B, "w2")
    )
    story.then(t.shard_started(W2, t.A, "w2"))
    story.then(t.attached(resumed=True)).gives(RunShard(W2, f"{t.WEST}.{t.A}.w2"))


def test_orphaned_steps_become_unknown_and_finished_ones_stay() -> None:
    promote, scale = t.action(DB, "promote"), t.action(DB, "scale")
    wanted = t.plan(t.stage(1, t.shard(t.A, "w1", DB, actions=(promote, scale))))
    where = {"stage": W1, "shard": f"{t.WEST}.{t.A}.w1"}
    story = t.Story(wanted).then(
        t.attached(),
        t.phase_started(),
        t.stage_started(W1),
        t.shard_started(W1, t.A, "w1"),
        e.ActionIntended(**where, action=promote.id, resource=DB, title="p", observed={"n": 1}),
        e.ActionFinished(
            **where, action=promote.id, resource=DB, already_done=False, duration_seconds=1
        ),
        e.ActionIntended(**where, action=scale.id, resource=DB, title="s", observed={"n": 2}),
        t.attached(resumed=True),
    )
    progress = story.state.shard(W1, where["shard"])
    assert progress.state is StepState.UNKNOWN
    assert progress.actions == {promote.id: StepState.DONE, scale.id: StepState.UNKNOWN}
    again = e.ActionIntended(**where, action=scale.id, resource=DB, title="s", observed={"n": 9})
    story.then(t.shard_started(W1, t.A, "w1"), again)
    assert story.state.shard(W1, where["shard"]).observed[scale.id] == {"n": 2}


def test_the_first_fingerprints_of_a_stack_are_kept_over_attempts() -> None:
    where = {"stage": W1, "shard": f"{t.WEST}.{t.A}.w1", "stack": "s"}
    story = t.Story(two_waves()).then(
        t.attached(),
        t.phase_started(),
        t.stage_started(W1),
        t.shard_started(W1, t.A, "w1"),
        e.StackStarted(**where, before={"urn": "1"}),
        t.attached(resumed=True),
        t.shard_started(W1, t.A, "w1"),
        e.StackStarted(**where, before={"urn": "2"}),
    )
    assert story.state.shard(W1, where["shard"]).before == {"urn": "1"}


def test_resuming_a_failed_execution_tries_again_only_what_was_not_well() -> None:
    story = after_first_wave(t.Story(two_waves())).then(
        t.stage_started(W2),
        t.shard_started(W2, t.B, "w2"),
        t.shard_finished(W2, t.B, "w2", WEB),
        t.shard_started(W2, t.A, "w2"),
        t.shard_finished(W2, t.A, "w2"),
        t.healthy(W2, WEB, ResourceStatus.UNHEALTHY),
        t.healthy(W2, JOB),
        t.stage_finished(W2, WaveHealth.UNHEALTHY),
        t.phase_finished(ok=False),
        t.finished(ExecutionStatus.FAILED),
    )
    story.then(t.attached(resumed=True)).gives(RunShard(W2, f"{t.WEST}.{t.B}.w2"))
    story.then(t.shard_started(W2, t.B, "w2"), t.shard_finished(W2, t.B, "w2"))
    story.gives(CheckHealth(W2))
    story.then(t.healthy(W2, WEB)).gives(FinishStage(W2))
    story.then(t.stage_finished(W2)).gives(FinishPhase(Phase.ACTIVATE, ok=True))
    story.then(t.phase_finished()).gives(FinishExecution(ExecutionStatus.COMPLETED))


def test_replaying_a_story_gives_the_state_that_was_lived_through() -> None:
    story = after_first_wave(t.Story(two_waves()))
    replayed = replay(story.events)
    assert replayed.stages_finished == story.state.stages_finished
    assert replayed.shards == story.state.shards
    assert replayed.status is story.state.status


@pytest.mark.parametrize(
    "event",
    [
        t.stage_started(W1),
        t.shard_started(W1, t.A, "w1"),
        t.healthy(W1, DB),
        t.finished(ExecutionStatus.COMPLETED),
    ],
    ids=lambda event: event.type,
)
def test_nothing_happens_before_a_runner_attaches(event: e.Payload) -> None:
    story = t.Story(two_waves())
    with pytest.raises(InternalError):
        story.then(event)


def test_nothing_happens_after_the_end() -> None:
    story = after_first_wave(t.Story(two_waves())).then(t.finished(ExecutionStatus.COMPLETED))
    for event in (t.stage_started(W2), t.attached(resumed=True)):
        with pytest.raises(InternalError):
            story.then(event)


def test_a_step_cannot_finish_twice() -> None:
    story = t.Story(two_waves()).then(
        t.attached(),
        t.phase_started(),
        t.stage_started(W1),
        t.shard_started(W1, t.A, "w1"),
        t.shard_finished(W1, t.A, "w1"),
    )
    with pytest.raises(InternalError, match="cannot go from DONE"):
        story.then(t.shard_finished(W1, t.A, "w1"))
