"""The main job while AWS throttles and loses answers: it ends, and nothing is done twice."""

from __future__ import annotations

from drstate.sandbox import process
from tests.e2e import witness
from tests.e2e.harness import RECOVERY

WEST_ALB = "acme-production-web-dr-1.us-west-2.elb.amazonaws.com"


def test_activate_ends_well_under_throttling_and_lost_answers(warm, bench_of):
    bench = bench_of(warm)
    process.add_faults(
        bench.sandbox,
        [
            # The first switchover is throttled; the second is carried out and nobody hears of it.
            {"effect": "throttle", "service": "rds", "operation": "SwitchoverGlobalCluster",
             "calls": "1", "id": "busy"},
            {"effect": "lost-answer", "service": "rds", "operation": "SwitchoverGlobalCluster",
             "calls": "2", "id": "lost-switchover"},
            {"effect": "lost-answer", "service": "route53",
             "operation": "ChangeResourceRecordSets", "calls": "1", "id": "lost-record"},
        ],
    )  # fmt: skip
    view = bench.up("activate", "-o", "json").expect(0).document

    assert view["status"] == "COMPLETED"
    assert witness.writer_region(bench) == RECOVERY
    assert witness.answer(bench, "app.acme.example.") == [WEST_ALB]
    struck = {one["rule"]["id"]: one["struck"] for one in process.faults(bench.sandbox)}
    assert struck == {"busy": 1, "lost-switchover": 1, "lost-record": 1}
    switchovers = [
        (call["outcome"], call["status"])
        for call in bench.calls()
        if call["operation"] == "SwitchoverGlobalCluster"
    ]
    assert switchovers[:2] == [("error", 400), ("answer-lost", 200)]
    assert all(outcome == "error" for outcome, _ in switchovers[2:]), "carried out once only"
