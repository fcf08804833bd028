"""What drstate itself needs is looked at, and people are told of it once, until it is over."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from drstate.errors import JournalError, Retry
from drstate.execution import system_health as health
from drstate.execution.services import Services
from drstate.execution.standing_news import AGAIN, tell
from drstate.execution.system_health import lease_watch, system_health
from drstate.journal.port import Lease
from drstate.model import events as e
from drstate.model.notify import Kind, Notifications
from drstate.model.scope import Scope
from drstate.report.readiness import FindingView, Readiness, Standing
from drstate.sandbox import process
from tests.aws.clocks import FakeClock
from tests.execution import transcript as t
from tests.execution.told_sites import Site
from tests.execution.worlds import World

EAST, WEST = "us-east-1", "us-west-2"


@pytest.fixture
def services(world: World) -> Iterator[Services]:
    before = dict(os.environ)
    with world.services() as opened:
        yield opened
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def scope(services: Services) -> Scope:
    return services.scope("acme", "staging")


def said(services: Services, scope: Scope) -> list[tuple[str, str, bool]]:
    found = system_health(services, scope, services.journal.load_catalog(scope.key))
    assert all(row.kind is Kind.SYSTEM_HEALTH and row.hint for row in found)
    return [(row.what, row.hint, row.stops) for row in found]


def begun(services: Services, scope: Scope, *, seconds: float) -> Lease:
    """Execution ``x`` of another machine with drstate 9.9.9, whose lease lasts so long."""
    lease = services.journal.acquire(
        scope.key, runner="r", host="elsewhere", pid=1, ttl_seconds=seconds
    )
    plan = t.plan(t.stage(1, t.shard(t.A, "w1", t.key("db"))))
    told = {"scope": scope.key, "drstate_version": "9.9.9", "sandbox": True}
    created = t.created(plan.model_copy(update={"scope": scope.key})).model_copy(update=told)
    services.journal.append("x", created, lease.fence)
    services.journal.append("x", t.attached(), lease.fence)
    return lease


def test_where_all_is_well_nothing_is_said(services: Services, scope: Scope) -> None:
    assert said(services, scope) == []


def test_a_region_that_is_lost_is_told_with_what_to_do(
    world: World, services: Services, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "ANSWER_SECONDS", 1.0)
    rule = {"effect": "hang", "seconds": 60.0, "service": "*", "operation": "*"}
    process.add_fault(world.home / "sandbox", {**rule, "region": EAST})
    ((what, hint, stops),) = said(services, scope)
    assert what == "us-east-1, which serves, cannot be called: it did not answer within 1 s"
    assert "drstate failover --emergency -c acme -e staging" in hint
    assert not stops
    # where it is to recover, a recovery would stop
    process.clear_faults(world.home / "sandbox")
    process.add_fault(world.home / "sandbox", {**rule, "region": WEST})
    ((what, _, stops),) = said(services, scope)
    assert "us-west-2, which is to recover" in what
    assert stops


def test_an_execution_that_nobody_works_on_and_that_another_version_began(
    services: Services, scope: Scope
) -> None:
    begun(services, scope, seconds=0.0)
    whats = [what for what, _, _ in said(services, scope)]
    assert [what for what in whats if "was begun by drstate 9.9.9" in what]
    assert [what for what in whats if "nobody works on it" in what]


def test_silent_workers_and_dead_letters_are_told_where_workers_are_used(
    services: Services, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = e.Dispatched(dispatcher="stepfunctions", arn="arn", region=WEST)
    now = services.clock.now()
    header: Any = SimpleNamespace(
        execution="x", status=e.ExecutionStatus.RUNNING, updated_at=now - timedelta(minutes=11)
    )
    monkeypatch.setattr(health, "_dead_letters", lambda *_: 2)
    silent, dead = health._workers(services, header, told)
    assert silent.what == "nothing was heard of the workers of x for 11 min"
    assert dead.what == "2 tasks of workers in us-west-2 were given up by SQS"
    header.updated_at = now
    assert [row.what for row in health._workers(services, header, told)] == [dead.what]


def test_a_journal_that_takes_nothing_stops_a_recovery(services: Services) -> None:
    def refuse(*_: object) -> None:
        raise JournalError("the disk is full", hint="make room", retry=Retry.NEEDS_PERSON)

    broken: Any = SimpleNamespace(
        clock=services.clock, journal=SimpleNamespace(cache_put=refuse, now=services.clock.now)
    )
    (found,) = health._journal(broken)
    assert (found.what, found.hint, found.stops) == (
        "the journal takes nothing: the disk is full", "make room", True,
    )  # fmt: skip


def test_a_slow_journal_and_a_clock_that_differs_are_told() -> None:
    clock = FakeClock()
    slow: Any = SimpleNamespace(
        clock=clock,
        journal=SimpleNamespace(
            cache_put=lambda *_: clock.forward(3.0),
            cache_get=lambda *_: None,
            now=lambda: clock.now() + timedelta(seconds=60),
        ),
    )
    took, apart = (row.what for row in health._journal(slow))
    assert took == "the journal took 3.0 s to be written and read"
    assert "60 s apart" in apart


def test_a_lease_that_is_renewed_late_is_said_once(services: Services, scope: Scope) -> None:
    clock = FakeClock()
    warned: list[tuple[str, Kind]] = []
    recorder: Any = SimpleNamespace(
        execution="x", warn=lambda text, *_, kind, severity: warned.append((text, kind))
    )
    left = timedelta(seconds=25)
    held = SimpleNamespace(expires_at=clock.now() + left)
    journal = SimpleNamespace(lease=lambda _: held, now=clock.now)
    look = lease_watch(SimpleNamespace(clock=clock, journal=journal), scope, recorder)  # type: ignore[arg-type]
    clock.forward(10)
    look()
    assert warned == []
    clock.forward(10)
    look()
    clock.forward(10)
    look()
    assert warned == [
        ("the lease of acme/staging is renewed late: 5 s of it are left", Kind.SYSTEM_HEALTH)
    ]


@pytest.fixture
def people(world: World, scope: Scope) -> tuple[Scope, Callable[[], list[dict[str, Any]]]]:
    """The scope with a topic, and what a reader of it has had since."""
    site = Site(world.home / "sandbox", scope)
    topic = site.topic("news")
    gone = topic.arn.replace(WEST, EAST)
    told = Notifications.model_validate({"topics": [{"arn": gone}, {"arn": topic.arn}]})
    queue = site.subscribed(topic)
    return (
        scope.model_copy(update={"notifications": told}),
        lambda: [json.loads(row["Message"]) for row in queue()],
    )


def found(scope: Scope, now: Any, *findings: FindingView) -> Readiness:
    return Readiness(
        scope=scope.key, standing=Standing.AT_RISK, score=100, checked_at=now,
        serving=EAST, recovery=WEST, findings=findings,
    )  # fmt: skip


def test_news_is_told_once_by_kind_and_so_is_its_end(
    services: Services,
    people: tuple[Scope, Callable[[], list[dict[str, Any]]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scope, read = people
    clock = FakeClock(services.clock.now())
    monkeypatch.setattr(services, "clock", clock)
    quota = FindingView(what="aurora: 38 of 40 instances", hint="ask for more", kind=Kind.CAPACITY)
    lag = FindingView(what="db is 90 s behind", hint="look")
    first = tell(services, scope, found(scope, clock.now(), quota, lag))
    # the topic in the region that recovers is told first; the other one does not exist
    assert [bool(row.message) for row in first] == [True, False, True, False]
    capacity, warning = read()
    assert (capacity["kind"], capacity["what"]) == ("capacity", "aurora: 38 of 40 instances")
    assert capacity["troubles"][0]["hint"] == "ask for more"
    assert (warning["kind"], warning["next"]) == (
        "warning", ["drstate readiness -c acme -e staging"],
    )  # fmt: skip
    # figures that move are no news
    later = lag.model_copy(update={"what": "db is 95 s behind"})
    assert tell(services, scope, found(scope, clock.now(), quota, later)) == ()
    tell(services, scope, found(scope, clock.now(), later))
    (ended,) = read()
    assert (ended["kind"], ended["severity"]) == ("capacity", "info")
    assert ended["what"] == "1 no longer so about capacity: aurora: 38 of 40 instances"
    # a day later it is told again
    clock.forward(AGAIN.total_seconds())
    tell(services, scope, found(scope, clock.now(), later))
    assert [row["kind"] for row in read()] == ["warning"]


def test_what_no_topic_took_is_told_the_next_time(
    world: World, services: Services, people: tuple[Scope, Callable[[], list[dict[str, Any]]]]
) -> None:
    scope, read = people
    lag = FindingView(what="db is 90 s behind", hint="look", kind=Kind.SYSTEM_HEALTH)
    denied = {"service": "sns", "operation": "Publish", "effect": "error", "status": 403}
    process.add_fault(world.home / "sandbox", {**denied, "code": "AuthorizationError"})
    lost = tell(services, scope, found(scope, services.clock.now(), lag))
    assert not any(row.message for row in lost)
    process.clear_faults(world.home / "sandbox")
    tell(services, scope, found(scope, services.clock.now(), lag))
    assert [row["kind"] for row in read()] == ["system-health"]


def test_while_somebody_is_at_work_only_what_drstate_needs_is_news(
    services: Services, people: tuple[Scope, Callable[[], list[dict[str, Any]]]]
) -> None:
    scope, read = people
    lag = FindingView(what="db is 90 s behind", hint="look")
    slow = FindingView(what="the journal is slow", hint="look", kind=Kind.SYSTEM_HEALTH)
    quota = FindingView(what="38 of 40", hint="ask", kind=Kind.CAPACITY)
    now = services.clock.now()
    tell(services, scope, found(scope, now, quota))
    assert [row["kind"] for row in read()] == ["capacity"]
    lease = begun(services, scope, seconds=60.0)
    tell(services, scope, found(scope, now, lag, slow))
    assert [row["kind"] for row in read()] == ["system-health"]
    services.journal.append(
        "x",
        e.ExecutionFinished(status=e.ExecutionStatus.FAILED, changes=0, duration_seconds=1),
        lease.fence,
    )
    services.journal.release(lease)
    tell(services, scope, found(scope, now, lag, slow))
    # now the end of the one is told, and the other
    assert [row["kind"] for row in read()] == ["capacity", "warning"]


def test_an_upgrade_is_no_trouble_but_a_downgrade_is(
    services: Services, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = begun(services, scope, seconds=60.0)
    services.journal.append(
        "x",
        e.ExecutionFinished(status=e.ExecutionStatus.COMPLETED, changes=0, duration_seconds=1),
        lease.fence,
    )
    monkeypatch.setattr(health, "VERSION", "10.0.0")
    assert said(services, scope) == []
    monkeypatch.setattr(health, "VERSION", "9.0.0")
    assert [what for what, _, _ in said(services, scope)] == [
        "execution x was begun by drstate 9.9.9; this is 9.0.0"
    ]
