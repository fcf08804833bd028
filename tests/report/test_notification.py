"""What is told of which event: to people, to programs, and to filters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drstate.model import events as e
from drstate.model.events import (
    ErrorInfo,
    Event,
    ExecutionStatus,
    Payload,
)
from drstate.model.health import Impaired, ResourceStatus, WaveHealth
from drstate.model.notify import Kind, Severity
from drstate.report.notification import SMS_CHARACTERS, SUBJECT_CHARACTERS, Notification
from drstate.report.status import StatusFold
from drstate.report.telling import About, notifications
from tests.execution import transcript as t

START = datetime(2026, 1, 1, tzinfo=UTC)
W1, W2 = "activate.w1", "activate.w2"
DB, WEB = t.key("db"), t.key("web", t.B)
PLAN = t.plan(
    t.stage(1, t.shard(t.A, "w1", DB, actions=(t.action(DB),))),
    t.stage(2, t.shard(t.B, "w2", WEB), gate=True),
)
FAILURE = ErrorInfo(code="Operation", what="not replicated", why="lag of 900 s", hint="wait")


def told(*story: Payload) -> list[Notification]:
    """Everything that is told of the story, each with the picture of its moment."""
    fold, found = StatusFold(), []
    about: About | None = None
    for number, payload in enumerate(story, 1):
        event = Event(
            execution="x", seq=number, at=START + timedelta(seconds=number), payload=payload
        )
        fold.feed(event)
        if isinstance(payload, e.ExecutionCreated):
            about = About.of("x", payload)
        assert about is not None
        about = about.after(payload)
        found += notifications(event, about, lambda at=event.at: fold.view(at))  # type: ignore[misc]
    return found


def begun(plan: Any = PLAN) -> list[Payload]:
    return [t.created(plan), t.attached(), t.phase_started(), t.stage_started(W1)]


def wave(health: WaveHealth = WaveHealth.HEALTHY, *failed: str) -> list[Payload]:
    shard = {"stage": W1, "shard": f"{t.WEST}.{t.A}.w1"}
    action = {**shard, "action": t.action(DB).id, "resource": DB}
    steps: list[Payload] = [t.shard_started(W1, t.A, "w1"), e.ActionIntended(**action, title="p")]
    if failed:
        steps.append(e.ActionFailed(**action, error=FAILURE, duration_seconds=1))
        checked = t.healthy(W1, DB, ResourceStatus.UNHEALTHY)
    else:
        steps.append(e.ActionFinished(**action, already_done=False, duration_seconds=1))
        checked = t.healthy(W1, DB)
    return [*steps, t.shard_finished(W1, t.A, "w1", *failed), checked, t.stage_finished(W1, health)]


def test_a_start_says_who_and_what_and_how_to_follow() -> None:
    (found,) = told(*begun())
    assert (found.kind, found.severity, found.about) == (Kind.STARTED, Severity.INFO, 1)
    assert found.subject == "[sandbox acme/staging] STARTED: ann started activate"
    assert found.next == ("drstate watch x --sandbox",)
    assert "us-east-1 serves, us-west-2 is to take over next" in found.text
    assert "in the sandbox, not in AWS" in found.text


def test_an_emergency_is_told_as_one_beside_its_start() -> None:
    plan = PLAN.model_copy(update={"emergency": True})
    emergency, start = told(*begun(plan))
    assert (emergency.kind, emergency.severity) == (Kind.EMERGENCY, Severity.CRITICAL)
    assert (start.kind, start.about) == (Kind.STARTED, emergency.about)


@pytest.mark.parametrize(
    ("health", "severity"),
    [
        (WaveHealth.HEALTHY, Severity.INFO),
        (WaveHealth.DEGRADED, Severity.WARNING),
        (WaveHealth.UNHEALTHY, Severity.ERROR),
    ],
)
def test_a_waves_verdict_is_its_severity(health: WaveHealth, severity: Severity) -> None:
    found = told(*begun(), *wave(health))[-1]
    assert (found.kind, found.severity, found.where) == (Kind.WAVE_COMPLETED, severity, W1)
    assert "1 of 1 resources done" in found.what


def test_what_failed_is_told_with_its_cause_and_its_remedy() -> None:
    found = told(*begun(), *wave(WaveHealth.UNHEALTHY, DB))[-1]
    (row,) = found.troubles
    assert (row.resource, row.hint) == (DB, "wait")
    assert "not replicated" in row.what
    assert "1 failed" in found.what
    assert f"- {DB}: {row.what}\n  help: wait" in found.text


def test_a_gate_is_told_once_with_what_is_not_healthy() -> None:
    bad = Impaired(
        stage=W1, wave=1, verdict=WaveHealth.DEGRADED, resource=DB,
        status=ResourceStatus.DEGRADED, detail="lag of 90 s", hint="look",
    )  # fmt: skip
    gate = e.GateOpened(stage=W2, reason=f"approval is required before {W2}", impaired=(bad,))
    found = told(*begun(), *wave(), gate, e.ExecutionPaused(reason="waits", hint="approve"))
    (asked,) = [row for row in found if row.kind is Kind.APPROVAL_REQUIRED]
    assert (asked.where, asked.about) == (W2, found[-1].about)
    assert asked.troubles[0].what == "DEGRADED: lag of 90 s"
    assert any("drstate resume x" in line or "approve" in line for line in asked.next)


def test_an_unhealthy_wave_that_stops_everything_asks_for_a_decision() -> None:
    paused = e.ExecutionPaused(reason=f"{W1} is UNHEALTHY ({DB})", hint="override, or roll back")
    found = told(*begun(), *wave(WaveHealth.UNHEALTHY, DB), paused)[-1]
    assert (found.kind, found.severity) == (Kind.APPROVAL_REQUIRED, Severity.ERROR)
    assert found.remedy == "override, or roll back"
    assert [row.resource for row in found.troubles] == [DB]


def test_an_interrupted_run_is_a_warning() -> None:
    found = told(*begun(), e.ExecutionPaused(reason="interrupted", hint="drstate resume x"))[-1]
    assert (found.kind, found.severity) == (Kind.WARNING, Severity.WARNING)


def finished(status: ExecutionStatus, **more: Any) -> e.ExecutionFinished:
    return e.ExecutionFinished(status=status, changes=3, duration_seconds=240, **more)


@pytest.mark.parametrize(
    ("status", "kind", "severity"),
    [
        (ExecutionStatus.COMPLETED, Kind.COMPLETED, Severity.INFO),
        (ExecutionStatus.FAILED, Kind.FAILED, Severity.CRITICAL),
        (ExecutionStatus.CANCELLED, Kind.CANCELLED, Severity.WARNING),
    ],
)
def test_an_end_is_told_as_what_it_is(
    status: ExecutionStatus, kind: Kind, severity: Severity
) -> None:
    error = None if status is ExecutionStatus.COMPLETED else FAILURE
    found = told(*begun(), *wave(), finished(status, error=error))[-1]
    assert (found.kind, found.severity) == (kind, severity)
    assert found.what == f"activate {status.lower()} after 4.0 min, 3 changes"
    assert bool(error) == ("why: not replicated: lag of 900 s" in found.text)
    assert found.next


def test_one_that_left_something_out_is_completed_with_a_warning() -> None:
    found = told(*begun(), finished(ExecutionStatus.COMPLETED, skipped=(DB,)))[-1]
    assert (found.kind, found.severity) == (Kind.COMPLETED, Severity.WARNING)
    assert "1 left out" in found.what


def test_the_roles_told_are_those_of_the_moment() -> None:
    changed = e.SiteChanged(sites={}, serving="us-west-2", recovery="us-west-2")
    found = told(*begun(), changed, finished(ExecutionStatus.COMPLETED))[-1]
    assert (found.serving, found.recovery) == ("us-west-2", "us-west-2")


def test_steps_are_nobodys_business() -> None:
    assert [row.kind for row in told(*begun(), *wave()[:-1])] == [Kind.STARTED]


def test_a_plan_that_comes_later_is_the_start() -> None:
    created = t.created(t.plan()).model_copy(update={"planned": False})
    planned = e.ExecutionPlanned(plan=PLAN, plan_digest=PLAN.digest(), engine="embedded")
    (found,) = told(created, planned)
    assert (found.kind, found.about, found.recovery) == (Kind.STARTED, 2, t.WEST)


def warning(text: str) -> Notification:
    return told(*begun(), e.Warned(text=text, hint="mend it"))[-1]


@pytest.mark.parametrize("text", ["ü" * 200, "one\ntwo\tthree " * 20, "short"])
def test_a_subject_is_what_sns_takes_and_a_message_what_a_phone_takes(text: str) -> None:
    found = warning(text)
    assert (found.kind, found.remedy) == (Kind.WARNING, "mend it")
    assert len(found.subject) <= SUBJECT_CHARACTERS
    assert found.subject.isascii()
    assert found.subject.isprintable()
    assert len(found.short) <= SMS_CHARACTERS
    assert found.short.endswith("drstate status x")


def test_programs_get_all_of_it_and_filters_their_five_words() -> None:
    found = warning("slow")
    assert (
        Notification.model_validate(
            {name: value for name, value in found.document().items() if name != "subject"}
        )
        == found
    )
    assert found.document()["schema"] == "drstate.notification/1"
    assert found.attributes() == {
        "customer": "acme",
        "environment": "staging",
        "event": "warning",
        "severity": "warning",
        "execution": "x",
    }


def test_a_drill_says_that_it_is_one() -> None:
    (found,) = told(*begun(PLAN.model_copy(update={"drill": "d-1"})))
    assert found.subject.startswith("[sandbox drill acme/staging] STARTED")
    assert "This is drill d-1: production goes on where it is." in found.text
    assert found.attributes()["drill"] == "d-1"


def test_a_warning_of_capacity_or_maintenance_is_told_as_such() -> None:
    near = e.Warned(
        text="capacity INFO: 33 of 40", kind=Kind.CAPACITY, severity=Severity.INFO, hint="raise it"
    )
    window = e.Warned(text="maintenance has begun", kind=Kind.MAINTENANCE)
    found = told(*begun(), near, window)[-2:]
    assert [(row.kind, row.severity) for row in found] == [
        (Kind.CAPACITY, Severity.INFO),
        (Kind.MAINTENANCE, Severity.WARNING),
    ]
    assert found[0].remedy == "raise it"
    assert found[0].attributes()["event"] == "capacity"
    # what was journaled before there were kinds is a warning
    old = e.PAYLOADS.validate_python({"type": "warned", "text": "slow"})
    assert told(*begun(), old)[-1].kind is Kind.WARNING


#: the basic alphabet of a text message: one segment holds 160 of these, and fewer of any other
GSM = frozenset(
    "@$_ !\"#%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)


@pytest.mark.parametrize("text", ["[a] {b} `c` ^ ~ | \\", "Zürich ✓", "one\ntwo\x1b[31m"])
def test_a_text_message_is_one_segment_with_what_is_put_in_front_of_it(text: str) -> None:
    found = told(*begun(), e.Warned(text=text * 20))[-1]
    assert set(found.short) <= GSM
    assert len("DR alerts1> ") + len(found.short) <= 160


def test_no_form_of_a_message_holds_what_a_terminal_would_obey() -> None:
    evil = "db\x1b]0;gone\x07\x9b2J\r\u2028name"
    found = told(*begun(), e.Warned(text=evil, hint=evil))[-1]
    forms = (found.subject, found.text, found.short, str(found.document()))
    assert not [form for form in forms if {*form} & {*"\x1b\x07\x9b\r\u2028"}]
    assert "gone" in found.what


def test_an_escalation_of_a_thousand_resources_is_still_one_that_can_be_read() -> None:
    keys = tuple(t.key(f"db-{number}") for number in range(1000))
    escalated = e.Escalated(stage=W1, resources=keys, contacts=("ann",))
    found = told(*begun(), escalated)[-1]
    assert found.what.endswith("and 980 more did not come up in activate.w1")
