"""Figures as text: the nearest first, what is not known with its reason, alerts with the remedy."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from drstate.errors import UsageError
from drstate.model.capacity import CapacityReport, Figure, Level, Need, RegionUse, Source
from drstate_cli.render.capacity import alerts, taken, text
from drstate_cli.verbs.capacity import _level

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def figure(used: int | None, **more: Any) -> Figure:
    given = {
        "account": "111111111111", "account_name": "data", "region": "us-west-2",
        "what": "DB instances", "service": "rds", "code": "L-7B6409FD", "limit": 40,
        "source": Source.LIVE, "used": used, "asked_at": NOW,
    }  # fmt: skip
    return Figure.model_validate({**given, **more})


def servers(*regions: tuple[str, int | None]) -> Figure:
    rows = tuple(
        RegionUse(region=name, used=used, why="" if used is not None else "no answer")
        for name, used in regions
    )
    used = sum(row.used or 0 for row in rows)
    what = "replicating source servers"
    return figure(used, region="", what=what, service="drs", limit=300, regions=rows)


def report(*figures: Figure) -> CapacityReport:
    return CapacityReport(figures=figures, taken_at=NOW, duration_ms=400.0)


def test_the_top_regions_of_a_sum_are_named_and_what_it_lacks() -> None:
    named = [("us-west-2", 120), ("eu-west-1", 90), ("us-east-1", 50), ("sa-east-1", 12)]
    said = text(report(servers(*named, ("ap-south-1", None), ("eu-north-1", 0))))
    row = next(line for line in said.splitlines() if line.startswith("WARNING"))
    assert row.split()[1:3] == ["272+", "300"]
    assert "us-west-2 120, eu-west-1 90, us-east-1 50 and 1 more region; 5 regions asked" in said
    assert "not known: no answer\n  replicating source servers, account 111111111111" in said


def test_idle_limits_are_counted_and_assumed_ones_are_marked() -> None:
    assumed = {"source": Source.DEFAULT, "limit_why": "AccessDenied"}
    said = text(report(figure(3, **assumed), figure(0), figure(None, why="it is down")))
    assert "1 account: 2 OK, 1 not known (0.4 s)" in said
    assert "40*" in said
    assert "and 1 more limit of which nothing is used" in said
    assert "not known: it is down\n  DB instances, account 111111111111, us-west-2" in said
    assert "* a default: AccessDenied" in said


def test_an_alert_says_what_raises_the_limit() -> None:
    shown = report(figure(36), figure(32), figure(5), figure(None, why="down"))
    (line,) = alerts(shown, Level.WARNING)
    assert "WARNING: 36 of 40 DB instances are used in us-west-2" in line
    assert "--quota-code L-7B6409FD --desired-value 72 --region us-west-2" in line
    assert len(alerts(shown, Level.INFO)) == 2
    assert alerts(shown, None) == []
    (summed,) = alerts(report(servers(("eu-west-1", 290), ("us-east-1", None))), Level.INFO)
    assert "at least 290 of 300" in summed
    # an account's limit is raised where it was told
    assert summed.endswith("--region eu-west-1")


def test_a_plan_tells_what_comes_near_a_quota() -> None:
    def need(used: int, adds: int) -> Need:
        by = {"rds/1/a": adds}
        return Need(figure=figure(used), adds=adds, by_resource=by, region="us-west-2")

    assert taken([]) == []
    (near,) = taken([need(30, 3), need(0, 1)])
    assert near.startswith("capacity INFO: 30 in use and 3 more (rds/1/a 3) of 40 DB instances")
    (calm,) = taken([need(3, 3), need(0, 1)])
    assert "2 quotas asked, all OK; the nearest: 3 in use and 3 more" in calm
    # warned of elsewhere
    assert taken([need(37, 1)]) == []


def test_what_is_computed_is_written_and_read_again() -> None:
    known = report(figure(36))
    stored = known.model_dump(mode="json", by_alias=True)
    assert (stored["level"], stored["figures"][0]["available"]) == ("WARNING", 4)
    assert CapacityReport.model_validate(stored) == known


def test_an_unknown_level_is_refused() -> None:
    assert (_level("Info"), _level("never")) == (Level.INFO, None)
    with pytest.raises(UsageError, match="'red' is no level"):
        _level("red")
