"""Times in answers mean what botocore says that they mean."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from botocore.utils import parse_timestamp

from drstate.aws import stamps
from drstate.aws.stamps import timestamp
from tests.aws.clocks import FakeClock
from tests.aws.server import Answer, SmallAws
from tests.aws.test_sessions_apart import ONE, caller_for_both

USUAL = [
    "2026-03-01T12:15:00Z",
    "2026-03-01T12:15:00.5Z",
    "2026-03-01T12:15:00.123Z",
    "2026-03-01T12:15:00.123456+00:00",
    "2026-03-01T12:15:00-08:00",
]
OTHER: list[Any] = [
    1_772_367_300,
    1_772_367_300.25,
    "1772367300",
    "20260301",
    "2026-03-01T12:15:00",
    "2026-03-01",
    "Sun, 01 Mar 2026 12:15:00 GMT",
    "2026-03-01T12:15:00.123456789Z",
]


@pytest.mark.parametrize("value", [*USUAL, *OTHER])
def test_a_time_is_the_one_that_botocore_reads(value: Any) -> None:
    ours, theirs = timestamp(value), parse_timestamp(value)
    assert (ours.tzinfo is None) == (theirs.tzinfo is None)
    assert ours == theirs
    assert ours.utcoffset() == theirs.utcoffset()


@pytest.mark.parametrize("value", USUAL)
def test_the_usual_way_needs_nothing_of_botocore(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(stamps, "parse_timestamp")
    assert timestamp(value).tzinfo is not None


@pytest.mark.parametrize("value", ["", "yesterday", "2026-13-01T12:15:00Z"])
def test_what_is_no_time_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        timestamp(value)


def test_callers_read_times_so(aws: SmallAws, clock: FakeClock) -> None:
    aws.answers.append(Answer.of(Resources=[{"LastReportedAt": USUAL[2]}]))
    caller = caller_for_both(clock)
    found = caller.call("resource-explorer-2", "list_resources", account=ONE, region="us-west-2")
    assert found["Resources"] == [{"LastReportedAt": datetime.fromisoformat(USUAL[2])}]
    # dateutil, that botocore would have asked, has a class of its own for UTC
    assert type(found["Resources"][0]["LastReportedAt"].tzinfo).__module__ == "datetime"
