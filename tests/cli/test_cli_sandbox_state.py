"""The sandbox's state as files, from the command line: a run goes on where a snapshot was taken."""

from __future__ import annotations

import json
import shutil

import pytest

from drstate.sandbox import process, snapshots
from tests.e2e.harness import Bench

SCOPE = ("-c", "acme", "-e", "staging")


@pytest.fixture
def elsewhere(tmp_path):
    """A second project without a sandbox."""
    other = Bench(tmp_path / "elsewhere")
    other.home.mkdir(parents=True)
    other.sandbox.mkdir()
    yield other
    other.stop()


def test_a_run_goes_on_in_a_fresh_process_where_the_snapshot_was_taken(elsewhere, tmp_path):
    # one of its own: another test may have left an execution of the scope in the shared one
    first = Bench.start(tmp_path / "first")
    file = str(tmp_path / "half-way.snapshot")
    try:
        first.up("replicate", "--approval", "required", env="staging").expect(10)
        first.run("resume", "--yes").expect(10)  # the first stage is done, the second waits
        said = first.run("sandbox", "snapshot", file, "-o", "json").expect(0).document
        assert said["schema"] == "drstate.sandbox.snapshot/1"
        assert said["bytes"] > 10_000
        before = first.run("status", "-o", "json").expect(0).document
        shutil.copytree(first.project, elsewhere.project)
        shutil.copy(first.sandbox / snapshots.KEY_FILE, elsewhere.sandbox)
    finally:
        first.stop()

    elsewhere.run("sandbox", "start", "--from", file).expect(0)

    after = elsewhere.run("status", "-o", "json").expect(0).document
    assert after["execution"] == before["execution"]
    assert [one["state"] for one in after["stages"]] == [one["state"] for one in before["stages"]]
    while (ended := elsewhere.run("resume", "--yes", "-o", "json")).code == 10:
        pass
    # the demo has a badly tagged resource in this scope, which is told as a skip
    assert ended.expect(11).document["status"] == "COMPLETED"
    assert ended.document["execution"] == before["execution"]
    standby = elsewhere.digest(account="211111111101", region="us-west-2")["resources"]
    assert any("/rds/clusters/" in name and "acme-staging-orders" in name for name in standby)


def test_restore_starts_a_sandbox_where_none_runs_and_start_from_refuses_where_one_does(
    bench, elsewhere, tmp_path
):
    file = str(tmp_path / "state.snapshot")
    bench.run("sandbox", "snapshot", file).expect(0)
    shutil.copytree(bench.project, elsewhere.project)
    foreign = elsewhere.run("sandbox", "restore", file).expect(2)
    assert "another home's key" in foreign.err
    shutil.copy(bench.sandbox / snapshots.KEY_FILE, elsewhere.sandbox)

    restored = elsewhere.run("sandbox", "restore", file, "-o", "json").expect(0)

    assert restored.document["status"]["estate"] == "demo"
    assert "token" not in restored.out
    assert elsewhere.digest() == bench.digest()
    refused = elsewhere.run("sandbox", "start", "--from", file).expect(2)
    assert f"drstate sandbox restore {file}" in refused.err


def test_a_snapshot_needs_a_sandbox_and_a_folder(bench, elsewhere, tmp_path):
    shutil.copytree(bench.project, elsewhere.project)
    assert "drstate sandbox start" in elsewhere.run("sandbox", "snapshot", "x").expect(6).err
    nowhere = str(tmp_path / "no" / "folder")
    assert "is not a folder" in bench.run("sandbox", "snapshot", nowhere).expect(2).err


def test_a_generated_estate_brings_its_scope_files(bench, elsewhere, tmp_path):
    shutil.copytree(bench.project, elsewhere.project)
    sizes = ("--resources", "40", "--accounts", "2", "--environments", "staging", "--seed", "3")
    started = elsewhere.run("sandbox", "start", "--estate", "generated", *sizes).expect(0)
    name = "generated:resources=40,accounts=2,environments=staging,seed=3"
    assert name in started.out
    shown = elsewhere.run("sandbox", "scopes", "-o", "json").expect(0).document
    assert list(shown["scopes"]) == ["customer-01/staging.yaml"]

    stacks = elsewhere.project / "stacks"
    elsewhere.run("sandbox", "scopes", "--write", str(stacks)).expect(0)
    elsewhere.run("sandbox", "scopes", "--write", str(stacks)).expect(0)
    written = stacks / "customer-01" / "staging.yaml"
    written.write_text("# mine\n")
    refused = elsewhere.run("sandbox", "scopes", "--write", str(stacks)).expect(2)
    assert "--replace" in refused.err
    assert written.read_text() == "# mine\n"
    elsewhere.run("sandbox", "scopes", "--write", str(stacks), "--replace").expect(0)

    found = elsewhere.run("discover", "-c", "customer-01", "-e", "staging", "-o", "json").expect(0)
    assert len(found.document["resources"]) > 20
    again = elsewhere.run("sandbox", "start").expect(0)
    assert f"its estate is {name}, not demo" in again.err


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (("--resources", "5"), "only a generated estate has sizes"),
        (("--estate", "generated", "--customers", "9"), "give at least 9 accounts"),
        (("--estate", "generated", "--environments", "qa"), "environments is 'qa'"),
    ],
)
def test_sizes_that_make_no_estate_are_refused(drstate, tmp_path, line, named):
    said = drstate("sandbox", "start", *line)
    assert said.code == 2
    assert named in said.err
    assert process.status(tmp_path / "home" / "sandbox") is None


def test_the_demo_comes_with_the_scope_of_every_technology(bench):
    told = bench.run("sandbox", "scopes", "-o", "json").expect(0)
    (path,) = json.loads(told.out)["scopes"]
    assert path == "initech/production.yaml"
