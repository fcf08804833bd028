"""Runs single measurements in processes of their own, and prints rows of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: seconds of wall clock, and of processor time
Pair = tuple[float, float]


def one_run(
    what: str, count: int, operations: str = "", env: dict[str, str] | None = None
) -> dict[str, Pair]:
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
    found: dict[str, list[float]] = json.loads(ended.stdout.splitlines()[-1])
    return {name: (pair[0], pair[1]) for name, pair in found.items()}


def best(runs: list[dict[str, Pair]]) -> dict[str, Pair]:
    """The least of each figure: what else runs on the machine only ever adds."""
    return {
        name: (min(one[name][0] for one in runs), min(one[name][1] for one in runs))
        for name in runs[0]
    }
