from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drstate.model import events as e
from drstate.model.events import Event, ExecutionStatus, Payload
from drstate.model.health import ResourceStatus, WaveHealth
from drstate.report.markdown import markdown
from drstate.report.outcome import abandoned
from drstate.report.status import view_of
from drstate.report.view import ExecutionView, Progress, StageView
from tests.execution import transcript as t

START = datetime(2026, 1, 1, tzinfo=UTC)
CANCELLED = ExecutionStatus.CANCELLED
W1 = "activate.w1"
DB = t.key("db")
PLAN = t.plan(t.stage(1, t.shard(t.A, "w1", DB, actions=(t.action(DB),))))
STEP = {"stage": W1, "shard": f"{t.WEST}.{t.A}.w1", "step": f"{DB}#promote", "resource": DB}
UNHEALTHY: list[Payload] = [
    t.created(PLAN),
    t.attached(),
    t.phase_started(),
    t.stage_started(W1),
    t.shard_started(W1, t.A, "w1"),
    t.shard_finished(W1, t.A, "w1", DB),
    t.healthy(W1, DB, ResourceStatus.UNHEALTHY),
    t.stage_finished(W1, WaveHealth.UNHEALTHY),
    e.ExecutionPaused(reason="activate.w1 is UNHEALTHY", hint="decide"),
]
OVERRIDDEN = e.WaveOverridden(stage=W1, by="ann", reason="it may | wait")
STARTED = e.RollbackStarted(
    by="ben",
    reason="wrong night",
    whole=True,
    steps=(e.UndoStep(**STEP, title="promote"),),
    left=(e.Left(what="stack s", reason="it stays"),),
)


def view(*more: Payload) -> ExecutionView:
    story = [
        Event(execution="x", seq=n, at=START + timedelta(seconds=n), payload=payload)
        for n, payload in enumerate([*UNHEALTHY, *more], 1)
    ]
    return view_of(story, START + timedelta(minutes=1))


def test_a_pause_after_an_unhealthy_wave_names_the_ways_on() -> None:
    assert view().next == (
        "drstate resume x --sandbox",
        'drstate resume x --override "why it may go on" --sandbox',
        "drstate rollback x --yes --sandbox",
        "drstate cancel x --sandbox",
        "drstate logs x --sandbox",
    )


def test_an_override_is_told_with_operator_time_and_reason() -> None:
    seen = view(OVERRIDDEN)
    (row,) = seen.overrides
    assert (row.stage, row.by, row.at) == (W1, "ann", START + timedelta(seconds=10))
    assert seen.next[0] == "drstate resume x --sandbox"
    assert "ann went on at 2026-01-01 00:00:10: it may \\| wait" in markdown(seen)


def test_an_override_does_not_stand_for_the_next_verdict() -> None:
    again = (t.attached(resumed=True), UNHEALTHY[7], UNHEALTHY[8])
    assert "--override" in view(OVERRIDDEN, *again).next[1]


def test_a_rollback_is_told_step_by_step_and_what_failed_is_open_again_when_repeated() -> None:
    error = e.ErrorInfo(code="AwsCall", what="RDS said no")
    begun = (STARTED, t.attached(resumed=True), e.UndoIntended(**STEP, title="promote"))
    failed = view(*begun, e.UndoFailed(**STEP, error=error, duration_seconds=1)).rollback
    assert failed is not None
    assert (failed.state, failed.steps[0].error) == (Progress.FAILED, error)
    repeated = (*begun, e.UndoFailed(**STEP, error=error, duration_seconds=1), *begun)
    done = view(*repeated, e.UndoFinished(**STEP, duration_seconds=2))
    assert done.rollback is not None
    assert (done.rollback.state, done.rollback.steps[0].error) == (Progress.DONE, None)
    told = markdown(done)
    assert "rolled back by ben, 1 of 1 steps: wrong night" in told
    assert "left: stack s: it stays" in told


def test_once_a_rollback_has_begun_no_resume_is_offered() -> None:
    for seen in (
        view(STARTED),
        view(STARTED, t.attached(resumed=True), t.finished(ExecutionStatus.FAILED)),
        abandoned(view(STARTED, t.attached(resumed=True)), "it is gone"),
    ):
        assert seen.next[0].startswith("drstate rollback ")
        assert not any("resume" in command for command in seen.next)


def test_what_was_undone_is_not_shown_as_if_it_still_stood() -> None:
    shard = {key: STEP[key] for key in ("stage", "shard", "resource")}
    went: list[Payload] = [
        *UNHEALTHY[:5],
        e.ActionIntended(**shard, action=STEP["step"], title="promote"),
        e.ActionFinished(
            **shard, action=STEP["step"], already_done=False, duration_seconds=1, result={}
        ),
        t.shard_finished(W1, t.A, "w1"),
        e.HealthChecked(
            stage=W1,
            resource=DB,
            status=ResourceStatus.HEALTHY,
            detail="the writer is in us-west-2",
            endpoints_after={"writer": "db.us-west-2"},
            duration_seconds=1,
        ),
        t.stage_finished(W1),
        e.ExecutionPaused(reason="look", hint=""),
    ]
    begun = (STARTED, t.attached(resumed=True), e.UndoIntended(**STEP, title="promote"))
    story = [*went, *begun]
    over = [*story, e.UndoFinished(**STEP, duration_seconds=2), t.finished(CANCELLED)]

    def seen(payloads: list[Payload]) -> StageView:
        events = [Event(execution="x", seq=n, at=START, payload=p) for n, p in enumerate(payloads)]
        return view_of(events, START).stages[0]

    still, gone = seen(story), seen(over)
    assert (still.health, still.resources[0].detail) == (
        WaveHealth.HEALTHY,
        "the writer is in us-west-2",
    )
    assert (gone.health, gone.state) == (None, Progress.UNDONE)
    (row,) = gone.resources
    assert (row.state, row.status, row.detail) == (Progress.UNDONE, None, "")
    assert (row.recovered_seconds, row.endpoints_after) == (None, {})
    assert gone.shards[0].actions[0].state is Progress.UNDONE


def test_of_a_drill_that_waits_nothing_is_offered_that_a_drill_refuses_or_leaves_copies() -> None:
    plan = PLAN.model_copy(update={"drill": "d1"})
    removal = "drstate test --cleanup -c acme -e staging --sandbox"
    for stop in (
        e.ExecutionPaused(reason="interrupted", hint=""),
        e.GateOpened(stage=W1, reason="look"),
    ):
        payloads = [t.created(plan), t.attached(), t.phase_started(), stop]
        events = [Event(execution="x", seq=n, at=START, payload=p) for n, p in enumerate(payloads)]
        seen = view_of(events, START).next
        assert removal in seen
        assert not any("rollback" in command or "reject" in command for command in seen)
