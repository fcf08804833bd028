"""Who did what over all executions, and executions that lists leave out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from drstate.errors import JournalError, UnknownNameError, UsageError
from drstate.execution import readers as reading
from drstate.execution.auditing import audit
from drstate.execution.hiding import hide
from drstate.execution.readers import Readers
from drstate.execution.services import Services
from drstate.journal.sqlite import SqliteJournal, open_journal
from drstate.model import events as e
from drstate.model.actor import Actor
from drstate.model.events import ExecutionStatus, Payload
from drstate.model.scope import Environment, ScopeKey
from tests.aws.clocks import FakeClock
from tests.execution.transcript import A, created, key, plan, shard, stage

STAGING = ScopeKey(customer="acme", environment=Environment.STAGING)
GLOBEX = ScopeKey(customer="globex", environment=Environment.STAGING)
KIM = Actor(name="ops@jump", arn="arn:aws:sts::100000000001:assumed-role/Admin/kim")
PLAN = plan(stage(1, shard(A, "w1", key("db"))))


class Past:
    """A journal and the clock that its events go by."""

    def __init__(self, file: Path) -> None:
        self.clock = FakeClock()
        self.journal: SqliteJournal = open_journal(file, now=self.clock.now)
        self.readers = Readers(self.journal, self.clock)

    def at(self, day: int) -> datetime:
        return FakeClock().now() + timedelta(days=day)

    def execution(
        self, name: str, day: int, *decided: Payload, scope: ScopeKey = STAGING, ends: bool = True
    ) -> None:
        """One that was begun on that day at noon, decided in the next hours, and completed."""
        self.clock._elapsed = timedelta(days=day).total_seconds()
        lease = self.journal.acquire(scope, runner="r", host="h", pid=1, ttl_seconds=3600)
        made = created(PLAN.model_copy(update={"scope": scope}))
        first = made.model_copy(update={"scope": scope, "operator": "lee@laptop"})
        attached = e.RunnerAttached(runner="r", host="h", pid=1, fence=lease.fence, resumed=False)
        end = e.ExecutionFinished(status=ExecutionStatus.COMPLETED, changes=0, duration_seconds=1.0)
        for payload in (first, attached, *decided, *([end] if ends else [])):
            self.journal.append(name, payload, lease.fence)
            self.clock.forward(600)
        self.journal.release(lease)

    @property
    def services(self) -> Services:
        found = SimpleNamespace(
            journal=self.journal,
            operator=KIM.name,
            actor=lambda _region: KIM,
            scope=lambda *_: SimpleNamespace(regions=SimpleNamespace(recovery="us-west-2")),
        )
        return cast("Services", found)


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    made = Past(tmp_path / "journal.db")
    gate = e.GateDecided(stage="s", approved=True, by="ops@jump", comment="seen", actor=KIM)
    made.execution("run-1", 0, gate)
    made.execution("run-2", 1, e.PauseRequested(by="ann@laptop"), scope=GLOBEX)
    made.execution("run-3", 2)
    yield made
    made.journal.close()


def kinds(past: Past, **asked: Any) -> list[tuple[str, str]]:
    return [(row.execution, row.kind) for row in audit(past.readers, **asked).rows]


def test_everything_that_people_did_is_told_in_its_order(past: Past) -> None:
    assert kinds(past) == [
        ("run-1", "execution_created"),
        ("run-1", "runner_attached"),
        ("run-1", "gate_decided"),
        ("run-1", "execution_finished"),
        ("run-2", "execution_created"),
        ("run-2", "runner_attached"),
        ("run-2", "pause_requested"),
        ("run-2", "execution_finished"),
        ("run-3", "execution_created"),
        ("run-3", "runner_attached"),
        ("run-3", "execution_finished"),
    ]
    gate = audit(past.readers, kinds=("gate_decided",)).rows[0]
    assert (gate.by, gate.identity, gate.seq) == ("ops@jump", KIM.arn, 3)
    assert "assumed-role/Admin/kim" in gate.what
    assert gate.what.endswith("approves s: seen")
    begun = audit(past.readers, execution="run-1").rows[0]
    assert begun.payload["plan_digest"]
    assert "plan" not in begun.payload


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"by": "kim"}, ["gate_decided"]),
        ({"by": KIM.arn}, ["gate_decided"]),
        ({"by": "OPS@jump"}, ["gate_decided"]),
        ({"by": "ann"}, ["pause_requested"]),
        ({"by": "nobody"}, []),
        ({"scope": GLOBEX, "kinds": ("pause_requested", "gate_decided")}, ["pause_requested"]),
        ({"execution": "run-3", "kinds": None, "limit": 1}, ["execution_finished"]),
    ],
)
def test_rows_are_chosen_by_whom_what_and_where(
    past: Past, asked: dict[str, Any], wanted: list[str]
) -> None:
    assert [kind for _, kind in kinds(past, **asked)] == wanted


def test_dates_are_those_of_the_events(past: Past) -> None:
    day = {"since": past.at(1), "until": past.at(2)}
    assert {name for name, _ in kinds(past, **day)} == {"run-2"}
    late = {"since": past.at(1) + timedelta(minutes=15)}
    assert kinds(past, **late)[0] == ("run-2", "pause_requested")
    with pytest.raises(UnknownNameError):
        audit(past.readers, execution="nosuch")


def test_what_is_hidden_is_in_no_list_and_in_every_audit(past: Past) -> None:
    hide(past.services, "run-2", hidden=True, reason="of another customer")

    def listed(**asked: Any) -> list[str]:
        return [row.execution for row in past.readers.history(**asked).rows]

    assert listed() == ["run-3", "run-1"]
    assert listed(limit=1) == ["run-3"]
    assert listed(hidden=True) == ["run-3", "run-2", "run-1"]
    assert kinds(past, by="kim")[-1] == ("run-2", "execution_hidden")
    # named, it is shown as before, and it ended when it ended
    view = past.readers.status("run-2")
    assert view.status is ExecutionStatus.COMPLETED
    assert view.updated_at < past.clock.now()
    with pytest.raises(UsageError, match="hidden already"):
        hide(past.services, "run-2", hidden=True)
    hide(past.services, "run-2", hidden=False)
    assert listed() == ["run-3", "run-2", "run-1"]
    assert past.journal.verify("run-2") == past.journal.header("run-2").events


def test_what_has_not_ended_cannot_be_hidden(past: Past) -> None:
    past.execution("run-4", 3, ends=False)
    with pytest.raises(UsageError, match="is RUNNING") as refused:
        hide(past.services, "run-4", hidden=True)
    assert "drstate cancel run-4" in refused.value.hint


def test_lists_are_filtered_over_as_many_pages_as_it_takes(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_PAGE", 2)
    for number in range(4, 9):
        # all of them within one moment
        past.execution(f"run-{number}", 4)
    names = [header.execution for header in past.readers.headers()]
    assert sorted(names) == [f"run-{number}" for number in range(1, 9)]
    hide(past.services, "run-8", hidden=True)
    assert len(past.readers.history(limit=100, by="lee").rows) == 7
    assert [row.execution for row in past.readers.history(by="ann").rows] == []


def test_a_chain_that_was_changed_is_named(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = audit(past.readers, verify=True)
    assert (sound.verified, sound.broken) == (("run-1", "run-2", "run-3"), {})
    walk: Callable[[str], int] = past.journal.verify

    def verify(execution: str) -> int:
        if execution == "run-2":
            raise JournalError("event 2 of run-2 does not fit")
        return walk(execution)

    monkeypatch.setattr(past.journal, "verify", verify)
    found = audit(past.readers, verify=True)
    assert found.broken == {"run-2": "event 2 of run-2 does not fit"}
    assert "run-2" not in found.verified
    assert json.loads(found.model_dump_json(by_alias=True))["schema"] == "drstate.audit/1"
