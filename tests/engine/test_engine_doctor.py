"""What doctor says about an engine that cannot work: what is missing, and what mends it."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drstate.engine import backends
from drstate.engine.backends import backend_of, folder_troubles, require_room
from drstate.engine.choice import choose_engine
from drstate.engine.facts import engine_facts
from drstate.engine.failures import BackendError, DiskError
from drstate.engine.pluginfacts import installed, plugin_version
from drstate.engine.workdir import sandbox_project
from drstate.sandbox.engine.command import EmbeddedPulumi
from tests.engine.engine_lab import STACK, Lab, program

INSTALLER = "drstate engine install"


def told(lab: Lab, settings=None, engine=None) -> dict[str, str]:
    env = {"HOME": str(lab.home)}
    facts = engine_facts(engine or lab.engine, settings or lab.settings, env)
    return {one.what: one.mend for one in facts.troubles}


def without_passphrase(lab: Lab, **more: str):
    env = {name: value for name, value in lab.settings.env.items() if "PASSPHRASE" not in name}
    return dataclasses.replace(lab.settings, env={**env, **more})


def test_a_missing_plugin_is_mended_by_the_installer(lab: Lab):
    assert told(lab) == {"the provider plugin 'aws' is not installed": INSTALLER}


def test_a_plugin_that_pulumi_yaml_names_must_be_there_and_start(lab: Lab):
    folder = lab.home / "plugins"
    executable = folder / "pulumi-resource-aws"
    sandbox_project(lab.home, {"aws": folder})
    assert any(f"{executable} does not exist" in what for what in told(lab))
    folder.mkdir()
    executable.write_text("#!/bin/sh\n")
    executable.chmod(0o644)
    assert told(lab) == {
        f"the provider plugin 'aws' cannot be started: {executable} is not executable": (
            f"chmod +x '{executable}'"
        )
    }
    executable.chmod(0o755)
    assert told(lab) == {}


def test_a_missing_passphrase_is_told_with_its_variable(lab: Lab):
    found = told(lab, without_passphrase(lab))
    assert "PULUMI_CONFIG_PASSPHRASE" in found["no passphrase for the stacks' secrets"]


def test_a_passphrase_file_that_cannot_be_read_is_told(lab: Lab):
    file = str(lab.home / "gone")
    found = told(lab, without_passphrase(lab, PULUMI_CONFIG_PASSPHRASE_FILE=file))
    mend = found[f"the file of the stacks' passphrase cannot be read: {file}"]
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" in mend


def test_a_passphrase_that_does_not_open_the_stacks_is_told_and_nothing_is_left(lab: Lab):
    lab.stacks().up(STACK, program("a"), message="")
    assert not any("does not open" in what for what in told(lab))
    lab.passphrase = "another"
    before = {file: file.read_bytes() for file in lab.home.rglob("*") if file.is_file()}
    found = told(lab)
    mend = found[f"the passphrase does not open the secrets of {STACK}"]
    assert "PULUMI_CONFIG_PASSPHRASE" in mend
    assert {file: file.read_bytes() for file in lab.home.rglob("*") if file.is_file()} == before


def test_without_an_engine_files_tell_backend_secrets_plugins_and_stacks(lab: Lab):
    lab.stacks().up(STACK, program("a"), message="")
    home = lab.settings.pulumi_home
    plugins = home / "plugins"
    (plugins / f"resource-aws-v{plugin_version()}").mkdir(parents=True)
    (plugins / "resource-aws-v1.0.0").mkdir()
    (plugins / "resource-aws-v1.0.0.partial").touch()
    facts = engine_facts(None, lab.settings, {})
    assert (facts.engine, facts.project, facts.stacks) == ("", "drstate", (STACK,))
    assert facts.backend == (lab.home / "state").as_uri()
    assert (facts.secrets_provider, facts.passphrase) == ("passphrase", "PULUMI_CONFIG_PASSPHRASE")
    assert f"aws {plugin_version()}" in facts.plugins
    assert "aws 1.0.0" not in facts.plugins
    assert facts.troubles == ()


def test_without_an_engine_stacks_in_a_bucket_are_unknown(lab: Lab):
    bucket = dataclasses.replace(lab.settings, backend_url="s3://states?region=us-west-2")
    assert engine_facts(None, bucket, {}).stacks is None


def test_the_backend_is_found_in_pulumis_own_order(lab: Lab):
    settings = dataclasses.replace(lab.settings, backend_url=None, pulumi_home=None, env={})
    home = lab.home / ".pulumi"
    env = {"HOME": str(lab.home)}
    assert backend_of(settings, env) == ""
    assert backend_of(settings, {**env, "PULUMI_ACCESS_TOKEN": "x"}) == "https://api.pulumi.com"
    home.mkdir()
    (home / "credentials.json").write_text(json.dumps({"current": "s3://logged-in"}))
    assert backend_of(settings, env) == "s3://logged-in"
    with (lab.work_dir / "Pulumi.yaml").open("a") as file:
        file.write("backend:\n  url: s3://of-the-project\n")
    assert backend_of(settings, env) == "s3://of-the-project"
    assert backend_of(settings, {**env, "PULUMI_BACKEND_URL": "s3://asked"}) == "s3://asked"


def test_a_backend_that_nobody_chose_is_told_and_no_passphrase_is_asked_for(lab: Lab):
    settings = dataclasses.replace(without_passphrase(lab), backend_url=None)
    facts = engine_facts(None, settings, {"HOME": str(lab.home)})
    wanting = {one.what: one.mend for one in facts.troubles}
    assert "DRSTATE_BACKEND" in wanting["no backend for the stacks' state is chosen"]
    assert (facts.backend, facts.secrets_provider) == ("", "")
    assert not any("passphrase" in what for what in wanting)


@pytest.mark.parametrize("known", [True, False])
def test_a_backend_folder_that_is_not_mounted_is_told_once(lab: Lab, known):
    folder = lab.home / "nowhere" / "state"
    settings = dataclasses.replace(lab.settings, backend_url=folder.as_uri())
    facts = engine_facts(lab.engine if known else None, settings, {})
    found = [one for one in facts.troubles if str(folder) in one.what]
    assert [one.mend for one in found] == [f"mount it, or make it: mkdir -p '{folder}'"]


def test_a_folder_without_room_is_told(tmp_path: Path, monkeypatch):
    assert folder_troubles(tmp_path, "the journal") == ()
    monkeypatch.setattr(backends, "ROOM_BYTES", shutil.disk_usage(tmp_path).total * 2)
    [found] = folder_troubles(tmp_path, "the journal")
    assert f"left: {tmp_path}" in found.what
    assert found.mend.startswith("make room")


def test_nothing_is_begun_where_the_state_has_nowhere_to_go(lab: Lab, monkeypatch):
    require_room(lab.settings, {})
    bucket = dataclasses.replace(lab.settings, backend_url="s3://states?region=us-west-2")
    require_room(bucket, {})
    gone = dataclasses.replace(lab.settings, backend_url=(lab.home / "gone").as_uri())
    with pytest.raises(BackendError, match=f"{lab.home}/gone; nothing was done") as missing:
        require_room(gone, {})
    assert "mount it" in missing.value.hint
    monkeypatch.setattr(backends, "LEAST_BYTES", shutil.disk_usage(lab.home).total * 2)
    with pytest.raises(DiskError, match="nothing was done") as full:
        require_room(lab.settings, {})
    assert "make room" in full.value.hint


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda _path, mode: not mode & os.W_OK)
    [found] = folder_troubles(tmp_path, "the journal")
    assert "cannot be written" in found.what
    assert "remount,rw" in found.mend


@pytest.mark.skipif(shutil.which("pulumi") is None, reason="no pulumi on PATH")
def test_a_backend_out_of_reach_is_told_by_the_cli(lab: Lab):
    url = "s3://states?region=us-west-2&endpoint=127.0.0.1:1&disableSSL=true&s3ForcePathStyle=true"
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
    settings = dataclasses.replace(lab.settings, backend_url=url, env={**lab.settings.env, **keys})
    found = told(lab, settings, choose_engine(sandbox=True, requested="pulumi"))
    [mend] = [mend for what, mend in found.items() if "out of reach" in what]
    assert "PULUMI_BACKEND_URL" in mend


def test_an_installed_plugin_is_found_where_pulumi_home_is_by_default(lab: Lab):
    folder = lab.home / ".pulumi" / "plugins" / "resource-aws-v7.0.0"
    folder.mkdir(parents=True)
    settings = dataclasses.replace(lab.settings, pulumi_home=None)
    assert installed(settings, {"HOME": str(lab.home)}) == ("aws 7.0.0",)


def doctor(project: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The command in a project outside of the sandbox, on a machine without a CLI."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PULUMI_", "DRSTATE_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "drstate_cli.main", "doctor", *options],
        cwd=project,
        env={**kept, "PATH": "", "HOME": str(project), "AWS_EC2_METADATA_DISABLED": "true", **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_shows_the_facts_without_a_cli_too(tmp_path: Path):
    (tmp_path / "Pulumi.yaml").write_text("name: drstate\nruntime: python\n")
    state = tmp_path / "state"
    state.mkdir()
    chosen = {"DRSTATE_BACKEND": state.as_uri(), "PULUMI_CONFIG_PASSPHRASE": "x"}

    shown = doctor(tmp_path, **chosen)
    assert (shown.returncode, shown.stderr) == (1, "")
    lines = dict(line.split(maxsplit=1) for line in shown.stdout.split("\n\n")[0].splitlines())
    assert lines["engine"] == "none"
    assert lines["backend"] == state.as_uri()
    assert lines["secrets"] == "passphrase (PULUMI_CONFIG_PASSPHRASE)"
    assert (lines["plugins"], lines["stacks"]) == ("none", "0")
    assert "PROBLEM no Pulumi CLI was found" in shown.stdout
    assert "mend: `drstate engine install`" in shown.stdout

    found = json.loads(doctor(tmp_path, "-o", "json", **chosen).stdout)
    assert found["schema"] == "drstate.doctor/1"
    assert {name: found["facts"][name] for name in lines} == lines
    assert all(set(one) == {"what", "mend"} and one["mend"] for one in found["troubles"])


def test_the_engine_is_named_with_its_version_and_origin():
    engine = choose_engine(sandbox=True, requested="embedded", embedded=EmbeddedPulumi)
    assert str(engine) == "embedded 3.260.0 (in process)"
