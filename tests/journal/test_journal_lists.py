"""What every store promises of lists of executions and of what is large (the port's contract)."""

from __future__ import annotations

import random

from drstate.journal import Journal
from drstate.model.events import ExecutionStatus, Warned
from tests.journal.test_journal_contract import begin
from tests.journal.values import ACME, GLOBEX, Now, Opener, catalog, finished, progress

# lists


def test_executions_are_found_by_status_and_by_date(journal: Journal, now: Now) -> None:
    times = []
    for number in range(4):
        times.append(now.value)
        scope = GLOBEX if number == 3 else ACME
        fence = begin(journal, f"e{number}", scope)
        if number % 2:
            journal.append(f"e{number}", finished(), fence)
        now.forward(3600.25)

    def found(**asked: object) -> list[str]:
        return [header.execution for header in journal.executions(**asked)]

    assert found(status=ExecutionStatus.COMPLETED) == ["e3", "e1"]
    assert found(status=ExecutionStatus.PENDING, limit=1) == ["e2"]
    assert found(status=ExecutionStatus.FAILED) == []
    assert found(scope=ACME, status=ExecutionStatus.COMPLETED) == ["e1"]
    assert found(since=times[1]) == ["e3", "e2", "e1"]
    assert found(until=times[1]) == ["e0"]
    assert found(since=times[1], until=times[3], scope=ACME) == ["e2", "e1"]
    assert found(since=times[1], until=times[3], status=ExecutionStatus.COMPLETED) == ["e1"]


# what is large


def test_what_is_larger_than_any_limit_comes_back_whole(opener: Opener) -> None:
    first, second = opener(), opener()
    large = random.Random(1).randbytes(400_000).hex()  # compressed still 400 KB
    fence = begin(first)
    first.append("e1", Warned(text=large), fence)
    first.append("e1", progress("after"), fence)
    assert second.events("e1", kinds={"warned"})[0].payload == Warned(text=large)
    assert [event.seq for event in second.events("e1")] == [1, 2, 3]
    assert second.verify("e1") == 3

    entry = catalog().entries[0]
    grown = entry.model_copy(update={"spec": {"large": large}})
    saved = first.save_catalog(catalog().model_copy(update={"entries": (grown,)}))
    assert second.load_catalog(ACME) == saved
    again = second.save_catalog(saved.model_copy(update={"serving": "us-west-2"}))
    assert first.load_catalog(ACME) == again
    assert second.save_catalog(again.model_copy(update={"entries": (entry,)})).version == 3

    first.cache_put("k", large)
    first.cache_put("k", large[:-1])
    got = second.cache_get("k")
    assert got is not None
    assert got.value == large[:-1]
