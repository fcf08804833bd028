"""Medians of what people wait for, and where the time of the main job goes. Prints; judges nothing.

``commands``: one sandbox, one run: `drstate --help`, `drstate status`, then the demo's replicate,
instantiate and activate several times from a fresh estate. ``planning``: how it grows with 10 and
100 times the resources. ``engines``: the embedded engine beside a `pulumi` on PATH. ``cost``: what
the embedded engine adds to the SDK. ``discovery``: accounts side by side, and one by one.
`python scripts/bench.py cost planning` runs those two; without names all run. Times are seconds of
wall clock of whole processes; ratios are taken inside one run.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DRSTATE = str(Path(sys.executable).parent / "drstate")
SCOPE = ("-c", "acme", "-e", "production")
SHORT_RUNS, LONG_RUNS = 9, 3


def main() -> None:
    """Run the sections that are named, or all, and print a table each."""
    sections = {
        "commands": _commands_section,
        "planning": _growth,
        "engines": _engines,
        "cost": _cost,
        "discovery": _discovery,
    }
    names = sys.argv[1:] or list(sections)
    unknown = [name for name in names if name not in sections]
    if unknown:
        sys.exit(f"there is no section {unknown[0]!r}; there are: {', '.join(sections)}")
    for name in names:
        sections[name]()


def _commands_section() -> None:
    with tempfile.TemporaryDirectory(prefix="drstate-bench-") as folder:
        env = _environment(Path(folder))
        try:
            _commands(env)
        finally:
            subprocess.run([DRSTATE, "sandbox", "stop"], env=env, capture_output=True, check=False)


def _engines() -> None:
    from bench_parts import engines

    engines.section()


def _cost() -> None:
    from bench_parts import engine_cost

    engine_cost.section()


def _discovery() -> None:
    from bench_parts import discovery

    discovery.section()


def _environment(folder: Path) -> dict[str, str]:
    project = folder / "project"
    project.mkdir()
    shutil.copy(ROOT / "Pulumi.yaml", project)
    shutil.copytree(ROOT / "stacks", project / "stacks")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PULUMI_", "DRSTATE_"))
    }
    return {
        **kept,
        "DRSTATE_CWD": str(project),
        "DRSTATE_HOME": str(folder / "home"),
        "DRSTATE_SANDBOX": "1",
    }


def _commands(env: dict[str, str]) -> None:
    _run(env, "sandbox", "start")
    took: dict[str, list[float]] = defaultdict(list)
    parts: list[dict[str, float]] = []
    for _ in range(LONG_RUNS):
        _run(env, "sandbox", "reset")
        for phase in ("replicate", "instantiate", "activate"):
            took[f"up --phase {phase}"].append(_up(env, phase)[0])
        took["up --phase activate, again (no changes)"].append(_up(env, "activate")[0])
        parts.append(_parts(env))
    for _ in range(SHORT_RUNS):
        took["--help"].append(_run(env, "--help")[0])
        took["status"].append(_run(env, "status")[0])
    print(f"{'drstate …':<42}{'min':>8}{'median':>8}{'max':>8}   runs")
    for name, runs in took.items():
        low, mid, high = min(runs), statistics.median(runs), max(runs)
        print(f"{name:<42}{low:8.2f}{mid:8.2f}{high:8.2f}   {len(runs)}")
    whole = statistics.median(took["up --phase activate"])
    print(f"\nwhere the time of `up --phase activate` goes (medians of {LONG_RUNS} runs)")
    for name in parts[0]:
        mid = statistics.median(part[name] for part in parts)
        print(f"  {name:<40}{mid:8.2f}{mid / whole:8.0%}")


def _up(env: dict[str, str], phase: str) -> tuple[float, str]:
    return _run(env, "up", "--phase", phase, *SCOPE, "--yes", "-o", "json")


def _parts(env: dict[str, str]) -> dict[str, float]:
    """Sums over the events of the first ACTIVATE; shards run beside each other, so sums overlap."""
    rows = json.loads(_run(env, "history", "-o", "json")[1])["rows"]
    activates = [row for row in rows if row["phases"] == ["activate"]]
    first = min(activates, key=lambda row: row["started_at"])
    document = json.loads(_run(env, "logs", first["execution"], "-o", "json")[1])
    sums: dict[str, float] = {
        "the execution itself (journal, start to end)": first["duration_seconds"],
        "  stack updates": 0.0,
        "  actions": 0.0,
        "  health checks": 0.0,
    }
    names = {
        "stack_finished": "  stack updates",
        "action_finished": "  actions",
        "health_checked": "  health checks",
    }
    for event in document["events"]:
        payload = event["payload"]
        if payload["type"] in names:
            sums[names[payload["type"]]] += payload["duration_seconds"]
    return sums


def _growth() -> None:
    from drstate.model.phases import Operation, Phase
    from drstate.planning.compiling import compile_plan
    from drstate.planning.requests import PlanRequest

    sys.path.insert(0, str(ROOT / "tests" / "planning"))
    import planning_estate as estate  # the tests' own maker of catalogs

    print("\nplanning, by number of resources (median of 3)")
    base = 0.0
    for count in (100, 1_000, 10_000):
        catalog, work = estate.many(count), estate.ScriptedWork()
        request = PlanRequest(Operation.PHASE, (Phase.INSTANTIATE, Phase.ACTIVATE))
        runs = []
        for _ in range(3):
            begun = time.perf_counter()
            compile_plan(request, catalog, estate.SCOPE, work)
            runs.append(time.perf_counter() - begun)
        mid = statistics.median(runs)
        base = base or mid
        print(f"  {count:>6}  {mid:8.3f} s  {mid / base:8.1f} x")


def _run(env: dict[str, str], *arguments: str) -> tuple[float, str]:
    begun = time.perf_counter()
    ended = subprocess.run(
        [DRSTATE, *arguments],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.perf_counter() - begun
    if ended.returncode != 0:
        sys.exit(f"drstate {' '.join(arguments)} ended with {ended.returncode}\n{ended.stderr}")
    return took, ended.stdout


if __name__ == "__main__":
    main()
