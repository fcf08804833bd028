"""The stores that must keep the port's promises. A new store is one more name here."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drstate.aws.clock import SystemClock
from drstate.aws.tables import TableCalls
from drstate.journal import Journal, open_journal
from drstate.journal.dynamodb import open_dynamodb_journal
from drstate.journal.dynamodb_setup import make_table
from drstate.sandbox import process
from tests import forks
from tests.aws.clocks import FakeClock
from tests.journal.tables import TimedCalls, calls_of
from tests.journal.values import Now, Opener

_TABLES = itertools.count()


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture(scope="session")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Home of a sandbox for all tests of a worker: each makes a table of its own."""
    home = tmp_path_factory.mktemp("tables")
    forks.sandbox(home)
    yield home
    process.stop(home)


@pytest.fixture
def table(emulated: Path) -> str:
    """A table that was made as ``drstate journal init`` makes it."""
    name = f"drstate-journal-{next(_TABLES)}"
    make_table(calls_of(emulated, name, SystemClock()))
    return name


@pytest.fixture(params=["sqlite", "dynamodb"])
def opener(request: pytest.FixtureRequest, tmp_path: Path, now: Now) -> Iterator[Opener]:
    """Opens the same store again and again, as several processes would."""
    opened: list[Journal] = []

    def sqlite() -> Journal:
        opened.append(open_journal(tmp_path / "journal.db", now=now))
        return opened[-1]

    def dynamodb() -> Journal:
        home, table = request.getfixturevalue("emulated"), request.getfixturevalue("table")
        calls = TimedCalls(calls_of(home, table, SystemClock()), now)
        opened.append(open_dynamodb_journal(calls, now=now))
        return opened[-1]

    yield {"sqlite": sqlite, "dynamodb": dynamodb}[request.param]
    for journal in opened:
        journal.close()


@pytest.fixture
def journal(opener: Opener) -> Journal:
    return opener()


@pytest.fixture
def calls(emulated: Path, table: str) -> TableCalls:
    return calls_of(emulated, table, SystemClock())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def faults(emulated: Path) -> Iterator[Callable[..., list[str]]]:
    """Puts fault rules in force; they end with the test."""
    yield lambda *rules: process.add_faults(emulated, list(rules))
    process.clear_faults(emulated)
