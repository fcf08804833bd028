"""Where an update can be looked at is told wherever its execution is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drstate.model import events as e
from drstate.model.events import PAYLOADS, Event
from drstate.report.evidence import report_of
from drstate.report.evidence_markdown import report_markdown
from drstate_cli.render.view import text
from tests.execution import transcript as t

LINK = "https://app.pulumi.com/acme/drstate/one/updates/7"
W1 = "activate.w1"
DB = t.key("db")
PLAN = t.plan(t.stage(1, t.shard(t.A, "w1", DB)))
STACK = {"stage": W1, "shard": f"{t.WEST}.{t.A}.w1", "stack": f"acme.staging.{t.WEST}.{t.A}.w1"}


def test_the_permalink_is_in_every_form_of_the_report():
    payloads = (
        t.created(PLAN),
        t.attached(),
        t.phase_started(),
        t.stage_started(W1),
        t.shard_started(W1, t.A, "w1"),
        e.StackStarted(**STACK),
        e.StackFinished(**STACK, ok=True, ops=(), counts={}, duration_seconds=3, permalink=LINK),
    )
    start = datetime(2026, 1, 1, tzinfo=UTC)
    story = [
        Event(execution="x", seq=n, at=start + timedelta(seconds=n), payload=payload)
        for n, payload in enumerate(payloads, 1)
    ]
    report = report_of(story, start + timedelta(seconds=60))
    assert report.view.stages[0].shards[0].stack.permalink == LINK
    assert f"<{LINK}>" in report_markdown(report)
    assert LINK in text(report.view)
    assert any(LINK in line.text for line in report.timeline)
    assert LINK in report.model_dump_json()


def test_a_journal_from_before_permalinks_is_read():
    old = {"type": "stack_finished", **STACK, "ok": True, "ops": [], "counts": {}}
    assert PAYLOADS.validate_python({**old, "duration_seconds": 1}).permalink == ""
