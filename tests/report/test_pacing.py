"""Who gets a notification at once and who in a digest: rules, limits, and what a crash leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from drstate.model import events as e
from drstate.model.notify import Kind, Notifications, Recipient, Severity, Topic
from drstate.report.notification import Notification
from drstate.report.pacing import Pacing, lets_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TOPIC = "arn:aws:sns:us-west-2:111111111111:dr"


def note(about: int, kind: Kind = Kind.WARNING, **more: Any) -> Notification:
    given = {
        "severity": Severity.WARNING, "execution": "x", "customer": "acme",
        "environment": "staging", "at": NOON, "operator": "ann", "phases": ("activate",),
        "serving": "us-east-1", "recovery": "us-west-2", "what": f"w{about}",
    }  # fmt: skip
    return Notification(kind=kind, about=about, **{**given, **more})


def people(*recipients: dict[str, Any], rules: tuple[dict[str, Any], ...] = ()) -> Notifications:
    return Notifications.model_validate(
        {
            "topics": [{"arn": TOPIC}],
            "recipients": [{"email": f"{row['name']}@acme.example", **row} for row in recipients],
            "rules": rules,
        }
    )


def pacing(known: Notifications) -> Pacing:
    made = Pacing(TOPIC, lets_of(known))
    made.readers = known.recipients
    return made


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def test_without_a_limit_everything_is_told_at_once() -> None:
    found = pacing(people({"name": "dba"}))
    told, held = found.split(note(1), NOON)
    assert (told.recipients, held, found.next_due()) == (("dba",), (), None)


def test_a_digest_collects_and_says_what_it_collected() -> None:
    found = pacing(people({"name": "boss", "digest_minutes": 30}))
    for number in (1, 2):
        told, (held,) = found.split(note(number, remedy="look"), minutes(number))
        assert told.recipients == ()
        # both wait for the digest of the first
        assert (held.recipient, held.until, held.why) == ("boss", minutes(31), "digest")
    assert list(found.due(minutes(30))) == []
    (digest,) = found.due(minutes(31))
    assert (digest.kind, digest.recipients) == (Kind.DIGEST, ("boss",))
    assert digest.what == "2 notifications since 12:00 UTC: 2 warning"
    assert [(row.what, row.hint) for row in digest.troubles] == [("w1", "look"), ("w2", "look")]
    assert digest.covers == ((Kind.WARNING, 1), (Kind.WARNING, 2))
    assert found.next_due() is None
    assert list(found.due(minutes(99), all_of_them=True)) == []


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        (Kind.EMERGENCY, Severity.INFO),
        (Kind.APPROVAL_REQUIRED, Severity.WARNING),
        (Kind.FAILED, Severity.CRITICAL),
    ],
)
def test_what_a_person_has_to_act_on_is_held_back_for_nobody(
    kind: Kind, severity: Severity
) -> None:
    found = pacing(people({"name": "boss", "digest_minutes": 30}))
    told, held = found.split(note(1, kind, severity=severity), NOON)
    assert (told.recipients, held) == (("boss",), ())


def test_more_than_a_recipient_takes_waits_until_there_is_room_again() -> None:
    found = pacing(people({"name": "oncall", "at_most": 2, "per_minutes": 10}))
    at_once = [found.split(note(number), minutes(number))[0].recipients for number in range(4)]
    assert at_once == [("oncall",), ("oncall",), (), ()]
    # the first of the two leaves the window ten minutes after it was sent
    assert found.next_due() == minutes(10)
    # what comes while others wait does not overtake them
    assert found.split(note(5), minutes(10))[0].recipients == ()
    (digest,) = found.due(minutes(10))
    assert digest.covers == ((Kind.WARNING, 2), (Kind.WARNING, 3), (Kind.WARNING, 5))
    # the digest counts, and the second of the two is still in the window
    told, (held,) = found.split(note(6), minutes(10.5))
    assert (told.recipients, held.until) == ((), minutes(11))
    list(found.due(minutes(11)))
    assert found.split(note(7), minutes(25))[0].recipients == ("oncall",)


def test_a_long_digest_lists_the_newest_and_counts_the_rest() -> None:
    found = pacing(people({"name": "boss", "digest_minutes": 1}))
    for number in range(30):
        found.split(note(number), NOON)
    (digest,) = found.due(minutes(1))
    assert (len(digest.troubles), digest.more, digest.troubles[-1].what) == (20, 10, "w29")
    assert len(digest.covers) == 30


def test_who_takes_over_knows_what_waits_and_what_was_told() -> None:
    known = people({"name": "boss", "digest_minutes": 30}, {"name": "oncall", "at_most": 1})
    held = {"topic": TOPIC, "recipient": "boss", "why": "digest", "until": minutes(30)}
    delivered = {"topic": TOPIC, "message": "m", "delay_seconds": 1}
    found = pacing(known)
    for number in (1, 2, 3):
        waits = e.NotificationHeld(kind=Kind.WARNING, about=number, **held)
        found.recall(waits, minutes(number))
    digest = e.NotificationDelivered(
        kind=Kind.DIGEST, about=1, recipients=("boss",), covers=((Kind.WARNING, 1),), **delivered
    )
    found.recall(digest, minutes(4))
    alone = e.NotificationDelivered(kind=Kind.WARNING, about=3, recipients=("oncall",), **delivered)
    found.recall(alone, minutes(5))
    for number in (1, 2, 3):
        found.remember(note(number))
    (told,) = found.due(minutes(30))
    assert told.covers == ((Kind.WARNING, 2), (Kind.WARNING, 3))
    # what was told before counts for how much is too much
    assert found.split(note(9), minutes(31))[0].recipients == ()


def test_of_another_topic_nothing_is_recalled() -> None:
    found = pacing(people({"name": "boss", "digest_minutes": 30}))
    found.recall(
        e.NotificationHeld(
            topic=f"{TOPIC}-2", recipient="boss", kind=Kind.WARNING, about=1,
            until=NOON, why="digest",
        ),
        NOON,
    )  # fmt: skip
    assert found.next_due() is None


def test_rules_say_what_reaches_whom() -> None:
    rules = (
        {"to": ["dba"], "priorities": ["critical"], "waves": [1]},
        {"to": ["dba", "boss"], "events": ["failed"], "severity": "error"},
        {"to": ["boss"], "events": ["started"], "drills": False},
    )
    found = pacing(people({"name": "dba"}, {"name": "boss"}, {"name": "all"}, rules=rules))

    def told(kind: Kind, severity: Severity = Severity.INFO, **more: Any) -> tuple[str, ...]:
        return found.split(note(1, kind, severity=severity, **more), NOON)[0].recipients

    # who is named in no rule gets everything
    assert told(Kind.WAVE_COMPLETED, where="activate.w2", priorities=("low",)) == ("all",)
    wave = {"where": "activate.w1", "priorities": ("high", "critical")}
    assert told(Kind.WAVE_COMPLETED, **wave) == ("dba", "all")
    assert told(Kind.WAVE_COMPLETED, where="activate.w12", priorities=("critical",)) == ("all",)
    # what is of the whole execution concerns every wave and priority
    assert told(Kind.STARTED) == ("dba", "boss", "all")
    assert told(Kind.STARTED, drill="d1") == ("dba", "all")
    assert told(Kind.FAILED, Severity.ERROR, where="activate.w2", priorities=("low",)) == (
        "dba", "boss", "all",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"recipients": [{"name": "a", "email": "a at b"}]}, "a mail address is <name>@<host>"),
        ({"recipients": [{"name": "a", "sms": "0171 1"}]}, '"." and country code first'),
        ({"recipients": [{"name": "a"}]}, "a has neither email and sms: give one"),
        ({"recipients": [{"name": "A!", "email": "a@b.example"}]}, "pattern"),
        (
            {"recipients": [{"name": "a", "email": "a@b.example", "sms": "+4917100000"}]},
            "a has both email and sms",
        ),
        (
            {"recipients": [{"name": "a", "email": "a@b.example", "topics": ["other"]}]},
            "a is told through other, which topics: lacks",
        ),
        ({"rules": [{"to": ["nobody"]}]}, r"rules\[0\].to: nobody is no recipient"),
        (
            {"recipients": [{"name": n, "email": f"{m}@b.example"} for n, m in ("xa", "yA")]},
            "x and y have one address",
        ),
        ({"topics": [{"arn": TOPIC, "events": ["digest"]}]}, "digest is no event that can be"),
    ],
)
def test_a_wrong_table_is_refused_with_value_and_mend(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Notifications.model_validate({"topics": [{"arn": TOPIC}], **given})


def test_a_recipient_is_told_through_the_first_topic_that_may_be_used() -> None:
    east = TOPIC.replace("us-west-2", "us-east-1")
    known = Notifications.model_validate(
        {
            "topics": [{"arn": TOPIC}, {"arn": east}, {"arn": f"{east}.fifo"}],
            "recipients": [
                {"name": "a", "email": "a@b.example"},
                {"name": "b", "email": "b@b.example", "topics": [east]},
            ],
        }
    )
    west_topic, east_topic, _ = known.topics

    def readers(topic: Topic, *used: Topic) -> list[str]:
        return [one.name for one in known.readers(topic, used)]

    assert readers(west_topic, *known.topics) == ["a"]
    assert readers(east_topic, *known.topics) == ["b"]
    assert readers(east_topic, east_topic) == ["a", "b"]
    assert readers(west_topic, west_topic) == ["a"]


def test_a_recipients_address_is_in_no_journal() -> None:
    secret = Recipient(name="boss", email="boss@acme.example", digest_minutes=5)
    found = Pacing(TOPIC, lambda *_: True)
    found.readers = (secret,)
    told, held = found.split(note(1), NOON)
    assert "acme.example" not in told.model_dump_json() + held[0].model_dump_json()
