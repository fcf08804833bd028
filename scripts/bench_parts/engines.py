"""The embedded engine beside a ``pulumi`` on PATH: one program, one provider, three sizes.

The program's resources are custom ones of a provider that does nothing at once, in a plugin process
of its own. Each figure is one run in a fresh process: a second of difference means nothing, the
growth does. ``DRSTATE_BENCH_SIZES`` gives other sizes than 100, 500 and 2,000.
"""

from __future__ import annotations

import os
import shutil

from bench_parts.measuring import Pair, one_run

OPERATIONS = ("up", "up again", "destroy")


def section() -> None:
    """Measure and print."""
    sizes = [int(one) for one in os.environ.get("DRSTATE_BENCH_SIZES", "100,500,2000").split(",")]
    engines = ["embedded"]
    if shutil.which("pulumi"):
        engines.append("pulumi")
    print("\nengines: seconds by number of resources, and growth over the smallest")
    print(f"  {'':<20}" + "".join(f"{size:>18,}" for size in sizes))
    for engine in engines:
        runs = [one_run(engine, size, ",".join(OPERATIONS)) for size in sizes]
        for name in OPERATIONS:
            _row(f"{engine} {name}", [run[name] for run in runs])
    if len(engines) == 1:
        print("  no pulumi on PATH: the embedded engine alone was measured")


def _row(label: str, pairs: list[Pair]) -> None:
    first = pairs[0][0]
    cells = "".join(f"{wall:>9.2f} s{wall / first:>6.1f}x" for wall, _ in pairs)
    print(f"  {label:<20}{cells}", flush=True)
