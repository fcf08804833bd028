"""The stores that must keep the port's promises. A new store is one more name here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drstate.journal import Journal, open_journal
from tests.journal.values import Now, Opener


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture(params=["sqlite"])
def opener(request: pytest.FixtureRequest, tmp_path: Path, now: Now) -> Iterator[Opener]:
    """Opens the same store again and again, as several processes would."""
    opened: list[Journal] = []

    def sqlite() -> Journal:
        opened.append(open_journal(tmp_path / "journal.db", now=now))
        return opened[-1]

    yield {"sqlite": sqlite}[request.param]
    for journal in opened:
        journal.close()


@pytest.fixture
def journal(opener: Opener) -> Journal:
    return opener()
