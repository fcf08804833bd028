"""What people read: what failed stands there with its remedy, and lines stay short."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from drstate.model import events as e
from drstate.model.events import ErrorInfo, ExecutionStatus
from drstate.model.health import ResourceStatus, WaveHealth
from drstate.model.phases import Operation, Phase
from drstate.model.plan import GeneratedWave, Move, Place, Skip
from drstate.model.stackops import Op, ResourceOp, StackOutcome
from drstate.report.markdown import markdown
from drstate.report.preview import (
    ActionPreview,
    PlanPreview,
    RefusalView,
    ShardPreview,
    StagePreview,
)
from drstate.report.status import StatusFold, view_of
from drstate.report.timeline import describe
from drstate.report.view import ExecutionView, Progress, WarningView
from drstate_cli.render import plan as plans
from drstate_cli.render import view as views
from drstate_cli.render.picture import picture
from drstate_cli.render.words import bare, duration, folded, left_out, many, remedy, table
from tests.execution import transcript as t

START = datetime(2026, 1, 1, tzinfo=UTC)
W1 = "activate.w1"
DB, WEB = t.key("db"), t.key("web", t.B)
PROMOTE = t.action(DB)
ARN = "arn:aws:rds:us-east-1:111111111111:cluster:reports"
BROKEN = ErrorInfo(code="AwsCall", what="RDS said no", why="the key is gone", hint="put it back")
PLAN = t.plan(
    t.stage(1, t.shard(t.A, "w1", DB, actions=(PROMOTE,))),
    t.stage(2, t.shard(t.B, "w2", WEB)),
)


def _view(*payloads: e.Payload) -> ExecutionView:
    story = [
        e.Event(execution="x", seq=n, at=START + timedelta(seconds=n), payload=payload)
        for n, payload in enumerate((t.created(PLAN), t.attached(), *payloads), 1)
    ]
    return view_of(story, START + timedelta(seconds=60))


def _failed() -> ExecutionView:
    shard = {"stage": W1, "shard": f"{t.WEST}.{t.A}.w1"}
    return _view(
        t.phase_started(),
        t.stage_started(W1),
        t.shard_started(W1, t.A, "w1"),
        e.ActionIntended(**shard, action=PROMOTE.id, resource=DB, title="promote"),
        e.ActionFailed(**shard, action=PROMOTE.id, resource=DB, error=BROKEN, duration_seconds=1.0),
        t.shard_finished(W1, t.A, "w1", DB),
        t.healthy(W1, DB, ResourceStatus.UNHEALTHY),
        t.stage_finished(W1, WaveHealth.UNHEALTHY),
        t.finished(ExecutionStatus.FAILED),
    )


def test_a_failure_is_shown_with_why_help_and_the_command_that_goes_on():
    lines = views.text(_failed()).splitlines()
    assert lines[0].startswith("FAILED  acme/staging  activate")
    at = next(n for n, line in enumerate(lines) if line.startswith(f"FAILED {bare(DB)} in {W1}"))
    assert "RDS said no" in lines[at]
    assert lines[at + 1] == "  why:  the key is gone"
    assert lines[at + 2] == "  help: put it back"
    assert any(line.startswith("  drstate resume x") for line in lines[lines.index("next") :])


def test_what_has_not_begun_takes_one_line_a_stage():
    lines = views.text(_failed()).splitlines()
    assert [line for line in lines if line.startswith("activate.w2")] == [
        "activate.w2  us-west-2  pending  1 resource"
    ]
    assert not any(bare(WEB) in line for line in lines)


def test_an_open_gate_shows_what_is_to_be_decided():
    plan = t.plan(t.stage(1, t.shard(t.A, "w1", DB, actions=(PROMOTE,)), gate=True))
    opened = e.GateOpened(
        stage=W1, reason="approval is required before activate.w1", checklist=("look first",)
    )
    story = [t.created(plan), t.attached(), t.phase_started(), opened]
    events = [
        e.Event(execution="x", seq=n, at=START, payload=payload)
        for n, payload in enumerate(story, 1)
    ]
    text = views.text(view_of(events, START))
    assert "  GATE: approval is required before activate.w1\n    look first" in text
    assert "drstate resume x --yes" in text
    given_up = t.finished(ExecutionStatus.CANCELLED)
    events.append(e.Event(execution="x", seq=9, at=START, payload=given_up))
    text = views.text(view_of(events, START))
    assert "  the gate was not decided" in text
    assert "GATE" not in text


def test_a_drill_and_an_emergency_are_never_taken_for_something_else():
    drill = PLAN.model_copy(update={"operation": Operation.TEST, "drill": "d1"})
    urgent = PLAN.model_copy(update={"operation": Operation.FAILOVER, "emergency": True})
    for plan, said in ((drill, "drill (activate)"), (urgent, "emergency (activate)")):
        created = t.created(plan).model_copy(update={"operation": plan.operation})
        fold = StatusFold()
        fold.feed(e.Event(execution="x", seq=1, at=START, payload=created))
        view = fold.view(START)
        assert f"  {said}  " in views.text(view).splitlines()[0]
        assert f": {said} " in markdown(view).splitlines()[0]
        line = describe(created)
        assert line is not None
        assert f"starts {said}" in line[1]
        way = fold.given_up("ann", "").hint
        assert ("drstate test --cleanup" in way) == bool(plan.drill)
        assert ("drstate up --phase activate" in way) != bool(plan.drill)


def test_a_remedy_of_several_lines_stands_under_its_word():
    assert remedy("a\nb", "go on\nor give up") == [
        "  why:  a\n        b",
        "  help: go on\n        or give up",
    ]


@pytest.mark.parametrize(
    ("serving", "sites", "said"),
    [
        ("us-east-1", {}, "us-east-1 serves; us-west-2 is the recovery site"),
        (
            "us-east-1",
            {"us-west-2": "standby", "us-east-1": "active"},
            "us-east-1 serves (active); us-west-2 is the recovery site (standby)",
        ),
        (
            "us-west-2",
            {"us-west-2": "active", "us-east-1": "retired"},
            "us-west-2 serves, it is the recovery site (active); us-east-1 is the other site",
        ),
    ],
)
def test_each_site_is_named_once(serving, sites, said):
    view = _view().model_copy(update={"serving": serving, "recovery": "us-west-2", "sites": sites})
    assert views.text(view).splitlines()[2].startswith(f"  {said}")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (Progress.PENDING, "us-east-1 serves"),
        (Progress.RUNNING, "us-west-2 serves what has moved; us-east-1 serves the rest"),
        (Progress.FAILED, "us-west-2 serves what has moved; us-east-1 serves the rest"),
        (Progress.UNDONE, "us-east-1 serves"),
    ],
)
def test_half_way_neither_region_is_said_to_serve_it_all(state, said):
    made = _view()
    stages = tuple(one.model_copy(update={"state": state}) for one in made.stages)
    assert {(one.phase, one.region) for one in stages} == {(Phase.ACTIVATE, "us-west-2")}
    view = made.model_copy(
        update={"serving": "us-east-1", "recovery": "us-west-2", "sites": {}, "stages": stages}
    )
    assert views.text(view).splitlines()[2].startswith(f"  {said}")
    assert said.replace("; us-east-1 serves", ", us-east-1") in markdown(view)


def test_what_is_left_out_and_warned_about_is_said_once():
    view = _view().model_copy(
        update={
            "skips": (Skip(resource=ARN, reason=f"{ARN}: no wave", mend=f"set dr:wave on {ARN}"),),
            "warnings": (WarningView(text="the spec is old", hint="drstate capture"),),
        }
    )
    text = views.text(view)
    assert text.count(ARN) == 1
    assert "    why:  no wave\n    help: set dr:wave" in text
    assert "warning: the spec is old\n  help: drstate capture" in text


def _preview(*shards: ShardPreview, **more: object) -> PlanPreview:
    stage = PLAN.stages[0]
    return PlanPreview(
        plan=PLAN,
        plan_digest=PLAN.digest(),
        engine="embedded",
        stages=(
            StagePreview(
                stage=stage.id,
                phase=stage.phase,
                wave=1,
                region=stage.region,
                estimate_seconds=5,
                shards=shards,
            ),
        ),
        **more,
    )


def _shard(**more: object) -> ShardPreview:
    given = {"shard": "s", "account": t.A, "region": t.WEST, "stack": None, **more}
    return ShardPreview(**given)


def test_a_preview_counts_what_would_change():
    ops = (
        ResourceOp(urn="a", type="aws:rds/cluster:Cluster", name=DB, op=Op.SAME),
        ResourceOp(urn="b", type="aws:rds/cluster:Cluster", name=WEB, op=Op.UPDATE, changed=("x",)),
    )
    stack = StackOutcome(stack="one", ok=True, ops=ops, counts={"same": 1, "update": 1})
    found = _preview(_shard(stack=stack, actions=(ActionPreview(spec=PROMOTE, done=False),)))
    text = plans.preview_text(found, PLAN)
    assert "stack one: 1 update, 1 same" in text
    assert f"    ~  aws:rds/cluster:Cluster  {WEB}  (x)" in text
    assert text.endswith("2 changes: 1 update, 1 action")
    assert text.startswith("Plan: 2 stages, about")
    assert plans.preview_text(found, PLAN, "acme/staging").startswith("acme/staging\nPlan: ")


def test_a_preview_without_changes_says_so():
    found = _preview(_shard(actions=(ActionPreview(spec=PROMOTE, done=True),)))
    text = plans.preview_text(found, PLAN)
    assert "done already" in text
    assert text.endswith("no changes")


def test_what_could_not_be_previewed_is_shown_with_its_remedy():
    found = _preview(
        _shard(error=BROKEN),
        _shard(actions=(ActionPreview(spec=PROMOTE, done=False, error=BROKEN),)),
    )
    text = plans.preview_text(found, PLAN)
    assert text.count("RDS said no") == 2
    assert text.count("why:  the key is gone") == 2
    assert text.count("help: put it back") == 2
    assert text.endswith("2 parts could not be previewed")


def test_a_refusal_is_shown_with_its_remedy():
    refusal = RefusalView(stack="one", what="it would replace db", why="stateful", hint="keep it")
    text = plans.preview_text(_preview(refusals=(refusal,)), PLAN)
    assert "REFUSED: it would replace db\n  why:  stateful\n  help: keep it" in text


def test_a_plan_names_moves_skips_and_gates():
    move = Move(
        resource=DB, from_stack="a", to_stack="b", from_group="w1", to_group="w2", reason="tag"
    )
    plan = PLAN.model_copy(
        update={
            "stages": (PLAN.stages[0].model_copy(update={"gate": True}),),
            "moves": (move,),
            "skips": (Skip(resource=ARN, reason=f"{ARN}: no wave", mend="tag it"),),
            "warnings": ("old",),
        }
    )
    text = plans.plan_text(plan)
    assert text.startswith("Plan: 1 stage, about")
    assert "[gate]" in text
    assert f"  > {bare(DB)}: w1 to w2, tag" in text
    assert f"left out\n  {ARN}\n    why:  no wave\n    help: tag it" in text
    assert "warning: old" in text


@pytest.mark.parametrize("height", [8, 16])
def test_the_moving_display_is_no_taller_than_the_screen(height):
    from rich.console import Console

    keys = [t.key(f"service-{n:02}") for n in range(40)]
    plan = t.plan(t.stage(1, t.shard(t.A, "w1", *keys)))
    story = [t.created(plan), t.attached(), t.phase_started(), t.stage_started(W1)]
    events = [
        e.Event(execution="x", seq=n, at=START, payload=payload)
        for n, payload in enumerate(story, 1)
    ]
    view = view_of(events, START)
    screen = Console(file=io.StringIO(), width=60, height=height)
    screen.print(picture(view, ["last line"], height))
    drawn = screen.file.getvalue().splitlines()
    assert len(drawn) <= height
    assert "acme/staging" in drawn[0]
    assert drawn[-1] == "last line"
    assert any("more" in line for line in drawn)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0.04, "0.0 s"),
        (9.96, "10 s"),
        (5, "5 s"),
        (59.7, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7800, "2 h 10 min"),
    ],
)
def test_durations(seconds, said):
    assert duration(seconds) == said


def test_one_is_not_many():
    assert (many(1, "action"), many(0, "action"), many(2, "action")) == (
        "1 action",
        "0 actions",
        "2 actions",
    )


def test_a_table_drops_columns_that_are_empty():
    assert table([("a", "", "b"), ("aa", "", "c")]) == ["a   b", "aa  c"]


def test_lines_are_folded_between_words_and_indented():
    text = f"head\n  warning: {ARN} is not tagged as it should be"
    lines = folded(text, 70).split("\n")
    assert all(len(line) <= 70 for line in lines)
    assert lines[2].startswith("      ")
    assert ARN in " ".join(lines)
    assert folded(text, 20) == text


def test_a_name_that_is_left_out_is_not_repeated():
    assert left_out("r", "r: why", "set x on r to y") == [
        "  r",
        "    why:  why",
        "    help: set x to y",
    ]


def test_a_plan_says_what_each_wave_waits_for_and_on_what_it_depends() -> None:
    hook = t.action(DB, "run").model_copy(update={"calls": ()})
    first = t.shard(t.A, "w1-before", DB, stack=None, declared=(), actions=(hook,))
    wanted = t.plan(
        t.stage(1, first.model_copy(update={"place": Place.BEFORE})),
        t.stage(2, t.shard(t.B, "w2", WEB)).model_copy(
            update={"needs": (W1,), "when": "health.w1 == 'HEALTHY'"}
        ),
    )
    wanted = wanted.model_copy(
        update={
            "stages": (wanted.stages[0].model_copy(update={"needs": ()}), wanted.stages[1]),
            "critical_path": (W1, "activate.w2"),
            "generated": (GeneratedWave(resource=WEB, wave=2, reason="after all data"),),
        }
    )
    lines = plans.plan_text(wanted).splitlines()
    assert "  waves overlap; the longest chain: activate.w1 > activate.w2" in lines
    assert any(line.startswith(f"{W1} ") and line.endswith("waits for nothing") for line in lines)
    assert f"  {t.A}  actions only  before the wave" in lines
    assert "    ! aurora/db: run" in lines
    second = next(n for n, line in enumerate(lines) if line.startswith("activate.w2 "))
    assert lines[second].endswith("waits for activate.w1")
    assert lines[second + 1] == "  only if health.w1 == 'HEALTHY'"
    assert "  aurora/web: 2, after all data" in lines


def test_a_wave_that_was_left_out_says_why_in_status_and_report() -> None:
    reason = "health.w1 == 'HEALTHY' does not hold: health.w1 is DEGRADED"
    seen = _view(
        t.phase_started(),
        e.ConditionChecked(stage="activate.w2", expression="x", met=False, reason=reason),
        e.ResourceSkipped(stage="activate.w2", resource=WEB, reason="wave 2 was not run"),
        t.stage_finished("activate.w2"),
    )
    assert seen.counts.skipped == 1
    lines = views.text(seen).splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("activate.w2"))
    assert "skipped" in lines[place]
    assert "HEALTHY" not in lines[place]
    assert lines[place + 1] == f"  {reason}"
    assert "does not hold: health.w1 is DEGRADED" in markdown(seen)
