"""What changes to what: from streams that the Pulumi CLI wrote, and never a secret."""

from __future__ import annotations

import json

from pulumi.automation.events import EngineEvent, StepEventMetadata

from drstate.engine.outcome import OutcomeFold
from drstate.engine.propertydiff import MASK, property_changes
from drstate.model.stackops import Op, PropertyChange
from tests.engine.recordings import scenarios, steps


def ops_of(scenario: str, step: str, *, values: bool = True):
    fold = OutcomeFold("dev", values=values)
    for event in steps(scenario)[step]["events"]:
        fold.feed(EngineEvent.from_json(event))
    return {op.name: op for op in fold.outcome(ok=True, duration_seconds=0).ops}


def step(**given) -> StepEventMetadata:
    state = {"type": "t", "urn": "u", "id": "i", "parent": "", "provider": ""}
    for side in ("old", "new"):
        if side in given:
            given[side] = {**state, **given[side]}
    return StepEventMetadata.from_json({"op": "update", "urn": "u", "type": "t", **given})


def test_every_changed_property_is_told_and_only_of_what_changes():
    seen = 0
    for scenario in scenarios():
        for name in steps(scenario):
            if "events" not in steps(scenario)[name]:
                continue
            for op in ops_of(scenario, name).values():
                if op.op not in (Op.UPDATE, Op.REPLACE):
                    assert op.diff == ()
                    continue
                assert set(op.changed) <= {change.path for change in op.diff}, (scenario, name)
                seen += len(op.diff)
    assert seen > 20


def test_an_update_tells_no_values_where_nobody_reviews():
    assert all(op.diff == () for op in ops_of("create_update", "update", values=False).values())


def test_old_and_new_are_told_and_what_forces_a_replacement():
    found = property_changes(
        step(
            op="replace",
            keys=["kmsKeyId"],
            old={"inputs": {"kmsKeyId": "a", "size": 1}},
            new={"inputs": {"kmsKeyId": "b", "size": 2}},
            detailedDiff={
                "kmsKeyId": {"diffKind": "update-replace", "inputDiff": True},
                "size": {"diffKind": "update", "inputDiff": True},
            },
        )
    )
    assert found["kmsKeyId"] == PropertyChange(path="kmsKeyId", old='"a"', new='"b"', replaces=True)
    assert found["size"].told == "1 → 2"
    assert not found["size"].replaces


def test_paths_lead_into_lists_and_quoted_names():
    found = property_changes(
        step(
            old={"inputs": {"tags": {"a.b": "x"}, "list": [{"n": 1}]}},
            new={"inputs": {"tags": {"a.b": "y"}, "list": [{"n": 1}, {"n": 2}]}},
            detailedDiff={
                'tags["a.b"]': {"diffKind": "update", "inputDiff": True},
                "list[1].n": {"diffKind": "add", "inputDiff": True},
            },
        )
    )
    assert found['tags["a.b"]'].told == '"x" → "y"'
    assert found["list[1].n"].told == "2 is added"


def test_what_the_provider_told_is_the_old_value_where_inputs_are_not_compared():
    found = property_changes(
        step(
            old={"inputs": {"size": 1}, "outputs": {"size": 7}},
            new={"inputs": {"size": 2}},
            detailedDiff={"size": {"diffKind": "update", "inputDiff": False}},
        )
    )
    assert found["size"].told == "7 → 2"


def test_no_secret_is_told_masked_marked_or_inside_of_something():
    marked = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
              "plaintext": "hunter2"}  # fmt: skip
    found = property_changes(
        step(
            old={"inputs": {"a": MASK, "b": marked, "c": {"in": [marked]}, "d": marked}},
            new={"inputs": {"a": MASK, "b": "x", "c": {"in": []}, "d": marked}},
            detailedDiff={
                name: {"diffKind": "update", "inputDiff": True} for name in ("a", "b", "c", "d.in")
            },
        )
    )
    told = json.dumps([one.model_dump() for one in found.values()])
    assert "hunter2" not in told
    assert found["a"].told == '"[secret]" → "[secret]"'
    assert found["d.in"].old == '"[secret]"'


def test_a_long_value_is_shortened():
    found = property_changes(
        step(old={"inputs": {"a": "x" * 5000}}, new={"inputs": {}}, diffs=["a"])
    )
    assert len(found["a"].told) < 300
    assert found["a"].told.endswith("is removed")
