"""What stands in an engine's way, as an operator meets it: nothing is begun, or all can go on.

The commands are the real ones in processes of their own; what is missing is missing for them alone.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drstate.errors import ExitCode
from drstate.model.events import ExecutionStatus
from tests.e2e.harness import Bench, Done

#: one wave is enough; that the others are left out is exit 11
WAVE = ("--phase", "activate", "-c", "acme", "-e", "production", "--wave", "1")
STACK = "acme.production.us-west-2.211111111101.w1"
#: the command, with one thing replaced before it starts
PATCHED = "{patch}\nfrom drstate_cli.main import run\nrun()"
PLUGIN = """
from pathlib import Path
import drstate.sandbox.provider
drstate.sandbox.provider.plugin_folder = lambda: Path({folder!r})"""
PROGRAM = """
import drstate.execution.assembly
def broken(given):
    def program():
        raise ValueError("no such thing")
    return program
import drstate.execution.looking
drstate.execution.looking.program_of = broken"""
#: of another passphrase
SALT = "v1:0FVlYvZq21Y=:v1:Wb71g5HcQ4H+Kc40:fD1JtPZaP6jAIpO9FigfI/+WyjXtnA=="


def may_mount() -> bool:
    line = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return (
        bool(shutil.which("unshare"))
        and not subprocess.run(line, capture_output=True, check=False).returncode
    )


needs_mounts = pytest.mark.skipif(not may_mount(), reason="this machine lets nobody mount")


class Watched(Bench):
    """A bench that must be as it was after every command that is refused."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.prefix: list[str] = []
        self.patch = ""

    def command(self, *arguments: str) -> list[str]:
        line = super().command(*arguments)
        if self.patch:
            line = [sys.executable, "-c", PATCHED.format(patch=self.patch), *arguments]
        return [*self.prefix, *line]

    def known(self) -> tuple[object, ...]:
        """The emulated AWS, the executions in the journal, and every state file."""
        states = {
            str(file): file.read_bytes()
            for file in sorted((self.sandbox / "state").rglob("*"))
            if file.is_file()
        }
        with sqlite3.connect(self.sandbox / "journal.db") as journal:
            count = journal.execute("select count(*) from events").fetchone()[0]
        return json.dumps(self.digest(), sort_keys=True), count, states


@pytest.fixture
def bench(warm: Bench, tmp_path: Path) -> Iterator[Watched]:
    copied = warm.copy(tmp_path / "bench")
    yield Watched(copied.folder)
    copied.stop()


def told(ended: Done) -> str:
    """What the person is told at the end; always what, why and help, never a traceback."""
    assert "Traceback" not in ended.out + ended.err
    found = re.search(r"(?s)^error: .*\n  why: .*\n  help: .*", ended.err, re.MULTILINE)
    assert found, ended.err
    return found[0]


def test_a_missing_plugin_is_told_before_anything_is_begun(bench: Watched):
    before = bench.known()
    empty = bench.folder / "empty"
    empty.mkdir()
    bench.patch = PLUGIN.format(folder=str(empty))

    error = told(bench.run("up", *WAVE, "--yes").expect(1))

    assert f"a provider plugin for stack {STACK} is missing" in error
    assert "nothing was done" in error
    assert str(empty / "pulumi-resource-aws") in error
    assert "drstate engine install" in error
    assert bench.known() == before


def test_a_wrong_passphrase_is_exit_3_and_nothing_is_begun(bench: Watched):
    settings = bench.sandbox / "project" / "stacks" / f"Pulumi.{STACK}.yaml"
    whole = settings.read_text()
    settings.write_text(re.sub("encryptionsalt: .*", f"encryptionsalt: {SALT}", whole))
    before = bench.known()

    error = told(bench.run("up", *WAVE, "--yes").expect(3))

    assert f"the passphrase does not open stack {STACK}; nothing was done" in error
    assert "incorrect passphrase" in error
    assert "PULUMI_CONFIG_PASSPHRASE" in error
    assert bench.known() == before
    settings.write_text(whole)
    bench.run("up", *WAVE, "--yes").expect(ExitCode.SKIPS)


def test_a_backend_folder_that_is_not_there_is_told(bench: Watched):
    state = bench.sandbox / "state"
    state.rename(bench.folder / "kept")
    state.touch()
    error = told(bench.run("up", *WAVE, "--yes").expect(1))
    assert str(state) in error
    assert "nothing was changed" in error


@needs_mounts
def test_a_read_only_backend_is_told_before_anything_is_begun(bench: Watched):
    before = bench.known()
    state = bench.sandbox / "state"
    mount = f"mount --bind '{state}' '{state}' && mount -o remount,ro,bind '{state}'"
    bench.prefix = ["unshare", "-rm", "sh", "-c", f'{mount} && exec "$@"', "sh"]

    error = told(bench.run("up", *WAVE, "--yes").expect(1))

    assert f"the folder of the stacks' state cannot be written: {state}; nothing was done" in error
    assert "remount,rw" in error
    assert bench.known() == before


def test_a_program_that_breaks_is_told_in_the_preview_without_a_traceback(bench: Watched):
    before = bench.known()
    bench.patch = PROGRAM
    shown = bench.run("preview", *WAVE).expect(1)
    assert "Traceback" not in shown.out + shown.err
    assert f"ERROR stack {STACK}: failed" in shown.out
    assert "ValueError: no such thing (at <string>:" in shown.out
    assert "help:" in shown.out
    assert bench.known() == before


def test_a_run_whose_journal_finds_the_disk_full_ends_and_goes_on_once_there_is_room(
    bench: Watched,
):
    # every file may grow to so many KiB and no further: the log of the journal grows the most
    bench.prefix = ["bash", "-c", 'ulimit -f 97; exec "$@"', "bash"]
    error = told(bench.run("up", *WAVE, "--yes").expect(1))
    bench.prefix = []
    assert f"the journal {bench.sandbox / 'journal.db'} refused" in error
    assert "free space" in error

    view = bench.run("status", "-o", "json").expect(0).document
    assert view["status"] == ExecutionStatus.RUNNING
    assert view["next"][0].startswith(f"drstate resume {view['execution']}")
    ended = bench.run("resume", "-o", "json").expect(ExitCode.SKIPS).document
    assert (ended["execution"], ended["status"]) == (view["execution"], "COMPLETED")
