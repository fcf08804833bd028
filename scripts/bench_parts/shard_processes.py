"""Shards in threads of one process, or in processes of their own: time, memory, crashes.

The same stacks are brought up again (nothing changes in AWS, so that only our own work is measured)
in three ways: ``threads`` of one process; a process ``spawned`` for every stack; and ``kept``
processes, one for each place in the pool, that take stack after stack. Then one stack's program
crashes in each way, and the others are counted. Memory is the proportional set size of the whole
tree of processes, provider plugins included, at its highest. ``python
scripts/bench_parts/shard_processes.py`` runs it (``… demo`` one estate alone); a `pulumi` on PATH
is measured beside the embedded engine.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
DRSTATE = str(Path(sys.executable).parent / "drstate")
WAYS = ("threads", "spawned", "kept")
CRASHES = ("segfault", "exit", "killed for memory", "hang")
ESTATES = (
    ("demo", ("--estate", "demo"), ("acme", "production")),
    (
        "generated",
        ("--estate", "generated", "--resources", "160", "--accounts", "8"),
        ("customer-01", "production"),
    ),
)
RUNS = 3
AT_ONCE = 10
#: a stack that hangs is given up after so many times what the whole run took without a crash
PATIENCE = 3.0
SAMPLE_SECONDS = 0.1


@dataclass(frozen=True)
class Row:
    """One run: seconds of wall clock and processor, MiB at the highest, stacks that ended well."""

    wall: float
    cpu: float
    peak: float
    done: int


def section() -> None:
    """Measure and print."""
    engines = ["embedded", *(["pulumi"] if shutil.which("pulumi") else [])]
    names = sys.argv[1:] or [row[0] for row in ESTATES]
    for name, options, scope in (row for row in ESTATES if row[0] in names):
        with tempfile.TemporaryDirectory(prefix="drstate-bench-") as folder:
            home = Path(folder) / "home"
            env = {**os.environ, "DRSTATE_SANDBOX": "1", "DRSTATE_HOME": str(home)}
            env |= {"DRSTATE_CWD": str(_project(Path(folder)))}
            try:
                _drstate(env, "sandbox", "start", *options, "--time-scale", "0")
                _scope_files(env)
                _drstate(env, "up", "--phase", "replicate", "-c", scope[0], "-e", scope[1], "--yes")
                for engine in engines:
                    _engine(name, engine, env)
            finally:
                _drstate(env, "sandbox", "stop")


def _engine(name: str, engine: str, env: dict[str, str]) -> None:
    env = {**env, "DRSTATE_ENGINE": engine}
    stacks = _stacks(env)
    print(
        f"\nshards of the {name} estate, {engine} engine: {len(stacks)} stacks, at most {AT_ONCE} "
        f"at once (best of {RUNS})\n"
        f"  {'':<10}{'wall':>9}{'cpu':>9}{'peak':>11}{'a stack':>11}"
    )
    alone = _run(env, "threads", stacks[:1])
    print(f"  {'one alone':<10}{_figures(alone)}")
    took: dict[str, float] = {}
    for way in WAYS:
        best = min((_run(env, way, stacks) for _ in range(RUNS)), key=lambda row: row.wall)
        took[way] = best.wall
        each = (best.peak - alone.peak) / max(1, min(len(stacks), AT_ONCE) - 1)
        print(f"  {way:<10}{_figures(best)}{each:>7.0f} MiB")
    if name != "demo":
        return
    print(f"\n  one of {len(stacks)} programs crashes: stacks that ended well\n  {'':<20}", end="")
    print("".join(f"{way:>12}" for way in WAYS))
    for crash in CRASHES:
        rows = [_run(env, way, stacks, crash, PATIENCE * took[way]) for way in WAYS]
        print(f"  {crash:<20}" + "".join(f"{row.done:>5} of {len(stacks) - 1:<3}" for row in rows))


def _figures(row: Row) -> str:
    return f"{row.wall:>7.2f} s{row.cpu:>7.2f} s{row.peak:>7.0f} MiB"


def _project(folder: Path) -> Path:
    project = folder / "project"
    project.mkdir()
    shutil.copy(ROOT / "Pulumi.yaml", project)
    shutil.copytree(ROOT / "stacks", project / "stacks")
    return project


def _drstate(env: dict[str, str], *arguments: str) -> None:
    ended = subprocess.run(
        [DRSTATE, *arguments],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode not in (0, 11):
        sys.exit(f"drstate {' '.join(arguments)} failed\n{ended.stderr}")


def _scope_files(env: dict[str, str]) -> None:
    """The scope files of a generated estate; the demo's are in the repository."""
    from drstate.sandbox import process

    for name, text in process.scopes(Path(env["DRSTATE_HOME"]) / "sandbox").items():
        file = Path(env["DRSTATE_CWD"]) / "stacks" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _stacks(env: dict[str, str]) -> list[str]:
    import sqlite3

    with sqlite3.connect(Path(env["DRSTATE_HOME"]) / "sandbox" / "journal.db") as journal:
        rows = journal.execute("SELECT stack FROM planned_shards ORDER BY stack").fetchall()
    return [str(row[0]) for row in rows]


def _run(
    env: dict[str, str], way: str, stacks: list[str], crash: str = "", limit: float = 0.0
) -> Row:
    """One way in a process of its own, watched from outside."""
    # what an earlier crash left
    shutil.rmtree(Path(env["DRSTATE_HOME"]) / "sandbox/state/.pulumi/locks", ignore_errors=True)
    given = json.dumps({"stacks": stacks, "crash": crash, "limit": limit})
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, __file__, way, given],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    watch = _Watch(process.pid)
    out, _ = process.communicate()
    wall = time.perf_counter() - begun
    watch.end()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    told = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    done = sum(1 for row in told if row.get("ok"))
    if not crash and done != len(stacks):
        sys.exit(f"{way}: only {done} of {len(stacks)} stacks came up")
    return Row(wall, watch.cpu, watch.peak, done)


class _Watch:
    """Samples memory and processor time of all processes of a session."""

    def __init__(self, session: int) -> None:
        self._session = session
        self._over = threading.Event()
        self._cpu: dict[int, float] = {}
        self.peak = 0.0
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()

    @property
    def cpu(self) -> float:
        return sum(self._cpu.values())

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        tick = os.sysconf("SC_CLK_TCK")
        while not self._over.wait(SAMPLE_SECONDS):
            total = 0
            for pid, fields in _members(self._session):
                self._cpu[pid] = (int(fields[11]) + int(fields[12])) / tick
                total += _resident(pid)
            self.peak = max(self.peak, total / 1024)


def _members(session: int) -> list[tuple[int, list[str]]]:
    """Processes of the session, or with a parent in it: plugins lead sessions of their own."""
    rows = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            rows[int(stat.parent.name)] = stat.read_text().rpartition(")")[2].split()
    found = {pid for pid, fields in rows.items() if int(fields[3]) == session}
    grown = True
    while grown:
        more = {pid for pid, fields in rows.items() if int(fields[1]) in found} - found
        found |= more
        grown = bool(more)
    return [(pid, rows[pid]) for pid in found]


def _resident(pid: int) -> int:
    """Proportional set size in KiB."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


# -- inside the measured process


def inside(way: str, given: dict[str, Any]) -> None:
    """Bring the stacks up in one of the ways; a line of JSON for each that ended well."""
    stacks, crash = given["stacks"], given["crash"]
    bad = stacks[-1] if crash else ""
    if way == "worker":
        _worker()
        return
    if way == "threads":
        room = _Room()
        work = lambda stack: room.up(stack, crash if stack == bad else "")  # noqa: E731
    else:
        pool = _Pool(kept=way == "kept", limit=given["limit"])
        work = lambda stack: pool.up(stack, crash if stack == bad else "")  # noqa: E731
    places = ThreadPoolExecutor(min(AT_ONCE, len(stacks)))
    futures = [places.submit(work, stack) for stack in stacks]
    begun = time.monotonic()
    for stack, future in zip(stacks, futures, strict=True):
        with suppress(Exception):
            left = max(0.1, given["limit"] - (time.monotonic() - begun)) if crash else None
            if future.result(left):
                print(json.dumps({"stack": stack, "ok": True}), flush=True)
    sys.stdout.flush()
    os._exit(0)  # a program that hangs in a thread is left behind like this


class _Room:
    """The engine room of one process."""

    def __init__(self) -> None:
        from drstate.execution.services import Services
        from drstate.sandbox import process, provider
        from drstate.sandbox.engine.command import EmbeddedPulumi

        home = Path(os.environ["DRSTATE_HOME"])
        status = process.status(home / "sandbox")
        if status is None:
            sys.exit("the sandbox is gone")
        self._services = Services.open(
            Path(os.environ["DRSTATE_CWD"]),
            home=home,
            sandbox=True,
            sandbox_env=process.environment(status),
            embedded=EmbeddedPulumi,
            engine=os.environ["DRSTATE_ENGINE"],
            plugins={"aws": provider.plugin_folder()},
        )
        self._stacks = self._services.stacks()

    def up(self, stack: str, crash: str) -> bool:
        from drstate.programs.site import program

        shard = self._services.journal.planned_shard(stack)
        if shard is None:
            return False
        declared = program(shard)

        def crashing() -> None:
            declared()
            _crash(crash)

        return self._stacks.up(stack, crashing if crash else declared, message="bench").ok


def _crash(kind: str) -> None:
    if kind == "segfault":
        import ctypes

        ctypes.string_at(0)
    elif kind == "exit":
        os._exit(3)
    elif kind == "killed for memory":
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        threading.Event().wait()


class _Pool:
    """Worker processes: one for a stack, or kept and used again."""

    def __init__(self, *, kept: bool, limit: float) -> None:
        self._kept = kept
        self._limit = limit
        self._idle: list[subprocess.Popen[str]] = []

    def up(self, stack: str, crash: str) -> bool:
        worker = self._idle.pop() if self._idle else self._start()
        timer = threading.Timer(self._limit * 0.8, worker.kill) if crash else None
        if timer:
            timer.start()
        answer = _asked(worker, {"stack": stack, "crash": crash})
        if timer:
            timer.cancel()
        if self._kept and answer:
            self._idle.append(worker)
        else:
            worker.kill()
            worker.wait()
        return answer

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, __file__, "worker", json.dumps({"stacks": [], "crash": ""})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )


def _asked(worker: subprocess.Popen[str], question: dict[str, str]) -> bool:
    asked: IO[str] | None = worker.stdin
    if asked is None or worker.stdout is None:
        return False
    with suppress(BrokenPipeError):
        asked.write(json.dumps(question) + "\n")
        asked.flush()
    for line in worker.stdout:
        if line.startswith('{"done"'):
            return bool(json.loads(line)["done"])
    return False


def _worker() -> None:
    room = _Room()
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps({"done": room.up(question["stack"], question["crash"])}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[2].startswith("{"):
        inside(sys.argv[1], json.loads(sys.argv[2]))
    else:
        section()
