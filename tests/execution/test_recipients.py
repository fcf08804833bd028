"""Recipients: subscribed, confirmed, told at once or later, and of nobody else's business."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drstate.aws.clock import SystemClock
from drstate.errors import OperationError, UnknownNameError
from drstate.execution.subscribing import Subscriptions
from drstate.execution.trying import attempt, trials
from drstate.journal.sqlite import SqliteJournal, open_journal
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.notify import Kind, Notifications, Recipient, Rule, Severity, Topic
from drstate.model.scope import Scope
from drstate.report.notification import Notification
from drstate.report.recipients import State
from drstate.sandbox import process
from tests.adapters.world import EAST, WEST
from tests.execution import transcript as t
from tests.execution.told_sites import Run, Site, opened_site

FAR = Topic(arn=f"arn:aws:sns:{WEST}:111111111111:dr")
BOSS = Recipient(name="boss", email="boss@acme.example", digest_minutes=30)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with opened_site(tmp_path_factory.mktemp("recipients") / "home") as opened:
        yield opened


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = open_journal(tmp_path / "journal.db", now=SystemClock().now)
    yield opened
    opened.close()


class Few:
    """As much of the services as telling needs."""

    def __init__(self, journal: SqliteJournal) -> None:
        self.journal = journal
        self.clock = SystemClock()
        self.operator = "ann"
        self.sandbox = True


def scope_with(site: Site, **people: Any) -> Scope:
    told = Notifications.model_validate(people)
    return site.scope.model_copy(update={"notifications": told})


class Sent:
    """What was sent: (kind, names), in order."""

    def __init__(self) -> None:
        self.notes: list[Notification] = []

    def __call__(self, _topic: Topic, note: Notification, *, patient: bool) -> str:
        self.notes.append(note)
        return "id"

    @property
    def told(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(str(note.kind), note.recipients) for note in self.notes]


def held(run: Run) -> list[e.NotificationHeld]:
    rows = [row.payload for row in run.journal.events("x")]
    return [row for row in rows if isinstance(row, e.NotificationHeld)]


def test_what_is_held_back_is_journaled_and_told_when_the_run_ends(
    journal: SqliteJournal,
) -> None:
    sent = Sent()
    rules = (Rule(to=("dba",), severity=Severity.ERROR),)
    dba = Recipient(name="dba", email="dba@acme.example")
    run = Run(journal, (FAR,), sent, recipients=(BOSS, dba), rules=rules).begin()
    run.recorder.warn("the disk is full", "make room")
    run.finish(ExecutionStatus.FAILED)
    run.people.close()
    assert sent.told == [
        ("started", ()),
        ("warning", ()),
        # an end that failed is critical: nobody's digest holds it back
        ("failed", ("boss", "dba")),
        ("digest", ("boss",)),
    ]
    assert [(row.recipient, str(row.kind)) for row in held(run)] == [
        ("boss", "started"),
        ("boss", "warning"),
    ]
    digest = run.delivered()[-1]
    assert (digest.recipients, [kind for kind, _ in digest.covers]) == (
        ("boss",), [Kind.STARTED, Kind.WARNING],
    )  # fmt: skip
    assert "make room" in sent.notes[-1].text
    assert journal.verify("x") == journal.header("x").events


def test_who_takes_over_tells_what_was_held_and_tells_it_once(journal: SqliteJournal) -> None:
    sent = Sent()
    first = Run(journal, (FAR,), sent, recipients=(BOSS,)).begin()
    first.recorder.warn("one")
    # it still runs: somebody goes on with it, and has the digest then
    first.people.close()
    assert sent.told == [("started", ()), ("warning", ())]
    second = Run(journal, (FAR,), sent, recipients=(BOSS,)).resume()
    second.finish()
    second.people.close()
    assert sent.told[2:] == [("completed", ()), ("digest", ("boss",))]
    assert sent.notes[-1].what.endswith("1 started, 1 warning, 1 completed")
    third = Run(journal, (FAR,), sent, recipients=(BOSS,))
    third.recorder.load()
    third.people.attach(third.recorder)
    third.people.close()
    assert len(sent.told) == 4


def test_a_digest_is_sent_when_it_is_due_although_nothing_happens(journal: SqliteJournal) -> None:
    class Before(SystemClock):
        """By it, what is held now is due in 0.3 s of everybody else's time."""

        def now(self) -> datetime:
            return super().now() - timedelta(minutes=30) + timedelta(seconds=0.3)

    sent = Sent()
    first = Run(journal, (FAR,), sent, recipients=(BOSS,), clock=Before()).begin()
    first.people.close()
    assert len(held(first)) == 1
    second = Run(journal, (FAR,), sent, recipients=(BOSS,)).resume()
    courier = second.people._couriers[0]
    for _ in range(100):
        if len(sent.told) == 2:
            break
        courier.wait(0.05)
    assert sent.told == [("started", ()), ("digest", ("boss",))]
    second.people.close()


def test_a_digest_that_does_not_arrive_is_journaled_with_all_that_it_held(
    journal: SqliteJournal,
) -> None:
    def refuses(_topic: Topic, note: Notification, *, patient: bool) -> str:
        if note.kind is Kind.DIGEST:
            raise OperationError("no answer")
        return "id"

    run = Run(journal, (FAR,), refuses, recipients=(BOSS,)).begin()
    run.finish()
    run.people.close()
    (lost,) = run.failed()
    assert (lost.recipients, len(lost.covers)) == (("boss",), 2)


@pytest.mark.parametrize(("priority", "names"), [("critical", ("dba",)), ("low", ())])
def test_rules_by_priority_know_the_resources_of_a_wave(
    journal: SqliteJournal, priority: str, names: tuple[str, ...]
) -> None:
    sent = Sent()
    dba = Recipient(name="dba", email="dba@acme.example")
    rules = (Rule(to=("dba",), events=(Kind.WAVE_COMPLETED,), priorities=("critical",)),)
    run = Run(
        journal, (FAR,), sent, recipients=(dba,), rules=rules, priorities={t.key("db"): priority}
    ).begin()
    run.recorder.append(t.phase_started())
    run.recorder.append(t.stage_started("activate.w1"))
    run.recorder.append(t.stage_finished("activate.w1"))
    run.people.close()
    assert ("wave-completed", names) in sent.told


def test_recipients_are_subscribed_confirmed_and_reached_by_what_is_theirs_alone(
    site: Site, journal: SqliteJournal
) -> None:
    topic = site.topic("whom")
    sns = site.client("sns", WEST)
    people: dict[str, Any] = {
        "topics": [{"arn": topic.arn}],
        "recipients": [
            {"name": "boss", "email": "Boss@acme.example"},
            {"name": "oncall", "sms": "+14155550100"},
        ],
    }
    scope = scope_with(site, **people)
    known = Subscriptions(Few(journal), scope)  # type: ignore[arg-type]

    def states() -> dict[str, State]:
        return {row.recipient: row.state for row in known.standing().rows}

    assert states() == {"boss": State.MISSING, "oncall": State.MISSING}
    made = known.subscribe()
    assert {row.recipient: row.state for row in made.rows} == states()
    assert states() == {"boss": State.PENDING, "oncall": State.CONFIRMED}
    # a mailbox agrees by the link that it is sent; here its token is the end of the ARN
    asked = sns.subscribe(
        TopicArn=topic.arn, Protocol="email", Endpoint="Boss@acme.example",
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]  # fmt: skip
    sns.confirm_subscription(TopicArn=topic.arn, Token=asked.rpartition(":")[2])
    assert states() == {"boss": State.CONFIRMED, "oncall": State.CONFIRMED}
    # somebody loosens a filter: it is seen, and mended
    sns.set_subscription_attributes(
        SubscriptionArn=asked, AttributeName="FilterPolicy", AttributeValue="{}"
    )
    assert states()["boss"] is State.DIFFERS
    assert known.subscribe(["boss"]).sound
    # declared no more: told as a stray, taken back on request, and the other is left alone
    fewer = scope_with(site, topics=people["topics"], recipients=people["recipients"][:1])
    left = Subscriptions(Few(journal), fewer)  # type: ignore[arg-type]
    assert [row.recipient for row in left.standing().strays] == ["oncall"]
    assert left.unsubscribe(strays=True).strays == ()
    rows = sns.list_subscriptions_by_topic(TopicArn=topic.arn)["Subscriptions"]
    assert [row["Protocol"] for row in rows] == ["email"]


def test_each_reader_gets_what_carries_its_name(site: Site, journal: SqliteJournal) -> None:
    topic = site.topic("names")
    everybody, oncall = site.subscribed(topic), site.subscribed(topic, recipients=["oncall"])
    people = (
        Recipient(name="oncall", sms="+14155550100"),
        Recipient(name="boss", email="boss@acme.example"),
    )
    rules = (Rule(to=("oncall",), events=(Kind.COMPLETED,)),)
    run = Run(journal, (topic,), site.publish, recipients=people, rules=rules).begin()
    run.finish()
    run.people.close()
    assert [json.loads(row["Message"])["kind"] for row in everybody()] == ["started", "completed"]
    (told,) = oncall()
    assert json.loads(told["Message"])["kind"] == "completed"
    assert json.loads(told["MessageAttributes"]["recipients"]["Value"]) == ["oncall", "boss"]


def test_a_trial_says_who_took_it_and_is_remembered(site: Site, journal: SqliteJournal) -> None:
    topic = site.topic("tried")
    read = site.subscribed(topic)
    gone = f"{topic.arn}-gone"
    scope = scope_with(
        site,
        topics=[{"arn": topic.arn}, {"arn": gone}],
        recipients=[{"name": "boss", "email": "boss@acme.example", "topics": ["tried"]}],
    )
    services: Any = Few(journal)
    good, bad = attempt(services, scope)
    assert (good.recipients, bool(good.message), bad.message) == (("boss",), True, "")
    assert bad.hint
    (message,) = read()
    assert json.loads(message["Message"])["kind"] == "test"
    assert "execution" not in message["MessageAttributes"]
    # with a name, only what reaches that one
    assert [row.topic for row in attempt(services, scope, ["boss"])] == [topic.arn]
    assert [row.topic for row in trials(services, scope)] == [topic.arn, topic.arn, gone]
    with pytest.raises(UnknownNameError, match="no recipient 'bos'"):
        attempt(services, scope, ["bos"])


@pytest.mark.parametrize("letter", ["é", '"', "\n", "\x1b"])
def test_a_message_is_never_larger_than_a_topic_takes_nor_of_letters_that_none_carries(
    site: Site, journal: SqliteJournal, letter: str
) -> None:
    topic = site.topic("large")
    read = site.subscribed(topic)
    run = Run(journal, (topic,), site.publish).begin()
    run.recorder.warn(f"{letter * 300_000} ends", letter * 300_000)
    run.people.close()
    assert run.written() == [("delivered", "started"), ("delivered", "warning")]
    _, large = read()
    assert "..." in json.loads(large["Message"])["what"]
    assert large["Subject"].isascii()
    assert not {letter} & {"\x00", "\x1b"} & {*json.loads(large["Message"])["what"]}


def test_a_region_whose_sts_hangs_holds_up_no_other_topic(
    site: Site, journal: SqliteJournal
) -> None:
    from drstate.execution.channels.registry import Channels

    near, far = site.topic("near", WEST), site.topic("far", EAST)
    read = site.subscribed(near)
    scope = scope_with(site, topics=[{"arn": far.arn}, {"arn": near.arn}])
    process.add_fault(site.home, {"effect": "hang", "seconds": 60.0, "region": EAST})
    try:
        channels = Channels(Few(journal), scope, "test")  # type: ignore[arg-type]
        run = Run(journal, (far, near), channels, last_seconds=0.2).begin()
        run.finish()
        for _ in range(100):
            if len(run.delivered()) == 2:
                break
            run.people._couriers[1].wait(0.05)
        assert [json.loads(row["Message"])["kind"] for row in read()] == ["started", "completed"]
    finally:
        run.people.close()
        process.clear_faults(site.home)


def test_another_customers_recipient_cannot_be_named() -> None:
    """A rule knows the recipients of its own file, and a topic's readers are of that file too."""
    with pytest.raises(ValueError, match="globex is no recipient; there are boss"):
        Notifications(topics=(FAR,), recipients=(BOSS,), rules=(Rule(to=("globex",)),))


def test_the_ways_to_decide_a_gate_go_to_the_topics_that_get_tokens_and_are_never_held(
    journal: SqliteJournal,
) -> None:
    sent = Sent()
    deciders = FAR.model_copy(update={"tokens": True})
    run = Run(journal, (deciders,), sent, recipients=(BOSS,)).begin()
    run.recorder.append(e.GateOpened(stage="activate.w1", reason="look"))
    run.people.tell_ways("activate.w1", ("aws stepfunctions send-task-success",), "for an hour")
    run.people.close()
    assert [row for row in sent.told if row[0] == "approval-required"] == [
        ("approval-required", ("boss",)),
        ("approval-required", ("boss",)),
    ]
    given = [note for note in sent.notes if note.remedy == "for an hour"]
    assert [note.next for note in given] == [("aws stepfunctions send-task-success",)]
    rows = [row.payload.model_dump_json() for row in journal.events("x")]
    assert not [row for row in rows if "send-task-success" in row]
