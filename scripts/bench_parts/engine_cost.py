"""What the embedded engine adds to the Python SDK's own time, and how both grow.

The SDK's own time is that of the same program against a monitor that answers at once. What an
``up`` takes beyond it is the engine's, the provider's plugin process included. The AWS rows are
log groups of the sandbox, through its own plugin and its emulated AWS: there the provider and the
emulation are most of the time. Least of the runs; times are wall clock, and processor time of all
processes of the run but the emulated AWS.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench_parts.measuring import Pair, best, one_run

SMALL, LARGE = 500, 4_000
SMALL_RUNS, LARGE_RUNS = 3, 1
AWS_SIZES = (50, 400)


def section() -> None:
    """Measure and print."""
    print("\nwhat the embedded engine adds to the SDK (first up, null provider)")
    print(f"  {'':<28}{SMALL:>12,}{LARGE:>12,}{'growth':>10}")
    small = _pair(SMALL, SMALL_RUNS)
    large = _pair(LARGE, LARGE_RUNS)
    for index, kind in enumerate(("wall clock", "processor")):
        sdk = [one[0][index] for one in (small, large)]
        whole = [one[1][index] for one in (small, large)]
        own = [after - before for before, after in zip(sdk, whole, strict=True)]
        print(f"  {kind}")
        _row("the SDK by itself", sdk)
        _row("up", whole)
        _row("the engine's own", own)
        shares = [mine / theirs for mine, theirs in zip(own, sdk, strict=True)]
        print(f"    {'… of the SDK':<26}" + "".join(f"{share:>12.0%}" for share in shares))
    _aws()


def _pair(count: int, runs: int) -> tuple[Pair, Pair]:
    """The SDK's figures and those of an ``up``, taken in turn."""
    sdk, engine = [], []
    for _ in range(runs):
        sdk.append(one_run("sdk", count))
        engine.append(one_run("embedded", count, "up"))
    return best(sdk)["run"], best(engine)["up"]


def _row(label: str, values: list[float]) -> None:
    cells = "".join(f"{value:>10.2f} s" for value in values)
    print(f"    {label:<26}{cells}{values[-1] / values[0]:>9.1f}x", flush=True)


def _aws() -> None:
    from drstate.sandbox import process

    print(f"  wall clock, AWS log groups {AWS_SIZES[0]:>11,}{AWS_SIZES[1]:>12,}")
    with tempfile.TemporaryDirectory(prefix="drstate-bench-") as name:
        home = Path(name)
        status = process.start(home, time_scale=0.0)
        try:
            env = process.environment(status)
            runs = [one_run("aws", size, "up,up again,destroy", env) for size in AWS_SIZES]
        finally:
            process.stop(home)
    for operation in runs[0]:
        _row(operation, [run[operation][0] for run in runs])
