"""What a clean-up has saved so far, and how people read it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drstate.model import events as e
from drstate.model.cost import Reached, ResourceSavings, Savings
from drstate.model.events import ErrorInfo, Event, Payload
from drstate.model.health import ResourceStatus, WaveHealth
from drstate.model.phases import Phase
from drstate.report.markdown import markdown
from drstate.report.savings import savings_lines
from drstate.report.status import view_of
from drstate.report.view import ExecutionView
from tests.execution import transcript as t

START = datetime(2026, 1, 1, tzinfo=UTC)
W1, W2 = "cleanup.w1", "cleanup.w2"
DB, WEB, NAME = t.key("db"), t.key("web", t.B), t.key("name", t.B)
SAVINGS = Savings(
    region="us-east-1",
    before_usd=1300.5,
    after_usd=200.5,
    saved_usd=1100.0,
    resources=(
        ResourceSavings(
            resource=DB, before_usd=1200.5, after_usd=200.5, saved_usd=1000.0, done="stopped",
            gone=("db.r6g.large (1,000.00)",), stays=("storage (200.50)",), unknown=("snapshots",),
        ),
        ResourceSavings(
            resource=WEB, before_usd=100.0, saved_usd=100.0, done="scaled to zero",
            gone=("2 x task (100.00)",),
        ),
        ResourceSavings(resource=NAME, done=""),
    ),
)  # fmt: skip
PLAN = t.plan(
    t.stage(1, t.shard(t.A, "w1", DB, actions=(t.action(DB, "stop"),)), phase=Phase.CLEANUP),
    t.stage(2, t.shard(t.B, "w2", WEB, NAME), phase=Phase.CLEANUP),
    phases=(Phase.CLEANUP,),
).model_copy(update={"savings": SAVINGS})


def view(*payloads: Payload) -> ExecutionView:
    story = [t.created(PLAN), t.attached(), t.phase_started(Phase.CLEANUP), *payloads]
    events = [
        Event(execution="x", seq=n, at=START + timedelta(seconds=n), payload=payload)
        for n, payload in enumerate(story, 1)
    ]
    return view_of(events, START + timedelta(seconds=60))


def first(*failed: str) -> list[Payload]:
    status = ResourceStatus.UNHEALTHY if failed else ResourceStatus.HEALTHY
    steps: list[Payload] = [t.stage_started(W1), t.shard_started(W1, t.A, "w1")]
    if failed:
        shard = {"stage": W1, "shard": f"{t.WEST}.{t.A}.w1"}
        error = ErrorInfo(code="x", what="refused")
        steps.append(
            e.ActionFailed(
                **shard, action=f"{DB}#stop", resource=DB, error=error, duration_seconds=1
            )
        )
    verdict = WaveHealth.UNHEALTHY if failed else WaveHealth.HEALTHY
    checked = t.healthy(W1, DB, status)
    return [
        *steps,
        t.shard_finished(W1, t.A, "w1", *failed),
        checked,
        t.stage_finished(W1, verdict),
    ]


def second() -> list[Payload]:
    return [
        t.stage_started(W2),
        t.shard_started(W2, t.B, "w2"),
        t.shard_finished(W2, t.B, "w2"),
        t.healthy(W2, WEB),
        t.healthy(W2, NAME),
        t.stage_finished(W2),
    ]


def test_nothing_is_saved_before_it_is_done() -> None:
    assert view().savings == SAVINGS
    assert view().saved == Reached(saved_usd=0.0, open=(DB, WEB))


def test_what_is_done_is_saved_and_what_is_not_is_named() -> None:
    assert view(*first()).saved == Reached(saved_usd=1000.0, open=(WEB,))
    assert view(*first(), *second()).saved == Reached(saved_usd=1100.0)


def test_what_failed_saves_nothing() -> None:
    found = view(*first(DB), e.WaveOverridden(stage=W1, by="ann", reason="later"), *second())
    assert found.saved == Reached(saved_usd=100.0, open=(DB,))
    assert "saved so far: 100.00; not yet: aurora/db" in markdown(found)


def test_people_read_figures_what_stays_and_what_is_not_in_them() -> None:
    lines = savings_lines(SAVINGS, Reached(saved_usd=100.0, open=(DB,)))
    assert lines[0].startswith(
        "what cleaning up us-east-1 saves, in USD per month (public on-demand"
    )
    assert lines[1:] == [
        "  aurora/db  saves 1,000.00: stopped",
        "    no longer: db.r6g.large (1,000.00)",
        "    stays: storage (200.50)",
        "    not estimated: snapshots",
        "  aurora/web  saves 100.00: scaled to zero",
        "    no longer: 2 x task (100.00)",
        "  nothing costs by the hour: aurora/name",
        "  in sum 1,100.00 of 1,300.50; 200.50 stays, beside what is not estimated",
        "  saved so far: 100.00; not yet: aurora/db",
    ]
    changed = SAVINGS.model_copy(update={"of_list": 0.72, "own": ("ec2/m5.large",)})
    assert "of which 72% is paid, own prices of ec2/m5.large;" in savings_lines(changed)[0]


def test_a_phase_that_is_no_clean_up_says_nothing_of_it() -> None:
    plan = t.plan(t.stage(1, t.shard(t.A, "w1", DB)))
    found = view_of([Event(execution="x", seq=1, at=START, payload=t.created(plan))], START)
    assert (found.savings, found.saved) == (None, None)
