from __future__ import annotations

from datetime import UTC, datetime

from drstate.execution.wayback import Trail, WayBack, way_back
from drstate.model import events as e
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import Plan, When
from tests.execution import transcript as t

W1, W2 = "activate.w1", "activate.w2"
DB, WEB, JOB = t.key("db"), t.key("web", t.B), t.key("job", t.B)
PROMOTE = t.action(DB, "promote")
SCALE, WARM_UP = t.action(WEB, "scale", when=When.AFTER), t.action(WEB, "warm", when=When.AFTER)
RUN = t.action(JOB, "run", when=When.AFTER)
FORCED = t.action(DB, "promote", undoable=False)


def plan(promote: object = PROMOTE) -> Plan:
    return t.plan(
        t.stage(1, t.shard(t.A, "w1", DB, actions=(promote,))),
        t.stage(2, t.shard(t.B, "w2", WEB, JOB, actions=(WARM_UP, SCALE, RUN))),
    )


def levels(keys: tuple[str, ...]) -> list[list[str]]:
    """The job depends on the web service; nothing else depends on anything."""
    first = [key for key in keys if key != JOB]
    return [level for level in (first, [key for key in keys if key == JOB]) if level]


def where(stage: str) -> dict[str, str]:
    account, group = (t.A, "w1") if stage == W1 else (t.B, "w2")
    return {"stage": stage, "shard": f"{t.WEST}.{account}.{group}"}


def stack(stage: str) -> str:
    return f"acme.staging.{where(stage)['shard']}"


def intended(stage: str, action: str, **observed: object) -> e.ActionIntended:
    resource = action.partition("#")[0]
    return e.ActionIntended(
        **where(stage), action=action, resource=resource, title="x", observed=observed
    )


def everything(found: SiteState | None = SiteState.WARM) -> list[e.Payload]:
    return [
        e.PhaseStarted(phase=Phase.ACTIVATE, region=t.WEST, found=found),
        intended(W1, PROMOTE.id, writer="east"),
        e.StackStarted(**where(W1), stack=stack(W1)),
        e.StackStarted(**where(W2), stack=stack(W2)),
        intended(W2, WARM_UP.id),
        intended(W2, SCALE.id),
        intended(W2, RUN.id),
    ]


def back(*payloads: e.Payload, waves: tuple[int, ...] = (), wanted: Plan | None = None) -> WayBack:
    story = [
        e.Event(execution="x", seq=n, at=datetime(2026, 1, 1, tzinfo=UTC), payload=payload)
        for n, payload in enumerate(payloads, 1)
    ]
    return way_back(wanted or plan(), Trail.of(story), waves, levels)


def names(way: WayBack) -> list[list[list[str]]]:
    return [[[step.step for step in chain] for chain in group] for group in way.groups]


def test_the_way_back_is_the_way_there_backwards() -> None:
    way = back(*everything())
    assert names(way) == [
        [[RUN.id]],
        [[SCALE.id, WARM_UP.id]],
        [[stack(W2)]],
        [[stack(W1)]],
        [[PROMOTE.id]],
    ]
    assert (way.whole, way.left) == (True, ())


def test_only_what_this_execution_began_is_undone() -> None:
    found_done = e.ActionFinished(
        **where(W1), action=PROMOTE.id, resource=DB, already_done=True, duration_seconds=1
    )
    way = back(everything()[0], found_done, intended(W2, SCALE.id))
    assert names(way) == [[[SCALE.id]]]


def test_what_was_undone_by_an_earlier_attempt_is_not_undone_again() -> None:
    done = e.UndoFinished(**where(W2), step=RUN.id, resource=JOB, duration_seconds=1)
    way = back(*everything(), done)
    assert way.undone == 1
    assert RUN.id not in [step.step for step in way.steps]


def test_the_first_observation_is_what_is_put_back() -> None:
    story = [intended(W1, PROMOTE.id, writer="east"), intended(W1, PROMOTE.id, writer="west")]
    events = [
        e.Event(execution="x", seq=n, at=datetime(2026, 1, 1, tzinfo=UTC), payload=payload)
        for n, payload in enumerate(story, 1)
    ]
    key = (W1, where(W1)["shard"], PROMOTE.id)
    assert Trail.of(events).ran[key] == {"writer": "east"}


def test_chosen_waves_leave_the_others_and_say_that_something_stays_out() -> None:
    assert back(*everything(), waves=(1,)).later == (W2,)
    assert back(intended(W2, RUN.id), waves=(1,)).later == (), "nothing before it is undone"
    way = back(*everything(), waves=(2,))
    assert way.later == ()
    assert {step.stage for step in way.steps} == {W2}
    assert not way.whole
    assert back(everything()[0], intended(W2, RUN.id), waves=(2,)).whole


def test_what_has_no_way_back_is_named_with_its_reason() -> None:
    way = back(*everything(), wanted=plan(FORCED))
    assert PROMOTE.id not in [step.step for step in way.steps]
    (left,) = way.left
    assert left.what == DB
    assert "no way back" in left.reason
    assert left.hint


def test_stacks_stay_where_the_state_before_is_not_known_or_not_lower() -> None:
    for found in (None, SiteState.ACTIVE):
        way = back(*everything(found))
        assert stack(W1) not in [step.step for step in way.steps]
        assert [left.what for left in way.left] == [f"stack {stack(W2)}", f"stack {stack(W1)}"]
        assert all("reconciliation is owed" in left.reason for left in way.left)


def test_a_moved_state_stays_where_it_is() -> None:
    move = e.MoveFinished(resource=DB, from_stack="s1", to_stack="s2", urns=())
    assert [left.what for left in back(move).left] == [DB]
