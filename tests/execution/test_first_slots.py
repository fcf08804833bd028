"""Accounts of a wave that begin together: whose turn it is is decided over all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from drstate.execution import slots
from drstate.model.events import ActionIntended
from drstate.model.plan import When
from drstate.model.tags import Priority

ROOT = Path(__file__).resolve().parents[2]
ONE, OTHER = "211111111101", "211111111102"
URGENT, MORE, LATER = "urgent", "more", "later"


def test_the_account_that_asks_first_does_not_fill_the_slots_with_what_is_not_urgent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("scripts", "tests/planning"):
        monkeypatch.syspath_prepend(str(ROOT / folder))
    # on a busy machine the second account may ask late, which is not what this is about
    monkeypatch.setattr(slots, "GATHER_SECONDS", 120.0)
    from bench_parts import instant

    from tests.planning import planning_estate as estate

    def entry(account: str, name: str, priority: Priority):
        return estate.entry(
            name, technology="instant", account=account, priority=priority, declared=()
        )

    first = [entry(ONE, URGENT, Priority.CRITICAL)]
    first += [entry(ONE, f"{LATER}-{number}", Priority.LOW) for number in range(3)]
    second = [entry(OTHER, f"{MORE}-{number}", Priority.CRITICAL) for number in range(3)]
    with instant.opened(tmp_path) as services:
        view = instant.executed(services, "acme", (ONE, OTHER), [*first, *second], parallel=2)
        begun = [
            event.payload.resource.rpartition("/")[2].partition("-")[0]
            for event in services.journal.events(view.execution)
            if isinstance(event.payload, ActionIntended)
            and event.payload.action.endswith(f"#{When.BEFORE}")
        ]
    assert view.status == "COMPLETED"
    # in the same moment two are at work, whichever of the urgent ones they are
    assert begun.count(LATER) == 3
    assert begun.index(LATER) >= 3
