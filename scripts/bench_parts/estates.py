"""Large estates: how long one takes to generate, to discover and to plan, and how that grows.

Wall clock of whole commands on a sandbox of its own per estate. Most of a plan's time is capture:
every resource is read, and the emulated AWS answers from the same cores.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench_parts.measuring import drstate, environment
from bench_parts.report import hold, title

SCOPE = ("-c", "customer-01", "-e", "production")
SMALL, LARGE, ACCOUNTS, CUSTOMERS = 1_000, 10_000, 20, 4
PLANNED = (250, 1_000)
GENERATE_BOUND = 60.0
#: ten times the resources, in at most this many times the time; and four times
TENFOLD_BOUND, FOURFOLD_BOUND = 15.0, 6.0
RUNS = 3


def section() -> None:
    """Measure and print."""
    title(f"large estates over {ACCOUNTS} accounts (seconds of wall clock of whole commands)")
    print(f"  {'':<46}{SMALL:>10,}{LARGE:>10,}{'growth':>9}")
    many = [_started(count, CUSTOMERS) for count in (SMALL, LARGE)]
    _row(f"sandbox start, {CUSTOMERS} customers", many)
    hold(f"generating {LARGE:,} resources, {ACCOUNTS} accounts", many[-1], GENERATE_BOUND)
    one = [_discovered(count) for count in (SMALL, LARGE)]
    _row("discover, one customer", [whole for whole, _ in one])
    _row("  of it discovery itself", [itself for _, itself in one])
    hold("discovery: 10,000 over 1,000", one[1][1] / one[0][1], TENFOLD_BOUND, "x")
    _same_seed()
    print(f"  {'':<46}{PLANNED[0]:>10,}{PLANNED[1]:>10,}{'growth':>9}")
    planned = [_planned(count) for count in PLANNED]
    _row("plan --phase replicate, 5 accounts", planned)
    hold("a whole plan: 1,000 over 250", planned[1] / planned[0], FOURFOLD_BOUND, "x")


def _row(label: str, values: list[float]) -> None:
    cells = "".join(f"{value:>8.2f} s" for value in values)
    print(f"  {label:<46}{cells}{values[-1] / values[0]:>8.1f}x", flush=True)


def _started(count: int, customers: int) -> float:
    with _sandbox(count, ACCOUNTS, customers) as (took, _):
        return took


def _discovered(count: int) -> tuple[float, float]:
    """The command, and what it says of the discovery itself."""
    whole, itself = [], []
    with _sandbox(count, ACCOUNTS, 1) as (_, env):
        for _ in range(RUNS):
            took, said = drstate(env, "discover", *SCOPE, "--refresh", "-o", "json")
            whole.append(took)
            itself.append(json.loads(said)["duration_ms"] / 1000)
    return statistics.median(whole), statistics.median(itself)


def _planned(count: int) -> float:
    with _sandbox(count, 5, 1) as (_, env):
        return drstate(env, "plan", *SCOPE, "--phase", "replicate")[0]


def _same_seed() -> None:
    """Whether two estates of one seed are the same, and of another seed are not."""
    from drstate.sandbox import process

    digests = []
    for seed in (7, 7, 8):
        with _sandbox(SMALL, ACCOUNTS, CUSTOMERS, seed) as (_, env):
            digests.append(process.digest(Path(env["DRSTATE_HOME"]) / "sandbox"))
    alike = digests[0] == digests[1] != digests[2]
    print(f"  the same seed gives the same estate, another one another: {alike}", flush=True)


@contextmanager
def _sandbox(
    count: int, accounts: int, customers: int, seed: int = 1
) -> Iterator[tuple[float, dict[str, str]]]:
    """A sandbox with such an estate and its scope files: how long the start took, and where."""
    with tempfile.TemporaryDirectory(prefix="drstate-bench-") as name:
        env = environment(Path(name))
        options = {
            "--resources": count,
            "--accounts": accounts,
            "--customers": customers,
            "--seed": seed,
        }
        given = [str(part) for pair in options.items() for part in pair]
        try:
            took = drstate(env, "sandbox", "start", "--estate", "generated", *given)[0]
            stacks = Path(env["DRSTATE_CWD"]) / "stacks"
            drstate(env, "sandbox", "scopes", "--write", str(stacks))
            yield took, env
        finally:
            drstate(env, "sandbox", "stop", check=False)
