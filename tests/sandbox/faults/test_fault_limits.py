"""Limits of calls: the buckets, and what a client meets under the strict figures."""

import pytest
from botocore.exceptions import ClientError

from drstate.errors import ConfigError
from drstate.sandbox import process
from drstate.sandbox.faults.figures import FIGURES, figure_of
from drstate.sandbox.faults.limits import MOST_BUCKETS, Limits, Profile

DATA, APP = "211111111101", "211111111102"


def burst(limits: Limits, service: str, operation: str, now: float = 0.0, **where: str) -> int:
    """How many calls at one moment are allowed."""
    account, region = where.get("account", DATA), where.get("region", "us-east-1")
    count = 0
    while count < 10_000 and limits.allows(account, region, service, operation, now):
        count += 1
    return count


def test_strict_is_awss_figures_whatever_the_time_scale():
    for scale in (0.0, 0.01, 1.0):
        limits = Limits(scale, Profile.STRICT)
        assert burst(limits, "route53", "ListHostedZones") == 5
        assert burst(limits, "route53", "GetChange", region="us-west-2") == 0, "one for them all"
        assert burst(limits, "route53", "GetChange", account=APP) == 5
        assert burst(limits, "route53", "GetChange", now=1.0) == 5
        assert burst(limits, "ec2", "DescribeInstances") == 100
        assert burst(limits, "ec2", "DescribeVpcs") == 100, "each operation has its own"
        assert burst(limits, "ec2", "DescribeVpcs", now=1.0) == 20
        assert burst(limits, "ec2", "DescribeVpcs", region="us-west-2") == 100


def test_generous_is_ten_times_as_much_on_scaled_time():
    limits = Limits(0.5)
    assert limits.profile is Profile.GENEROUS
    assert burst(limits, "route53", "ListHostedZones") == 50
    assert burst(limits, "route53", "ListHostedZones", now=0.1) == 10


def test_without_time_there_is_no_generous_limit_and_off_is_off():
    assert burst(Limits(0.0), "route53", "ListHostedZones") == 10_000
    assert burst(Limits(1.0, Profile.OFF), "route53", "ListHostedZones") == 10_000


def test_every_operation_has_a_figure_and_buckets_are_bounded():
    assert figure_of("fsx", "CreateBackup").rate == 5
    assert figure_of("fsx", "DescribeBackups").rate == 20
    assert all(row.burst >= 1 and row.rate > 0 for row in FIGURES)
    limits = Limits(1.0, Profile.STRICT)
    for number in range(MOST_BUCKETS + 10):
        assert limits.allows(str(number), "us-east-1", "ec2", "RunInstances", 0.0)
    assert len(limits._buckets) <= MOST_BUCKETS


def test_strict_limits_throttle_a_client_until_time_passes(lab):
    process.limits(lab.home, "strict")
    zones = lab.dns()
    met = []
    for _ in range(40):
        try:
            zones.list_hosted_zones()
        except ClientError as error:
            answer = error.response
            met.append((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]))
    assert set(met) == {("Throttling", 400)}
    throttled = lab.calls(service="route53", outcome="error")
    assert {call["fault"] for call in throttled} == {"limit"}
    process.advance(lab.home, 1)
    zones.list_hosted_zones()
    process.limits(lab.home, "off")
    for _ in range(12):
        zones.list_hosted_zones()


def test_an_unknown_profile_is_refused_with_the_known_ones(lab):
    with pytest.raises(ConfigError) as caught:
        process.limits(lab.home, "harsh")
    assert "'harsh'" in caught.value.why
    assert "strict" in caught.value.hint


def test_a_profile_outlives_a_reset(lab):
    process.limits(lab.home, "strict")
    process.reset(lab.home)
    zones = lab.dns()

    def many() -> None:
        for _ in range(40):
            zones.list_hosted_zones()

    with pytest.raises(ClientError, match="Throttling"):
        many()


def test_a_zone_works_on_one_change_at_a_time_by_default(lab):
    zones = lab.dns()
    [zone] = [
        one["Id"] for one in zones.list_hosted_zones()["HostedZones"]
        if one["Name"] == "acme.example."
    ]  # fmt: skip

    def change(name: str):
        return zones.change_resource_record_sets(
            HostedZoneId=zone,
            ChangeBatch={
                "Changes": [
                    {
                        "Action": "UPSERT",
                        "ResourceRecordSet": {
                            "Name": f"{name}.acme.example",
                            "Type": "CNAME",
                            "TTL": 60,
                            "ResourceRecords": [{"Value": "there.example"}],
                        },
                    }
                ]
            },
        )["ChangeInfo"]

    first = change("one")
    with pytest.raises(ClientError, match="PriorRequestNotComplete"):
        change("two")
    process.advance(lab.home, 2.1)
    change("two")
    assert zones.get_change(Id=first["Id"])["ChangeInfo"]["Status"] == "PENDING"
