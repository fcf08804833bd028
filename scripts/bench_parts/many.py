"""Many executions at once, and one large one: do all end, and how much memory do they take.

Everything is real but AWS: plan, runner, reducer, threads, leases, the journal on disk with its
hash chain, the status fold. Actions end at once, so that what is measured is drstate. The
executions share one process, whose memory is measured, and one journal, as in a service.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench_parts.measuring import HERE, ROOT
from bench_parts.report import hold, title

#: executions of scopes of their own, resources of each
EXECUTIONS, EACH = 50, 20
LARGE, ACCOUNTS = 1_000, 5
#: what the process may take, in MiB
MEMORY_BOUND = 600.0


def section() -> None:
    """Measure and print."""
    title(f"{EXECUTIONS} executions of different scopes at once, {EACH} resources each")
    _shown(f"{EXECUTIONS} executions", _measured(EXECUTIONS, EACH))
    title(f"one execution of {LARGE:,} resources in {ACCOUNTS} accounts")
    _shown(f"{LARGE:,} resources", _measured(1, LARGE))


def _shown(what: str, found: dict[str, float]) -> None:
    done, wanted = found["completed"], found["executions"]
    print(
        f"  {done:.0f} of {wanted:.0f} completed in {found['seconds']:.1f} s "
        f"({found['processor']:.1f} s of processor); {found['events']:,.0f} events; memory at most "
        f"{found['mib']:.0f} MiB, of it {found['grown']:.0f} MiB since the first one began",
        flush=True,
    )
    hold(f"{what}: those that completed", done / wanted, 1.0, "%", least=True)
    hold(f"{what}: memory of the process in MiB", found["mib"], MEMORY_BOUND, "")


def _measured(executions: int, resources: int) -> dict[str, float]:
    paths = [ROOT, ROOT / "scripts", ROOT / "tests" / "planning"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("DRSTATE_")}
    env["PYTHONPATH"] = os.pathsep.join(map(str, paths))
    with tempfile.TemporaryDirectory(prefix="drstate-bench-") as name:
        ended = subprocess.run(
            [sys.executable, str(HERE / "many.py"), name, str(executions), str(resources)],
            capture_output=True,
            text=True,
            check=False,
            env=env,
        )
    if ended.returncode != 0:
        sys.exit(f"{executions} executions failed\n{ended.stderr}")
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return found


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _run(folder: Path, executions: int, resources: int) -> dict[str, float]:
    from bench_parts.instant import execution, opened

    with opened(folder) as services:
        execution(services, executions, 2, 1)  # what is loaded late is loaded now
        before, begun, used = _peak(), time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(executions) as pool:
            views = list(
                pool.map(
                    lambda number: execution(services, number, resources, ACCOUNTS),
                    range(executions),
                )
            )
        took, processor = time.perf_counter() - begun, time.process_time() - used
        events = sum(sum(1 for _ in services.journal.events(view.execution)) for view in views)
    return {
        "executions": executions,
        "completed": sum(view.status == "COMPLETED" for view in views),
        "seconds": took,
        "processor": processor,
        "events": events,
        "mib": _peak(),
        "grown": _peak() - before,
    }


if __name__ == "__main__":
    print(json.dumps(_run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
