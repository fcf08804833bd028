"""The whole circle of a scope with one resource of every technology, phase by phase.

initech/production of the demo: protect, there, and back to the first region, with whole processes.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from bench_parts.measuring import ROOT, drstate, environment
from bench_parts.report import hold, title

SCOPE = ("-c", "initech", "-e", "production")
PHASES = ("replicate", *("instantiate", "activate", "cleanup", "replicate") * 2)
BOUND = 240.0


def section() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="drstate-bench-") as name:
        env = environment(Path(name))
        project = Path(env["DRSTATE_CWD"])
        shutil.copy(ROOT / "Pulumi.yaml", project)
        shutil.copytree(ROOT / "stacks", project / "stacks")
        drstate(env, "sandbox", "start")
        try:
            _circle(env)
        finally:
            drstate(env, "sandbox", "stop", check=False)


def _circle(env: dict[str, str]) -> None:
    title("the circle of initech/production, one resource of every technology (one run, seconds)")
    whole = 0.0
    for number, phase in enumerate(PHASES):
        took = drstate(env, "up", "--phase", phase, *SCOPE, "--yes", "-o", "json")[0]
        whole += took
        way = "protect" if not number else ("there" if number <= len(PHASES) // 2 else "back")
        print(f"  {way:<10}{phase:<36}{took:8.2f}", flush=True)
    print(f"  {'the whole circle':<46}{whole:8.2f}", flush=True)
    hold("the circle of every technology", whole, BOUND)
