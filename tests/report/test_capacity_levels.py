"""When a level begins, and when what a run takes no longer fits."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from drstate.model.capacity import Figure, Level, Need, Source, level_of


@pytest.mark.parametrize(
    ("used", "limit", "level"),
    [
        (0, 300, Level.OK),
        (239, 300, Level.OK),
        (240, 300, Level.INFO),
        (269, 300, Level.INFO),
        (270, 300, Level.WARNING),
        (299, 300, Level.WARNING),
        (300, 300, Level.CRITICAL),
        (301, 300, Level.CRITICAL),
        # thresholds between whole numbers: 5.6 and 6.3 of 7
        (5, 7, Level.OK),
        (6, 7, Level.INFO),
        # nothing may be had, so nothing is left
        (0, 0, Level.CRITICAL),
    ],
)
def test_a_level_holds_from_its_threshold_on(used: int, limit: int, level: Level) -> None:
    assert level_of(used, limit) is level


def test_concurrency_that_aws_leaves_to_nobody_is_not_given_away() -> None:
    def need(used: int, adds: int) -> Need:
        figure = Figure(
            account="111111111111", account_name="app", region="us-west-2",
            what="reserved concurrent executions",
            service="lambda", code="L-B99A9384", limit=1000, source=Source.LIVE, used=used,
            asked_at=datetime(2026, 3, 1, tzinfo=UTC),
        )  # fmt: skip
        return Need(figure=figure, adds=adds, by_resource={"f": adds}, kept=100, region="us-west-2")

    assert not need(700, 200).stops
    assert need(700, 201).stops
    assert need(700, 201).level is Level.CRITICAL
    assert "--desired-value 1001" in need(700, 201).hint
