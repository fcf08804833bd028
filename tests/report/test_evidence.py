"""The report: times against targets, what actions measured, waiting, and the digest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drstate.model import events as e
from drstate.model.events import Event, Payload
from drstate.model.health import WaveHealth
from drstate.report.evidence import Report, Targets, report_of
from drstate.report.evidence_markdown import report_markdown
from drstate.report.status import view_of
from drstate.report.view import Progress
from tests.execution import transcript as t

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(minutes=10)
W1 = "activate.w1"
DB, JOB = t.key("db"), t.key("job")
PROMOTE = t.action(DB)
PLAN = t.plan(t.stage(1, t.shard(t.A, "w1", DB, JOB, actions=(PROMOTE,)), gate=True))
STEP = {"stage": W1, "shard": f"{t.WEST}.{t.A}.w1", "action": PROMOTE.id, "resource": DB}
TARGETS = {
    DB: Targets(priority="critical", rpo_minutes=1),
    JOB: Targets(priority="low"),
}


def story(*payloads: Payload) -> list[Event]:
    """Each event ten seconds after the one before."""
    return [
        Event(execution="x", seq=n, at=START + timedelta(seconds=10 * (n - 1)), payload=payload)
        for n, payload in enumerate(payloads, 1)
    ]


def run(*, lag: float = 30.0) -> list[Event]:
    return story(
        t.created(PLAN),
        t.attached(),
        e.GateOpened(stage=W1, reason="look"),  # at 20 s
        e.GateDecided(stage=W1, approved=True, by="ben", comment="a | b"),  # at 30 s
        t.phase_started(),
        t.stage_started(W1),
        t.shard_started(W1, t.A, "w1"),
        e.ActionIntended(**STEP, title="promote db"),
        e.ActionFinished(
            **STEP,
            already_done=False,
            result={"achieved_rpo_seconds": lag, "data_loss": "30 s of writes", "kept": ["snap-1"]},
            duration_seconds=1,
        ),
        t.shard_finished(W1, t.A, "w1"),
        t.healthy(W1, DB, rto_minutes=2),  # at 100 s
        t.healthy(W1, JOB, rto_minutes=1),  # at 110 s
        t.stage_finished(W1, WaveHealth.HEALTHY),
    )


def report(events: list[Event]) -> Report:
    return report_of(events, NOW, targets=TARGETS, verified=len(events))


def test_recovery_times_are_held_against_the_targets_by_wave_and_priority() -> None:
    found = report(run())
    (wave,) = found.waves
    assert (wave.name, wave.recovered, wave.resources) == (W1, 2, 2)
    assert (wave.seconds, wave.target_minutes, wave.met) == (110.0, 1, False)
    rows = [(row.name, row.seconds, row.met) for row in found.priorities]
    assert rows == [("critical", 100.0, True), ("low", 110.0, False)]


def test_what_has_not_recovered_has_no_time_and_no_verdict() -> None:
    (wave,) = report(run()[:-2]).waves
    assert (wave.recovered, wave.seconds, wave.met) == (1, None, None)


@pytest.mark.parametrize(("lag", "verdict"), [(30.0, "met"), (61.0, "MISSED")])
def test_what_actions_measured_is_told_as_it_was_journaled(lag: float, verdict: str) -> None:
    found = report(run(lag=lag))
    (row,) = found.results
    assert (row.title, row.achieved_rpo_seconds, row.data_loss) == (
        "promote db",
        lag,
        "30 s of writes",
    )
    text = report_markdown(found)
    assert f"{lag:g} s, target 1 min {verdict}" in text
    assert "kept: snap-1" in text
    assert "approved by ben: a \\| b" in text
    assert "13 events, their hash chain is whole" in text


def test_waiting_for_people_is_summed_and_goes_on_while_it_lasts() -> None:
    assert report(run()).waited_seconds == 10.0
    waiting = report(run()[:3])
    assert waiting.waited_seconds == (NOW - START).total_seconds() - 20
    assert waiting.view.pauses[0].seconds is None


def test_the_digest_is_of_the_story_and_of_nothing_else() -> None:
    assert report(run()).digest == report_of(run(), NOW + timedelta(days=1)).digest
    assert report(run()).digest != report(run(lag=31.0)).digest


def test_what_was_given_up_leaves_every_resource_in_a_named_state() -> None:
    cut = [
        *(event.payload for event in run()[:8]),
        e.CancelRequested(by="ann", reason="wrong button"),
        e.StepUnknown(stage=W1, shard=STEP["shard"], step=PROMOTE.id, finding="cut off"),
        e.ExecutionFinished(status=e.ExecutionStatus.CANCELLED, changes=0, duration_seconds=1),
    ]
    asked = view_of(story(*cut[:9]), NOW)
    assert asked.requests == ("ann gave it up; what runs is ended: wrong button",)
    over = view_of(story(*cut), NOW)
    assert over.requests == ()
    assert {row.state for row in over.stages[0].resources} == {Progress.UNKNOWN}
    assert over.stages[0].state is Progress.UNKNOWN
    assert over.stages[0].shards[0].state is Progress.UNKNOWN
