"""The circle on the real aws plugin, pointed at the sandbox: its own calls, waits and comparisons.

Runs where there is a `pulumi` on PATH and an aws plugin beside it, in the version that pulumi_aws
asks for; `drstate engine install` brings both. The plugin's fixed waits make this minutes long.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from drstate.programs.endpoints import SERVICES
from tests.e2e import witness
from tests.e2e.harness import RECOVERY, SOURCE, Bench, Done

PULUMI_HOME = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
INSTALLED = PULUMI_HOME / "plugins" / f"resource-aws-v{version('pulumi_aws')}"
SECONDS = 900
#: what the plugin was pointed at, by the names in the record of calls
POINTED = {*SERVICES, "application-autoscaling"}
#: called by drstate itself, besides
OWN = {"resource-explorer-2", "resourcegroupstaggingapi"}


def missing() -> str:
    """Why this cannot be run here; "" if it can."""
    if shutil.which("pulumi") is None:
        return "no pulumi on PATH: the sandbox's own plugin alone was tested"
    if not INSTALLED.is_dir() and shutil.which("pulumi-resource-aws") is None:
        return f"no aws plugin at {INSTALLED}: the sandbox's own plugin alone was tested"
    return ""


needs_plugin = pytest.mark.skipif(bool(missing()), reason=missing())
needs_cli = pytest.mark.skipif(shutil.which("pulumi") is None, reason="no pulumi on PATH")


def up(bench: Bench, phase: str, *more: str, home: Path = PULUMI_HOME) -> Done:
    """`drstate up` with the real plugin of a Pulumi home."""
    ended = subprocess.run(
        bench.command("up", "--phase", phase, "-c", "acme", "-e", "production", "--yes", *more),
        env={
            **bench.environment(),
            "DRSTATE_SANDBOX_PROVIDER": "aws",
            "PULUMI_HOME": str(home),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Done(ended.returncode, ended.stdout, ended.stderr)


@needs_plugin
def test_the_circle_runs_on_the_real_plugin_and_a_second_run_changes_nothing(fresh, bench_of):
    bench = bench_of(fresh)
    up(bench, "replicate").expect(0)
    up(bench, "replicate", "--expect-no-changes").expect(0)
    for phase in ("instantiate", "activate", "cleanup"):
        up(bench, phase).expect(0)
    up(bench, "cleanup", "--expect-no-changes").expect(0)
    assert witness.writer_region(bench) == RECOVERY
    calls = bench.calls()
    # the real plugin asks this of every session; the sandbox's own never does
    assert "GetUser" in {one["operation"] for one in calls}
    assert {one["service"] for one in calls} <= POINTED | OWN
    assert {one["region"] for one in calls} <= {SOURCE, RECOVERY}
    files = sorted((bench.sandbox / "state" / ".pulumi" / "stacks" / "drstate").glob("*.json"))
    assert files
    for file in files:
        endpoint, *others = {
            address
            for one in json.loads(file.read_text())["checkpoint"]["latest"]["resources"]
            if one["type"] == "pulumi:providers:aws"
            for group in json.loads(one["inputs"]["endpoints"])
            for address in group.values()
        }
        assert endpoint.startswith("http://127.0.0.1:")
        assert not others


@needs_cli
def test_a_missing_plugin_is_told_with_what_mends_it_and_nothing_is_fetched(
    fresh, bench_of, tmp_path, monkeypatch
):
    if shutil.which("pulumi-resource-aws") is not None:
        pytest.skip("an aws plugin is on PATH")
    bench = bench_of(fresh)
    told = up(bench, "replicate", home=tmp_path / "empty")
    assert told.code != 0
    assert "drstate engine install" in told.err + told.out
    assert not list(tmp_path.rglob("pulumi-resource-aws*"))
    assert not [one for one in bench.calls() if one["operation"].startswith(("Create", "Put"))]
