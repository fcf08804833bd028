"""Medians of what people wait for, and where the time of the main job goes.

Prints tables, and at the end every figure that is held to a bound with its bound. All sections run,
or those that are named: ``python scripts/bench.py --only engines --only cost``; one that decides
something once, or needs much of the machine, runs only then. Ratios are taken inside one run; what
else runs on the machine makes figures worse, never better. A few minutes on two idle cores; ends
every process that it starts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from bench_parts import report

#: section -> module and what it measures
SECTIONS = {
    "commands": ("bench_parts.commands", "sandbox start, --help, status, the demo's main job"),
    "status": ("bench_status", "the answer of status in itself, by number of events"),
    "planning": ("bench_parts.planning", "the compiler of plans, by number of resources"),
    "engines": ("bench_parts.engines", "the embedded engine beside a pulumi on PATH"),
    "cost": ("bench_parts.engine_cost", "what the embedded engine adds to the SDK"),
    "discovery": ("bench_parts.discovery", "accounts side by side, and one after the other"),
    "estates": ("bench_parts.estates", "large estates: generated, discovered, planned"),
    "pull-request": ("bench_parts.pull_request", "preview of 300 resources in 12 stacks at once"),
    "circle": ("bench_parts.circle", "every technology there and back, phase by phase"),
    "efficiency": ("bench_parts.efficiency", "makespan of a run against its critical-path bound"),
    "many": ("bench_parts.many", "50 executions at once, and one of 1,000 resources; memory"),
    "asking": ("bench_parts.asking", "status asked by four clients while 50 executions run"),
    "processes": ("bench_parts.processes", "50 drstate up processes at once; memory, status"),
    "mixed": ("bench_parts.mixed", "activate of 1,000 mixed resources, and drstate's share of it"),
    "shards": ("bench_parts.shard_processes", "shards in threads, and in processes of their own"),
}
#: takes minutes by itself, or much memory: runs only when it is named
ON_DEMAND = frozenset({"processes", "shards"})


def main() -> None:
    """Run the sections that are named, or all, and print a table each."""
    known = {name: what for name, (module, what) in SECTIONS.items() if find_spec(module)}
    parser = argparse.ArgumentParser(
        description="Measures drstate.",
        epilog="sections: " + "; ".join(f"{name}: {what}" for name, what in known.items()),
    )
    parser.add_argument(
        "--only", action="append", choices=list(known), help="this section (repeatable)"
    )
    chosen = parser.parse_args().only or [name for name in known if name not in ON_DEMAND]
    begun = time.monotonic()
    for name in chosen:
        section: Callable[[], None] = import_module(SECTIONS[name][0]).section
        with report.apart(name):
            section()
    report.conclude(time.monotonic() - begun)


if __name__ == "__main__":
    main()
