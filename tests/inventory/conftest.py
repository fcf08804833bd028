"""Fixtures of the inventory room: the demo estate over real HTTP, and a small AWS that obeys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from drstate.aws.clock import SystemClock
from drstate.sandbox import process
from drstate.sandbox.status import SandboxStatus
from tests.aws.conftest import aws, clock

__all__ = ["aws", "clock"]


class ShiftedClock(SystemClock):
    """The machine's time, which a test can push forward. Sleeping pushes it too."""

    def __init__(self) -> None:
        self.shift = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.shift)

    def sleep(self, seconds: float) -> None:
        self.shift += seconds


@pytest.fixture
def shifted() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("demo")
    process.start(home, time_scale=0)
    yield home
    process.stop(home)


@pytest.fixture
def demo(demo_home: Path, monkeypatch: pytest.MonkeyPatch) -> SandboxStatus:
    """The demo estate, not to be changed by tests; this process calls nothing else."""
    status = process.status(demo_home)
    assert status is not None
    point_to(status, monkeypatch)
    return status


@pytest.fixture
def changed_demo(
    demo: SandboxStatus, demo_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SandboxStatus]:
    """A copy of the demo estate that the test may change; it takes the place of ``demo``."""
    status = process.fork(demo_home, tmp_path / "copy")
    point_to(status, monkeypatch)
    yield status
    process.stop(tmp_path / "copy")


def point_to(status: SandboxStatus, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in process.environment(status).items():
        monkeypatch.setenv(name, value)
