"""Activate of 1,000 mixed resources in 5 accounts, and the share of it that is drstate's own.

A generated estate, protected and prewarmed by the command; then ACTIVATE in a process whose threads
are looked at every few milliseconds (``sampled.py``). Planning and preview are part of it. The
emulated AWS and the plugins work in processes of their own; their time is counted, too.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench_parts.measuring import HERE, ROOT, drstate, environment
from bench_parts.report import hold, title

#: some kinds of the estate belong to no technology: about 1,000 of these are protected
RESOURCES, ACCOUNTS = 1_090, 5
SCOPE = ("-c", "customer-01", "-e", "production")
OWN_BOUND = 0.15


def section() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="drstate-bench-") as name:
        folder = Path(name)
        env = environment(folder)
        project = Path(env["DRSTATE_CWD"])
        shutil.copy(ROOT / "Pulumi.yaml", project)
        estate = f"generated:resources={RESOURCES},accounts={ACCOUNTS}"
        drstate(env, "sandbox", "start", "--estate", estate)
        try:
            _write_scopes(env, project)
            _measure(env, folder)
        finally:
            drstate(env, "sandbox", "stop", check=False)


def _write_scopes(env: dict[str, str], project: Path) -> None:
    from drstate.sandbox import process

    home = Path(env["DRSTATE_HOME"]) / "sandbox"
    for path, text in process.scopes(home).items():
        file = project / "stacks" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "stacks" / "__main__.py", project / "stacks")


def _sandbox(env: dict[str, str]) -> int:
    """The process of the emulated AWS."""
    from drstate.sandbox import process

    status = process.status(Path(env["DRSTATE_HOME"]) / "sandbox")
    if status is None:
        sys.exit("the sandbox does not run")
    return status.pid


def _ran(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _measure(env: dict[str, str], folder: Path) -> None:
    for phase in ("replicate", "instantiate"):
        began = time.perf_counter()
        drstate(env, "up", "--phase", phase, *SCOPE, "--yes", "-o", "json", check=False)
        print(f"  {phase} before it: {time.perf_counter() - began:.0f} s", flush=True)
    plan = json.loads(drstate(env, "plan", "--phase", "activate", *SCOPE, "-o", "json")[1])
    kinds = Counter(
        key.split("/")[0]
        for stage in plan["stages"]
        for shard in stage["shards"]
        for key in shard["resources"]
    )
    title(
        f"activate of {sum(kinds.values()):,} mixed resources in {ACCOUNTS} accounts ("
        + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        + ")"
    )
    seen = folder / "seen.json"
    sandbox = _sandbox(env)
    served, plugins = _ran(sandbox), resource.getrusage(resource.RUSAGE_CHILDREN)
    words = ["up", "--phase", "activate", *SCOPE, "--yes", "-o", "json"]
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, str(HERE / "sampled.py"), str(seen), *words],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.perf_counter() - began
    if ended.returncode not in (0, 11):
        sys.exit(f"activate ended with {ended.returncode}\n{ended.stderr[-2000:]}")
    times: dict[str, float] = json.loads(seen.read_text())
    whole = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = sum(times.values())
    used = sum(getattr(whole, one) - getattr(plugins, one) for one in ("ru_utime", "ru_stime"))
    times["plugins"] = max(0.0, used - process)
    times["sandbox"] = _ran(sandbox) - served
    busy = sum(times.values())
    for name, what in (
        ("aws", "boto3's side of calls"),
        ("engine", "the engine and Pulumi's SDK"),
        ("own", "drstate's own code"),
        ("rest", "imports, the interpreter"),
        ("plugins", "the plugin's processes"),
        ("sandbox", "the emulated AWS"),
    ):
        print(f"  {what:<46}{times[name]:8.1f}{times[name] / busy:8.0%}   processor seconds")
    print(f"  {'wall clock':<46}{took:8.1f}", flush=True)
    hold("drstate's own share of a mixed activate", times["own"] / busy, OWN_BOUND, "%")
