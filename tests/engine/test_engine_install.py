"""Installing the CLI and the aws plugin: what is run, what is checked, what is told."""

from __future__ import annotations

import json
import subprocess

import pytest
from pulumi import automation as auto

from drstate.engine.choice import EngineChoice
from drstate.engine.install import install_cli, install_plugin
from drstate.engine.pluginfacts import plugin_version
from drstate.errors import ConfigError, EngineError, UnknownNameError


class Recording(auto.PulumiCommand):
    def __init__(self, listed: str) -> None:
        self.command, self.version = "pulumi", None
        self.listed = listed
        self.runs: list[list[str]] = []

    def run(self, args, cwd, additional_env, on_output=None, on_error=None):
        self.runs.append(list(args))
        plugin = {"name": "aws", "kind": "resource", "version": self.listed, "size": 1}
        plugin |= {"installTime": "2026-03-01T12:00:00.000Z", "lastUsed": plugin.get("x")}
        plugin["lastUsedTime"] = plugin["installTime"]
        return auto.CommandResult(stdout=json.dumps([plugin]), stderr="", code=0)


def engine(listed: str) -> tuple[EngineChoice, Recording]:
    command = Recording(listed)
    return EngineChoice("pulumi", "3.260.0", command, "pulumi"), command


def test_the_plugin_is_installed_in_the_version_that_the_programs_were_written_for():
    choice, command = engine(plugin_version())
    assert install_plugin(choice) == f"aws {plugin_version()}"
    assert ["plugin", "install", "resource", "aws", f"v{plugin_version()}"] in command.runs


def test_a_plugin_brought_by_hand_is_installed_from_its_file(tmp_path):
    archive = tmp_path / "plugin.tar.gz"
    archive.write_bytes(b"")
    choice, command = engine(plugin_version())
    install_plugin(choice, archive)
    assert command.runs[0][-2:] == ["--file", str(archive)]


def test_a_plugin_that_is_not_there_afterwards_is_not_called_installed():
    choice, _ = engine("1.0.0")
    with pytest.raises(EngineError, match="not there after"):
        install_plugin(choice)


def test_a_file_that_does_not_exist_is_told_before_anything_is_run(tmp_path):
    choice, command = engine(plugin_version())
    with pytest.raises(UnknownNameError, match="no file"):
        install_plugin(choice, tmp_path / "none")
    assert command.runs == []


def test_a_version_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="'newest'"):
        install_cli("newest")


@pytest.mark.parametrize(
    "failure", [OSError("no route to host"), subprocess.CalledProcessError(1, "x", b"no route")]
)
def test_without_a_network_the_way_by_hand_is_told(monkeypatch, failure):
    def fail(**_):
        raise failure

    monkeypatch.setattr(auto.PulumiCommand, "install", fail)
    with pytest.raises(EngineError, match="was not installed") as caught:
        install_cli()
    assert "no route" in caught.value.why
    assert "bring the release archive" in caught.value.hint
