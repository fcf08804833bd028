"""Which topics are told of which phases, and what is said of the others before."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from drstate.model.notify import Kind, Severity, Topic
from drstate.model.phases import Phase
from drstate.model.scope import Scope
from drstate.planning.topics import topic_warnings, usable
from tests.planning.planning_estate import DATA, EAST, SCOPE, WEST

HERE, THERE = (f"arn:aws:sns:{region}:{DATA}:dr-events" for region in (EAST, WEST))


def scope(*topics: Any) -> Scope:
    said = SCOPE.model_dump(mode="json", by_alias=True)
    rows = [{"arn": row} if isinstance(row, str) else row for row in topics]
    return Scope.model_validate({**said, "notifications": {"topics": rows}})


@pytest.mark.parametrize("phase", [Phase.INSTANTIATE, Phase.ACTIVATE])
def test_a_topic_in_the_region_that_is_left_is_told_nothing_and_that_is_said(phase):
    known = scope(HERE, THERE)
    assert [row.arn for row in usable(known, EAST, (phase,))] == [THERE]
    (said,) = topic_warnings(known, EAST, (phase,))
    assert HERE in said
    assert "Nobody" not in said
    # after the failover the other one is
    assert [row.arn for row in usable(known, WEST, (phase,))] == [HERE]


def test_that_nobody_is_told_is_said_louder():
    (said,) = topic_warnings(scope(HERE), EAST, (Phase.ACTIVATE,))
    assert "Nobody is told anything." in said
    assert f"add one in {WEST} to notifications.topics in stacks/acme/production.yaml" in said


def test_while_the_serving_region_serves_its_topics_are_told():
    known = scope(HERE)
    for phase in (Phase.CLEANUP, Phase.REPLICATE):
        assert [row.arn for row in usable(known, EAST, (phase,))] == [HERE]
    assert topic_warnings(known, EAST, (Phase.CLEANUP,)) == ()
    (said,) = topic_warnings(known, EAST, (Phase.REPLICATE,))
    assert said.startswith(f"every topic is in {EAST}")


def test_a_scope_without_topics_has_nothing_to_warn_of():
    assert topic_warnings(SCOPE, EAST, (Phase.ACTIVATE,)) == ()


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        (["arn:aws:sqs:us-west-2:211111111101:queue"], "arn"),
        (["dr-events"], "arn"),
        ([THERE, THERE], "twice"),
        (["arn:aws:sns:us-west-2:999999999999:dr-events"], "999999999999"),
        ([{"arn": THERE, "account": "999999999999"}], "999999999999"),
        ([{"arn": THERE, "events": ["finished"]}], "events"),
        ([{"arn": THERE, "severity": "loud"}], "severity"),
    ],
)
def test_a_mistake_is_refused_by_its_name(rows, field):
    with pytest.raises(ValidationError, match=field):
        scope(*rows)


def test_a_topic_elsewhere_is_published_to_by_the_account_that_is_named():
    shared = f"arn:aws:sns:{WEST}:999999999999:shared"
    (topic,) = scope({"arn": shared, "account": DATA}).notifications.topics
    assert (topic.publisher, topic.region, topic.name, topic.fifo) == (DATA, WEST, "shared", False)


def test_a_topic_is_told_what_it_wants():
    loud = Topic(arn=THERE, severity=Severity.ERROR)
    assert [row for row in Severity if loud.wants(Kind.WARNING, row)] == [
        Severity.ERROR,
        Severity.CRITICAL,
    ]
    chosen = Topic(arn=THERE, events=(Kind.FAILED,))
    assert [row for row in Kind if chosen.wants(row, Severity.INFO)] == [Kind.FAILED]
