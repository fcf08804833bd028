"""Runs single measurements in processes of their own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DRSTATE = str(Path(sys.executable).parent / "drstate")
_FOREIGN = ("AWS_", "PULUMI_", "DRSTATE_")


class Times(dict[str, float]):
    """What one operation took, in seconds.

    ``wall``: wall clock. ``own``: processor time of its process. ``others``: that of the processes
    that it started and that have ended: a provider's plugin, a CLI.
    """


def one_run(
    what: str, count: int, operations: str = "", env: dict[str, str] | None = None
) -> dict[str, Times]:
    """One run of ``one_run.py``. Ends this process, with what it said, if it fails."""
    ended = subprocess.run(
        [sys.executable, str(HERE / "one_run.py"), what, str(count), operations],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
    )
    if ended.returncode != 0:
        sys.exit(f"measuring {what} with {count} resources failed\n{ended.stderr}")
    found: dict[str, dict[str, float]] = json.loads(ended.stdout.splitlines()[-1])
    return {name: Times(times) for name, times in found.items()}


def median(runs: Sequence[Times]) -> Times:
    """The median of each figure by itself."""
    return Times({name: statistics.median(one[name] for one in runs) for name in runs[0]})


def environment(folder: Path) -> dict[str, str]:
    """The surroundings of ``drstate`` for a project and a home in that folder."""
    (folder / "project").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {
        **kept,
        "DRSTATE_CWD": str(folder / "project"),
        "DRSTATE_HOME": str(folder / "home"),
        "DRSTATE_SANDBOX": "1",
    }


def drstate(env: dict[str, str], *arguments: str, check: bool = True) -> tuple[float, str]:
    """Wall clock and output of one command. Ends this process, with what it said, if it fails."""
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
    if check and ended.returncode != 0:
        sys.exit(f"drstate {' '.join(arguments)} ended with {ended.returncode}\n{ended.stderr}")
    return took, ended.stdout
