"""A project without any cloud, and one sandbox for the tests that need a running one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.harness import ROOT, Bench


@dataclass(frozen=True)
class Said:
    """What one command line answered in this process."""

    code: int
    out: str
    err: str


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder that commands work in; no variable of the outside reaches them."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "stacks", folder / "stacks")
    for name in list(os.environ):
        if name.startswith(("DRSTATE_", "AWS_")) or name in ("CI", "NO_COLOR"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DRSTATE_CWD", str(folder))
    monkeypatch.setenv("DRSTATE_HOME", str(tmp_path / "home"))
    # options in front of a command reach it by their variable; it must not outlive the test
    monkeypatch.setenv("DRSTATE_SANDBOX", "0")
    return folder


@pytest.fixture
def drstate(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run one command line in this process."""
    from drstate_cli.main import call

    def run(*arguments: str) -> Said:
        code = call(list(arguments))
        seen = capsys.readouterr()
        return Said(code, seen.out, seen.err)

    return run


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One sandbox that the tests of this folder share."""
    started = Bench.start(tmp_path_factory.mktemp("cli"))
    yield started
    started.stop()
