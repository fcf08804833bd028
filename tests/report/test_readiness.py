"""What is stated of a scope: ready only where everything stands by, and nothing is owed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from drstate.model.catalog import Catalog
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.scope import Environment, ScopeKey
from drstate.report.readiness import FindingView, StandbyView, Standing, owed, statement

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCOPE = ScopeKey(customer="acme", environment=Environment.PRODUCTION)
EAST, WEST = "us-east-1", "us-west-2"


def row(
    key: str, status: ResourceStatus = ResourceStatus.HEALTHY, lag: float | None = 1.0
) -> StandbyView:
    return StandbyView(key=key, wave=1, status=status, lag_seconds=lag, lag_limit_seconds=300)


def standing(*rows: StandbyView, **more: object) -> Standing:
    return statement(SCOPE, EAST, WEST, NOW, rows, **more).standing  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (ResourceStatus.HEALTHY, Standing.READY),
        (ResourceStatus.DEGRADED, Standing.AT_RISK),
        (ResourceStatus.SKIPPED, Standing.AT_RISK),
        (ResourceStatus.UNHEALTHY, Standing.NOT_READY),
        (ResourceStatus.UNKNOWN, Standing.NOT_READY),
    ],
)
def test_one_resource_decides(status: ResourceStatus, expected: Standing) -> None:
    assert standing(row("a"), row("b", status)) is expected


def test_nothing_protected_is_not_ready() -> None:
    assert standing() is Standing.NOT_READY


def test_what_would_stop_an_activation_decides_and_a_warning_is_a_risk() -> None:
    warning = FindingView(what="a slow record")
    assert standing(row("a"), findings=[warning]) is Standing.AT_RISK
    stop = FindingView(what="no room", stops=True)
    assert standing(row("a"), findings=[stop]) is Standing.NOT_READY


def test_the_statement_names_the_one_that_is_furthest_behind_and_counts_the_unknown() -> None:
    rows = [row("a", lag=2.0), row("b", ResourceStatus.DEGRADED, lag=900.0), row("c", lag=None)]
    found = statement(SCOPE, EAST, WEST, NOW, rows)
    assert found.score == 66
    assert found.said == (
        "AT RISK: 2 of 3 resources stand by; the furthest behind is b by 15 min; "
        "1 over their limit; of 1 AWS has no figure"
    )


def catalog(east: SiteState, west: SiteState, serving: str = EAST, **more: object) -> Catalog:
    sites = {EAST: east, WEST: west}
    return Catalog(scope=SCOPE, serving=serving, recovery=WEST, sites=sites, **more)  # type: ignore[arg-type]


def test_an_emergency_owes_its_stacks_the_cleanup_and_the_protection_until_each_is_done() -> None:
    after = catalog(SiteState.ACTIVE, SiteState.STANDBY).after(Phase.ACTIVATE, emergency=True)
    assert [(one.phase, one.region) for one in owed(after)] == [
        (Phase.ACTIVATE, WEST),
        (Phase.CLEANUP, EAST),
        (Phase.REPLICATE, EAST),
    ]
    assert standing(row("a"), owed=owed(after)) is Standing.NOT_READY
    reconciled = after.after(Phase.ACTIVATE)
    assert [one.phase for one in owed(reconciled)] == [Phase.CLEANUP, Phase.REPLICATE]
    cleaned = reconciled.after(Phase.CLEANUP)
    assert [one.phase for one in owed(cleaned)] == [Phase.REPLICATE]
    assert owed(cleaned.after(Phase.REPLICATE)) == ()


def test_a_scope_that_was_never_protected_owes_its_protection_and_a_standby_nothing() -> None:
    (only,) = owed(catalog(SiteState.ACTIVE, SiteState.ABSENT))
    assert (only.phase, only.region) == (Phase.REPLICATE, WEST)
    assert only.command == "drstate up --phase replicate -c acme -e production"
    for state in (SiteState.STANDBY, SiteState.WARM):
        assert owed(catalog(SiteState.ACTIVE, state)) == ()
