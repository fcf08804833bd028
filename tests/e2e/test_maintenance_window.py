"""What an operator is told while a maintenance window of the project is open, and before one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.e2e.harness import Bench

WISH = ("--phase", "replicate", "-c", "acme", "-e", "staging")


def stamp(hours: float) -> str:
    return f"{datetime.now(UTC) + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


def test_a_plan_stays_right_in_a_window_and_a_start_is_refused(
    fresh: Bench, bench_of: Callable[[Bench], Bench]
) -> None:
    bench = bench_of(fresh)
    file = bench.project / "Pulumi.yaml"
    plain = file.read_text(encoding="utf-8")
    ends, next_one = stamp(1), stamp(5)
    file.write_text(
        f"{plain}\ndrstate:\n  maintenance:\n"
        f"    - {{begins: {stamp(-1)}, ends: {ends}, reason: core network}}\n"
        f"    - {{begins: {next_one}, ends: {stamp(6)}, reason: more of it, running: pause}}\n",
        encoding="utf-8",
    )
    until = f"the whole project is in maintenance until {ends[:10]} {ends[11:16]} UTC"
    planned = bench.run("plan", *WISH, "-o", "json").expect(0).document
    (row,) = planned["not_now"]
    assert (row["what"], row["why"]) == (until, "core network")
    assert "drstate failover --emergency -c acme -e staging" in row["hint"]
    (notice,) = planned["notices"]
    assert f"from {next_one[:10]} {next_one[11:16]}" in notice
    assert "is paused after its wave" in notice
    # what it would do is shown all the same, and the exit code speaks of the plan
    previewed = bench.run("preview", *WISH).expect(0)
    assert f"NOT NOW: {until}\n  why:  core network" in previewed.out
    assert "REFUSED" not in previewed.out
    ready = bench.run("readiness", "-c", "acme", "-e", "staging").expect(1)
    assert "nothing of it is protected" in ready.out
    for command in (("up", *WISH, "--yes"), ("start", *WISH, "--yes")):
        refused = bench.run(*command).expect(1)
        assert until in refused.err
    assert bench.run("history", "-o", "json").document["rows"] == []
