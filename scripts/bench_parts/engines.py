"""The embedded engine beside a ``pulumi`` on PATH: one program, one provider, three sizes.

The program's resources are custom ones of a provider that does nothing at once, in a plugin process
of its own; both engines run the same SDK. Each figure is one run in a fresh process, the engines
taken in turn: a second of difference means little, the growth does. ``DRSTATE_BENCH_SIZES`` gives
other sizes than 100, 500 and 2,000.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from bench_parts.measuring import Times, one_run
from bench_parts.report import title

OPERATIONS = ("up", "up again", "destroy")


def section() -> None:
    """Measure and print."""
    sizes = [int(one) for one in os.environ.get("DRSTATE_BENCH_SIZES", "100,500,2000").split(",")]
    engines = ["embedded"]
    found = shutil.which("pulumi")
    if found:
        engines.append("pulumi")
        said = subprocess.run([found, "version"], capture_output=True, text=True, check=False)
        against = f"pulumi {said.stdout.strip()} of PATH"
    else:
        against = "alone: there is no pulumi on PATH to compare it with"
    title(f"the embedded engine, {against}: seconds, and growth over the smallest (null provider)")
    print(f"  {'':<20}" + "".join(f"{size:>18,}" for size in sizes))
    runs: dict[str, list[dict[str, Times]]] = {engine: [] for engine in engines}
    for size in sizes:
        for engine in engines:
            runs[engine].append(one_run(engine, size, ",".join(OPERATIONS)))
    for operation in OPERATIONS:
        for engine in engines:
            _row(f"{engine} {operation}", [run[operation]["wall"] for run in runs[engine]])
    if found:
        for operation in OPERATIONS:
            ours, theirs = (
                [run[operation]["wall"] for run in runs[engine]]
                for engine in ("embedded", "pulumi")
            )
            shares = [f"{mine / other:.2f}" for mine, other in zip(ours, theirs, strict=True)]
            print(f"  embedded / pulumi, {operation:<12}" + "".join(f"{one:>12}" for one in shares))


def _row(label: str, walls: list[float]) -> None:
    cells = "".join(f"{wall:>9.2f} s{wall / walls[0]:>6.1f}x" for wall in walls)
    print(f"  {label:<20}{cells}", flush=True)
