"""Discovery of 1,000 tagged resources in 5 accounts: side by side, and one account after the other.

What asking side by side gains is the wait for answers, and the emulated AWS answers at once: it is
two cores' work and no wait at all. So the sandbox answers every call later by so many milliseconds,
said in every line. The bound is for 100 ms a call: what an answer from another region takes, with
the service's own time. Each figure is the median of a few runs with fresh sessions; service models
are read before the first one.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench_parts.measuring import drstate
from bench_parts.report import hold, title

RESOURCES, ACCOUNTS = 1_000, 5
LATENCIES_MS = (0, 50, 100, 200)
#: the one that the bounds are for
DISTANCE_MS = 100
SECONDS_BOUND, RATIO_BOUND = 10.0, 3.0
RUNS = 3
SCOPE = ("customer-01", "production")


def section() -> None:
    """Measure and print."""
    from drstate.sandbox import process
    from drstate.sandbox.estates.generated.options import Options

    estate = str(Options(resources=RESOURCES, accounts=ACCOUNTS))
    with tempfile.TemporaryDirectory(prefix="drstate-bench-") as name:
        folder = Path(name)
        home = folder / "home" / "sandbox"
        status = process.start(home, estate=estate)
        before = dict(os.environ)
        try:
            os.environ.update(process.environment(status))
            _write_scopes(folder, process.scopes(home))
            _table(folder, lambda milliseconds: process.latency(home, milliseconds))
            process.latency(home, DISTANCE_MS)
            whole = _command(folder)
            print(f"  drstate discover, the whole command, {DISTANCE_MS} ms a call: {whole:.2f} s")
            hold(f"drstate discover, {RESOURCES:,} in {ACCOUNTS}", whole, SECONDS_BOUND)
        finally:
            os.environ.clear()
            os.environ.update(before)
            process.stop(home)


def _table(folder: Path, distance: Callable[[float], None]) -> None:
    from drstate.inventory.scopes import load_scope

    scope = load_scope(folder, *SCOPE)
    searched = [account for account in scope.accounts if account.discover]
    alone = [scope.model_copy(update={"accounts": [account], "dns": []}) for account in searched]
    title(
        f"discovery of {RESOURCES:,} tagged resources in {len(searched)} accounts of the sandbox "
        f"(median of {RUNS})"
    )
    print(f"  {'answers come later by':<24}{'side by side':>14}{'one by one':>14}{'ratio':>8}")
    seen = _timed([scope])[1]
    for milliseconds in LATENCIES_MS:
        distance(milliseconds)
        beside = statistics.median(_timed([scope])[0] for _ in range(RUNS))
        after = statistics.median(_timed(alone)[0] for _ in range(RUNS))
        print(
            f"  {milliseconds:>5} ms a call{'':<10}{beside:>12.2f} s{after:>12.2f} s"
            f"{after / beside:>7.1f}x",
            flush=True,
        )
        if milliseconds == DISTANCE_MS:
            label = f"discovery side by side, {milliseconds} ms a call"
            hold(label, beside, SECONDS_BOUND)
            hold(f"{label}: times faster", after / beside, RATIO_BOUND, "x", least=True)
    print(f"  seen: {seen}; three calls an account, one after the other: role, view, list")


def _timed(scopes: list[Any]) -> tuple[float, int]:
    """Seconds for discovering these scopes in turn with fresh sessions, and what was seen."""
    from drstate.adapters.registry import load_adapters
    from drstate.aws.caller import open_caller
    from drstate.aws.clock import SystemClock
    from drstate.inventory.discovery import discover

    claims = [claim for adapter in load_adapters() for claim in adapter.claims]
    accounts = [account for scope in scopes for account in scope.accounts]
    caller = open_caller(accounts, session_name="bench", clock=SystemClock())
    begun = time.perf_counter()
    found = [
        discover(scope, caller, claims=claims, cache=_NoCache(), clock=SystemClock())
        for scope in scopes
    ]
    took = time.perf_counter() - begun
    wrong = [error for one in found for error in one.account_errors]
    if wrong:
        sys.exit(f"discovery failed: {wrong[0]}")
    return took, sum(report.seen for one in found for report in one.accounts)


class _NoCache:
    """Forgets everything, so that every run asks."""

    def cache_get(self, _key: str) -> None:
        return None

    def cache_put(self, _key: str, value: Any) -> Any:
        from datetime import UTC, datetime

        return SimpleNamespace(value=value, stored_at=datetime.now(tz=UTC))


def _write_scopes(folder: Path, scopes: dict[str, str]) -> None:
    for name, text in scopes.items():
        (folder / "stacks" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "stacks" / name).write_text(text, encoding="utf-8")


def _command(folder: Path) -> float:
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "DRSTATE_CWD": str(folder),
        "DRSTATE_HOME": str(folder / "home"),
        "DRSTATE_SANDBOX": "1",
    }
    took = [drstate(env, "discover", "-c", SCOPE[0], "-e", SCOPE[1], "--refresh") for _ in range(3)]
    return statistics.median(seconds for seconds, _ in took)
