import pytest

from drstate.sandbox import process

WEST_BALANCER = "acme-production-web-dr-1.us-west-2.elb.amazonaws.com"
EAST_BALANCER = "acme-production-web-1.us-east-1.elb.amazonaws.com"


class Zone:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.route53 = sandbox.dns()
        self.cloudwatch = sandbox.dns("cloudwatch", "us-west-2")
        self.id = sandbox.facts("acme/production")["dns"]["zone_id"]

    def change(self, action, name, target, **more):
        record = {
            "Name": name,
            "Type": "CNAME",
            "TTL": 60,
            "ResourceRecords": [{"Value": target}],
        } | more
        return self.submit([{"Action": action, "ResourceRecordSet": record}])

    def submit(self, changes):
        return self.route53.change_resource_record_sets(
            HostedZoneId=self.id, ChangeBatch={"Comment": "test", "Changes": changes}
        )["ChangeInfo"]

    def records(self):
        shown = self.route53.list_resource_record_sets(HostedZoneId=self.id)
        return shown["ResourceRecordSets"]

    def answer(self, name, kind="CNAME"):
        shown = self.route53.test_dns_answer(HostedZoneId=self.id, RecordName=name, RecordType=kind)
        return shown["ResponseCode"], shown["RecordData"]

    def alarm(self, **more):
        self.cloudwatch.put_metric_alarm(
            AlarmName="flag",
            **{
                "Namespace": "drstate",
                "MetricName": "recovery",
                "Dimensions": [{"Name": "record", "Value": "api"}],
                "Statistic": "Maximum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "TreatMissingData": "ignore",
            }
            | more,
        )

    def state(self):
        return self.cloudwatch.describe_alarms(AlarmNames=["flag"])["MetricAlarms"][0]["StateValue"]

    def flag(self, value):
        self.cloudwatch.put_metric_data(
            Namespace="drstate",
            MetricData=[
                {
                    "MetricName": "recovery",
                    "Dimensions": [{"Name": "record", "Value": "api"}],
                    "Value": value,
                }
            ],
        )

    def check(self, **more):
        config = {
            "Type": "CLOUDWATCH_METRIC",
            "AlarmIdentifier": {"Region": "us-west-2", "Name": "flag"},
            "InsufficientDataHealthStatus": "LastKnownStatus",
        } | more
        return self.route53.create_health_check(CallerReference="test", HealthCheckConfig=config)[
            "HealthCheck"
        ]

    def passes(self, check):
        shown = self.route53.get_health_check_status(HealthCheckId=check["Id"])
        words = shown["HealthCheckObservations"][0]["StatusReport"]["Status"]
        return words.startswith("Success")

    def attach(self, check):
        (primary,) = [one for one in self.records() if one.get("Failover") == "PRIMARY"]
        primary["HealthCheckId"] = check["Id"]
        self.submit([{"Action": "UPSERT", "ResourceRecordSet": primary}])
        self.sandbox.settle()


@pytest.fixture
def zone(sandbox):
    return Zone(sandbox)


def test_change_is_pending_until_it_has_propagated(zone, sandbox):
    assert zone.answer("app.acme.example.") == ("NOERROR", [EAST_BALANCER])
    change = zone.change("UPSERT", "app.acme.example", WEST_BALANCER)
    assert change["Status"] == "PENDING"
    assert zone.answer("app.acme.example.") == ("NOERROR", [EAST_BALANCER])
    listed = [one for one in zone.records() if one["Name"] == "app.acme.example."]
    assert listed[0]["ResourceRecords"] == [{"Value": WEST_BALANCER}]
    sandbox.settle()
    assert zone.route53.get_change(Id=change["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    assert zone.answer("app.acme.example") == ("NOERROR", [WEST_BALANCER])


def test_batch_is_refused_as_a_whole(zone, refused):
    before = zone.records()
    good = {
        "Action": "UPSERT",
        "ResourceRecordSet": {
            "Name": "new.acme.example",
            "Type": "CNAME",
            "TTL": 60,
            "ResourceRecords": [{"Value": "somewhere.example"}],
        },
    }
    bad = {
        "Action": "CREATE",
        "ResourceRecordSet": good["ResourceRecordSet"] | {"Name": "app.acme.example"},
    }
    code = refused(zone.submit, changes=[good, bad])[0]
    assert code == "InvalidChangeBatch"
    assert zone.records() == before


@pytest.mark.parametrize(
    ("action", "name", "more"),
    [
        ("DELETE", "missing.acme.example", {}),
        ("DELETE", "app.acme.example", {}),
        ("UPSERT", "app.other.example", {}),
        ("UPSERT", "api.acme.example", {}),
        ("UPSERT", "new.acme.example", {"SetIdentifier": "alone"}),
        ("UPSERT", "new.acme.example", {"Failover": "PRIMARY"}),
        ("UPSERT", "app.acme.example", {"Type": "A", "ResourceRecords": [{"Value": "10.0.0.1"}]}),
    ],
    ids=[
        "deleting what is not there",
        "deleting with other values",
        "another zone's name",
        "plain beside failover records",
        "identifier without policy",
        "policy without identifier",
        "beside a CNAME",
    ],
)
def test_change_that_does_not_fit_is_refused(zone, refused, action, name, more):
    code = refused(zone.change, action=action, name=name, target="somewhere.example", **more)[0]
    assert code == "InvalidChangeBatch"


def test_exact_values_delete_a_record(zone, sandbox):
    zone.change("DELETE", "app.acme.example.", EAST_BALANCER)
    sandbox.settle()
    assert zone.answer("app.acme.example.") == ("NXDOMAIN", [])


def test_unknown_change_and_unknown_health_check_are_refused(zone, refused):
    assert refused(zone.route53.get_change, Id="C1")[:2] == ("NoSuchChange", 404)
    assert refused(
        zone.change,
        action="UPSERT",
        name="app.acme.example",
        target=WEST_BALANCER,
        HealthCheckId="missing",
    )[0] == "NoSuchHealthCheck"  # fmt: skip


def test_records_are_listed_in_pages_that_do_not_split_a_name(zone):
    pages = zone.route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone.id, PaginationConfig={"PageSize": 1}
    )
    listed = [one for page in pages for one in page["ResourceRecordSets"]]
    assert listed == zone.records()
    assert [one.get("SetIdentifier") for one in listed if one["Name"] == "api.acme.example."] == [
        "us-east-1",
        "us-west-2",
    ]


def test_weighted_records_answer_with_the_heaviest(zone, sandbox):
    for target, weight in (("light.example", 10), ("heavy.example", 90), ("off.example", 0)):
        zone.change("UPSERT", "w.acme.example", target, SetIdentifier=target, Weight=weight)
        sandbox.settle()
    assert zone.answer("w.acme.example") == ("NOERROR", ["heavy.example"])


def test_failover_record_follows_the_flag_there_and_back(zone, sandbox):
    zone.alarm()
    check = zone.check()
    zone.attach(check)
    assert zone.state() == "INSUFFICIENT_DATA"
    assert zone.passes(check)
    assert zone.answer("api.acme.example") == ("NOERROR", [EAST_BALANCER])
    zone.flag(1)
    assert zone.passes(check), "nothing happens at once"
    sandbox.settle()
    assert zone.state() == "ALARM"
    assert not zone.passes(check)
    assert zone.answer("api.acme.example") == ("NOERROR", [WEST_BALANCER])


def test_missing_data_that_is_ignored_keeps_the_state(zone, sandbox):
    zone.alarm()
    check = zone.check()
    zone.flag(1)
    process.advance(sandbox.home, 1800)
    assert zone.state() == "ALARM"
    assert not zone.passes(check)
    zone.flag(0)
    process.advance(sandbox.home, 10)
    assert zone.state() == "OK"
    assert zone.passes(check)


def test_maximum_over_a_period_holds_until_the_period_is_over(zone, sandbox):
    zone.alarm()
    zone.flag(1)
    process.advance(sandbox.home, 6)
    zone.flag(0)
    process.advance(sandbox.home, 6)
    assert zone.state() == "ALARM"
    process.advance(sandbox.home, 120)
    assert zone.state() == "OK"


def test_missing_data_that_counts_as_missing_is_insufficient(zone, sandbox):
    zone.alarm(TreatMissingData="missing")
    zone.flag(1)
    process.advance(sandbox.home, 6)
    assert zone.state() == "ALARM"
    process.advance(sandbox.home, 120)
    assert zone.state() == "INSUFFICIENT_DATA"


@pytest.mark.parametrize(("setting", "passes"), [("Healthy", True), ("Unhealthy", False)])
def test_health_without_data_is_what_the_check_says(zone, setting, passes):
    zone.alarm()
    check = zone.check(InsufficientDataHealthStatus=setting)
    assert zone.passes(check) is passes


def test_inverted_check_says_the_opposite_and_a_disabled_one_passes(zone):
    zone.alarm()
    check = zone.check(InsufficientDataHealthStatus="Unhealthy", Inverted=True)
    assert zone.passes(check)
    changed = zone.route53.update_health_check(
        HealthCheckId=check["Id"], Inverted=False, HealthCheckVersion=1
    )["HealthCheck"]
    assert changed["HealthCheckVersion"] == 2
    assert not zone.passes(check)
    zone.route53.update_health_check(HealthCheckId=check["Id"], Disabled=True)
    assert zone.passes(check)


def test_alarm_set_by_hand_moves_no_health_check(zone):
    zone.alarm()
    check = zone.check()
    zone.cloudwatch.set_alarm_state(AlarmName="flag", StateValue="ALARM", StateReason="test")
    assert zone.state() == "ALARM"
    assert zone.passes(check)


def test_updating_an_alarm_keeps_its_state(zone, sandbox):
    zone.alarm()
    zone.flag(1)
    sandbox.settle()
    zone.alarm(AlarmDescription="changed")
    assert zone.state() == "ALARM"


def test_health_check_needs_its_alarm_and_is_made_once(zone, refused):
    zone.alarm()
    first, again = zone.check(), zone.check()
    assert first["Id"] == again["Id"]
    assert first["CloudWatchAlarmConfiguration"]["MetricName"] == "recovery"
    assert refused(zone.check, Inverted=True)[0] == "HealthCheckAlreadyExists"
    assert refused(
        zone.route53.create_health_check,
        CallerReference="other",
        HealthCheckConfig={"Type": "CLOUDWATCH_METRIC"},
    )[0] == "InvalidInput"  # fmt: skip
    assert refused(
        zone.route53.update_health_check,
        HealthCheckId=first["Id"],
        HealthCheckVersion=7,
        Disabled=True,
    )[0] == "HealthCheckVersionMismatch"  # fmt: skip


def test_tags_of_a_health_check_are_kept(zone):
    zone.alarm()
    check = zone.check()
    zone.route53.change_tags_for_resource(
        ResourceType="healthcheck",
        ResourceId=check["Id"],
        AddTags=[{"Key": "Name", "Value": "flag"}],
    )
    shown = zone.route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=check["Id"])
    assert shown["ResourceTagSet"]["Tags"] == [{"Key": "Name", "Value": "flag"}]


def test_busy_zone_takes_one_change_at_a_time(zone, sandbox, refused):
    zone.change("UPSERT", "app.acme.example", WEST_BALANCER)
    code, status, _, _ = refused(
        zone.change, action="UPSERT", name="other.acme.example", target=WEST_BALANCER
    )
    assert (code, status) == ("PriorRequestNotComplete", 400)
    process.advance(sandbox.home, 2.1)
    changed = zone.change("UPSERT", "other.acme.example", WEST_BALANCER)
    assert changed["Status"] == "PENDING", "worked on, but not yet everywhere"


def test_zones_can_be_told_to_take_any_number_of_changes(zone, sandbox):
    process.busy_zones(sandbox.home, on=False)
    zone.change("UPSERT", "app.acme.example", WEST_BALANCER)
    zone.change("UPSERT", "other.acme.example", WEST_BALANCER)


def test_health_check_that_another_counts_on_is_not_deleted(zone, refused):
    zone.alarm()
    child = zone.check()
    config = {"Type": "CALCULATED", "ChildHealthChecks": [child["Id"]], "HealthThreshold": 1}
    parent = zone.route53.create_health_check(CallerReference="sum", HealthCheckConfig=config)
    delete = zone.route53.delete_health_check
    assert refused(delete, HealthCheckId=child["Id"])[0] == "HealthCheckInUse"
    delete(HealthCheckId=parent["HealthCheck"]["Id"])
    delete(HealthCheckId=child["Id"])
    left = {one["Id"] for one in zone.route53.list_health_checks()["HealthChecks"]}
    assert not left & {child["Id"], parent["HealthCheck"]["Id"]}
