"""The executable at a shell: commands of a person, with the CLI's words and exit codes."""

import importlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.sandbox.engine_cli.cli_harness import GATE

ROOT = Path(__file__).resolve().parents[3]


def test_the_installed_command_is_the_one_that_is_tested_here():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, name = scripts["drstate-engine"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))
    assert (module, name) == ("drstate.sandbox.engine.cli.main", "run")


def test_it_says_which_cli_it_is_like_and_what_it_is(shell):
    assert shell.run("version").expect(0).out == "v3.260.0\n"
    assert "drstate's embedded engine" in shell.run("about").expect(0).out


def test_a_project_lives_from_init_to_removal(shell):
    shell.run("config", "set", "greeting", "good day").expect(0)
    shell.run("config", "set", "--secret", "password", "swordfish").expect(0)
    assert "swordfish" not in (shell.project / "Pulumi.dev.yaml").read_text()

    previewed = shell.run("preview").expect(0)
    assert "+ 3 to create" in previewed.out
    assert shell.names() == []

    done = shell.run("up", "--yes").expect(0)
    # what is going to happen is shown first, then carried out
    assert done.out.index("Previewing update (dev):") < done.out.index("Updating (dev):")
    assert "+ 3 to create" in done.out
    assert "+ 3 created" in done.out
    assert done.err == ""
    assert shell.names() == ["a", "b"]
    # the program's words, each stream by itself, without the secret
    assert "    said [secret]\n" in done.out
    assert "    grumbled\n" in done.out
    assert "swordfish" not in done.out

    assert shell.run("stack", "output", "greeting").expect(0).out == "good day\n"
    assert json.loads(shell.run("stack", "output", "--json").expect(0).out) == {
        "greeting": "good day",
        "hidden": "[secret]",
    }
    assert shell.run("stack", "output", "hidden", "--show-secrets").expect(0).out == "hush-hush\n"
    listed = shell.run("stack", "ls").expect(0).out.splitlines()
    assert listed[1].split()[0] == "dev*"
    assert listed[1].split()[-1] == "3"

    destroyed = shell.run("destroy", "--yes", "--remove").expect(0)
    assert "history and configuration removed" in destroyed.out
    assert shell.run("stack", "ls", "--json").expect(0).out == "[]\n"
    assert not (shell.project / "Pulumi.dev.yaml").exists()


def test_without_consent_nothing_is_begun(shell):
    for verb in ("up", "destroy", "refresh"):
        refused = shell.run(verb).expect(2)
        assert refused.err == (
            "error: --yes or --skip-preview or --preview-only must be passed in to proceed when "
            "running in non-interactive mode\n"
        )
        assert refused.out == ""
    assert shell.names() == []


def test_a_failed_preview_keeps_the_update_from_starting(shell):
    shell.write("import pulumi\nif pulumi.runtime.is_dry_run(): raise ValueError('no')\n")
    failed = shell.run("up", "--yes").expect(1)
    assert "Updating" not in failed.out
    assert "resources" not in shell.deployment()


def test_flags_are_read_as_a_shell_user_writes_them(shell):
    shell.run("stack", "init", "--no-select", "other").expect(0)
    shell.run("-s", "other", "config", "set", "boxes", "x").expect(0)
    done = shell.run("-sother", "up", "-yf", "-p4", "-C", ".").expect(0)
    assert "+ 2 created" in done.out
    assert shell.run("stack", "--show-name").expect(0).out == "dev\n"


def test_what_is_not_served_is_refused_by_name(shell):
    assert "pulumi frobnicate" in shell.run("frobnicate").expect(1).err
    assert "unknown flag: --wibble" in shell.run("up", "--wibble").expect(1).err
    assert "does not do `pulumi up --policy-pack" in shell.run("up", "--policy-pack", "x").err
    assert shell.run("up", "--yes", "-s", "nope").expect(6).err == (
        "error: no stack named 'nope' found\n"
    )


def test_expected_silence_is_exit_code_7_when_broken(shell):
    shell.run("up", "--yes", "--skip-preview").expect(0)
    shell.run("preview", "--expect-no-changes").expect(0)
    shell.run("config", "set", "boxes", "a,b,c").expect(0)
    assert "no changes were expected" in shell.run("preview", "--expect-no-changes").expect(7).err


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_does_not_end_an_update(shell, unbuffered):
    ended = subprocess.run(
        f"{shell.command} up --yes --skip-preview | {sys.executable} -c 'pass'",
        shell=True,
        cwd=shell.project,
        env={**shell.environment(), "PYTHONUNBUFFERED": unbuffered},
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.stderr == ""
    assert shell.names() == ["a", "b"]


def test_values_and_deployments_come_on_standard_input_too(shell):
    shell.run("config", "set", "greeting", given="good day\n").expect(0)
    shell.run("config", "set", "--secret", "password", given="sword\nfish\n").expect(0)
    assert shell.run("config", "get", "greeting").expect(0).out == "good day\n"
    assert shell.run("config", "get", "password").expect(0).out == "sword\nfish\n"
    shell.run("up", "--yes", "--skip-preview").expect(0)
    exported = shell.run("stack", "export").expect(0).out
    emptied = json.loads(exported)
    del emptied["deployment"]["resources"]
    shell.run("stack", "import", given=json.dumps(emptied)).expect(0)
    assert shell.names() == []
    assert shell.run("stack", "import", given=exported).expect(0).out == "Import complete.\n"
    assert shell.names() == ["a", "b"]
    assert "could not deserialize" in shell.run("stack", "import", given="{").expect(1).err


def test_a_file_that_cannot_be_read_or_written_is_named(shell):
    assert shell.run("stack", "export", "--file", "no/such").expect(1).err == (
        "error: could not export deployment: write no/such: No such file or directory\n"
    )
    assert "Is a directory" in shell.run("stack", "import", "--file", ".").expect(1).err
    (shell.project / "binary").write_bytes(b"\xff\xfe")
    assert "it is no text" in shell.run("stack", "import", "--file", "binary").expect(1).err


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_finds_the_disk_full_is_told_and_the_update_is_done(shell, unbuffered):
    ended = subprocess.run(
        f"{shell.command} up --yes --skip-preview > /dev/full",
        shell=True,
        cwd=shell.project,
        env={**shell.environment(), "PYTHONUNBUFFERED": unbuffered},
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: not all that there was to say could be written: ")
    assert shell.names() == ["a", "b"]


def test_a_refresh_and_an_import_take_what_exists(shell):
    plugin = {"name": "gate", "path": str(GATE)}
    shell.write("", plugins={"providers": [plugin]})
    told = shell.run("import", "gate:index:Thing", "found", "found-1", "--yes",
                     "--generate-code=false")  # fmt: skip
    assert told.expect(0).out
    assert shell.names() == ["found"]
    assert shell.run("refresh", "--yes", "--skip-preview").expect(0).err == ""


def test_the_other_names_of_commands_are_known(shell):
    shell.run("update", "-yf").expect(0)
    assert shell.run("pre", "--expect-no-changes").expect(0).err == ""
    assert json.loads(shell.run("stack", "list", "--json").expect(0).out)[0]["name"] == "dev"
    shell.run("stack", "hist").expect(0)
    shell.run("dn", "-yf").expect(0)
    shell.run("stack", "delete", "--yes", "dev").expect(0)
