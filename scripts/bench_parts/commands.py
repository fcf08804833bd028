"""What people wait for: the sandbox's start, `--help`, `status`, and the demo's main job.

One sandbox, seconds of wall clock of whole processes. The job runs a few times from a fresh estate;
the journal of each run says where the time of its activate went.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from bench_parts.measuring import ROOT, drstate, environment
from bench_parts.report import hold, spread, spread_head, title

SCOPE = ("-c", "acme", "-e", "production")
STARTS, SHORT_RUNS, LONG_RUNS = 5, 9, 3
START_BOUND, HELP_BOUND, STATUS_BOUND, ACTIVATE_BOUND = 3.0, 0.3, 0.5, 20.0


def section() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="drstate-bench-") as name:
        env = environment(Path(name))
        project = Path(env["DRSTATE_CWD"])
        shutil.copy(ROOT / "Pulumi.yaml", project)
        shutil.copytree(ROOT / "stacks", project / "stacks")
        try:
            _measure(env)
        finally:
            drstate(env, "sandbox", "stop", check=False)


def _measure(env: dict[str, str]) -> None:
    took: dict[str, list[float]] = defaultdict(list)
    title("commands (seconds of wall clock of whole processes)")
    spread_head("drstate …")
    for _ in range(STARTS):
        drstate(env, "sandbox", "stop", check=False)
        took["sandbox start"].append(drstate(env, "sandbox", "start")[0])
    parts = [_job(env, took) for _ in range(LONG_RUNS)]
    for _ in range(SHORT_RUNS):
        took["--help"].append(drstate(env, "--help")[0])
        took["status"].append(drstate(env, "status")[0])
    medians = {name: spread(name, runs) for name, runs in took.items()}
    hold("sandbox start", medians["sandbox start"], START_BOUND)
    hold("drstate --help", medians["--help"], HELP_BOUND)
    hold("drstate status", medians["status"], STATUS_BOUND)
    hold("the demo's activate", medians["up --phase activate"], ACTIVATE_BOUND)
    whole = medians["up --phase activate"]
    title(f"where the time of the demo's activate goes (medians of {LONG_RUNS}; shards overlap)")
    for name in parts[0]:
        mid = statistics.median(part[name] for part in parts)
        print(f"  {name:<46}{mid:8.2f}{mid / whole:8.0%}")


def _job(env: dict[str, str], took: dict[str, list[float]]) -> dict[str, float]:
    """Protect, prewarm, fail over, and once more; where the time of the failover went."""
    drstate(env, "sandbox", "reset")
    for phase in ("replicate", "instantiate", "activate"):
        began = datetime.now(UTC)
        took[f"up --phase {phase}"].append(_up(env, phase))
    whole = took["up --phase activate"][-1]
    took["up --phase activate, again (no changes)"].append(_up(env, "activate"))
    return _parts(env, began, whole)


def _up(env: dict[str, str], phase: str) -> float:
    return drstate(env, "up", "--phase", phase, *SCOPE, "--yes", "-o", "json")[0]


def _parts(env: dict[str, str], began: datetime, whole: float) -> dict[str, float]:
    """What the journal tells of the first ACTIVATE: a command of ``whole`` seconds since then."""
    rows = json.loads(drstate(env, "history", "-o", "json")[1])["rows"]
    activates = [row for row in rows if row["phases"] == ["activate"]]
    first = min(activates, key=lambda row: row["started_at"])
    document = json.loads(drstate(env, "logs", first["execution"], "-o", "json")[1])
    before = (datetime.fromisoformat(first["started_at"]) - began).total_seconds()
    sums: dict[str, float] = {
        "before it: process, discovery, capture, plan": before,
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
    sums["after it: report, end of the process"] = whole - before - first["duration_seconds"]
    return sums
