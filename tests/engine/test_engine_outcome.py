"""The fold over the engine's events, held against streams that the Pulumi CLI wrote."""

from __future__ import annotations

from collections import Counter

import pytest
from pulumi.automation.events import EngineEvent

from drstate.engine.outcome import OutcomeFold, in_short, public, urn_name
from drstate.model.stackops import Op
from tests.engine.recordings import scenarios, steps


def fold_of(scenario: str, step: str):
    fold, summary = OutcomeFold("dev"), {}
    for event in steps(scenario)[step]["events"]:
        fold.feed(EngineEvent.from_json(event))
        summary = event.get("summaryEvent", summary)
    return fold, summary


@pytest.mark.parametrize("scenario", scenarios())
def test_counts_are_the_engines_own_and_rows_never_say_less(scenario):
    for step in steps(scenario):
        fold, summary = fold_of(scenario, step)
        if not summary:
            continue
        ok = summary["result"] == "succeeded"
        outcome = fold.outcome(ok=ok, duration_seconds=1.5)
        assert outcome.counts == dict(sorted(summary["resourceChanges"].items()))
        assert len({row.urn for row in outcome.ops}) == len(outcome.ops)
        assert bool(outcome.errors) == (not ok)
        rows = Counter(row.op for row in outcome.ops)
        for name in ("create", "update", "replace", "delete", "import"):
            if name == "update" and rows[Op.IMPORT]:
                continue  # an import that is followed by an update is one row
            counted = summary["resourceChanges"].get(name, 0)
            assert rows[Op(name)] >= counted, f"{step}: {name}"


@pytest.mark.parametrize(
    ("scenario", "step", "expected"),
    [
        ("create_update", "create", {"a": Op.CREATE}),
        ("create_update", "noop", {"a": Op.SAME}),
        ("create_update", "preview-update", {"a": Op.UPDATE}),
    ],
)
def test_rows_say_what_happened(scenario, step, expected):
    fold, _ = fold_of(scenario, step)
    rows = {row.name: row.op for row in fold.outcome(ok=True, duration_seconds=0).ops}
    assert {name: rows[name] for name in expected} == expected


def test_a_replacement_told_in_several_steps_is_one_row_with_its_cause():
    seen = 0
    for step, told in steps("replace").items():
        if any(_op(event) == "replace" for event in told["events"]):
            fold, _ = fold_of("replace", step)
            rows = fold.outcome(ok=True, duration_seconds=0).ops
            replaced = [row for row in rows if row.op is Op.REPLACE]
            assert {urn_name(row.urn) for row in replaced} == {
                urn_name(event["resourcePreEvent"]["metadata"]["urn"])
                for event in told["events"]
                if _op(event) == "replace"
            }
            seen += 1
    assert seen


def _op(event):
    told = event.get("resourcePreEvent") or {}
    return told.get("metadata", {}).get("op")


def test_a_failure_without_any_cause_still_says_something():
    outcome = OutcomeFold("dev").outcome(ok=False, error="the engine died", duration_seconds=0)
    assert outcome.errors == {"": "the engine died"}


SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": 1}


def test_public_leaves_out_every_form_of_a_secret():
    given = {"a": SECRET, "b": [SECRET, "[secret]", 1], "c": {"d": SECRET, "e": 2}, "f": "[secret]"}
    assert public(given) == {"b": [1], "c": {"e": 2}}


TRACED = """python inline source runtime error: While processing resource: 'b', type: 'x:y:Z'
ValueError has risen: no
Traceback (most recent call last):
  File "/v/lib/python3.11/site-packages/pulumi/output.py", line 318, in run
    transformed = func(value)
  File "/home/me/shop/program.py", line 34, in label
    raise ValueError("no")
ValueError: no

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/home/me/shop/other.py", line 1, in later
ValueError: While processing resource: 'b'"""


def test_an_exception_of_a_program_is_told_by_its_cause_and_place():
    assert in_short(TRACED) == (
        "While processing resource: 'b', type: 'x:y:Z'\nValueError: no (at program.py:34 in label)"
    )
    assert in_short(f"an unhandled error occurred: {TRACED}") == in_short(TRACED)


def test_what_is_no_traceback_is_told_as_it_is():
    text = "1 error occurred:\n\t* not ready"
    assert in_short(text) == text


def test_a_cause_that_host_and_engine_tell_is_told_once():
    fold = OutcomeFold("dev")
    for text in (TRACED, f"an unhandled error occurred: {TRACED}"):
        told = {"message": text, "severity": "error", "color": "never"}
        fold.feed(EngineEvent.from_json({"sequence": 0, "timestamp": 0, "diagnosticEvent": told}))
    outcome = fold.outcome(ok=False, duration_seconds=0)
    assert outcome.errors == {"": in_short(TRACED)}
    assert len(outcome.diagnostics) == 2
