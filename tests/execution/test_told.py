"""Real executions in a world whose scope has topics: what its subscribers get."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from drstate.errors import PlanRefusedError
from drstate.execution.cancelling import cancel
from drstate.execution.detaching import start
from drstate.execution.executing import execute
from drstate.execution.making_plan import PlannedRun, make_plan
from drstate.execution.notifying import untold
from drstate.execution.policies import Part, policy_of
from drstate.execution.resuming import resume
from drstate.execution.rolling_back import look_back, rollback
from drstate.execution.services import Services
from drstate.execution.tokens import digest
from drstate.model.events import ExecutionStatus, GateOpened, Wanted
from drstate.model.notify import Notifications, Topic
from drstate.model.phases import Operation, Phase
from drstate.model.scope import Approval, Scope
from drstate.report.preview import PlanPreview
from drstate.sandbox import process
from tests.execution.told_sites import Site
from tests.execution.worlds import World

EAST, WEST = "us-east-1", "us-west-2"
NAME = "dr-events"


@pytest.fixture
def services(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    before = dict(os.environ)
    with world.services() as opened:
        plain = opened.scope("acme", "staging")
        account = plain.accounts[0].id
        topics = tuple(Topic(arn=f"arn:aws:sns:{r}:{account}:{NAME}") for r in (WEST, EAST))
        told = plain.model_copy(update={"notifications": Notifications(topics=topics)})
        # as if its owner had written them into the file
        monkeypatch.setattr(opened, "scope", lambda *_: told)
        yield opened
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def read(world: World, services: Services) -> Callable[[], list[dict[str, Any]]]:
    """What a queue in the recovery region has received since."""
    site = Site(world.home / "sandbox", services.scope("acme", "staging"))
    site.topic(NAME, EAST)
    queue = site.subscribed(site.topic(NAME))
    return lambda: [json.loads(row["Message"]) for row in queue()]


def planned(services: Services, **more: Any) -> tuple[PlannedRun, PlanPreview]:
    scope: Scope = services.scope("acme", "staging")
    wanted = {"approval": Approval.AUTOMATIC, **more}
    plan = make_plan(services, scope, phases=(Phase.ACTIVATE,), **wanted)
    seen = PlanPreview(plan=plan.plan, plan_digest=plan.plan.digest(), engine="", stages=())
    return plan, seen


def test_an_emergency_is_told_in_the_recovery_region_and_nowhere_else(
    world: World, services: Services, read: Callable[[], list[dict[str, Any]]]
) -> None:
    plan, seen = planned(services, force=True, emergency=True)
    assert any("the region that is left" in text for text in plan.plan.warnings)
    view = execute(services, plan, preview=seen, consent="ann")
    assert view.status is ExecutionStatus.COMPLETED
    kinds = [row["kind"] for row in read()]
    assert kinds[:2] == ["emergency", "started"]
    assert kinds[-2:] == ["phase-completed", "completed"]
    assert kinds.count("wave-completed") == len(view.stages)
    calls, _ = process.call_record(world.home / "sandbox")
    told = {row["region"] for row in calls if row["operation"] == "Publish"}
    assert told == {WEST}
    assert services.journal.verify(view.execution) == services.journal.header(view.execution).events


def test_a_gate_a_decision_and_a_cancellation_are_told_by_whichever_process_has_them(
    services: Services, read: Callable[[], list[dict[str, Any]]]
) -> None:
    plan, seen = planned(services, approval=Approval.REQUIRED)
    first = execute(services, plan, preview=seen)
    assert first.status is ExecutionStatus.PAUSED
    asked = read()
    assert [row["kind"] for row in asked] == ["started", "approval-required"]
    assert asked[1]["where"] == "activate.w1"
    assert any(first.execution in command for command in asked[1]["next"])
    resume(services, first.execution, approve=True)
    assert [row["kind"] for row in read()] == ["wave-completed", "approval-required"]
    cancel(services, first.execution, reason="not today")
    (ended,) = read()
    assert (ended["kind"], ended["severity"]) == ("cancelled", "warning")
    assert "not today" in ended["why"]


def test_a_token_goes_to_the_topics_that_get_tokens_and_into_no_journal(
    services: Services, read: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    scope: Scope = services.scope("acme", "staging")
    (topic, _) = scope.notifications.topics
    trusted = topic.model_copy(update={"tokens": True})
    told = scope.model_copy(update={"notifications": Notifications(topics=(trusted,))})
    monkeypatch.setattr(services, "scope", lambda *_: told)
    plan, seen = planned(services, approval=Approval.REQUIRED)
    view = execute(services, plan, preview=seen)
    _, asked, given = read()
    assert "token" not in json.dumps(asked)
    found = given["next"][0].removeprefix(f"drstate approve {view.execution} --token ")
    token = found.removesuffix(" --sandbox")
    story = services.journal.events(view.execution)
    (gate,) = [row.payload for row in story if isinstance(row.payload, GateOpened)]
    assert gate.token_sha256 == digest(token)
    assert not any(token in row.model_dump_json() for row in story)


def test_a_rollback_is_told_with_its_end(
    services: Services, read: Callable[[], list[dict[str, Any]]]
) -> None:
    plan, seen = planned(services, approval=Approval.REQUIRED)
    first = execute(services, plan, preview=seen)
    read()
    view = rollback(services, look_back(services, first.execution), reason="a drill")
    assert view.status is ExecutionStatus.CANCELLED
    assert [row["kind"] for row in read()] == ["warning", "cancelled"]


def test_a_start_in_the_background_that_cannot_be_planned_is_told_with_its_remedy(
    services: Services, read: Callable[[], list[dict[str, Any]]]
) -> None:
    start(
        services,
        services.scope("acme", "staging"),
        operation=Operation.FAILOVER,
        phases=(Phase.ACTIVATE,),
        wanted=Wanted(to=EAST),
        spawn=lambda *_: os.getpid(),
    )
    with pytest.raises(PlanRefusedError, match="--to us-east-1"):
        resume(services)
    (failed,) = read()
    assert (failed["kind"], failed["severity"]) == ("failed", "critical")
    assert "leave out --to" in failed["remedy"]


def test_that_nobody_is_told_is_said_once(world: World) -> None:
    before = dict(os.environ)
    with world.services() as plain:
        scope = plain.scope("acme", "staging")
        said = untold(plain, scope)
        assert said is not None
        assert "stacks/acme/staging.yaml" in said
        assert untold(plain, scope) is None
    os.environ.clear()
    os.environ.update(before)


def test_the_role_that_publishes_gets_the_permission_for_its_topics_and_no_other() -> None:
    topic = f"arn:aws:sns:{WEST}:111111111111:{NAME}"
    found = policy_of(Part.ADAPTERS, ("ecs",), topics=(topic,))["Statement"]
    (said,) = [row for row in found if "sns:Publish" in row["Action"]]
    assert (said["Action"], said["Resource"]) == (["sns:Publish"], [topic])
    for part, topics in ((Part.ADAPTERS, ()), (Part.PROGRAMS, (topic,))):
        assert "sns:" not in json.dumps(policy_of(part, ("ecs",), topics=topics))
