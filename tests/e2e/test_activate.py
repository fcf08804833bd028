"""The main job: what an outsider sees before and after `up --phase activate`."""

from __future__ import annotations

import json

from tests.e2e import witness
from tests.e2e.harness import RECOVERY, SOURCE, changed

WEST_ALB = "acme-production-web-dr-1.us-west-2.elb.amazonaws.com"
OTHERS = (
    {"customer": "globex"},
    {"customer": "acme", "environment": "staging"},
)


def test_activate_moves_writer_services_and_records_and_touches_no_other_scope(warm, bench_of):
    bench = bench_of(warm)
    before = [json.dumps(bench.digest(**who), sort_keys=True) for who in OTHERS]
    assert witness.writer_region(bench) == SOURCE

    view = bench.up("activate", "-o", "json").expect(0).document

    assert view["status"] == "COMPLETED"
    assert witness.writer_region(bench) == RECOVERY
    assert witness.services(bench, RECOVERY, "acme-production-dr") == {
        "acme-production-web": (4, 4),
        "acme-production-worker": (2, 2),
    }
    assert witness.scalable(bench, RECOVERY, "service/acme-production-dr/acme-production-web") == (
        2,
        10,
    )
    assert witness.answer(bench, "app.acme.example.") == [WEST_ALB]
    assert witness.answer(bench, "api.acme.example.") == [WEST_ALB]
    after = [json.dumps(bench.digest(**who), sort_keys=True) for who in OTHERS]
    assert after == before


def test_the_same_command_again_changes_nothing(warm, bench_of):
    bench = bench_of(warm)
    bench.up("activate").expect(0)
    before = bench.digest()

    again = bench.up("activate", "-o", "json").expect(0).document
    agreed = bench.up("activate", "--expect-no-changes", "-o", "json").expect(0).document

    assert again["changes"] == 0
    assert agreed["changes"] == 0
    assert changed(before, bench.digest()) == []


def test_expect_no_changes_refuses_before_anything_is_done(warm, bench_of):
    bench = bench_of(warm)
    before = bench.digest()

    refused = bench.up("activate", "--expect-no-changes").expect(7)

    assert "--expect-no-changes" in refused.err
    assert changed(before, bench.digest()) == []


def test_preview_lists_exactly_what_then_happens(warm, bench_of):
    bench = bench_of(warm)
    preview = bench.preview("activate", "-o", "json").expect(0).document
    foreseen_ops = {
        (op["urn"], op["op"])
        for stage in preview["stages"]
        for shard in stage["shards"]
        for op in (shard["stack"] or {"ops": []})["ops"]
        if op["op"] != "same"
    }
    foreseen_actions = {
        action["spec"]["id"]
        for stage in preview["stages"]
        for shard in stage["shards"]
        for action in shard["actions"]
        if not action["done"]
    }
    assert foreseen_ops
    assert foreseen_actions

    view = bench.up("activate", "-o", "json").expect(0).document

    shards = [shard for stage in view["stages"] for shard in stage["shards"]]
    done_ops = {
        (op["urn"], op["op"])
        for shard in shards
        for op in (shard["stack"] or {"ops": []})["ops"]
        if op["op"] != "same"
    }
    done_actions = {
        action["id"]
        for shard in shards
        for action in shard["actions"]
        if action["state"] == "done" and not action["already_done"]
    }
    assert done_ops == foreseen_ops
    assert done_actions == foreseen_actions


def test_the_urns_are_the_same_in_standby_warm_and_active(fresh, bench_of):
    bench = bench_of(fresh)
    seen = {}
    for phase in ("replicate", "instantiate", "activate"):
        bench.up(phase).expect(0)
        stacks = (bench.sandbox / "state" / ".pulumi" / "stacks" / "drstate").glob("*.json")
        seen[phase] = {file.stem: witness.urns(bench, file.stem) for file in stacks}
    assert len(seen["replicate"]) >= 3
    assert seen["replicate"] == seen["instantiate"] == seen["activate"]


def test_activate_calls_nothing_of_another_customer(warm, bench_of):
    bench = bench_of(warm)
    start = max((call["number"] for call in bench.calls()), default=0)
    bench.up("activate").expect(0)
    accounts = {call["account"] for call in bench.calls(start)}
    assert accounts <= {witness.DATA, witness.APP, witness.DNS, "100000000001"}
    assert {witness.DATA, witness.APP, witness.DNS} <= accounts
