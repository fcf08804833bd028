"""The time of day may jump while a run goes on: it is told, and no time is made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue

import pytest

from drstate.execution.recorder import JUMP_SECONDS, Recorder
from drstate.journal.sqlite import open_journal
from drstate.model import events as e
from tests.aws.clocks import FakeClock
from tests.execution import transcript as t

W1 = "activate.w1"
DB = t.key("db")
PLAN = t.plan(t.stage(1, t.shard(t.A, "w1", DB)))


class Jumping(FakeClock):
    """A clock whose time of day can be set."""

    offset = timedelta()

    def now(self) -> datetime:
        return super().now() + self.offset


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-7200, "back by 2.0 h"), (7200, "forward by 2.0 h"), (JUMP_SECONDS - 1, "")],
)
def test_a_jump_is_told_once_and_no_recovery_time_is_made_up(
    tmp_path: Path, seconds: float, said: str
) -> None:
    clock = Jumping(datetime(2026, 3, 1, tzinfo=UTC))
    with open_journal(tmp_path / "journal.db", now=clock.now) as journal:
        lease = journal.acquire(t.SCOPE, runner="r", host="h", pid=1, ttl_seconds=86_400)
        recorder = Recorder(journal, "x", lease.fence, clock, SimpleQueue())
        for payload in (
            t.created(PLAN),
            t.attached(),
            t.phase_started(),
            t.stage_started(W1),
            t.shard_started(W1, t.A, "w1"),
        ):
            recorder.append(payload)
            clock.sleep(600)
        clock.offset = timedelta(seconds=seconds)
        recorder.append(t.shard_finished(W1, t.A, "w1"))
        recorder.append(t.healthy(W1, DB, rto_minutes=1))
        told = [
            one.payload.text for one in journal.events("x") if isinstance(one.payload, e.Warned)
        ]
        assert [said in text for text in told] == ([True] if said else [])
        (row,) = recorder.view().stage_view(W1).resources
        measured = row.recovered_seconds
        assert measured is None if seconds < -3000 else measured == pytest.approx(3000 + seconds)
