"""A plan is VERIFIED by what is remembered of a rehearsal, until what it was made from changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from drstate.execution.making_plan import PlannedRun, make_plan
from drstate.execution.services import Services
from drstate.execution.verifying import (
    command_of,
    fingerprint,
    identity,
    remember,
    remembered,
    subject_of,
    verification,
    verification_of_scope,
)
from drstate.model.phases import Phase
from drstate.model.rehearsed import Faults, Rehearsed, Verification
from drstate.model.scope import Approval
from drstate.model.tags import Priority
from tests.rehearsal.conftest import SCOPE, Project

FAILOVER = (Phase.INSTANTIATE, Phase.ACTIVATE)


def planned(services: Services, *phases: Phase, **more: Any) -> PlannedRun:
    scope = services.scope("acme", "staging")
    return make_plan(services, scope, phases=phases or FAILOVER, **more)


def whole(services: Services, run: PlannedRun, **told: Any) -> Rehearsed:
    given = {
        "scope": run.plan.scope,
        "subject": subject_of(run.plan),
        "fingerprint": fingerprint(services, run),
        "faults": Faults.ALL,
        "strokes": 570,
        "of": 570,
        "by": "ann",
        "at": datetime(2026, 11, 22, 5, 10, tzinfo=UTC),
        "seconds": 60.0,
    }
    return Rehearsed(**{**given, **told})


@pytest.fixture
def services(project: Project) -> Iterator[Services]:
    with project.world.services() as opened:
        yield opened


@pytest.fixture
def verified(services: Services) -> Callable[[], Verification]:
    """The verdict over the failover, which was rehearsed whole."""
    remember(services.journal, whole(services, planned(services)))
    return lambda: verification(services, planned(services))


def test_a_plan_is_verified_and_every_making_of_it_is(
    services: Services, verified: Callable[[], Verification]
):
    assert verified().verified
    # with gates or without, under whatever name
    assert verification(services, planned(services, approval=Approval.REQUIRED)).verified
    assert identity(planned(services).plan) == identity(
        planned(services, approval=Approval.AUTOMATIC).plan
    )
    assert verification_of_scope(
        services, services.scope("acme", "staging"), planned(services).catalog
    ).verified


def test_another_plan_is_not(services: Services, verified: Callable[[], Verification]):
    alone = verification(services, planned(services, Phase.ACTIVATE))
    assert alone.said == "not verified: never rehearsed"
    assert alone.mend.endswith("--phase activate --faults all")
    forced = planned(services, force=True)
    assert not verification(services, forced).verified
    assert command_of(forced.plan).endswith("--force")
    part = verification(services, planned(services, waves=(1,)))
    assert "only whole plans" in part.said


def _change(services: Services, change: Callable[[Any], Any]) -> None:
    catalog = planned(services).catalog
    first, *rest = catalog.entries
    changed = catalog.model_copy(update={"entries": (change(first), *rest)})
    services.journal.save_catalog(changed)


def test_a_changed_spec_loses_it(services: Services, verified: Callable[[], Verification]):
    _change(
        services,
        lambda entry: entry.model_copy(update={"spec": {**entry.spec, "engine_version": "16.99"}}),
    )
    assert "the inventory changed since (1 spec: aurora/acme-staging-orders)" in verified().said


def test_a_changed_tag_loses_it(services: Services, verified: Callable[[], Verification]):
    def change(entry: Any) -> Any:
        tags = entry.resource.tags.model_copy(update={"priority": Priority.LOW})
        resource = entry.resource.model_copy(update={"tags": tags})
        return entry.model_copy(update={"resource": resource})

    _change(services, change)
    assert "1 resource's tags: aurora/acme-staging-orders" in verified().said


def test_a_new_look_at_the_same_does_not(services: Services, verified: Callable[[], Verification]):
    later = datetime(2027, 1, 1, tzinfo=UTC)
    _change(
        services,
        lambda entry: entry.model_copy(
            update={
                "last_seen": later,
                "spec": {**entry.spec, "captured_at": later.isoformat()},
                "memory": {"us-west-2": {"seen": 1}},
            }
        ),
    )
    assert verified().verified


def test_a_changed_scope_file_loses_it(services: Services, verified: Callable[[], Verification]):
    file = services.project_dir / "stacks" / "acme" / "staging.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "\n# a remark\n", encoding="utf-8")
    assert verified().verified
    file.write_text(text.replace("policies:", "policies:\n  max_lag_seconds: 77"), encoding="utf-8")
    assert "the scope file changed since (policies)" in verified().said


def test_other_code_and_another_version_lose_it(services: Services):
    run = planned(services)
    made = fingerprint(services, run)
    for told, said in (({"code": "other"}, "code or that of"), ({"version": "9"}, "from 9 to")):
        other = made.model_copy(update=told)
        remember(services.journal, whole(services, run, fingerprint=other))
        assert said in verification(services, run).said


def test_a_record_of_a_newer_drstate_is_none(services: Services):
    run = planned(services)
    document = whole(services, run).model_dump(mode="json") | {"colour": "red"}
    services.journal.cache_put(f"rehearsed/{run.plan.scope}/{subject_of(run.plan)}", document)
    assert remembered(services.journal, run.plan.scope, subject_of(run.plan)) is None
    assert verification(services, run).said == "not verified: never rehearsed"


def test_the_command_line_and_the_journal_tell_it(project: Project):
    with project.world.services() as services:
        remember(services.journal, whole(services, planned(services, Phase.INSTANTIATE)))
    asked = (*SCOPE, "--phase", "instantiate")
    said = "verified 2026-11-22 05:10 UTC, 570 of 570 strokes"
    assert project.json("plan", *asked)["verification"]["said"] == said
    assert f"\n{said}\n" in project.run("plan", *asked).stdout + "\n"
    assert project.json("preview", *asked)["verification"]["verified"] is True
    assert "Rehearsal: **VERIFIED**: " in project.run("preview", *asked, "-o", "markdown").stdout
    ready = project.json("readiness", *SCOPE)["scopes"][0]
    assert ready["verification"]["said"] == "not verified: never rehearsed"
    assert project.world.run("run", phase=Phase.INSTANTIATE) == 0
    report = project.json("report")
    assert report["verification"]["said"] == said
    assert said in project.run("report").stdout
    # what it was when it started stays, though the plan is another one now
    assert "the sites changed since" in project.json("plan", *asked)["verification"]["said"]
