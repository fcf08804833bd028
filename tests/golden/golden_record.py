"""Make recordings: with the Pulumi CLI on PATH, or with another engine to look at it.

    python -m tests.golden.golden_record                        all scenarios into recorded/
    python -m tests.golden.golden_record --only replace protect --out DIR
    python -m tests.golden.golden_record --engine package.module:factory --out DIR

A recording is one JSON object a step, without what `golden_normal` tolerates, compressed.
"""

import argparse
import gzip
import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pulumi import automation as auto

from tests.golden.golden_normal import tolerant
from tests.golden.golden_player import Player
from tests.golden.golden_sdk import patch_sdk

HERE = Path(__file__).resolve().parent


def load_engine(name):
    if name == "cli":
        return auto.PulumiCommand()
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)()


def record(scenario, engine, out):
    """Play one scenario in this process and write it down."""
    patch_sdk(setattr)
    with tempfile.TemporaryDirectory(prefix="golden-") as work:
        player = Player(scenario, Path(work) / "work", load_engine(engine))
        player.prepare()
        lines = [
            json.dumps(tolerant(account), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            for account in player.play()
        ]
    data = gzip.compress(("\n".join(lines) + "\n").encode(), 9, mtime=0)
    (out / f"{scenario}.ndjson.gz").write_bytes(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="cli")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--out", type=Path, default=HERE / "recorded")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.one:
        record(options.one, options.engine, options.out)
        return 0
    failed = 0
    for path in sorted((HERE / "golden_scenarios").glob("*.py")):
        if options.only and path.stem not in options.only:
            continue
        # a process each: the SDK keeps state, and the order of sets must not differ
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.golden.golden_record", "--one", path.stem),
                *("--engine", options.engine, "--out", str(options.out.resolve())),
            ],
            cwd=HERE.parents[1],
            env={**os.environ, "PYTHONHASHSEED": "0"},
            check=False,
        )
        failed += done.returncode != 0
        sys.stdout.write(f"{'failed' if done.returncode else 'ok'} {path.stem}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
