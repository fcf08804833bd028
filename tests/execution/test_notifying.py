"""People are told of an execution: real SNS calls, real queues, topics that refuse and hang."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drstate.aws.clock import SystemClock
from drstate.errors import OperationError
from drstate.execution import notifying
from drstate.execution.couriers import WAITING
from drstate.execution.notifying import Teller
from drstate.journal.sqlite import SqliteJournal, open_journal
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.notify import Kind, Notifications, Severity, Topic
from drstate.report.notification import Notification
from drstate.report.status import view_of
from drstate.report.telling import About
from drstate.sandbox import process
from tests.adapters.world import EAST, WEST
from tests.execution import transcript as t
from tests.execution.told_sites import PLAN, Run, Site, opened_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with opened_site(tmp_path_factory.mktemp("told") / "home") as opened:
        yield opened


@pytest.fixture
def struck(site: Site) -> Iterator[Callable[..., None]]:
    """Lets a fault strike, until the test ends."""

    def strike(**rule: Any) -> None:
        process.add_fault(site.home, {"service": "sns", "operation": "Publish", **rule})

    yield strike
    process.clear_faults(site.home)
    site.clock.slept.clear()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = open_journal(tmp_path / "journal.db", now=SystemClock().now)
    yield opened
    opened.close()


def _note() -> Notification:
    event = e.Event(execution="x", seq=1, at=SystemClock().now(), payload=t.created(PLAN))
    about = About.of("x", t.created(PLAN))
    return about.tells(event, Kind.STARTED, Severity.INFO, "hello")


def test_a_subscriber_gets_what_happens_as_data_and_within_seconds(
    site: Site, journal: SqliteJournal
) -> None:
    topic = site.topic("events")
    everything, loud = site.subscribed(topic), site.subscribed(topic, severity=["warning"])
    run = Run(journal, (topic,), site.publish).begin()
    run.recorder.warn("the disk is full", "make room")
    run.finish()
    run.people.close()
    got = everything()
    documents = [json.loads(row["Message"]) for row in got]
    assert [row["kind"] for row in documents] == ["started", "warning", "completed"]
    assert {(row["customer"], row["environment"], row["execution"]) for row in documents} == {
        ("acme", "staging", "x")
    }
    assert documents[1]["remedy"] == "make room"
    assert got[0]["Subject"] == "[sandbox acme/staging] STARTED: ann started activate"
    assert {name: row["Value"] for name, row in got[1]["MessageAttributes"].items()} == {
        "customer": "acme",
        "environment": "staging",
        "event": "warning",
        "severity": "warning",
        "execution": "x",
    }
    # subscriptions filter by the attributes
    assert [json.loads(row["Message"])["kind"] for row in loud()] == ["warning"]
    # also the last one is journaled, although the execution had ended by then
    assert run.written() == [
        ("delivered", "started"),
        ("delivered", "warning"),
        ("delivered", "completed"),
    ]
    assert [row["about"] for row in documents] == run.numbers("execution_created", "warned",
                                                              "execution_finished")  # fmt: skip
    assert max(row.delay_seconds for row in run.delivered()) < 10
    assert journal.verify("x") == journal.header("x").events


def test_a_topic_that_refuses_is_journaled_with_the_remedy_and_stops_nothing(
    site: Site, journal: SqliteJournal, struck: Callable[..., None]
) -> None:
    struck(effect="error", code="AuthorizationError", status=403)
    topic = site.topic("denied")
    run = Run(journal, (topic,), site.publish).begin()
    run.finish()
    run.people.close()
    assert run.written() == [("failed", "started"), ("failed", "completed")]
    view = view_of(journal.events("x"), SystemClock().now())
    assert view.status is ExecutionStatus.COMPLETED
    # one line, however much it missed
    (warning,) = view.warnings
    assert warning.text.startswith(
        f"2 notifications (started, completed) did not reach {topic.arn}"
    )
    assert f"allow sns:Publish for {site.scope.accounts[0].role_arn}" in warning.hint
    # what people missed is not part of how long it took
    ended = [row for row in journal.events("x") if row.payload.type == "execution_finished"]
    assert (view.ended_at, view.updated_at) == (ended[0].at, ended[0].at)
    assert journal.header("x").updated_at == ended[0].at
    assert site.clock.slept == []


def test_a_lost_region_is_waited_for_once_and_what_follows_is_tried_once(
    site: Site, journal: SqliteJournal, struck: Callable[..., None]
) -> None:
    topic = site.topic("lost")
    read = site.subscribed(topic)
    publish = site.publish
    struck(effect="region-down", region=WEST, service="*", operation="*")
    run = Run(journal, (topic,), publish).begin()
    run.recorder.warn("one")
    run.finish()
    run.people.close()
    assert run.written() == [
        ("failed", "started"),
        ("failed", "warning"),
        ("failed", "completed"),
    ]
    process.clear_faults(site.home)
    assert read() == []


def test_retries_are_those_of_every_call_and_stop_after_one_that_was_given_up(
    site: Site, journal: SqliteJournal, struck: Callable[..., None]
) -> None:
    topic = site.topic("flaky")
    read = site.subscribed(topic)
    struck(effect="error", code="ServiceUnavailable", status=503, calls="1-5")
    run = Run(journal, (topic,), site.publish).begin()
    for text in ("two", "three", "four"):
        run.recorder.warn(text)
    run.people.close()
    # four attempts, then one, then it answers again
    assert site.clock.slept == [1.0, 2.0, 4.0]
    assert [row for row, _ in run.written()] == ["failed", "failed", "delivered", "delivered"]
    assert len(read()) == 2


def test_a_topic_that_is_throttled_is_told_a_little_later(
    site: Site, journal: SqliteJournal, struck: Callable[..., None]
) -> None:
    topic = site.topic("busy")
    struck(effect="throttle", calls="1-2")
    run = Run(journal, (topic,), site.publish).begin()
    run.finish()
    run.people.close()
    assert site.clock.slept == [1.0, 2.0]
    assert run.written() == [("delivered", "started"), ("delivered", "completed")]


def test_a_topic_that_hangs_holds_up_nobody_and_is_told_of_at_the_end(
    site: Site, journal: SqliteJournal, struck: Callable[..., None]
) -> None:
    hanging, well = site.topic("hanging"), site.topic("well", EAST)
    read = site.subscribed(well)
    publish = site.publish
    publish(hanging, _note(), patient=True)  # there is a session; the fault is about the topic
    struck(effect="hang", seconds=60.0, region=WEST)
    run = Run(journal, (hanging, well), publish, last_seconds=0.2).begin()
    run.finish()
    for _ in range(200):
        if len(run.delivered()) == 2:
            break
        run.people._couriers[1].wait(0.05)
    assert [json.loads(row["Message"])["kind"] for row in read()] == ["started", "completed"]
    run.people.close()
    assert sorted(run.written()) == [
        ("delivered", "completed"),
        ("delivered", "started"),
        ("failed", "completed"),
        ("failed", "started"),
    ]
    (warning,) = run.people.said(run.recorder.view()).warnings
    assert warning.text.startswith(
        f"2 notifications (started, completed) did not reach {hanging.arn}"
    )


def test_who_takes_over_tells_what_was_not_told_and_nothing_twice(
    site: Site, journal: SqliteJournal
) -> None:
    topic = site.topic("resumed")
    read = site.subscribed(topic)
    first = Run(journal, (topic,), site.publish).begin()
    first.people.close()
    # it dies after an event is durable and before anybody is told of it
    silent = Run(journal, (), site.publish)
    silent.recorder.load()
    silent.recorder.append(e.ExecutionPaused(reason="interrupted", hint="drstate resume x"))
    second = Run(journal, (topic,), site.publish).resume()
    second.finish()
    second.people.close()
    told = [json.loads(row["Message"])["what"] for row in read()]
    assert told == ["ann started activate", "paused: interrupted",
                    "activate completed after 1 s, 0 changes"]  # fmt: skip
    third = Run(journal, (topic,), site.publish)
    third.recorder.load()
    third.people.attach(third.recorder)
    third.people.close()
    assert read() == []


def test_what_is_no_news_any_more_is_not_told(site: Site, journal: SqliteJournal) -> None:
    topic = site.topic("late")
    silent = Run(journal, (), site.publish)
    silent.recorder.append(t.created(PLAN))

    class Later(SystemClock):
        def now(self) -> Any:
            return super().now() + timedelta(hours=2)

    told = Notifications(topics=(topic,))
    people = Teller(journal, Later(), "x", told, site.publish, used=lambda _: (topic,))
    people.attach(silent.recorder)
    people.close()
    assert silent.written() == []


def test_a_topic_that_this_execution_may_not_use_gets_nothing(
    site: Site, journal: SqliteJournal
) -> None:
    topic = site.topic("left")
    run = Run(journal, (topic,), site.publish, used=()).begin()
    run.finish()
    run.people.close()
    assert run.written() == []


def test_a_topic_that_keeps_order_takes_each_event_once(site: Site, journal: SqliteJournal) -> None:
    topic = site.topic("ordered.fifo", FifoTopic="true")
    run = Run(journal, (topic,), site.publish).begin()
    run.finish()
    run.people.close()
    assert run.written() == [("delivered", "started"), ("delivered", "completed")]


def test_what_cannot_be_put_into_words_is_journaled_and_stops_nothing(
    site: Site, journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("stage")

    run = Run(journal, (site.topic("wordless"),), site.publish).begin()
    monkeypatch.setattr(notifying, "notifications", broken)
    run.finish()
    run.people.close()
    assert ("failed", "completed") in run.written()
    assert run.recorder.state.status is ExecutionStatus.COMPLETED


def test_the_queue_is_bounded_and_the_oldest_makes_room(journal: SqliteJournal) -> None:
    gate, begun = threading.Event(), threading.Event()
    sent: list[str] = []

    def publish(_topic: Topic, note: Notification, *, patient: bool) -> str:
        begun.set()
        gate.wait(10)
        sent.append(note.what)
        return "id"

    topic = Topic(arn=f"arn:aws:sns:{WEST}:111111111111:slow")
    run = Run(journal, (topic,), publish).begin()
    assert begun.wait(10)
    for number in range(WAITING + 2):
        run.recorder.warn(f"w{number}")
    gate.set()
    run.people.close()
    assert sent == ["ann started activate", *(f"w{n}" for n in range(2, WAITING + 2))]
    assert run.written().count(("failed", "warning")) == 2
    crowded = [row for row in run.failed() if "waiting for the topic" in row.error.what]
    assert len(crowded) == 2


def test_the_same_warning_is_told_once(journal: SqliteJournal) -> None:
    sent: list[str] = []

    def publish(_topic: Topic, note: Notification, *, patient: bool) -> str:
        sent.append(note.what)
        return "id"

    run = Run(journal, (Topic(arn=f"arn:aws:sns:{WEST}:111111111111:t"),), publish).begin()
    for _ in range(3):
        run.recorder.warn("memory is short")
    run.people.close()
    assert sent == ["ann started activate", "memory is short"]


def test_a_journal_that_takes_nothing_any_more_stops_no_courier(journal: SqliteJournal) -> None:
    def publish(_topic: Topic, _note: Notification, *, patient: bool) -> str:
        raise OperationError("no answer")

    run = Run(journal, (Topic(arn=f"arn:aws:sns:{WEST}:111111111111:t"),), publish).begin()
    journal.close()
    run.people.close()
