"""Status while fifty executions run: how long an answer takes, and how many four clients get.

The executions are those of ``many``, in one process; each client is a process that asks for the
status of one execution after the other, as fast as it is answered.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from bench_parts.many import EACH, EXECUTIONS
from bench_parts.measuring import HERE, ROOT
from bench_parts.report import hold, title

CLIENTS = 4
#: how long they ask, seconds; the executions take longer
SECONDS = 8.0
ANSWER_BOUND = 0.020
RATE_BOUND = 1_000.0


def section() -> None:
    """Measure and print."""
    title(f"status asked by {CLIENTS} clients while {EXECUTIONS} executions run")
    paths = [ROOT, ROOT / "scripts", ROOT / "tests" / "planning"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("DRSTATE_")}
    env["PYTHONPATH"] = os.pathsep.join(map(str, paths))
    with tempfile.TemporaryDirectory(prefix="drstate-bench-") as name:
        run = _begun(env, HERE / "many.py", name, EXECUTIONS, EACH)
        clients = [_begun(env, HERE / "asking.py", name) for _ in range(CLIENTS)]
        asked = [json.loads(one.communicate(timeout=120)[0]) for one in clients]
        json.loads(run.communicate(timeout=300)[0])
    rate = sum(one["rate"] for one in asked)
    worst = max(one["p95"] for one in asked)
    median = max(one["median"] for one in asked)
    print(f"  {rate:,.0f} answers a second; median {1000 * median:.1f} ms, 95th percentile "
          f"{1000 * worst:.1f} ms, each of the slowest client")  # fmt: skip
    hold("status while they run: 95th percentile", worst, ANSWER_BOUND)
    hold("status while they run: answers a second", rate, RATE_BOUND, "", least=True)


def _begun(env: dict[str, str], *line: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *map(str, line)], env=env, stdout=subprocess.PIPE, text=True
    )


def _ask(folder: Path) -> dict[str, float]:
    from drstate.aws.clock import SystemClock
    from drstate.execution.readers import Readers

    clock = SystemClock()
    home = folder / "home"
    until = time.monotonic() + SECONDS
    while not (home / "journal.db").exists() and time.monotonic() < until:
        clock.sleep(0.05)
    took: list[float] = []
    known: list[str] = []
    with Readers.open(folder, home=home) as readers:
        begun = time.monotonic()
        while time.monotonic() < until:
            if len(took) % 200 == 0:
                known = [row.execution for row in islice(readers.headers(), EXECUTIONS)]
            if not known:
                clock.sleep(0.05)
                continue
            before = time.perf_counter()
            readers.status(known[len(took) % len(known)])
            took.append(time.perf_counter() - before)
        seconds = time.monotonic() - begun
    ordered = sorted(took)
    return {
        "rate": len(took) / seconds,
        "median": ordered[len(took) // 2],
        "p95": ordered[int(0.95 * len(took))],
    }


if __name__ == "__main__":
    print(json.dumps(_ask(Path(sys.argv[1]))))
