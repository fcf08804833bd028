"""Discovery of 1,000 tagged resources in 5 accounts: side by side, and one account after the other.

The emulated AWS answers out of two cores' work, a real one after a journey; what asking side by
side gains is that journey. So the sandbox answers every call later by so many milliseconds, said
in every line. Each figure is the median of a few runs with fresh sessions; service models are read
before the first one. ``python scripts/bench_parts/discovery.py`` runs it alone.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DRSTATE = str(Path(sys.executable).parent / "drstate")
RESOURCES, ACCOUNTS = 1_000, 5
LATENCIES_MS = (0, 50, 100, 200)
RUNS = 5
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
            process.latency(home, 50)
            print(f"  drstate discover, the whole command, 50 ms a call: {_command(folder):.2f} s")
        finally:
            os.environ.clear()
            os.environ.update(before)
            process.stop(home)


def _table(folder: Path, distance: Callable[[float], None]) -> None:
    from drstate.inventory.scopes import load_scope

    scope = load_scope(folder, *SCOPE)
    searched = [account for account in scope.accounts if account.discover]
    alone = [scope.model_copy(update={"accounts": [account], "dns": []}) for account in searched]
    print(
        f"\ndiscovery of {RESOURCES} tagged resources in {len(searched)} accounts of the sandbox "
        f"(median of {RUNS})\n"
        f"  {'answers come later by':<24}{'side by side':>14}{'one by one':>14}{'ratio':>8}"
    )
    seen = _timed([scope])[1]
    for milliseconds in LATENCIES_MS:
        distance(milliseconds)
        beside = statistics.median(_timed([scope])[0] for _ in range(RUNS))
        after = statistics.median(_timed(alone)[0] for _ in range(RUNS))
        print(
            f"  {milliseconds:>5} ms a call{'':<10}{beside:>12.2f} s{after:>12.2f} s"
            f"{after / beside:>7.1f}x"
        )
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
    took = []
    for _ in range(3):
        begun = time.perf_counter()
        ended = subprocess.run(
            [DRSTATE, "discover", "-c", SCOPE[0], "-e", SCOPE[1], "--refresh"],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        took.append(time.perf_counter() - begun)
        if ended.returncode != 0:
            sys.exit(f"drstate discover ended with {ended.returncode}\n{ended.stderr}")
    return statistics.median(took)


if __name__ == "__main__":
    section()
