"""Functions, mappings, rules and global endpoints: what takes its time, and what AWS refuses."""

import io
import zipfile

import pytest

from drstate.sandbox import process

APP = "211111111102"
EAST, WEST = "us-east-1", "us-west-2"
ROLE = f"arn:aws:iam::{APP}:role/drstate-target"


def package(text="def handler(event, context): return 1"):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("main.py", text)
    return stream.getvalue()


@pytest.fixture
def lam(sandbox):
    """A client, and functions made through it are active."""
    client = sandbox.client("lambda", EAST, APP)

    def make(name, **more):
        client.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=ROLE,
            Handler="main.handler",
            Code={"ZipFile": package()},
            **more,
        )
        process.advance(sandbox.home, 5)

    client.make = make
    return client


def test_a_mapping_takes_its_time_and_is_not_changed_meanwhile(sandbox, lam, refused):
    lam.make("reader", Publish=True)
    lam.create_alias(FunctionName="reader", Name="live", FunctionVersion="1")
    sandbox.client("sqs", EAST, APP).create_queue(QueueName="work")
    source = f"arn:aws:sqs:{EAST}:{APP}:work"
    made = lam.create_event_source_mapping(EventSourceArn=source, FunctionName="reader:live")
    uuid = made["UUID"]
    assert made["State"] == "Creating"
    code, status, *_ = refused(lam.update_event_source_mapping, UUID=uuid, Enabled=False)
    assert (code, status) == ("ResourceInUseException", 400)
    process.advance(sandbox.home, 10)
    assert lam.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    assert lam.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    process.advance(sandbox.home, 10)
    assert lam.get_event_source_mapping(UUID=uuid)["State"] == "Disabled"
    # those of an alias are not those of its function
    listed = lam.list_event_source_mappings
    assert listed(FunctionName="reader")["EventSourceMappings"] == []
    assert len(listed(FunctionName="reader:live")["EventSourceMappings"]) == 1
    other = {"EventSourceArn": source, "FunctionName": "reader", "Enabled": False}
    spare = lam.create_event_source_mapping(**other)["UUID"]
    process.advance(sandbox.home, 10)
    assert lam.delete_event_source_mapping(UUID=spare)["State"] == "Deleting"
    process.advance(sandbox.home, 10)
    gone = refused(lam.get_event_source_mapping, UUID=spare)
    assert gone[0] == "ResourceNotFoundException"
    again = {"EventSourceArn": source, "FunctionName": "reader:live"}
    assert refused(lam.create_event_source_mapping, **again)[:2] == (
        "ResourceConflictException",
        409,
    )


def test_a_hundred_stay_unreserved_and_zero_costs_nothing(lam, refused):
    for name in ("one", "two"):
        lam.make(name)
    lam.put_function_concurrency(FunctionName="one", ReservedConcurrentExecutions=900)
    code, _, message, _ = refused(
        lam.put_function_concurrency, FunctionName="two", ReservedConcurrentExecutions=1
    )
    assert (code, "minimum value of [100]" in message) == ("InvalidParameterValueException", True)
    assert lam.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 100
    lam.put_function_concurrency(FunctionName="two", ReservedConcurrentExecutions=0)
    assert lam.get_function(FunctionName="two")["Concurrency"] == {
        "ReservedConcurrentExecutions": 0
    }
    lam.delete_function_concurrency(FunctionName="two")
    assert "Concurrency" not in lam.get_function(FunctionName="two")


def test_provisioned_concurrency_needs_a_version_and_room_and_time(sandbox, lam, refused):
    lam.make("warm", Publish=True)
    lam.put_function_concurrency(FunctionName="warm", ReservedConcurrentExecutions=3)
    put = lam.put_provisioned_concurrency_config
    warm = {"FunctionName": "warm", "ProvisionedConcurrentExecutions": 2}
    assert refused(put, **warm, Qualifier="$LATEST")[0] == "InvalidParameterValueException"
    more = {**warm, "ProvisionedConcurrentExecutions": 4}
    assert refused(put, **more, Qualifier="1")[0] == "InvalidParameterValueException"
    assert put(**warm, Qualifier="1")["Status"] == "IN_PROGRESS"
    lower = {"FunctionName": "warm", "ReservedConcurrentExecutions": 1}
    assert refused(lam.put_function_concurrency, **lower)[0] == "InvalidParameterValueException"
    process.advance(sandbox.home, 60)
    asked = {"FunctionName": "warm", "Qualifier": "1"}
    assert lam.get_provisioned_concurrency_config(**asked)["Status"] == "READY"


def test_a_function_that_is_being_changed_is_not_changed_again(sandbox, lam, refused):
    lam.make("busy")
    lam.update_function_configuration(FunctionName="busy", MemorySize=256)
    change = {"FunctionName": "busy", "MemorySize": 512}
    assert refused(lam.update_function_configuration, **change)[:2] == (
        "ResourceConflictException",
        409,
    )
    assert refused(lam.publish_version, FunctionName="busy")[0] == "ResourceConflictException"
    process.advance(sandbox.home, 5)
    first = lam.publish_version(FunctionName="busy")["Version"]
    # nothing changed since: no new version
    assert (first, lam.publish_version(FunctionName="busy")["Version"]) == ("1", "1")


def test_what_hangs_on_a_function_is_its_versions_or_its_aliases_own(sandbox, lam, refused):
    lam.make("many", Publish=True)
    lam.create_alias(FunctionName="many", Name="live", FunctionVersion="1")
    named = {"FunctionName": "many", "Qualifier": "live"}
    allowed = {"Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}
    lam.add_permission(**named, StatementId="rule", **allowed)
    assert refused(lam.get_policy, FunctionName="many")[:2] == ("ResourceNotFoundException", 404)
    assert ":many:live" in lam.get_policy(**named)["Policy"]
    gone = refused(lam.remove_permission, FunctionName="many", StatementId="rule")
    assert gone[0] == "ResourceNotFoundException"
    lam.remove_permission(**named, StatementId="rule")

    lam.put_function_event_invoke_config(**named, MaximumRetryAttempts=0)
    lam.update_function_event_invoke_config(**named, MaximumEventAgeInSeconds=60)
    shown = lam.get_function_event_invoke_config(**named)
    assert (shown["MaximumRetryAttempts"], shown["MaximumEventAgeInSeconds"]) == (0, 60)
    listed = lam.list_function_event_invoke_configs(FunctionName="many")
    assert len(listed["FunctionEventInvokeConfigs"]) == 1
    lam.delete_function_event_invoke_config(**named)
    absent = refused(lam.get_function_event_invoke_config, **named)
    assert absent[0] == "ResourceNotFoundException"

    lam.put_provisioned_concurrency_config(**named, ProvisionedConcurrentExecutions=1)
    configs = lam.list_provisioned_concurrency_configs(FunctionName="many")
    assert len(configs["ProvisionedConcurrencyConfigs"]) == 1
    lam.delete_provisioned_concurrency_config(**named)
    assert "ReservedConcurrentExecutions" not in lam.get_function_concurrency(FunctionName="many")
    assert lam.list_function_url_configs(FunctionName="many")["FunctionUrlConfigs"] == []
    weights = {"AdditionalVersionWeights": {"1": 0.5}}
    lam.update_alias(FunctionName="many", Name="live", RoutingConfig=weights)
    moved = lam.get_alias(FunctionName="many", Name="live")
    assert (moved["FunctionVersion"], moved["RoutingConfig"]) == ("1", weights)


def test_a_rule_is_seen_switched_a_moment_later_and_sends_to_five_at_most(sandbox, refused):
    events = sandbox.client("events", EAST, APP)
    events.put_rule(Name="night", ScheduleExpression="rate(1 day)")
    events.disable_rule(Name="night")
    assert events.describe_rule(Name="night")["State"] == "ENABLED"
    process.advance(sandbox.home, 2)
    assert events.describe_rule(Name="night")["State"] == "DISABLED"
    targets = [
        {"Id": str(number), "Arn": f"arn:aws:sqs:{EAST}:{APP}:q{number}"} for number in range(6)
    ]
    code = refused(events.put_targets, Rule="night", Targets=targets)[0]
    assert code == "LimitExceededException"
    events.create_event_bus(Name="shop")
    events.put_rule(Name="paid", EventBusName="shop", EventPattern='{"source": ["shop"]}')
    assert refused(events.delete_event_bus, Name="shop")[0] == "ValidationException"
    events.update_event_bus(Name="shop", Description="orders")
    assert events.describe_event_bus(Name="shop")["Description"] == "orders"
    # a rule and a bus of one name have tags of their own
    events.put_rule(Name="shop", ScheduleExpression="rate(1 day)")
    rule, bus = (f"arn:aws:events:{EAST}:{APP}:{kind}/shop" for kind in ("rule", "event-bus"))
    events.tag_resource(ResourceARN=rule, Tags=[{"Key": "a", "Value": "b"}])
    assert events.list_tags_for_resource(ResourceARN=bus)["Tags"] == []
    events.untag_resource(ResourceARN=rule, TagKeys=["a"])
    assert events.list_tags_for_resource(ResourceARN=rule)["Tags"] == []
    events.enable_rule(Name="night")
    events.delete_rule(Name="night")


def test_a_global_endpoint_is_changed_in_its_home_region_only(sandbox, refused):
    east, west = (sandbox.client("events", region, APP) for region in (EAST, WEST))
    for client in (east, west):
        client.create_event_bus(Name="shop")
    check = sandbox.client("route53", EAST, APP).create_health_check(
        CallerReference="shop",
        HealthCheckConfig={"Type": "HTTPS", "FullyQualifiedDomainName": "shop.example"},
    )["HealthCheck"]["Id"]

    def routing(secondary):
        health = {"HealthCheck": f"arn:aws:route53:::healthcheck/{check}"}
        return {"FailoverConfig": {"Primary": health, "Secondary": {"Route": secondary}}}

    buses = [{"EventBusArn": f"arn:aws:events:{one}:{APP}:event-bus/shop"} for one in (EAST, WEST)]
    asked = {"Name": "shop", "EventBuses": buses}
    wrong = refused(east.create_endpoint, **asked, RoutingConfig=routing(EAST))
    assert wrong[0] == "ValidationException"
    assert east.create_endpoint(**asked, RoutingConfig=routing(WEST))["State"] == "CREATING"
    busy = refused(east.update_endpoint, Name="shop", Description="later")
    assert busy[0] == "ConcurrentModificationException"
    process.advance(sandbox.home, 30)
    assert west.describe_endpoint(Name="shop", HomeRegion=EAST)["State"] == "ACTIVE"
    assert refused(west.update_endpoint, Name="shop")[0] == "ResourceNotFoundException"
    (listed,) = east.list_endpoints(HomeRegion=EAST)["Endpoints"]
    assert listed["RoutingConfig"] == routing(WEST)
    east.delete_endpoint(Name="shop")
    assert refused(east.describe_endpoint, Name="shop")[0] == "ResourceNotFoundException"
