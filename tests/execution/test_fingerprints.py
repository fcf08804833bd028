from __future__ import annotations

from drstate.execution.fingerprints import counted, fingerprints, over_all_attempts
from drstate.model.stackops import Op, ResourceOp

URN = "urn:pulumi:s::drstate::aws:rds/cluster:Cluster::{}"


def op(name: str, kind: Op) -> ResourceOp:
    return ResourceOp(urn=URN.format(name), type="aws:rds/cluster:Cluster", name=name, op=kind)


def state(**inputs: int) -> dict[str, object]:
    return {"resources": [{"urn": URN.format(k), "inputs": {"n": v}} for k, v in inputs.items()]}


def test_what_an_interrupted_attempt_did_is_told_with_what_the_last_one_did() -> None:
    before = fingerprints(state(kept=1, changed=1, gone=1))
    after = fingerprints(state(kept=1, changed=2, made=1))
    last = (op("kept", Op.SAME), op("changed", Op.SAME), op("made", Op.SAME))
    told = {row.name: row.op for row in over_all_attempts(last, before, after)}
    assert told == {
        "kept": Op.SAME,
        "changed": Op.UPDATE,
        "made": Op.CREATE,
        "gone": Op.DELETE,
    }


def test_an_adopted_creation_that_the_last_attempt_completed_is_told_as_created() -> None:
    told = over_all_attempts((op("made", Op.UPDATE),), {}, fingerprints(state(made=1)))
    assert counted(told) == {"create": 1}


def test_fingerprints_hold_no_inputs_and_leave_out_what_waits_for_deletion() -> None:
    deployment = state(a=123456789)
    deployment["resources"].append({"urn": "x", "inputs": {}, "delete": True})  # type: ignore[attr-defined]
    prints = fingerprints(deployment)
    assert set(prints) == {URN.format("a")}
    assert "123456789" not in str(prints)
