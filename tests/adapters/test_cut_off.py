"""What a cut-off creation leaves behind is found again, and does no harm."""

from __future__ import annotations

import pytest

from drstate.adapters.at import At
from drstate.adapters.flags import own_checks
from drstate.adapters.registry import adapter_for
from drstate.model.phases import Phase
from drstate.programs.flags import Flag
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
    alarm = f"{alarm}-cut-off"
    inputs = {"cloudwatchAlarmName": alarm, "cloudwatchAlarmRegion": WEST}
    assert adapter.created(KIND, inputs, DNS, world.aws) is None
    made = make_check(world, alarm, "first")
    assert adapter.created(KIND, inputs, DNS, world.aws) == made
    other = {**inputs, "cloudwatchAlarmRegion": EAST}
    assert adapter.created(KIND, other, DNS, world.aws) is None
    assert adapter.created("aws:route53/record:Record", inputs, DNS, world.aws) is None


def test_the_check_that_the_primary_follows_is_found_by_its_reference(
    world: World, alarm: str
) -> None:
    adapter = adapter_for("route53")
    alarm = f"{alarm}-cut-off"
    inputs = {"referenceName": Flag(alarm).reference}
    assert adapter.created(KIND, inputs, DNS, world.aws) is None
    made = make_followed(world, alarm, "first")
    assert adapter.created(KIND, inputs, DNS, world.aws) == made


def test_a_second_health_check_of_the_reference_does_not_stand_in_the_way(
    world: World, alarm: str
) -> None:
    adapter = adapter_for("route53")
    entry = world.entry("route53", "api.acme.example./CNAME")
    site = world.site(entry, Phase.REPLICATE)
    (attach,) = adapter.replicate(entry, site).actions
    make_followed(world, alarm, "once")
    attach.run(world.aws, world.context({}))
    attached = attach.observe(world.aws).facts["health_check"]
    # ids are drawn: some of these come before the attached one, some after
    others = {make_followed(world, alarm, f"again-{number}") for number in range(4)}
    assert attached not in others
    seen = attach.observe(world.aws)
    assert (seen.done, seen.blocked) == (True, None)
    assert seen.facts["health_check"] == attached
    assert adapter.ready(entry, site, world.aws).ok


def test_a_primary_that_follows_the_flag_alone_is_given_the_check_with_the_recall(
    world: World, alarm: str
) -> None:
    adapter = adapter_for("route53")
    entry = world.entry("route53", "api.acme.example./CNAME")
    (attach,) = adapter.replicate(entry, world.site(entry, Phase.REPLICATE)).actions
    zone = {"HostedZoneId": entry.spec["zone_id"]}
    listed = world.aws.call(
        "route53", "list_resource_record_sets", account=DNS, region=EAST, **zone
    )["ResourceRecordSets"]
    primary = next(one for one in listed if one.get("Failover") == "PRIMARY")
    old = {**primary, "HealthCheckId": make_check(world, alarm, "alone")}
    change = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": old}]}
    world.aws.call(
        "route53",
        "change_resource_record_sets",
        account=DNS,
        region=EAST,
        **zone,
        ChangeBatch=change,
    )
    made = make_followed(world, alarm, "with-recall")
    seen = attach.observe(world.aws)
    assert (seen.done, seen.blocked) == (False, None)
    attach.run(world.aws, world.context({}))
    after = attach.observe(world.aws)
    assert after.done
    assert after.facts["health_check"] in {made, *own(world, alarm)}


def own(world: World, alarm: str) -> list[str]:
    return own_checks(At(world.aws, DNS, EAST), Flag(alarm).reference)


def make_followed(world: World, alarm: str, name: str) -> str:
    """The check that the primary follows, as the stack's provider makes it."""
    made = world.aws.call(
        "route53",
        "create_health_check",
        account=DNS,
        region=EAST,
        CallerReference=f"{Flag(alarm).reference}-{name}",
        HealthCheckConfig={"Type": "CALCULATED", "ChildHealthChecks": [], "HealthThreshold": 0},
    )
    return str(made["HealthCheck"]["Id"])
