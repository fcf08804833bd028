"""What is due: overlapping waves, conditions, hooks of a wave, a CLEANUP that never blocks."""

from __future__ import annotations

from typing import Any

from drstate.execution.commands import (
    AskGate,
    CheckCondition,
    CheckHealth,
    Command,
    FinishExecution,
    FinishPhase,
    FinishStage,
    HoldShard,
    PauseUnhealthy,
    RunShard,
    SkipStage,
    StartPhase,
    StartStage,
)
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.health import ResourceStatus, WaveHealth
from drstate.model.phases import Phase
from drstate.model.plan import Place, Stage
from tests.execution import transcript as t

W1, W2, W3 = "activate.w1", "activate.w2", "activate.w3"
DB, WEB, JOB, HOOK = t.key("db"), t.key("web"), t.key("job"), t.key("hook")
C1, C2, R1 = "cleanup.w1", "cleanup.w2", "replicate.w1"
KEYS = {W1: DB, W2: WEB, W3: JOB, C1: DB, C2: WEB, R1: DB}


def stage(wave: int, key: str, **changes: Any) -> Stage:
    phase = changes.pop("phase", Phase.ACTIVATE)
    made = t.stage(wave, t.shard(t.A, f"w{wave}", key), phase=phase)
    return made.model_copy(update=changes)


def overlapping(**third: Any) -> t.Plan:
    """Wave 2 depends on nothing, wave 3 on wave 1."""
    return t.plan(
        stage(1, DB, needs=()), stage(2, WEB, needs=()), stage(3, JOB, **{"needs": (W1,), **third})
    )


def begun(wanted: t.Plan) -> t.Story:
    return t.Story(wanted).then(t.attached()).then(t.phase_started(wanted.phases[0]))


def run(stage_id: str) -> RunShard:
    return RunShard(stage_id, f"{t.WEST}.{t.A}.{stage_id.rpartition('.')[2]}")


def ended(
    story: t.Story, stage_id: str, *failed: str, health: WaveHealth = WaveHealth.HEALTHY
) -> t.Story:
    """The stage's only shard runs and is judged."""
    group, key = stage_id.rpartition(".")[2], KEYS[stage_id]
    status = ResourceStatus.UNHEALTHY if failed else ResourceStatus.HEALTHY
    return story.then(
        t.shard_started(stage_id, t.A, group),
        t.shard_finished(stage_id, t.A, group, *failed),
        t.healthy(stage_id, key, status),
    ).then(t.stage_finished(stage_id, health))


def test_waves_that_need_nothing_of_each_other_run_side_by_side() -> None:
    story = begun(overlapping()).gives(StartStage(W1), StartStage(W2))
    story.then(t.stage_started(W1)).gives(run(W1))
    story.then(t.stage_started(W2)).gives(run(W2))
    # wave 3 waits for wave 1, and not for the one before it
    ended(story, W1).gives(StartStage(W3))
    story.then(t.stage_started(W3)).gives(run(W3))
    ended(story, W3).gives()
    ended(story, W2).gives(FinishPhase(Phase.ACTIVATE, ok=True))


def test_a_resume_finds_every_wave_that_was_at_work() -> None:
    story = begun(overlapping()).then(t.stage_started(W1), t.stage_started(W2))
    story.then(t.shard_started(W1, t.A, "w1"), t.shard_started(W2, t.A, "w2"))
    story.then(t.attached(resumed=True)).gives(run(W1), run(W2))


def test_after_an_unhealthy_wave_nothing_new_starts_and_what_runs_ends_before_the_pause() -> None:
    story = begun(overlapping(needs=(W2,))).then(t.stage_started(W1), t.stage_started(W2))
    ended(story, W1, DB, health=WaveHealth.UNHEALTHY).gives()
    ended(story, W2).gives(PauseUnhealthy(W1))
    overridden = e.WaveOverridden(stage=W1, by="ann", reason="it may wait")
    story.then(e.ExecutionPaused(reason="r", hint="h"), overridden, t.attached(resumed=True))
    story.gives(StartStage(W3))


def test_a_gate_is_a_barrier_for_what_is_before_it_and_behind_it() -> None:
    wanted = t.plan(
        stage(1, DB, needs=()), stage(2, WEB, needs=(), gate=True), stage(3, JOB, needs=())
    )
    story = begun(wanted).gives(StartStage(W1))
    story.then(t.stage_started(W1))
    ended(story, W1).gives(AskGate(W2))
    story.then(e.GateOpened(stage=W2, reason="r"))
    story.then(e.GateDecided(stage=W2, approved=True, by="ann"))
    # the wave before is looked at once more; then, behind the gate, waves overlap again
    story.gives(CheckHealth(W1)).then(t.healthy(W1, DB))
    story.then(e.WaveRevalidated(stage=W1, health=WaveHealth.HEALTHY, duration_seconds=1))
    story.gives(StartStage(W2), StartStage(W3))


def checked(met: bool) -> e.ConditionChecked:
    return e.ConditionChecked(stage=W2, expression="health.w1 == 'HEALTHY'", met=met)


def conditional() -> t.Story:
    wanted = t.plan(stage(1, DB), stage(2, WEB, when="health.w1 == 'HEALTHY'", gate=True))
    story = begun(wanted).then(t.stage_started(W1))
    return ended(story, W1).gives(CheckCondition(W2))


def test_a_condition_is_judged_once_the_wave_may_start_and_before_anybody_is_asked() -> None:
    story = conditional().then(checked(met=True)).gives(AskGate(W2))
    # it is not judged again by whoever goes on
    story.then(e.ExecutionPaused(reason="r", hint="h"), t.attached(resumed=True))
    story.gives(AskGate(W2))


def test_a_wave_whose_condition_does_not_hold_is_left_out_and_the_execution_completes() -> None:
    story = conditional().then(checked(met=False)).gives(SkipStage(W2))
    story.then(e.ResourceSkipped(stage=W2, resource=WEB, reason="r"))
    # a crash in the middle: it is closed by the next runner
    story.then(t.attached(resumed=True)).gives(SkipStage(W2))
    story.then(t.stage_finished(W2)).gives(FinishPhase(Phase.ACTIVATE, ok=True))
    story.then(t.phase_finished()).gives(FinishExecution(ExecutionStatus.COMPLETED))


def hooked(*, guards: bool = True) -> tuple[t.Story, list[Command]]:
    hook = t.action(HOOK, "run", guards=guards, outermost=True)
    before = t.shard(t.A, "w1-before", HOOK, stack=None, declared=(), actions=(hook,))
    after = t.shard(t.A, "w1-after", JOB, stack=None, declared=())
    wanted = t.plan(
        t.stage(
            1,
            before.model_copy(update={"place": Place.BEFORE}),
            t.shard(t.A, "w1", DB),
            t.shard(t.B, "w1", WEB),
            after.model_copy(update={"place": Place.AFTER}),
        )
    )
    work: list[Command] = [
        RunShard(W1, f"{t.WEST}.{t.A}.w1"),
        RunShard(W1, f"{t.WEST}.{t.B}.w1"),
    ]
    story = begun(wanted).then(t.stage_started(W1))
    return story.gives(RunShard(W1, f"{t.WEST}.{t.A}.w1-before")), work


def test_hooks_of_a_wave_stand_before_and_after_the_work_of_all_accounts() -> None:
    story, work = hooked()
    story.then(t.shard_started(W1, t.A, "w1-before"), t.shard_finished(W1, t.A, "w1-before")).gives(
        *work
    )
    story.then(t.shard_started(W1, t.A, "w1"), t.shard_finished(W1, t.A, "w1")).gives()
    story.then(t.shard_started(W1, t.B, "w1"), t.shard_finished(W1, t.B, "w1"))
    story.gives(RunShard(W1, f"{t.WEST}.{t.A}.w1-after"))


def failing(story: t.Story) -> t.Story:
    where = {"stage": W1, "shard": f"{t.WEST}.{t.A}.w1-before"}
    error = e.ErrorInfo(code="Operation", what="it failed")
    return story.then(
        t.shard_started(W1, t.A, "w1-before"),
        e.ActionFailed(
            **where, action=f"{HOOK}#run", resource=HOOK, error=error, duration_seconds=1
        ),
        t.shard_finished(W1, t.A, "w1-before", HOOK),
    )


def test_behind_a_failed_hook_no_account_begins_and_a_resume_runs_it_again_first() -> None:
    story, work = hooked()
    held = [HoldShard(W1, one.shard, HOOK) for one in work if isinstance(one, RunShard)]
    failing(story).gives(*held)
    story.then(
        t.shard_finished(W1, t.A, "w1", DB),
        t.shard_finished(W1, t.B, "w1", WEB),
        t.shard_finished(W1, t.A, "w1-after", JOB),
    ).gives(HoldShard(W1, f"{t.WEST}.{t.A}.w1-after", HOOK), CheckHealth(W1))
    for key in (HOOK, DB, WEB, JOB):
        story.then(t.healthy(W1, key, ResourceStatus.UNHEALTHY))
    story.gives(FinishStage(W1))
    story.then(t.stage_finished(W1, WaveHealth.UNHEALTHY)).gives(PauseUnhealthy(W1))
    story.then(e.ExecutionPaused(reason="r", hint="h"), t.attached(resumed=True))
    story.gives(RunShard(W1, f"{t.WEST}.{t.A}.w1-before"))


def test_a_hook_that_may_fail_holds_nothing_back() -> None:
    story, work = hooked(guards=False)
    failing(story).gives(*work)


def cleaning() -> t.Story:
    wanted = t.plan(
        stage(1, DB, phase=Phase.CLEANUP),
        stage(2, WEB, phase=Phase.CLEANUP),
        stage(1, DB, phase=Phase.REPLICATE),
        phases=(Phase.CLEANUP, Phase.REPLICATE),
    )
    return begun(wanted).then(t.stage_started(C1))


def cleaned_badly() -> t.Story:
    # UNHEALTHY is what journals from before say; now such a wave is told as DEGRADED
    story = ended(cleaning(), C1, DB, health=WaveHealth.UNHEALTHY).gives(StartStage(C2))
    story.then(t.stage_started(C2))
    ended(story, C2, WEB, health=WaveHealth.DEGRADED).gives(FinishPhase(Phase.CLEANUP, ok=True))
    return story.then(
        e.CleanupOwed(region=t.WEST, resources=(DB, WEB)), t.phase_finished(Phase.CLEANUP)
    ).gives(StartPhase(Phase.REPLICATE))


def test_what_fails_in_cleanup_stops_neither_its_later_waves_nor_later_phases() -> None:
    story = cleaned_badly().then(t.phase_started(Phase.REPLICATE), t.stage_started(R1))
    ended(story, R1)
    story.then(t.phase_finished(Phase.REPLICATE))
    story.gives(FinishExecution(ExecutionStatus.COMPLETED))


def test_a_resume_in_a_later_phase_does_not_go_back_to_cleanup() -> None:
    story = cleaned_badly().then(t.phase_started(Phase.REPLICATE), t.stage_started(R1))
    story.then(t.shard_started(R1, t.A, "w1"), t.shard_finished(R1, t.A, "w1", DB))
    story.then(t.healthy(R1, DB, ResourceStatus.UNHEALTHY))
    story.then(t.stage_finished(R1, WaveHealth.DEGRADED), t.phase_finished(Phase.REPLICATE))
    story.gives(FinishPhase(Phase.REPLICATE, ok=True), FinishExecution(ExecutionStatus.FAILED))
    story.then(t.finished(ExecutionStatus.FAILED), t.attached(resumed=True))
    # the site of CLEANUP is a standby in the making: only what failed since is tried again
    story.gives(run(R1))
