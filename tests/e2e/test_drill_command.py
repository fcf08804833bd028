"""``drstate test``: a drill by the command, with the region that serves down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from drstate.adapters import policy
from drstate.adapters.aurora.adapter import AuroraAdapter
from drstate.adapters.ecs.adapter import EcsAdapter
from drstate.adapters.route53.adapter import Route53Adapter
from drstate.sandbox import process
from tests.contract.masks import differences, masked
from tests.e2e.harness import RECOVERY, SOURCE, Bench
from tests.e2e.test_least_privilege import TARGETS, held, refused

WHERE = ("-c", "acme", "-e", "production")


def exists(bench: Bench) -> Counter[str]:
    process.advance(bench.sandbox, settle=True)
    return masked(bench.digest(customer="acme"))


def test_a_drill_is_run_while_the_serving_region_is_down(
    warm: Bench, bench_of: Callable[[Bench], Bench]
) -> None:
    bench = bench_of(warm)
    document = policy.policy([AuroraAdapter(), EcsAdapter(), Route53Adapter()])
    for account, role in TARGETS.items():
        held(bench, account, role, document)
    process.policies(bench.sandbox)
    before = exists(bench)
    process.add_fault(bench.sandbox, {"effect": "region-down", "region": SOURCE})
    seen = max((call["number"] for call in bench.calls()), default=0)
    waiting = bench.run("test", *WHERE, "--yes", "--hold", "-o", "json").expect(10)
    assert not waiting.document["removed"]
    # the plan shows the drill's own stacks, what they declare, and that they go again
    own = f".drill-{waiting.document['drill']}"
    assert f"w1{own}: 5 create" in waiting.err
    assert f"w1{own}: 5 delete" in waiting.err
    assert "policies.drill_egress: vpc" in waiting.err
    # it is owed as long as its copies are there, and a second one does not begin
    status = bench.run("status", "-o", "json").expect(0).document
    assert any("test --cleanup" in debt["command"] for debt in status["owed"])
    second = bench.run("test", *WHERE, "--yes").expect(1)
    assert "two drills never mix" in second.err
    done = bench.run("test", *WHERE, "--cleanup", "--yes", "-o", "json").expect(0).document
    assert done["removed"]
    assert bench.run("status", "-o", "json").expect(0).document["owed"] == []
    # ECS tells of deleted services for a while
    left = [line for line in differences(before, exists(bench)) if "/ecs/services/" not in line]
    assert left == []
    assert {call["region"] for call in bench.calls(seen)} == {RECOVERY}
    # all of it with the generated policies
    assert refused(bench, seen) == []


def test_what_is_not_owed_is_not_cleaned_up(warm: Bench) -> None:
    nothing = warm.run("test", *WHERE, "--cleanup", "--yes").expect(0)
    assert "owes no drill" in nothing.err
    unknown = warm.run("test", "20200101-000000-aaaa", "--cleanup", *WHERE, "--yes")
    assert unknown.code == 6
    misused = warm.run("test", "20200101-000000-aaaa", *WHERE, "--yes").expect(2)
    assert "--cleanup" in misused.err
    none = warm.run("terminate", "20200101-000000-aaaa", "--yes")
    assert none.code == 6
