"""There and back: the whole circle, twice through every phase, without losing a database."""

from __future__ import annotations

from tests.e2e import witness
from tests.e2e.harness import RECOVERY, SOURCE

EAST_ALB = "acme-production-web-1.us-east-1.elb.amazonaws.com"
EAST, WEST = "acme-production", "acme-production-dr"
ZERO = {"acme-production-web": (0, 0), "acme-production-worker": (0, 0)}
FULL = {"acme-production-web": (4, 4), "acme-production-worker": (2, 2)}
DESTRUCTIVE = {"DeleteDBCluster", "DeleteDBInstance", "DeleteGlobalCluster"}


def test_failover_and_failback_end_where_they_began(warm, bench_of):
    bench = bench_of(warm)
    bench.up("activate").expect(0)

    # the old source is retired, then made a standby: the recovery role passes to it
    told = bench.up("cleanup", "-o", "json").expect(0).document
    # six Fargate tasks of half a vCPU and a GiB: 730 hours of them at list price
    assert told["savings"]["saved_usd"] == told["saved"]["saved_usd"] == 108.12
    assert told["saved"]["open"] == []
    assert witness.services(bench, SOURCE, EAST)["acme-production-web"] == (0, 0)
    assert witness.services(bench, SOURCE, EAST)["acme-production-worker"] == (0, 0)
    view = bench.up("replicate", "-o", "json").expect(0).document
    assert (view["serving"], view["recovery"]) == (RECOVERY, SOURCE)

    # back to the foreign us-east-1: actions only there
    bench.up("instantiate").expect(0)
    bench.up("activate").expect(0)
    assert witness.writer_region(bench) == SOURCE
    east = witness.services(bench, SOURCE, EAST)
    assert {name: east[name] for name in FULL} == FULL
    assert witness.scalable(bench, SOURCE, f"service/{EAST}/acme-production-web") == (2, 10)
    assert witness.answer(bench, "app.acme.example.") == [EAST_ALB]
    assert witness.answer(bench, "api.acme.example.") == [EAST_ALB]

    bench.up("cleanup").expect(0)
    assert witness.services(bench, RECOVERY, WEST) == ZERO
    view = bench.up("replicate", "-o", "json").expect(0).document
    assert (view["serving"], view["recovery"]) == (SOURCE, RECOVERY)
    assert view["sites"] == {SOURCE: "active", RECOVERY: "standby"}
    assert witness.services(bench, RECOVERY, WEST) == ZERO

    called = {call["operation"] for call in bench.calls()}
    assert not called & DESTRUCTIVE


def test_nothing_in_the_source_region_is_in_a_stack(warm):
    stacks = (warm.sandbox / "state" / ".pulumi" / "stacks" / "drstate").glob("*.json")
    names = {file.stem for file in stacks}
    assert names
    assert not [name for name in names if SOURCE in name]
