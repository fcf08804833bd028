"""The DynamoDB store when answers are lost, calls refused, and writers meet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drstate.aws.clock import SystemClock
from drstate.aws.tables import TableCalls, open_table
from drstate.errors import CredentialsError, JournalError, Retry, StateError
from drstate.journal.dynamodb import DynamoJournal
from drstate.journal.dynamodb_table import PATIENCE
from drstate.model.events import Warned
from drstate.sandbox import process
from tests.aws.clocks import FakeClock
from tests.journal.tables import REGION, begun, calls_of, opened, take
from tests.journal.values import (
    catalog,
    created,
    progress,
)

WRITES = {"service": "dynamodb", "operation": "TransactWriteItems"}


class Twice:
    """Carries out every write, loses the answer, and asks again when the token is forgotten."""

    def __init__(self, calls: TableCalls) -> None:
        self._calls = calls
        self.table, self.region = calls.table, calls.region
        self.now, self.wait, self.monotonic = calls.now, calls.wait, calls.monotonic

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        if operation in ("transact_write_items", "update_item", "put_item"):
            self._calls.call(operation, **params)
            if "ClientRequestToken" in params:
                params["ClientRequestToken"] = "another"
        return self._calls.call(operation, **params)


@pytest.fixture
def journal(calls: TableCalls) -> DynamoJournal:
    return opened(calls)


# answers that are lost, stores that do not answer


def test_a_write_whose_answer_was_lost_is_carried_out_once(
    calls: TableCalls, emulated: Path, faults: Any, clock: FakeClock
) -> None:
    journal = opened(calls_of(emulated, calls.table, clock))
    fence = begun(journal)
    faults({**WRITES, "effect": "lost-answer", "times": 1})
    assert journal.append("e1", progress("once"), fence).seq == 2
    assert clock.slept == [1.0]
    assert journal.append("e1", progress("next"), fence).seq == 3
    faults({**WRITES, "effect": "lost-answer", "times": 1})
    assert journal.save_catalog(catalog(), fence=fence).version == 1
    assert journal.verify("e1") == 3


def test_a_runners_write_waits_for_a_store_that_comes_back_and_is_done_once(
    calls: TableCalls, emulated: Path, faults: Any, clock: FakeClock
) -> None:
    journal = opened(calls_of(emulated, calls.table, clock))
    fence = begun(journal)
    # four attempts make a call; the answers of two whole calls are lost, the first was carried out
    faults({**WRITES, "effect": "lost-answer", "times": 8})
    assert journal.append("e1", progress("once"), fence).seq == 2
    assert sum(clock.slept) == pytest.approx(2 * 7 + 2 * 3)
    faults({**WRITES, "effect": "refuse", "times": 5})
    assert journal.save_catalog(catalog(), fence=fence).version == 1
    faults({**WRITES, "effect": "refuse"})
    clock.slept.clear()
    with pytest.raises(JournalError, match="no usable answer"):
        journal.append("e1", Warned(text="a person does not wait so long"), None)
    assert sum(clock.slept) == 7
    with pytest.raises(JournalError, match="no usable answer"):
        journal.append("e1", progress("never"), fence)
    assert 60 < sum(clock.slept) - 7 < 90
    process.clear_faults(emulated)
    assert journal.append("e1", progress("next"), fence).seq == 3
    assert journal.verify("e1") == 3


def test_a_repeated_write_is_known_by_what_it_wrote(calls: TableCalls) -> None:
    journal = opened(Twice(calls))
    lease = take(journal)
    assert lease.fence == 1
    journal.append("e1", created(), lease.fence)
    assert journal.append("e1", progress("a"), lease.fence).seq == 2
    assert journal.append("e1", progress("b"), lease.fence).seq == 3
    saved = journal.save_catalog(catalog(), fence=lease.fence)
    assert journal.save_catalog(saved).version == 2
    names = [getattr(event.payload, "name", "") for event in journal.events("e1")]
    assert names == ["", "a", "b"]
    assert journal.verify("e1") == 3


@pytest.mark.parametrize(
    "fault",
    [
        {"effect": "throttle"},
        {"effect": "error", "code": "InternalServerError", "status": 500},
        {"effect": "refuse"},
    ],
    ids=lambda fault: fault["effect"],
)
def test_a_store_that_does_not_answer_is_asked_again_then_told(
    calls: TableCalls, emulated: Path, faults: Any, clock: FakeClock, fault: dict[str, Any]
) -> None:
    journal = opened(calls_of(emulated, calls.table, clock))
    lease = take(journal)
    journal.append("e1", created(), lease.fence)
    faults({**WRITES, **fault, "times": 2})
    assert journal.append("e1", progress("late"), lease.fence).seq == 2
    assert clock.slept == [1.0, 2.0]
    faults({"service": "dynamodb", **fault})
    with pytest.raises(JournalError, match=r"limits calls|no usable answer") as caught:
        journal.append("e1", progress("never"), lease.fence)
    assert caught.value.retry is Retry.TRANSIENT
    assert "drstate resume" in caught.value.hint
    # a heartbeat goes on after such an error
    with pytest.raises(JournalError) as renewal:
        journal.renew(lease, 60)
    assert renewal.value.retry is Retry.TRANSIENT
    process.clear_faults(emulated)
    assert journal.append("e1", progress("again"), lease.fence).seq == 3
    assert journal.renew(lease, 60).fence == lease.fence


class Crowded:
    """Calls of a store in which somebody else always writes first, for so many times."""

    def __init__(self, calls: TableCalls, rival: DynamoJournal, times: int) -> None:
        self._calls, self._rival, self.left = calls, rival, times
        self.table, self.region = calls.table, calls.region
        self.now, self.wait, self.monotonic = calls.now, calls.wait, calls.monotonic
        self.tokens: dict[str, Any] = {}

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        if operation == "transact_write_items":
            known = self.tokens.setdefault(params["ClientRequestToken"], params["TransactItems"])
            assert known == params["TransactItems"], "one token, two requests"
            if self.left:
                self.left -= 1
                self._rival.append("e1", Warned(text="me first"), None)
        return self._calls.call(operation, **params)


def test_a_runner_is_not_broken_off_by_a_crowd_and_a_person_is_told(
    calls: TableCalls, emulated: Path, clock: FakeClock
) -> None:
    rival = opened(calls)
    fence = begun(rival)
    crowd = Crowded(calls_of(emulated, calls.table, clock), rival, times=40)
    runner = opened(crowd)
    assert runner.append("e1", progress("at last"), fence).seq == 42
    assert clock.slept
    assert sum(clock.slept) < PATIENCE
    crowd.left = 40
    with pytest.raises(JournalError, match="is busy") as refused:
        runner.append("e1", Warned(text="a person"), None)
    assert refused.value.retry is Retry.TRANSIENT
    assert runner.verify("e1") > 60


def test_writers_that_meet_try_again(
    calls: TableCalls, emulated: Path, faults: Any, clock: FakeClock
) -> None:
    journal = opened(calls_of(emulated, calls.table, clock))
    lease = take(journal)
    faults(
        {
            "service": "dynamodb",
            "operation": "UpdateItem",
            "effect": "error",
            "code": "TransactionConflictException",
            "times": 3,
        }
    )
    assert journal.renew(lease, 60).fence == 1
    assert len(clock.slept) == 3
    assert sum(clock.slept) < 0.5
    faults(
        {
            "service": "dynamodb",
            "operation": "UpdateItem",
            "effect": "error",
            "code": "TransactionConflictException",
        }
    )
    with pytest.raises(JournalError, match="is busy") as caught:
        journal.renew(lease, 60)
    assert caught.value.retry is Retry.TRANSIENT


def test_what_is_not_allowed_and_wrong_keys_are_told_with_the_remedy(
    calls: TableCalls, emulated: Path, faults: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(calls)
    faults({"service": "dynamodb", "effect": "error", "code": "AccessDeniedException"})
    with pytest.raises(StateError, match="get_item was denied") as caught:
        journal.header("e1")
    assert "drstate iam policy --for hub" in caught.value.hint
    known = process.status(emulated)
    assert known is not None
    for name, value in process.environment(known).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret")
    with pytest.raises(CredentialsError) as refused:
        opened(open_table(calls.table, REGION, SystemClock()))
    assert "wrong-secret" not in f"{refused.value.what}{refused.value.why}{refused.value.hint}"
