"""drstate's stacks are Pulumi stacks: a plain command line in the project folder previews them."""

from __future__ import annotations

import json
import subprocess
import sys

from drstate.sandbox import process
from tests.e2e.harness import Bench

ENGINE = "from drstate.sandbox.engine.cli.main import run; run()"


def plain(bench: Bench, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``drstate-engine`` in the project folder, told of nothing but the backend and the estate."""
    known = process.status(bench.sandbox)
    assert known is not None
    return subprocess.run(
        [sys.executable, "-c", ENGINE, *arguments],
        cwd=bench.sandbox / "project",
        env={
            **bench.environment(),
            **process.environment(known),
            "PULUMI_BACKEND_URL": f"file://{bench.sandbox / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "sandbox",
            "PULUMI_HOME": str(bench.folder / "pulumi"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_plain_preview_finds_nothing_to_change_in_what_drstate_made(warm):
    listed = plain(warm, "stack", "ls", "--json")
    assert listed.returncode == 0, listed.stderr
    stacks = {one["name"]: one["resourceCount"] for one in json.loads(listed.stdout)}
    stack = "acme.production.us-west-2.211111111102.w2"
    assert stacks[stack] > 1
    previewed = plain(warm, "preview", "-s", stack, "--expect-no-changes")
    assert previewed.returncode == 0, previewed.stdout + previewed.stderr
    assert f"{stacks[stack]} unchanged" in previewed.stdout
