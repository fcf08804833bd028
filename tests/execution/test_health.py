from __future__ import annotations

import pytest

from drstate.execution.health import wave_health
from drstate.model.events import ResourceStatus, WaveHealth

S = ResourceStatus


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
