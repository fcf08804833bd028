"""Each account's own standing in an execution that works in several."""

from __future__ import annotations

from drstate.report.accounts import by_account
from drstate.report.status import view_of
from drstate.report.view import Progress
from tests.execution import transcript as t
from tests.report.test_evidence import NOW, story
from tests.report.test_notification import PLAN, W1, begun, wave


def test_an_account_whose_part_failed_is_told_apart_from_one_that_waits() -> None:
    db = t.key("db")
    found = by_account(view_of(story(*begun(), *wave(t.WaveHealth.UNHEALTHY, db)), NOW))
    first, second = found
    assert (first.account, first.state, first.failed, first.failed_stages) == (
        t.A, Progress.FAILED, 1, (W1,),
    )  # fmt: skip
    assert (second.account, second.state, second.resources) == (t.B, Progress.PENDING, 1)
    assert first.regions == (t.WEST,)


def test_an_account_is_done_once_all_of_it_is() -> None:
    first, second = by_account(view_of(story(*begun(PLAN), *wave()), NOW))
    assert (first.state, first.done, second.done) == (Progress.DONE, 1, 0)
