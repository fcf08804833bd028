"""initech/production has one resource of every technology: all phases by the command, and back.

What each technology does by itself is held to the contract in tests/contract; here they run
together: waves, batches, bindings, prerequisites, one journal.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from drstate.adapters.registry import built_in
from drstate.sandbox import process
from tests.contract.masks import differences, masked
from tests.contract.nature import excused
from tests.e2e.harness import RECOVERY, SOURCE, Bench

#: these take minutes: ``make test-full``
FULL = os.environ.get("DRSTATE_FULL_TESTS") == "1"
ACCOUNTS = ("233333333301", "233333333302", "100000000002")
WHERE = ("-c", "initech", "-e", "production")


def up(bench: Bench, phase: str) -> dict[str, Any]:
    return bench.run("up", "--phase", phase, *WHERE, "--yes", "-f", "-o", "json").expect(0).document


def exists(bench: Bench) -> Counter[str]:
    process.advance(bench.sandbox, settle=True)
    lines: Counter[str] = Counter()
    for account in ACCOUNTS:
        lines += masked(bench.digest(account=account))
    return lines


def by_nature(line: str) -> bool:
    """Whether it is not as it was after a whole circle, by the nature of a technology."""
    return any(
        excused(adapter.technology, "ends-where-it-began", line)
        for adapter in built_in()
        if "ends-where-it-began" in adapter.deviations
    )


@pytest.mark.skipif(not FULL, reason="takes minutes; DRSTATE_FULL_TESTS=1 (make test-full) runs it")
def test_everything_goes_there_and_back(fresh: Bench, bench_of: Callable[[Bench], Bench]) -> None:
    bench = bench_of(fresh)
    others = bench.digest(customer="acme")
    up(bench, "replicate")
    known = json.loads(bench.run("plan", "--phase", "activate", *WHERE, "-o", "json").out)
    keys = {
        key for stage in known["stages"] for shard in stage["shards"] for key in shard["resources"]
    }
    assert {key.split("/")[0] for key in keys} == {one.technology for one in built_in()}
    begun = exists(bench)
    for phase in ("instantiate", "activate", "cleanup", "replicate"):
        up(bench, phase)
    for phase in ("instantiate", "activate", "cleanup", "replicate"):
        up(bench, phase)
    changed = [line for line in differences(begun, exists(bench)) if not by_nature(line)]
    assert changed == []
    assert bench.digest(customer="acme") == others


def test_an_emergency_brings_everything_up_without_a_call_to_the_lost_region(
    fresh: Bench, bench_of: Callable[[Bench], Bench]
) -> None:
    bench = bench_of(fresh)
    view = up(bench, "replicate")
    assert view["readiness"]["standing"] == "READY"
    lags = [row["lag_seconds"] for row in view["readiness"]["resources"]]
    assert len([one for one in lags if one is not None]) >= 12
    assert all(one < 300 for one in lags if one is not None)
    asked = bench.run("readiness", *WHERE, "-o", "json").expect(0).document["scopes"][0]
    assert {row["key"] for row in asked["resources"]} >= {
        row["key"] for row in view["readiness"]["resources"]
    }
    rule = process.add_fault(bench.sandbox, {"effect": "region-down", "region": SOURCE})
    seen = bench.calls()[-1]["number"]
    done = bench.run("emergency", *WHERE, "--yes", "-o", "json").expect(0)
    there = {
        f"{call['service']}:{call['operation']}"
        for call in bench.calls(seen)
        if call["region"] == SOURCE
    }
    assert there == set()
    unfenced = [one["text"] for one in done.document["warnings"] if "not fenced" in one["text"]]
    told = {one.partition("/")[0] for one in unfenced}
    assert told >= {"lambda", "eventbridge", "ecs"}
    # what it put off is told until it is done: by its report, by status, and by readiness
    status = bench.run("status", "-o", "json").expect(0).document
    asked = bench.run("readiness", *WHERE, "-o", "json").expect(1).document["scopes"][0]
    report = bench.run("report", "-o", "json").expect(0).document["view"]
    for owed in (done.document["owed"], status["owed"], asked["owed"], report["owed"]):
        assert [(one["phase"], one["region"]) for one in owed] == [
            ("activate", RECOVERY),
            ("cleanup", SOURCE),
            ("replicate", SOURCE),
        ]
    assert asked["standing"] == "NOT READY"
    # afterwards the stacks are brought to what is there, and the way goes on as after any failover
    process.clear_faults(bench.sandbox, rule)
    for phase in ("activate", "cleanup", "replicate") if FULL else ():
        up(bench, phase)
