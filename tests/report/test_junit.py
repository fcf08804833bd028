"""JUnit: what failed is a failure, what did not run is skipped, and the counts agree."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from drstate.model.events import ExecutionStatus
from drstate.model.health import ResourceStatus
from drstate.model.scope import ScopeKey
from drstate.report.drill import DrillReport, RehearsedResource
from drstate.report.junit import Case, Suite, junit, of_drill, of_error, of_readiness
from drstate.report.readiness import FindingView, Readiness, StandbyView, Standing


def read(suites: list[Suite]) -> ET.Element:
    return ET.fromstring(junit(suites).partition("?>")[2])


def test_counts_are_those_of_the_cases():
    root = read(
        [
            Suite("w1", (Case("a", 1.5), Case("b", failure=("broke", "mend it")))),
            Suite("w2", (Case("c", skipped="pending"), Case("d", 0.25))),
        ]
    )
    assert root.attrib == {
        "tests": "4", "failures": "1", "errors": "0", "skipped": "1", "time": "1.750",
    }  # fmt: skip
    assert [one.get("tests") for one in root] == ["2", "2"]
    failure = root.find(".//failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ("broke", "mend it")


def test_names_from_outside_cannot_break_the_document():
    root = read(of_error("drstate up", 'a < b & "c" \x00\x1b[31m\ud800', "]]> <!-- --"))
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("message") == 'a < b & "c" \ufffd\ufffd[31m\ufffd'
    assert failure.text == "]]> <!-- --"


def test_a_drill_tells_of_its_copies_and_of_what_is_left():
    report = DrillReport(
        execution="e", drill="d123456", region="us-west-2", status=ExecutionStatus.FAILED,
        proved=False, removed=False, left={"aurora/orders": "throttled"},
        resources=(
            RehearsedResource(resource="aurora/orders", wave=1, status=ResourceStatus.HEALTHY),
            RehearsedResource(
                resource="ecs/web", wave=2, status=ResourceStatus.UNHEALTHY, detail="no task"
            ),
            RehearsedResource(resource="ecs/worker", wave=2),
            RehearsedResource(resource="route53/app", wave=2, left_out="nothing to copy"),
        ),
    )  # fmt: skip
    root = read(of_drill(report))
    assert [suite.get("name") for suite in root] == [
        "drill d123456 wave 1", "drill d123456 wave 2", "drill d123456 removal",
    ]  # fmt: skip
    assert [one.get("message") for one in root.iter("failure")] == [
        "UNHEALTHY: no task",
        "aurora/orders: throttled",
    ]
    assert [one.get("message") for one in root.iter("skipped")] == [
        "not reached", "nothing to copy",
    ]  # fmt: skip


def test_readiness_fails_where_a_recovery_would_stop():
    one = Readiness(
        scope=ScopeKey(customer="acme", environment="production"),
        standing=Standing.NOT_READY,
        score=50,
        checked_at=datetime(2026, 3, 1, tzinfo=UTC),
        serving="us-east-1",
        recovery="us-west-2",
        resources=(StandbyView(key="aurora/orders", wave=1, status=ResourceStatus.HEALTHY),),
        findings=(
            FindingView(what="the quota is too low", hint="raise it", stops=True),
            FindingView(what="a record is kept long", hint="lower its TTL"),
        ),
    )
    root = read(of_readiness([one]))
    names = [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert names == ["verdict", "the quota is too low"]
    assert [one.get("message") for one in root.iter("skipped")] == [
        "a record is kept long lower its TTL"
    ]
