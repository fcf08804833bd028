"""Executions of different scopes at once, each a real process: how many end, memory, and status.

Nothing is left out: ``drstate up`` as people type it, one process a scope, the embedded engine with
its plugins, one emulated AWS over HTTP, one journal on disk. Meanwhile another process asks for the
status of whatever runs. Bounded in count, time and memory: where the machine runs out of it, all
are ended, and that is the figure. ``BENCH_PROCESSES`` sets how many (50), ``BENCH_SECONDS`` how
long they have together (900).
"""

from __future__ import annotations

import json
import os
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from bench_parts.measuring import DRSTATE, HERE, ROOT, drstate, environment
from bench_parts.report import hold, title

COUNT = int(os.environ.get("BENCH_PROCESSES", "50"))
#: resources of each scope's estate; about three of four are protected
EACH = 5
#: all of them together have so long, seconds
LIMIT_SECONDS = float(os.environ.get("BENCH_SECONDS", "900"))
#: so much is left to everybody else on the machine, bytes
SPARE_BYTES = 1536 << 20
#: what one process, without its plugins, may take at its peak, MiB
ONE_BOUND = 400.0
STATUS_BOUND = 0.020
LOOK_SECONDS = 0.5
PAUSE_SECONDS = 0.02
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Memory:
    """Peaks in bytes: all processes with all that they started, and one by itself."""

    everything: int = 0
    one: int = 0
    at_once: int = 0
    least_left: int = field(default=1 << 62)


def section() -> None:
    """Measure and print."""
    title(f"{COUNT} executions of different scopes at once, a drstate up process each")
    with tempfile.TemporaryDirectory(prefix="drstate-bench-") as name:
        folder = Path(name)
        env = environment(folder)
        project = Path(env["DRSTATE_CWD"])
        shutil.copy(ROOT / "Pulumi.yaml", project)
        estate = f"generated:resources={COUNT * EACH},accounts={COUNT},customers={COUNT}"
        drstate(env, "sandbox", "start", "--estate", estate)
        try:
            drstate(env, "sandbox", "scopes", "--write", str(project / "stacks"))
            shutil.copy(ROOT / "stacks" / "__main__.py", project / "stacks")
            _measure(env, folder)
        finally:
            drstate(env, "sandbox", "stop", check=False)


def _measure(env: dict[str, str], folder: Path) -> None:
    memory, begun = Memory(), time.monotonic()
    with _asking(env, folder) as asked, ExitStack() as left:
        running = [left.enter_context(_up(env, folder, number)) for number in range(1, COUNT + 1)]
        why = _watched(running, memory, begun)
        took = time.monotonic() - begun
        status = asked()
    ends = [_end(folder, number) for number in range(1, COUNT + 1)]
    done = ends.count("COMPLETED")
    print(
        f"  {done} of {COUNT} completed in {took:.0f} s{why}; at most {memory.at_once} at once\n"
        f"  memory at its peak: {memory.everything / 2**20:,.0f} MiB all of them with their "
        f"plugins (shared pages counted for each), {memory.one / 2**20:.0f} MiB one process; "
        f"{memory.least_left / 2**20:,.0f} MiB were left on the machine\n"
        f"  status, asked {status['count']:,.0f} times meanwhile: median "
        f"{1000 * status['median']:.1f} ms, 95th percentile {1000 * status['p95']:.1f} ms, "
        f"longest {1000 * status['longest']:.0f} ms; of its own processor time, 95th percentile "
        f"{1000 * status['used']:.1f} ms",
        flush=True,
    )
    for number, end in enumerate(ends, start=1):
        if end != "COMPLETED":
            words = (folder / f"{number}.err").read_text(encoding="utf-8").strip().splitlines()
            print(f"  customer-{number:02d}: {end}: {' '.join(words[-3:])[:300]}")
    hold(f"{COUNT} processes: those that completed", done / COUNT, 1.0, "%", least=True)
    hold(f"{COUNT} processes: peak memory of one in MiB", memory.one / 2**20, ONE_BOUND, "")
    hold(f"{COUNT} processes: status meanwhile, 95th percentile", status["p95"], STATUS_BOUND)


@contextmanager
def _up(env: dict[str, str], folder: Path, number: int) -> Iterator[subprocess.Popen[bytes]]:
    """One execution; ended, with what it started, where it has not ended by itself."""
    words = ["up", "--phase", "replicate", "-c", f"customer-{number:02d}", "-e", "production"]
    with (folder / f"{number}.out").open("wb") as out, (folder / f"{number}.err").open("wb") as err:
        process = subprocess.Popen(
            [DRSTATE, *words, "--yes", "-o", "json"],
            env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            _end_all({process.pid})
            process.wait()


def _watched(running: list[subprocess.Popen[bytes]], memory: Memory, begun: float) -> str:
    """Look at memory until all have ended; why they had to be ended, where they had."""
    while True:
        alive = [process for process in running if process.poll() is None]
        if not alive:
            return ""
        left = _available()
        memory.at_once = max(memory.at_once, len(alive))
        memory.least_left = min(memory.least_left, left)
        sizes = _sizes()
        trees = [_tree(process.pid, sizes) for process in alive]
        every = sum(sizes[pid][1] for tree in trees for pid in tree)
        memory.everything = max(memory.everything, every)
        own = (sizes[process.pid][1] for process in alive if process.pid in sizes)
        memory.one = max(memory.one, *own, 0)
        late = time.monotonic() - begun > LIMIT_SECONDS
        if late or left < SPARE_BYTES:
            for tree in trees:
                _end_all(tree)
            return f" (ended: {'time' if late else 'memory'} ran out)"
        try:
            alive[0].wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def _sizes() -> dict[int, tuple[int, int]]:
    """Every process: its parent, and its resident bytes."""
    found: dict[int, tuple[int, int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it has just ended
            rest = stat.rpartition(")")[2].split()
            found[int(entry.name)] = (int(rest[1]), int(rest[21]) * _PAGE)
    return found


def _tree(root: int, sizes: dict[int, tuple[int, int]]) -> set[int]:
    """A process that runs and all that it started."""
    found, new = set[int](), {root} & sizes.keys()
    while new:
        found |= new
        new = {pid for pid, (parent, _) in sizes.items() if parent in new} - found
    return found


def _end_all(pids: set[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            continue


def _available() -> int:
    text = Path("/proc/meminfo").read_text(encoding="ascii")
    line = next(row for row in text.splitlines() if row.startswith("MemAvailable:"))
    return int(line.split()[1]) << 10


def _end(folder: Path, number: int) -> str:
    """The status that a command's document ends with."""
    try:
        return str(json.loads((folder / f"{number}.out").read_text(encoding="utf-8"))["status"])
    except (ValueError, KeyError):
        return "no end"


@contextmanager
def _asking(env: dict[str, str], folder: Path):  # noqa: ANN202 - a function that gives figures
    """A process that asks for status all the while; yields what ends it and gives its figures."""
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "scripts")))
    process = subprocess.Popen(
        [sys.executable, str(HERE / "processes.py"), env["DRSTATE_CWD"], env["DRSTATE_HOME"]],
        env={**env, "PYTHONPATH": paths}, cwd=folder, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def figures() -> dict[str, float]:
        told: dict[str, float] = json.loads(process.communicate("\n", timeout=60)[0])
        return told

    try:
        yield figures
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _ask(project: Path, home: Path) -> dict[str, float]:
    """Ask for the status of every execution in turn, until a line comes in."""
    from drstate.errors import DrstateError
    from drstate.execution.readers import Readers

    took: list[float] = []
    used: list[float] = []
    known: list[str] = []
    with Readers.open(project, home=home, sandbox=True) as readers:
        while not select.select([sys.stdin], [], [], PAUSE_SECONDS)[0]:
            if len(took) % 50 == 0 or not known:
                known = [row.execution for row in islice(readers.headers(), COUNT)]
            if not known:
                continue
            begun, before = time.perf_counter(), time.process_time()
            try:
                readers.status(known[len(took) % len(known)])
            except DrstateError as error:
                sys.stderr.write(f"{error}\n")
            took.append(time.perf_counter() - begun)
            used.append(time.process_time() - before)
    ordered = sorted(took) or [0.0]
    return {
        "count": len(took),
        "median": statistics.median(ordered),
        "p95": ordered[int(0.95 * len(ordered))],
        "longest": ordered[-1],
        "used": (sorted(used) or [0.0])[int(0.95 * len(used))],
    }


if __name__ == "__main__":
    print(json.dumps(_ask(Path(sys.argv[1]), Path(sys.argv[2]))))
