"""What disappears or changes in discovery deletes nothing."""

from __future__ import annotations

import json

from tests.e2e import witness

STACK = "acme.production.us-west-2.211111111101.w1"
CLUSTER = "arn:aws:rds:us-east-1:211111111101:cluster:acme-production-orders"


def test_a_resource_that_vanishes_from_discovery_deletes_nothing(warm, bench_of):
    bench = bench_of(warm)
    urns = witness.urns(bench, STACK)
    rds = bench.client("rds", witness.DATA, "us-east-1")
    rds.remove_tags_from_resource(ResourceName=CLUSTER, TagKeys=["dr:enabled"])
    bench.run("discover", "-c", "acme", "-e", "production", "--refresh").expect(0)

    view = bench.up("replicate", "-o", "json").document

    ops = {
        op["op"]
        for stage in view["stages"]
        for shard in stage["shards"]
        for op in (shard["stack"] or {"ops": []})["ops"]
    }
    assert not ops & {"delete", "replace"}
    assert witness.urns(bench, STACK) == urns
    assert "acme-production-orders" in json.dumps(view["warnings"]) + json.dumps(view["skips"])


def test_a_changed_wave_plans_a_move_and_deletes_nothing(warm, bench_of):
    bench = bench_of(warm)
    urns = witness.urns(bench, STACK)
    rds = bench.client("rds", witness.DATA, "us-east-1")
    rds.add_tags_to_resource(ResourceName=CLUSTER, Tags=[{"Key": "dr:wave", "Value": "2"}])
    bench.run("discover", "-c", "acme", "-e", "production", "--refresh").expect(0)

    preview = bench.preview("replicate", "-o", "json").expect(0).document

    assert [(move["from_group"], move["to_group"]) for move in preview["moves"]] == [("w1", "w2")]
    ops = {
        op["op"]
        for stage in preview["stages"]
        for shard in stage["shards"]
        for op in (shard["stack"] or {"ops": []})["ops"]
    }
    assert not ops & {"delete", "replace"}
    assert witness.urns(bench, STACK) == urns

    bench.up("replicate").expect(0)
    moved = "acme.production.us-west-2.211111111101.w2"
    tails = {urn.split("::", 2)[2] for urn in witness.urns(bench, moved)}
    assert any(tail.startswith("aws:rds/cluster:Cluster::") for tail in tails)
    called = {call["operation"] for call in bench.calls()}
    assert not called & {"DeleteDBCluster", "DeleteDBInstance"}
