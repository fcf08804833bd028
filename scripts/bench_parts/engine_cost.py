"""What the embedded engine adds to the Python SDK's own time, and how both grow.

The SDK's own time is that of the same program against a monitor that answers at once; the two are
taken in turn, and compared by medians. The engine's own is what the process of an ``up`` takes
beyond that; for a large program it is next to nothing, because a program that gives way to the
engine needs less for itself. What the provider's plugin takes is a row of its own: a provider that
does nothing still has to be started and asked. The AWS rows are log groups of the sandbox, through
its own plugin and its emulated AWS: there the provider and the emulation are most of the time.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench_parts.measuring import Times, median, one_run
from bench_parts.report import hold, title

SMALL, LARGE = 500, 4_000
SMALL_RUNS, LARGE_RUNS = 5, 1
AWS_SIZES = (50, 400)
#: the engine's own, of the SDK's own
SHARE_BOUND = 0.5
#: what eight times the resources may cost
GROWTH_BOUND = 10.0


def section() -> None:
    """Measure and print."""
    title(f"what the embedded engine adds to the SDK (first up, null provider; {SMALL_RUNS} runs)")
    print(f"  {'':<28}{SMALL:>12,}{LARGE:>12,}{'growth':>10}")
    pairs = [_pair(SMALL, SMALL_RUNS), _pair(LARGE, LARGE_RUNS)]
    for clock, label in (("own", "processor time"), ("wall", "wall clock")):
        sdk = [one[clock] for one, _ in pairs]
        whole = [one[clock] for _, one in pairs]
        own = [after - before for before, after in zip(sdk, whole, strict=True)]
        print(f"  {label}")
        _row("the SDK by itself", sdk)
        _row("up", whole)
        if clock == "own":
            _row("  the provider's plugin", [one["others"] for _, one in pairs])
        _row("the engine's own", own)
        shares = [mine / theirs for mine, theirs in zip(own, sdk, strict=True)]
        print(f"    {'… of the SDK':<26}" + "".join(f"{share:>12.0%}" for share in shares))
        for count, share in zip((SMALL, LARGE), shares, strict=True):
            hold(f"the engine's own of the SDK's, {count:,}, {label}", share, SHARE_BOUND, "%")
        growth = whole[1] / whole[0]
        hold(f"an up of {LARGE:,} over one of {SMALL}, {label}", growth, GROWTH_BOUND, "x")
    _aws()


def _pair(count: int, runs: int) -> tuple[Times, Times]:
    """The SDK's figures and those of an ``up``, taken in turn."""
    sdk, engine = [], []
    for _ in range(runs):
        sdk.append(one_run("sdk", count)["run"])
        engine.append(one_run("embedded", count, "up")["up"])
    return median(sdk), median(engine)


def _row(label: str, values: list[float]) -> None:
    cells = "".join(f"{value:>10.2f} s" for value in values)
    print(f"    {label:<26}{cells}{values[-1] / values[0]:>9.1f}x", flush=True)


def _aws() -> None:
    from drstate.sandbox import process

    print(f"  wall clock, AWS log groups  {AWS_SIZES[0]:>12,}{AWS_SIZES[1]:>12,}")
    with tempfile.TemporaryDirectory(prefix="drstate-bench-") as name:
        home = Path(name)
        status = process.start(home, time_scale=0.0)
        try:
            env = process.environment(status)
            runs = [one_run("aws", size, "up,up again,destroy", env) for size in AWS_SIZES]
        finally:
            process.stop(home)
    for operation in runs[0]:
        _row(operation, [run[operation]["wall"] for run in runs])
