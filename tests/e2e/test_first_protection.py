"""First protection of a scope while one account refuses: the others go on; later it is mended."""

from __future__ import annotations

import json

from tests.e2e import witness
from tests.e2e.harness import RECOVERY


def shards(document):
    return [shard for stage in document["stages"] for shard in stage["shards"]]


def changes(document):
    ops = [op for shard in shards(document) for op in (shard["stack"] or {"ops": []})["ops"]]
    return {(op["urn"], op["op"]) for op in ops if op["op"] != "same"}


def foretold(preview):
    actions = [action for shard in shards(preview) for action in shard["actions"]]
    runs = {one["spec"]["id"] for one in actions if not one["done"] and not one["after_create"]}
    return changes(preview), runs


def happened(view):
    actions = [action for shard in shards(view) for action in shard["actions"]]
    ran = {one["id"] for one in actions if one["state"] == "done" and not one["already_done"]}
    return changes(view), ran


def test_one_account_that_refuses_fails_alone_and_is_made_up_for(fresh, bench_of):
    bench = bench_of(fresh)
    file = bench.project / "stacks" / "acme" / "production.yaml"
    right = file.read_text(encoding="utf-8")
    head, tail = right.split('  - id: "211111111102"', 1)
    wrong = head + '  - id: "211111111102"' + tail.replace("acme-dr-7c1f", "wrong-id", 1)
    file.write_text(wrong, encoding="utf-8")

    ended = bench.up("replicate", "-o", "json").expect(1)
    view = ended.document
    told = json.dumps(view["failed"])
    assert "211111111102" in told
    assert "external_id" in told
    assert "wrong-id" not in ended.out + ended.err
    status = bench.run("status").expect(0).out
    assert "211111111102" in status
    assert "external_id" in status
    # the other account's database is protected
    rds = bench.client("rds", witness.DATA, RECOVERY)
    found = rds.describe_db_clusters(DBClusterIdentifier="acme-production-orders")["DBClusters"]
    assert found[0]["Status"] == "available"
    assert witness.services(bench, RECOVERY, "acme-production-dr") == {}

    file.write_text(right, encoding="utf-8")
    foreseen = bench.preview("replicate", "-o", "json").expect(0).document
    again = bench.up("replicate", "-o", "json").expect(0).document
    assert again["status"] == "COMPLETED"
    assert happened(again) == foretold(foreseen)
    assert happened(again)[0]
    assert set(witness.services(bench, RECOVERY, "acme-production-dr")) == {
        "acme-production-web",
        "acme-production-worker",
    }
