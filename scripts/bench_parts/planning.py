"""How the compilation of a plan grows with the catalog; catalogs are of the tests' own maker.

Processor time: the compiler waits for nothing.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time

from bench_parts.measuring import ROOT
from bench_parts.report import hold, title

COUNTS = (100, 1_000, 10_000)
RUNS = 3
#: ten times the resources, in at most this many times the time
GROWTH_BOUND = 15.0


def section() -> None:
    """Measure and print."""
    from drstate.model.phases import Operation, Phase
    from drstate.planning.compiling import compile_plan
    from drstate.planning.requests import PlanRequest

    sys.path.insert(0, str(ROOT / "tests" / "planning"))
    import planning_estate as estate

    # as the command sets it
    gc.set_threshold(50_000, 20, 20)
    title(f"planning, the compiler by itself, by number of resources (median of {RUNS})")
    medians = []
    for count in COUNTS:
        catalog, work = estate.many(count), estate.ScriptedWork()
        request = PlanRequest(Operation.PHASE, (Phase.INSTANTIATE, Phase.ACTIVATE))
        runs = []
        for _ in range(RUNS):
            gc.collect()
            begun = time.process_time()
            compile_plan(request, catalog, estate.SCOPE, work)
            runs.append(time.process_time() - begun)
        medians.append(statistics.median(runs))
        print(f"  {count:>8,}{medians[-1]:>10.3f} s{medians[-1] / medians[0]:>8.1f}x", flush=True)
    hold("compiling a plan: 10,000 over 1,000", medians[-1] / medians[-2], GROWTH_BOUND, "x")
