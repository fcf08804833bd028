"""The Pulumi CLI and the embedded engine carry the same circle, and take over from each other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drstate.execution.services import SANDBOX_PASSPHRASE
from drstate.sandbox import process
from tests.e2e import witness
from tests.e2e.harness import RECOVERY, Bench

needs_cli = pytest.mark.skipif(
    shutil.which("pulumi") is None, reason="no pulumi on PATH: the embedded engine alone was tested"
)


def settings_of(bench: Bench) -> dict[str, bytes]:
    folder = bench.sandbox / "project" / "stacks"
    return {file.name: file.read_bytes() for file in folder.glob("Pulumi.*.yaml")}


@needs_cli
def test_the_circle_runs_on_the_pulumi_cli_and_settings_stay_as_they_are(fresh, bench_of):
    bench = bench_of(fresh)
    told = bench.up("replicate", "--engine", "pulumi").expect(0)
    assert "pulumi 3." in told.err
    before = settings_of(bench)
    assert before
    for phase in ("instantiate", "activate", "cleanup"):
        bench.up(phase, "--engine", "pulumi").expect(0)
    assert witness.writer_region(bench) == RECOVERY
    assert settings_of(bench) == before


@needs_cli
def test_the_cli_finds_nothing_to_change_in_what_the_embedded_engine_made(fresh, bench_of):
    bench = bench_of(fresh)
    bench.up("replicate", "--engine", "embedded").expect(0)
    bench.up("replicate", "--engine", "pulumi", "--expect-no-changes").expect(0)


@needs_cli
def test_the_embedded_engine_finds_nothing_to_change_in_what_the_cli_made(fresh, bench_of):
    bench = bench_of(fresh)
    bench.up("replicate", "--engine", "pulumi").expect(0)
    bench.up("replicate", "--engine", "embedded", "--expect-no-changes").expect(0)


@needs_cli
def test_plain_pulumi_preview_runs_the_same_program_and_finds_nothing_to_change(fresh, bench_of):
    bench = bench_of(fresh)
    bench.up("replicate", "--engine", "embedded").expect(0)
    project = bench.sandbox / "project"
    known = process.status(bench.sandbox)
    assert known is not None
    env = {
        **bench.environment(),
        **process.environment(known),
        "PULUMI_BACKEND_URL": (bench.sandbox / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": SANDBOX_PASSPHRASE,
        "PULUMI_HOME": str(bench.folder / "pulumi-home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # the program is run by the python on PATH
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    stacks = sorted(
        file.name.removeprefix("Pulumi.").removesuffix(".yaml")
        for file in (project / "stacks").glob("Pulumi.acme.*.yaml")
    )
    assert stacks
    for stack in (stacks[0], stacks[-1]):
        ended = subprocess.run(
            ["pulumi", "preview", "-s", stack, "--expect-no-changes", "--non-interactive"],
            cwd=project,
            env=env,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "unchanged" in ended.stdout
