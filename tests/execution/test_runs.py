"""Plans run for real: real engine, real provider, real HTTP to the emulated AWS."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drstate.aws.clock import SystemClock
from drstate.errors import (
    ExitCode,
    JournalError,
    UnexpectedChangesError,
    UnknownNameError,
    UsageError,
)
from drstate.execution.executing import execute, exit_code
from drstate.execution.gates import Answer, Question
from drstate.execution.lease import HeldLease
from drstate.execution.making_plan import PlannedRun, make_plan
from drstate.execution.previewing import preview
from drstate.execution.resuming import resume
from drstate.execution.services import Services
from drstate.model.events import Event, ExecutionStatus, ShardStarted
from drstate.model.phases import Phase
from drstate.model.scope import Approval
from drstate.report.preview import PlanPreview
from drstate.report.view import ExecutionView, Progress
from drstate.sandbox import process
from tests.execution.worlds import ROOT, World

ACTIVATE = (Phase.ACTIVATE,)


@pytest.fixture
def services(world: World) -> Iterator[Services]:
    before = dict(os.environ)
    with world.services() as opened:
        yield opened
    os.environ.clear()
    os.environ.update(before)


def planned(
    services: Services, approval: Approval = Approval.AUTOMATIC, **more: object
) -> PlannedRun:
    scope = services.scope("acme", "staging")
    return make_plan(services, scope, phases=ACTIVATE, approval=approval, **more)  # type: ignore[arg-type]


def happened(view: ExecutionView) -> tuple[set[tuple[str, str]], set[str]]:
    shards = [shard for stage in view.stages for shard in stage.shards]
    ops = {(op.urn, str(op.op)) for s in shards if s.stack for op in s.stack.ops}
    ran = {
        a.id for s in shards for a in s.actions if a.state is Progress.DONE and not a.already_done
    }
    return ops, ran


def foretold(seen: PlanPreview) -> tuple[set[tuple[str, str]], set[str]]:
    shards = [shard for stage in seen.stages for shard in stage.shards]
    ops = {(op.urn, str(op.op)) for s in shards if s.stack for op in s.stack.ops if op.op != "same"}
    return ops, {a.spec.id for s in shards for a in s.actions if a.runs}


def test_what_was_previewed_is_what_happens_and_then_there_is_nothing_left(
    services: Services,
) -> None:
    plan = planned(services)
    seen = preview(services, plan)
    assert foretold(seen)[0]
    assert foretold(seen)[1]
    events: list[Event] = []
    view = execute(services, plan, preview=seen, on_event=events.append)
    assert (view.status, exit_code(view)) == (ExecutionStatus.COMPLETED, ExitCode.OK)
    assert happened(view) == foretold(seen)
    assert view.changes == seen.changes
    assert view.serving == "us-west-2"
    # what was shown live is what is stored, and the chain of it holds
    assert events == services.journal.events(view.execution)
    assert services.journal.verify(view.execution) == len(events)

    again = planned(services)
    view = execute(services, again, expect_no_changes=True)
    assert (view.status, view.changes, happened(view)) == (
        ExecutionStatus.COMPLETED,
        0,
        (set(), set()),
    )


def test_unexpected_changes_are_refused_and_nothing_is_begun(services: Services) -> None:
    before = services.journal.executions()
    with pytest.raises(UnexpectedChangesError, match="nothing was done") as refused:
        execute(services, planned(services), expect_no_changes=True)
    assert "activate.w1" in refused.value.why
    assert services.journal.executions() == before
    assert services.journal.lease(services.scope("acme", "staging").key) is None


def test_a_gate_without_anybody_to_ask_pauses_and_a_resume_that_approves_goes_on(
    services: Services,
) -> None:
    view = execute(services, planned(services, Approval.REQUIRED))
    assert (view.status, exit_code(view)) == (ExecutionStatus.PAUSED, ExitCode.WAITING)
    assert view.changes == 0
    asked: list[Question] = []

    def ask(question: Question) -> Answer:
        asked.append(question)
        return Answer(approved=question.stage != "activate.w3", by="ben", comment="not the DNS")

    view = resume(services, view.execution, approve=True, ask=ask)
    assert [question.stage for question in asked] == ["activate.w2", "activate.w3"]
    assert asked[0].checklist
    assert (view.status, exit_code(view)) == (ExecutionStatus.CANCELLED, ExitCode.CANCELLED)
    first, second, third = view.stages
    assert (first.state, second.state, third.state) == (
        Progress.DONE,
        Progress.DONE,
        Progress.PENDING,
    )
    # not the whole phase: the roles stay
    assert view.serving == "us-east-1"
    with pytest.raises(UsageError, match="is CANCELLED"):
        resume(services, view.execution)


def test_a_wrong_external_id_fails_that_account_only_pauses_and_a_resume_mends_it(
    services: Services, world: World, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    subprocess.run(["cp", "-r", str(world.project), str(project)], check=True)
    file = project / "stacks" / "acme" / "staging.yaml"
    right = file.read_text(encoding="utf-8")
    place = right.index("acme-dr-7c1f", right.index("211111111102"))
    file.write_text(right[:place] + "wrong-id" + right[place + 12 :], encoding="utf-8")
    broken = World(project, world.home)
    with broken.services() as used:
        view = execute(used, planned(used), preview=preview(used, planned(used)))
        assert (view.status, exit_code(view)) == (ExecutionStatus.PAUSED, ExitCode.FAILED)
        tail = f"{view.execution} --sandbox"
        assert view.next[:4] == (
            f"drstate resume {tail}",
            f'drstate resume {view.execution} --override "why it may go on" --sandbox',
            f"drstate rollback {view.execution} --yes --sandbox",
            f"drstate cancel {tail}",
        )
        told = [
            event.payload for event in used.readers.logs() if event.payload.type[-6:] == "paused"
        ]
        assert all(command in told[-1].hint for command in view.next[1:4])
        assert [row.resource.split("/")[1] for row in view.failed] == ["211111111102"]
        assert "external" in (view.failed[0].what + view.failed[0].why + view.failed[0].hint)
        assert view.stage_view("activate.w1").health == "HEALTHY"
        with pytest.raises(UsageError, match="needs a reason"):
            resume(used, override=" ")
        # nothing was mended: it is tried again, judged again, and stops at the same place
        again = resume(used)
        assert (again.status, again.stage) == (ExecutionStatus.PAUSED, "activate.w2")
        assert again.stage_view("activate.w3").state is Progress.PENDING
        file.write_text(right, encoding="utf-8")
    with broken.services() as used:
        view = resume(used)
        assert view.status is ExecutionStatus.COMPLETED
        assert view.failed == ()
        assert view.serving == "us-west-2"


def test_an_override_goes_on_with_the_next_wave_and_is_kept_with_its_reason(
    services: Services, world: World, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    subprocess.run(["cp", "-r", str(world.project), str(project)], check=True)
    file = project / "stacks" / "acme" / "staging.yaml"
    right = file.read_text(encoding="utf-8")
    place = right.index("acme-dr-7c1f", right.index("211111111102"))
    file.write_text(right[:place] + "wrong-id" + right[place + 12 :], encoding="utf-8")
    with World(project, world.home).services() as used:
        view = execute(used, planned(used), preview=preview(used, planned(used)))
        view = resume(used, view.execution, override="the web team repairs it by hand")
        assert view.stage_view("activate.w2").health == "UNHEALTHY"
        assert view.stage_view("activate.w3").health == "HEALTHY"
        # what failed is not forgotten: the run did not succeed, and a resume may mend it
        assert (view.status, exit_code(view)) == (ExecutionStatus.FAILED, ExitCode.FAILED)
        (kept,) = view.overrides
        assert (kept.stage, kept.by, kept.reason) == (
            "activate.w2",
            "tester",
            "the web team repairs it by hand",
        )
        assert view.started_at < kept.at < view.updated_at
        (row, *_) = used.readers.history().rows
        assert row.overridden == ("activate.w2",)
        with pytest.raises(UsageError, match="waits at no UNHEALTHY wave"):
            resume(used, view.execution, override="again")
        # what did not come up has its capacity at the other site alone: CLEANUP says what it takes
        (down,) = said_before_cleanup(used)
        assert down.startswith("1 resource did not come up in us-west-2: ecs/211111111102/")
        assert "drstate up --phase activate -c acme -e staging" in down
        file.write_text(right, encoding="utf-8")
    with World(project, world.home).services() as used:
        assert resume(used, view.execution).failed == ()
        assert said_before_cleanup(used) == []


def said_before_cleanup(services: Services) -> list[str]:
    plan = make_plan(services, services.scope("acme", "staging"), phases=(Phase.CLEANUP,)).plan
    return [text for text in plan.warnings if "did not come up" in text]


def test_a_critical_service_that_stays_down_in_an_emergency_is_escalated_to_the_contacts(
    services: Services, world: World, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    subprocess.run(["cp", "-r", str(world.project), str(project)], check=True)
    file = project / "stacks" / "acme" / "staging.yaml"
    right = file.read_text(encoding="utf-8")
    place = right.index("acme-dr-7c1f", right.index("211111111101"))
    wrong = right[:place] + "wrong-id" + right[place + 12 :]
    file.write_text(wrong + "contacts: [dr-lead@acme.example]\n", encoding="utf-8")
    with World(project, world.home).services() as used:
        plan = planned(used, force=True, emergency=True)
        view = execute(used, plan, preview=preview(used, plan), consent="ann")
        assert (view.status, view.stage) == (ExecutionStatus.PAUSED, "activate.w1")
        (said,) = [row for row in view.warnings if row.text.startswith("ESCALATED")]
        assert "aurora/" in said.text
        assert said.hint == "call dr-lead@acme.example"
        (told,) = [
            event.payload for event in used.readers.logs() if event.payload.type == "escalated"
        ]
        assert told.stage == "activate.w1"


def promoted(services: Services, seconds: int) -> tuple[ExecutionView, dict[str, Any]]:
    plan = planned(services, force=True, emergency=True, graceful_seconds=seconds, waves=(1,))
    view = execute(services, plan, preview=preview(services, plan), consent="ann")
    assert view.status is ExecutionStatus.COMPLETED
    events = [event.payload for event in services.readers.logs()]
    (done,) = [
        one for one in events if one.type == "action_finished" and one.resource[:7] == "aurora/"
    ]
    return view, done.result


def test_an_emergency_that_is_asked_to_be_graceful_loses_no_data_where_the_source_answers(
    services: Services,
) -> None:
    view, result = promoted(services, 60)
    assert result["way"] == "graceful"
    assert not [row for row in view.warnings if "so it is forced" in row.text]


def test_what_cannot_be_done_gracefully_is_forced_and_said(
    services: Services, world: World
) -> None:
    process.add_fault(world.home / "sandbox", {"effect": "region-down", "region": "us-east-1"})
    view, result = promoted(services, 3)
    assert "way" not in result
    (said,) = [row for row in view.warnings if "so it is forced" in row.text]
    assert "not without losing data" in said.text
    # after 1 s; a third attempt could have ended after the 3 s that were agreed to
    assert view.retries == 1


def test_an_emergency_does_not_wait_for_its_preview(services: Services, world: World) -> None:
    sandbox = world.home / "sandbox"
    process.add_fault(sandbox, {"effect": "region-down", "region": "us-east-1"})
    plan = planned(services, force=True, emergency=True, waves=(3,))
    begun = process.calls(sandbox, 0)
    seen = preview(services, plan)
    assert [row.error for stage in seen.stages for shard in stage.shards for row in shard.actions]
    asked = [row["operation"] for row in process.calls(sandbox, 0)[len(begun) :]]
    assert asked.count("ListResourceRecordSets") == 3, "after 1 and 2 s, and not after 4 more"


def test_a_chosen_wave_leaves_the_roles_of_the_sites(services: Services) -> None:
    view = execute(services, planned(services, waves=(1,)))
    assert view.status is ExecutionStatus.COMPLETED
    assert [stage.id for stage in view.stages] == ["activate.w1"]
    catalog = services.journal.load_catalog(view.scope)
    assert catalog is not None
    assert (catalog.serving, view.sites) == ("us-east-1", {})


def test_losing_data_needs_a_consent_that_is_journaled_first(services: Services) -> None:
    plan = planned(services, force=True)
    with pytest.raises(UsageError, match="needs a consent"):
        execute(services, plan)
    view = execute(services, plan, consent="ann")
    assert view.status is ExecutionStatus.COMPLETED
    assert view.consents == ("data-loss",)
    kinds = [event.payload.type for event in services.journal.events(view.execution)]
    assert kinds[:2] == ["execution_created", "consent_recorded"]


def test_two_executions_of_one_scope_do_not_run_at_once(services: Services) -> None:
    plan = planned(services)
    seen = preview(services, plan)
    key = plan.scope.key
    with (
        HeldLease(services.journal, key, services.runner(), on_lost=lambda _error: None),
        pytest.raises(JournalError, match="is taken by process"),
    ):
        execute(services, plan, preview=seen)


def test_reading_needs_neither_pulumi_nor_boto3(world: World) -> None:
    code = (
        "import sys; from pathlib import Path;"
        "from drstate.execution.readers import Readers;"
        f"p, h = Path({str(world.project)!r}), Path({str(world.home)!r});"
        "r = Readers.open(p, home=h, sandbox=True);"
        "v = r.status(); r.timeline(); r.history();"
        "print(v.status, sorted({'pulumi', 'boto3', 'pulumi_aws', 'moto'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "COMPLETED []"


def test_history_counts_successes_and_unknown_executions_are_refused(services: Services) -> None:
    readers = services.readers
    listed = readers.history()
    assert [row.phases for row in listed.rows] == [(Phase.REPLICATE,)]
    assert listed.success_rate == 1.0
    with pytest.raises(UnknownNameError):
        readers.status("nothing")
    with pytest.raises(UnknownNameError, match="no execution of globex/staging"):
        readers.status(scope=services.scope("globex", "staging").key)


def test_following_an_execution_that_has_ended_gives_its_events_and_stops(
    services: Services,
) -> None:
    header = services.readers.find()
    events = list(services.readers.follow(header.execution, after=3))
    assert [event.seq for event in events] == list(range(4, header.events + 1))


class JumpingClock(SystemClock):
    """The machine's clock, whose monotonic time can be moved on."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


def test_a_stage_that_takes_longer_than_its_budget_is_stopped_and_a_resume_has_a_fresh_one(
    world: World,
) -> None:
    clock = JumpingClock()
    with world.services() as opened:
        opened.clock = clock
        plan = planned(opened)
        seen = preview(opened, plan)
        budget = plan.plan.stages[0].budget_seconds
        assert 0 < budget < Phase.ACTIVATE.budget_minutes * 60

        def late(event: Event) -> None:
            if isinstance(event.payload, ShardStarted) and not clock.ahead:
                clock.ahead = budget + 1.0

        view = execute(opened, plan, preview=seen, on_event=late)
        assert (view.status, exit_code(view)) == (ExecutionStatus.FAILED, ExitCode.TIMED_OUT)
        assert view.error is not None
        assert f"activate.w1 took more than its {budget} s" in view.error.what
        assert view.stage_view("activate.w1").health is None
        assert view.stage_view("activate.w2").state is Progress.PENDING

        view = resume(opened, view.execution)
        assert (view.status, exit_code(view)) == (ExecutionStatus.COMPLETED, ExitCode.OK)
        assert happened(view) == foretold(seen)
