"""What a rehearsal says of a plan: pure, so that every way to lose VERIFIED is tried."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from drstate.model.rehearsed import EntryPrint, Faults, Fingerprint, Rehearsed, StrokeFailure
from drstate.model.scope import Environment, ScopeKey
from drstate.report.verified import changes, judged, kept

AT = datetime(2026, 11, 22, 5, 10, tzinfo=UTC)
COMMAND = "drstate rehearse -c acme -e staging"
ENTRY = EntryPrint(tags="t", spec="s", owners="o")
DB, WEB, QUEUE = "aurora/1/orders", "ecs/2/web", "ecs/2/queue"
NOW = Fingerprint(
    entries={DB: ENTRY, WEB: ENTRY},
    sites="us-east-1 serves",
    scope={"policies": "p", "regions": "r"},
    version="1.0",
    code="c",
    plan="plan",
)


def record(**told: Any) -> Rehearsed:
    given = {
        "scope": ScopeKey(customer="acme", environment=Environment.STAGING),
        "subject": "activate",
        "fingerprint": NOW,
        "faults": Faults.ALL,
        "strokes": 1284,
        "of": 1284,
        "by": "ann",
        "at": AT,
        "seconds": 60.0,
    }
    return Rehearsed(**{**given, **told})


FAILURE = StrokeFailure(kind="error", number=17, met="ecs:UpdateService@us-west-2")


def test_a_whole_rehearsal_without_a_difference_verifies_the_very_same_plan():
    found = judged(record(), NOW, COMMAND)
    assert found.verified
    assert found.said == "verified 2026-11-22 05:10 UTC, 1,284 of 1,284 strokes"
    assert not found.mend


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"faults": Faults.SAMPLE, "strokes": 9}, "only a sample of 9 of 1,284 strokes"),
        ({"faults": Faults.NONE, "strokes": 0}, "replayed once, without any of 1,284 strokes"),
        (
            {"strokes": 80, "stopped": "interrupted"},
            "interrupted after 80 of 1,284 strokes",
        ),
        ({"strokes": 1283, "missed": 1}, "only 1,283 of 1,284 strokes took place"),
        (
            {"failed": 3, "failures": (FAILURE,)},
            "3 strokes ended otherwise, the first error 17",
        ),
        ({"undisturbed": "FAILED: web"}, "ended otherwise: FAILED: web"),
        ({"deviation": ".stages[0]: a -> b"}, "differs from the plan: .stages[0]: a -> b"),
    ],
)
def test_what_a_rehearsal_left_open_does_not_verify(told: dict[str, Any], said: str):
    found = judged(record(**told), NOW, COMMAND)
    assert not found.verified
    assert said in found.said
    # what was done of a whole one is kept, and need not be done again
    more = " --resume" if {"stopped", "missed"} & told.keys() else ""
    assert found.mend == f"{COMMAND} --faults all{more}"


def test_what_was_stopped_is_gone_on_with_only_where_that_can_verify():
    stopped = {"strokes": 80, "stopped": "interrupted"}
    for told in ({"failed": 1}, {"fingerprint": NOW.model_copy(update={"code": "d"})}):
        found = judged(record(**{**stopped, **told}), NOW, COMMAND)
        assert found.mend == f"{COMMAND} --faults all"


def test_a_part_is_joined():
    found = judged(record(faults=Faults.ALL, shard="2/4", strokes=1284), NOW, COMMAND)
    assert not found.verified
    assert "it is part 2/4, to be joined with the others: 1,284 of 1,284 strokes" in found.said
    assert found.mend == f"{COMMAND} --join FOLDER"


def test_what_was_never_rehearsed_is_not_verified():
    found = judged(None, NOW, COMMAND)
    assert (found.verified, found.said) == (False, "not verified: never rehearsed")


def entries(**changed: EntryPrint | None) -> dict[str, EntryPrint]:
    names = {"db": DB, "web": WEB, "queue": QUEUE}
    merged = NOW.entries | {names[name]: one for name, one in changed.items()}
    return {key: one for key, one in merged.items() if one is not None}


OTHER_SPEC = EntryPrint(tags="t", spec="new", owners="o")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            {"entries": entries(db=OTHER_SPEC, web=OTHER_SPEC)},
            "the inventory changed since (2 specs: aurora/orders, ecs/web)",
        ),
        ({"entries": entries(queue=ENTRY)}, "(1 new resource: ecs/queue)"),
        ({"entries": entries(web=None)}, "(1 resource no longer there: ecs/web)"),
        (
            {"entries": entries(db=EntryPrint(tags="new", spec="s", owners="o"))},
            "(1 resource's tags: aurora/orders)",
        ),
        (
            {"entries": entries(db=EntryPrint(tags="t", spec="s", owners="new"))},
            "(1 ownership: aurora/orders)",
        ),
        ({"sites": "us-west-2 serves"}, "the sites changed since (then us-east-1 serves; now us-w"),
        ({"scope": {"policies": "new", "groups": "g"}}, "(groups, policies, regions)"),
        ({"version": "1.1"}, "drstate changed since (from 1.0 to 1.1)"),
        ({"code": "new"}, "drstate's code or that of an installed adapter changed since"),
        ({"plan": "new"}, "this plan is another one than was rehearsed"),
    ],
)
def test_verified_is_lost_with_whatever_the_plan_was_made_from(told: dict[str, Any], said: str):
    now = NOW.model_copy(update=told)
    found = judged(record(), now, COMMAND)
    assert not found.verified
    assert said in found.said


def test_a_plan_that_was_not_made_is_not_compared():
    assert changes(NOW, NOW.model_copy(update={"plan": ""})) == []


ELSE = NOW.model_copy(update={"code": "new"})


@pytest.mark.parametrize(
    ("stored", "new", "which"),
    [
        # a part that went well says nothing against a whole one of the same plan
        ({}, {"faults": Faults.SAMPLE, "strokes": 1}, "stored"),
        ({"failed": 1}, {"faults": Faults.SAMPLE, "strokes": 1}, "stored"),
        # one stroke that ends otherwise is enough
        ({}, {"faults": Faults.SAMPLE, "strokes": 1, "failed": 1}, "new"),
        # of something else, or as much: the newer
        ({}, {"faults": Faults.SAMPLE, "strokes": 1, "fingerprint": ELSE}, "new"),
        ({}, {"failed": 2}, "new"),
        ({"failed": 2}, {}, "new"),
        ({"faults": Faults.SAMPLE, "strokes": 9}, {"faults": Faults.NONE, "strokes": 0}, "new"),
    ],
)
def test_which_of_two_rehearsals_is_remembered(
    stored: dict[str, Any], new: dict[str, Any], which: str
):
    old, newer = record(**stored), record(**new, by="bob")
    assert kept(old, newer) is (old if which == "stored" else newer)
    assert kept(None, newer) is newer
