from __future__ import annotations

import pytest

from drstate.execution.health import essential_resources, wave_health
from drstate.model.health import ResourceStatus, WaveHealth
from drstate.model.tags import Priority
from tests.planning.planning_estate import entry

S = ResourceStatus


def test_in_an_emergency_only_a_critical_service_makes_a_wave_unhealthy() -> None:
    order, web, job = (
        entry(name, priority=priority)
        for name, priority in (
            ("order", Priority.CRITICAL),
            ("web", Priority.HIGH),
            ("job", Priority.LOW),
        )
    )
    needs = {web.key: {job.key}}
    usual = essential_resources([order, web, job], needs)
    assert usual == {order.key, web.key, job.key}
    assert essential_resources([order, web, job], needs, emergency=True) == {order.key}
    # where nothing is called critical, what counts otherwise counts
    assert essential_resources([web, job], needs, emergency=True) == {web.key, job.key}


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ({"db": S.HEALTHY, "job": S.HEALTHY}, WaveHealth.HEALTHY),
        ({"db": S.HEALTHY, "job": S.UNHEALTHY}, WaveHealth.DEGRADED),
        ({"db": S.UNHEALTHY, "job": S.HEALTHY}, WaveHealth.UNHEALTHY),
        ({"db": S.UNKNOWN, "job": S.HEALTHY}, WaveHealth.UNHEALTHY),
        ({"db": S.DEGRADED, "job": S.HEALTHY}, WaveHealth.DEGRADED),
        ({"db": S.HEALTHY, "job": S.SKIPPED}, WaveHealth.HEALTHY),
        ({}, WaveHealth.HEALTHY),
    ],
)
def test_a_wave_is_unhealthy_only_where_an_essential_resource_failed(
    statuses: dict[str, ResourceStatus], verdict: WaveHealth
) -> None:
    assert wave_health(statuses, {"db"}) is verdict
