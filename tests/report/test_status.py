from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from drstate.errors import JournalError
from drstate.model import events as e
from drstate.model.events import Event, ExecutionStatus, Payload
from drstate.model.health import ResourceStatus, WaveHealth
from drstate.model.phases import Phase, SiteState
from drstate.model.stackops import Op, ResourceOp
from drstate.report.markdown import markdown
from drstate.report.status import StatusFold, view_of
from drstate.report.timeline import Level, timeline
from drstate.report.view import Progress
from tests.execution import transcript as t

START = datetime(2026, 1, 1, tzinfo=UTC)
W1, W2 = "activate.w1", "activate.w2"
DB, WEB = t.key("db"), t.key("web", t.B)
PROMOTE = t.action(DB)
PLAN = t.plan(
    t.stage(1, t.shard(t.A, "w1", DB, actions=(PROMOTE,))),
    t.stage(2, t.shard(t.B, "w2", WEB)),
)
S1 = {"stage": W1, "shard": f"{t.WEST}.{t.A}.w1"}
STACK = {**S1, "stack": f"acme.staging.{t.WEST}.{t.A}.w1"}
URN = f"urn:pulumi:s::drstate::aws:rds/cluster:Cluster::{DB}"


def story(*payloads: Payload, every: float = 1.0) -> list[Event]:
    return [
        Event(execution="x", seq=n, at=START + timedelta(seconds=(n - 1) * every), payload=payload)
        for n, payload in enumerate(payloads, 1)
    ]


def rop(kind: Op) -> ResourceOp:
    return ResourceOp(urn=URN, type="aws:rds/cluster:Cluster", name=DB, op=kind)


def first_wave() -> list[Payload]:
    return [
        t.created(PLAN),
        t.attached(),
        t.phase_started(),
        t.stage_started(W1),
        t.shard_started(W1, t.A, "w1"),
        e.ActionIntended(**S1, action=PROMOTE.id, resource=DB, title="promote"),
        e.ActionFinished(
            **S1, action=PROMOTE.id, resource=DB, already_done=False, duration_seconds=2
        ),
        e.StackStarted(**STACK),
        e.StackProgress(**STACK, urn=URN, name=DB, op=Op.UPDATE, ok=True),
        e.StackFinished(
            **STACK, ok=True, ops=(rop(Op.UPDATE),), counts={"update": 1}, duration_seconds=3
        ),
        t.shard_finished(W1, t.A, "w1"),
        t.healthy(W1, DB, rto_minutes=1),
        t.stage_finished(W1),
    ]


def test_an_action_is_shown_as_it_was_run_whatever_the_plan_had_said() -> None:
    told = first_wave()
    told[5] = told[5].model_copy(update={"title": "promote, as mended"})
    view = view_of(story(*told), START + timedelta(seconds=20))
    assert [row.title for row in view.stage_view(W1).shards[0].actions] == ["promote, as mended"]


def test_a_finished_wave_shows_operations_actions_health_and_recovery_time() -> None:
    view = view_of(story(*first_wave()), START + timedelta(seconds=20))
    stage = view.stage_view(W1)
    assert (stage.state, stage.health) == (Progress.DONE, WaveHealth.HEALTHY)
    (shard,) = stage.shards
    assert shard.stack is not None
    assert [(op.op, op.name) for op in shard.stack.ops] == [(Op.UPDATE, DB)]
    assert [(a.id, a.state, a.already_done) for a in shard.actions] == [
        (PROMOTE.id, Progress.DONE, False)
    ]
    (resource,) = stage.resources
    assert (resource.status, resource.recovered_seconds) == (ResourceStatus.HEALTHY, 11.0)
    assert (resource.rto_minutes, resource.rto_met) == (1, True)
    assert view.changes == 2
    assert (view.phase, view.wave, view.stage) == (Phase.ACTIVATE, 2, W2)
    assert (view.counts.total, view.counts.done, view.counts.pending) == (2, 1, 1)


def test_a_recovery_that_took_longer_than_its_target_is_told_as_missed() -> None:
    view = view_of(story(*first_wave(), every=10), START + timedelta(seconds=200))
    assert view.stage_view(W1).resources[0].rto_met is False
    assert "target 1 min missed" in markdown(view)


def test_percent_and_time_left_move_with_the_work() -> None:
    payloads = first_wave()
    seen = []
    fold = StatusFold()
    for event in story(*payloads):
        fold.feed(event)
        view = fold.view(event.at)
        seen.append((view.percent, view.eta_seconds))
    percents = [percent for percent, _ in seen]
    assert percents == sorted(percents)
    assert percents[-1] == 50
    assert seen[1][1] == 60.0
    # the first wave took 1 s where 30 s were expected
    assert seen[-1][1] == 1.0


def test_only_a_completed_execution_is_at_a_hundred_percent() -> None:
    payloads = [*first_wave(), t.finished(ExecutionStatus.FAILED)]
    assert view_of(story(*payloads), START).percent < 100
    payloads[-1] = t.finished(ExecutionStatus.COMPLETED)
    done = view_of(story(*payloads), START)
    assert (done.percent, done.eta_seconds) == (100, None)
    assert done.duration_seconds == 13.0
    assert done.next == ("drstate up --phase cleanup -c acme -e staging --sandbox",)


def test_a_failed_action_is_told_with_its_remedy_and_the_way_on() -> None:
    error = e.ErrorInfo(code="AwsCall", what="no such cluster", why="gone", hint="look")
    payloads = [
        *first_wave()[:6],
        e.ActionFailed(**S1, action=PROMOTE.id, resource=DB, error=error, duration_seconds=1),
        t.shard_finished(W1, t.A, "w1", DB),
        t.healthy(W1, DB, ResourceStatus.UNHEALTHY),
        t.stage_finished(W1, WaveHealth.UNHEALTHY),
        t.phase_finished(ok=False),
        t.finished(ExecutionStatus.FAILED),
    ]
    view = view_of(story(*payloads), START)
    (row,) = view.failed
    assert (row.resource, row.stage, row.hint) == (DB, W1, "look")
    assert row.what == "promote: no such cluster"
    assert view.counts.failed == 1
    assert view.next[0] == "drstate resume x --sandbox"
    told = markdown(view)
    assert "no such cluster (gone). look" in told


def test_an_error_of_a_stack_is_told_for_the_resource_that_it_belongs_to() -> None:
    payloads = [
        *first_wave()[:5],
        e.StackStarted(**STACK),
        e.StackFinished(
            **STACK, ok=False, ops=(), counts={}, errors={URN: "quota"}, duration_seconds=1
        ),
        t.shard_finished(W1, t.A, "w1", DB),
    ]
    (row,) = view_of(story(*payloads), START).failed
    assert row.what == "quota"


def test_a_gate_is_shown_as_waiting_and_then_as_decided() -> None:
    payloads: list[Payload] = [
        t.created(t.plan(t.stage(1, t.shard(t.A, "w1", DB), gate=True))),
        t.attached(),
        e.GateOpened(stage=W1, reason="approval", checklist=("one",)),
    ]
    view = view_of(story(*payloads), START)
    gate = view.stages[0].gate
    assert gate is not None
    assert (view.status, gate.state) == (ExecutionStatus.PAUSED, Progress.WAITING)
    assert "waits for approval before activate.w1" in markdown(view)
    payloads.append(e.GateDecided(stage=W1, approved=True, by="ann", comment="go"))
    gate = view_of(story(*payloads), START).stages[0].gate
    assert gate is not None
    assert (gate.state, gate.by, gate.checklist) == (Progress.DONE, "ann", ("one",))


def test_a_resumed_story_folds_to_the_same_picture_as_one_that_was_not_interrupted() -> None:
    whole = first_wave()
    interrupted = [
        *whole[:9],
        t.attached(resumed=True),
        t.shard_started(W1, t.A, "w1"),
        e.StepUnknown(**S1, step=STACK["stack"], finding="lock cleared"),
        e.StackStarted(**STACK),
        *whole[9:],
    ]
    one = view_of(story(*whole), START).model_dump()
    two = view_of(story(*interrupted), START).model_dump()
    times = {"updated_at", "resumed", "stages", "duration_seconds"}
    assert {k: v for k, v in one.items() if k not in times} == {
        k: v for k, v in two.items() if k not in times
    }
    assert two["resumed"] == 1
    assert one["stages"][0]["shards"] == two["stages"][0]["shards"]


def test_a_resume_after_a_failure_clears_what_is_tried_again() -> None:
    error = e.ErrorInfo(code="X", what="bad")
    payloads = [
        *first_wave()[:6],
        e.ActionFailed(**S1, action=PROMOTE.id, resource=DB, error=error, duration_seconds=1),
        t.shard_finished(W1, t.A, "w1", DB),
        t.healthy(W1, DB, ResourceStatus.UNHEALTHY),
        t.stage_finished(W1, WaveHealth.UNHEALTHY),
        t.phase_finished(ok=False),
        t.finished(ExecutionStatus.FAILED),
        t.attached(resumed=True),
        *first_wave()[4:],
    ]
    view = view_of(story(*payloads), START)
    assert (view.status, view.failed, view.error) == (ExecutionStatus.RUNNING, (), None)
    assert view.stage_view(W1).state is Progress.DONE


def test_roles_endpoints_retries_and_warnings_are_kept() -> None:
    payloads = [
        *first_wave(),
        e.EndpointsRecorded(resource=DB, region=t.WEST, endpoints={"writer": "h"}),
        e.CallRetried(
            **S1, service="rds", operation="x", attempt=1, wait_seconds=1, reason="Throttling"
        ),
        e.Warned(text="slow", hint="wait"),
        e.Warned(text="slow", hint="wait"),
        e.SiteChanged(sites={t.WEST: SiteState.ACTIVE}, serving=t.WEST, recovery=t.WEST),
    ]
    view = view_of(story(*payloads), START)
    assert view.endpoints == {DB: {t.WEST: {"writer": "h"}}}
    assert (view.retries, view.serving, view.sites) == (1, t.WEST, {t.WEST: SiteState.ACTIVE})
    assert [row.text for row in view.warnings] == ["slow"]


def test_json_says_which_schema_it_is() -> None:
    told = view_of(story(*first_wave()), START).model_dump(mode="json", by_alias=True)
    assert told["schema"] == "drstate.status/1"


def test_an_execution_without_its_first_event_cannot_be_shown() -> None:
    with pytest.raises(JournalError, match="no first event"):
        StatusFold().view(START)


def test_the_timeline_tells_times_from_the_start_and_how_grave_a_line_is() -> None:
    payloads = [*first_wave(), t.finished(ExecutionStatus.FAILED)]
    lines = timeline(story(*payloads))
    assert lines[0].offset_seconds == 0.0
    assert lines[-1].level is Level.ERROR
    assert any(line.resource == DB and "promote" in line.text for line in lines)
    # single resources of a stack are left out
    assert len(lines) == len([p for p in payloads if p.type != "stack_progress"]) - 1


def test_feeding_costs_the_same_however_long_the_story_is() -> None:
    fold = StatusFold()
    for event in story(*first_wave()[:9]):
        fold.feed(event)
    progress = story(*first_wave()[:9])[8]

    def cost(count: int) -> float:
        begun = time.process_time()
        for _ in range(count):
            fold.feed(progress)
        return time.process_time() - begun

    cost(1000)
    assert cost(20_000) < 40 * cost(1000) + 0.05
