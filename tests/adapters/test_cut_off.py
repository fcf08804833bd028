"""What a cut-off creation leaves behind is found again, and does no harm."""

from __future__ import annotations

import pytest

from drstate.adapters.registry import adapter_for
from drstate.model.phases import Phase
from tests.adapters.world import DNS, EAST, WEST, World

KIND = "aws:route53/healthCheck:HealthCheck"


@pytest.fixture(scope="module")
def alarm(world: World) -> str:
    """Name of the alarm that the record's health check follows."""
    adapter = adapter_for("route53")
    return adapter.spec(world.entry("route53", "api.acme.example./CNAME")).flag  # type: ignore[attr-defined, no-any-return]


def make_check(world: World, alarm: str, reference: str) -> str:
    """As the stack's provider makes it."""
    made = world.aws.call(
        "route53",
        "create_health_check",
        account=DNS,
        region=EAST,
        CallerReference=reference,
        HealthCheckConfig={
            "Type": "CLOUDWATCH_METRIC",
            "AlarmIdentifier": {"Name": alarm, "Region": WEST},
            "InsufficientDataHealthStatus": "Healthy",
        },
    )
    return str(made["HealthCheck"]["Id"])


def test_a_health_check_whose_creation_was_cut_off_is_found_by_its_alarm(
    world: World, alarm: str
) -> None:
    adapter = adapter_for("route53")
    inputs = {"cloudwatchAlarmName": alarm, "cloudwatchAlarmRegion": WEST}
    assert adapter.created(KIND, inputs, DNS, world.aws) is None
    made = make_check(world, alarm, "first")
    assert adapter.created(KIND, inputs, DNS, world.aws) == made
    other = {**inputs, "cloudwatchAlarmRegion": EAST}
    assert adapter.created(KIND, other, DNS, world.aws) is None
    assert adapter.created("aws:route53/record:Record", inputs, DNS, world.aws) is None


def test_a_second_health_check_on_the_alarm_does_not_stand_in_the_way(
    world: World, alarm: str
) -> None:
    adapter = adapter_for("route53")
    entry = world.entry("route53", "api.acme.example./CNAME")
    site = world.site(entry, Phase.REPLICATE)
    (attach,) = adapter.replicate(entry, site).actions
    attach.run(world.aws, world.context({}))
    attached = attach.observe(world.aws).facts["health_check"]
    # ids are drawn: some of these come before the attached one, some after
    others = {make_check(world, alarm, f"again-{number}") for number in range(4)}
    assert attached not in others
    seen = attach.observe(world.aws)
    assert (seen.done, seen.blocked) == (True, None)
    assert seen.facts["health_check"] == attached
    assert adapter.ready(entry, site, world.aws).ok
