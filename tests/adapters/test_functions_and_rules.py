"""Lambda and EventBridge at the source: what is stopped is recorded, and comes back exactly.

The sandbox takes the nominal times, and only waiting lets them pass: an action that did not wait
would be caught.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.adapters.actions import Action
from drstate.adapters.at import At
from drstate.adapters.registry import adapter_for
from drstate.errors import OperationError
from drstate.model.phases import Phase
from drstate.model.plan import When
from drstate.model.resource import Resource, resource_key
from drstate.model.scope import Scope
from drstate.model.tags import DrTags
from drstate.sandbox import process
from tests.adapters.world import EAST, WEST, Ran, SandboxClock, World
from tests.contract.stage import SCOPE_FILE, environment

ALL_TRAIL_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("serverless") / "home"
    process.start(home, time_scale=1.0)
    yield home
    process.stop(home)


class Patient(SandboxClock):
    """Waiting lets the sandbox's time pass by as much, and no more."""

    def sleep(self, seconds: float) -> None:
        self._elapsed += seconds
        process.advance(self._home, seconds)


class Estate(World):
    """The demo's function and rules, captured, with the catalog's memory kept as a run keeps it."""

    def __init__(self, home: Path) -> None:
        scope = Scope.model_validate(yaml.safe_load(process.scopes(home)[SCOPE_FILE]))
        super().__init__(home, scope)
        self.clock = Patient(home)
        facts = process.facts(home)["initech/production"]
        self.function = facts["lambda_"]
        self.rules = facts["eventbridge"]["rules"]
        self.account = self.function["account"]
        self.protect([self.resource("lambda", self.function["name"], self.function["arn"])])
        for arn in self.rules.values():
            self.protect([self.resource("eventbridge", arn.partition(f"{self.account}:")[2], arn)])
        self.calls.clear()

    def resource(self, technology: str, name: str, arn: str) -> Resource:
        return Resource(
            key=resource_key(technology, self.account, name),
            technology=technology,
            name=name,
            account=self.account,
            region=EAST,
            arn=arn,
            tags=DrTags(customer="initech", environment="production", wave=2),
        )

    def ask(self, service: str, operation: str, region: str = EAST, **given: Any) -> dict[str, Any]:
        return self.aws.call(service, operation, account=self.account, region=region, **given)

    def serves(self, region: str) -> None:
        """Who serves, without going through the phases."""
        other = WEST if region == EAST else EAST
        self.catalog = self.catalog.model_copy(update={"serving": region, "recovery": other})

    def action(self, technology: str, name: str, phase: Phase, which: str, **how: bool) -> Action:
        entry = self.entry(technology, name)
        site = self.site(entry, phase, **how)
        return adapter_for(technology).action(phase, entry, site, f"{entry.key}#{which}")

    def do(self, action: Action) -> dict[str, Any]:
        """Run it where it is not done, and keep what it wants to be remembered."""
        ran = Ran(action.spec.resource)
        self.act(action, ran, adapter_for(action.spec.technology))
        result = ran.results.get(action.spec.id, {})
        entry = self.catalog.entry(action.spec.resource)
        if result.get("memory"):
            region = self.catalog.recovery
            memory = {**entry.memory, region: {**entry.memory.get(region, {}), **result["memory"]}}
            self.catalog = self.catalog.with_entry(entry.model_copy(update={"memory": memory}))
        return ran.facts[action.spec.id]

    def mappings(self) -> dict[str, str]:
        """Part -> state of the function's two mappings."""
        return {
            part: self.ask("lambda", "get_event_source_mapping", UUID=uuid)["State"]
            for part, uuid in self.function["mappings"].items()
        }

    def reserved(self) -> int | None:
        found = self.ask("lambda", "get_function_concurrency", FunctionName=self.function["name"])
        value: int | None = found.get("ReservedConcurrentExecutions")
        return value

    def state(self, rule: str) -> str:
        bus, _, name = self.rules[rule].partition(":rule/")[2].rpartition("/")
        found = self.ask("events", "describe_rule", Name=name, EventBusName=bus or "default")
        return str(found["State"])


@pytest.fixture
def estate(started: Path, tmp_path: Path) -> Iterator[Estate]:
    home = tmp_path / "copy"
    process.fork(started, home)
    with environment(home):
        yield Estate(home)
    process.stop(home)


def test_a_stop_waits_for_the_mappings_and_a_start_enables_only_what_it_stopped(
    estate: Estate,
) -> None:
    assert estate.mappings() == {"orders": "Enabled", "refunds": "Disabled"}
    estate.do(estate.action("lambda", "", Phase.ACTIVATE, "fence"))
    writes = [
        call.operation for call in estate.calls if not call.operation.startswith(("get", "list"))
    ]
    # a mapping that reads while its function may not run fills the dead-letter queue
    assert writes[0] == "update_event_source_mapping"
    assert writes[-1] == "put_function_concurrency"
    assert estate.mappings() == {"orders": "Disabled", "refunds": "Disabled"}
    assert (estate.reserved(), estate.clock.monotonic() >= 10) == (0, True)

    # failback: production's spec has forgotten which mapping was on, the record has not
    entry = estate.entry("lambda")
    for mapping in entry.spec["mappings"]:
        mapping["enabled"] = True
    estate.serves(WEST)
    for which in ("concurrency", "alias-live", "provision-live", "mappings"):
        estate.do(estate.action("lambda", "", Phase.ACTIVATE, which))
    assert estate.mappings() == {"orders": "Enabled", "refunds": "Disabled"}
    assert estate.reserved() == 20


def test_undoing_a_stop_puts_back_what_it_found(estate: Estate) -> None:
    stop = estate.action("lambda", "", Phase.ACTIVATE, "fence")
    facts = estate.do(stop)
    stop.undo(estate.aws, estate.context({}), facts)
    assert estate.mappings() == {"orders": "Enabled", "refunds": "Disabled"}
    name = estate.function["name"]
    found = estate.ask("lambda", "list_provisioned_concurrency_configs", FunctionName=name)
    (kept,) = found["ProvisionedConcurrencyConfigs"]
    assert (estate.reserved(), kept["RequestedProvisionedConcurrentExecutions"]) == (20, 2)


def test_a_reservation_that_leaves_others_too_little_is_told_before_it_is_asked_for(
    estate: Estate,
) -> None:
    hook = process.facts(estate.home)["initech/production"]["lambda_hook"]["function"]
    estate.do(estate.action("lambda", "", Phase.ACTIVATE, "fence"))
    estate.ask(
        "lambda",
        "put_function_concurrency",
        FunctionName=hook,
        ReservedConcurrentExecutions=885,
    )
    estate.serves(WEST)
    seen = estate.action("lambda", "", Phase.ACTIVATE, "concurrency").observe(estate.aws)
    assert "AWS keeps 100" in (seen.blocked or "")
    assert "L-B99A9384" in seen.hint
    entry = estate.entry("lambda")
    site = estate.site(entry, Phase.ACTIVATE)
    adapter, at = adapter_for("lambda"), At(estate.aws, estate.account, site.region)
    (asked,) = adapter.demand(Phase.ACTIVATE, entry, site, estate.aws)
    taken = adapter.used(asked.limit, at)[""]
    # AWS keeps 100 of the account's 1,000 for functions that reserved nothing
    assert (taken, taken + asked.amount > 900) == (885, True)


def test_an_alias_goes_to_productions_version_in_one_call_and_back(estate: Estate) -> None:
    name = estate.function["name"]
    estate.ask("lambda", "update_function_configuration", FunctionName=name, MemorySize=512)
    estate.clock.sleep(10)
    second = estate.ask("lambda", "publish_version", FunctionName=name)["Version"]
    elsewhere = {
        "FunctionVersion": second,
        "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}},
    }
    estate.ask("lambda", "update_alias", FunctionName=name, Name="live", **elsewhere)
    estate.serves(WEST)
    estate.calls.clear()
    move = estate.action("lambda", "", Phase.ACTIVATE, "alias-live")
    facts = estate.do(move)
    assert [call.operation for call in estate.calls].count("update_alias") == 1
    now = estate.ask("lambda", "get_alias", FunctionName=name, Name="live")
    assert (now["FunctionVersion"], now.get("RoutingConfig") or {}) == (
        "1",
        {"AdditionalVersionWeights": {}},
    )
    move.undo(estate.aws, estate.context({}), facts)
    back = estate.ask("lambda", "get_alias", FunctionName=name, Name="live")
    assert {key: back[key] for key in elsewhere} == elsewhere


def refused(estate: Estate, technology: str = "lambda", name: str = "") -> str:
    resource = estate.entry(technology, name).resource
    with pytest.raises(OperationError) as caught:
        adapter_for(technology).capture(resource, estate.aws)
    return f"{caught.value.what} {caught.value.why}"


def test_a_function_that_is_no_production_is_not_captured(estate: Estate) -> None:
    name = estate.function["name"]
    url = {"FunctionName": name, "AuthType": "AWS_IAM"}
    estate.ask("lambda", "create_function_url_config", **url)
    assert "function URL" in refused(estate)
    estate.ask("lambda", "delete_function_url_config", FunctionName=name)
    weights = {"AdditionalVersionWeights": {"1": 0.1}}
    estate.ask("lambda", "update_alias", FunctionName=name, Name="live", RoutingConfig=weights)
    assert "second version" in refused(estate)
    estate.do(estate.action("lambda", "", Phase.ACTIVATE, "fence"))
    assert "concurrency is 0" in refused(estate)


def test_code_that_is_not_in_the_region_stops_a_replication_before_it_begins(
    estate: Estate,
) -> None:
    entry = estate.entry("lambda")
    site = estate.site(entry, Phase.REPLICATE)
    adapter = adapter_for("lambda")
    assert adapter.prerequisites(Phase.REPLICATE, entry, site, estate.aws) == ()
    bucket = estate.function["artifacts"][WEST]
    estate.ask("s3", "delete_object", WEST, Bucket=bucket, Key="charges/1.4.2.zip")
    (wrong,) = adapter.prerequisites(Phase.REPLICATE, entry, site, estate.aws)
    assert f"s3://{bucket}/charges/1.4.2.zip cannot be read in {WEST}" in wrong.detail
    assert f"site_map.{WEST}.code_artifacts" in wrong.hint


def test_streams_and_what_hangs_on_a_function_are_captured_without_what_aws_fills_in(
    estate: Estate,
) -> None:
    name = estate.function["name"]
    stream = f"arn:aws:kinesis:{EAST}:{estate.account}:stream/clicks"
    estate.ask("kinesis", "create_stream", StreamName="clicks", ShardCount=1)
    asked = {"EventSourceArn": stream, "StartingPosition": "LATEST", "MaximumRetryAttempts": 3}
    estate.ask("lambda", "create_event_source_mapping", FunctionName=name, Enabled=False, **asked)
    assert "is being changed" in refused(estate)
    estate.clock.sleep(10)
    entry = estate.entry("lambda")
    spec = adapter_for("lambda").capture(entry.resource, estate.aws).model_dump()
    (found,) = (one for one in spec["mappings"] if one["source"] == stream)
    assert (found["qualifier"], found["enabled"]) == (None, False)
    assert found["settings"] == {
        "BatchSize": 100,
        "MaximumRetryAttempts": 3,
        "StartingPosition": "LATEST",
    }
    assert [one["sid"] for one in spec["permissions"]] == ["nightly"]
    (later,) = spec["asynchronous"]
    assert (later["qualifier"], later["retries"]) == ("live", 1)
    # the stream is read by what nobody has published: not what the alias names
    estate.ask("lambda", "update_function_configuration", FunctionName=name, MemorySize=512)
    assert "these are not the same" in refused(estate)


def test_a_rule_is_off_at_the_source_before_it_is_on_here(estate: Estate) -> None:
    name = "initech-production-nightly"
    rule = {"Name": name, "ScheduleExpression": "rate(1 day)", "State": "DISABLED"}
    estate.ask("events", "put_rule", WEST, **rule)
    entry = estate.entry("eventbridge", "nightly")
    adapter = adapter_for("eventbridge")
    actions = adapter.work(Phase.ACTIVATE, entry, estate.site(entry, Phase.ACTIVATE)).actions
    assert [action.spec.when for action in actions] == [When.BEFORE, When.AFTER]
    estate.calls.clear()
    for action in actions:
        estate.do(action)
    made = [(call.operation, call.region) for call in estate.calls]
    assert made.index(("disable_rule", EAST)) < made.index(("enable_rule", WEST))
    # accepted at once and seen a while later: nothing is on here before the source is seen off
    assert estate.clock.monotonic() >= 2
    assert estate.state("nightly") == "DISABLED"


def test_a_rule_comes_back_to_the_state_that_it_had(estate: Estate) -> None:
    name = "initech-production-nightly"
    target = {"Name": name, "ScheduleExpression": "rate(1 day)", "Description": "night"}
    estate.ask("events", "put_rule", State=ALL_TRAIL_EVENTS, **target)
    estate.clock.sleep(5)
    for rule in ("nightly", "reports"):
        estate.do(estate.action("eventbridge", rule, Phase.ACTIVATE, "fence"))
        assert estate.state(rule) == "DISABLED"
    estate.serves(WEST)
    for rule in ("nightly", "reports"):
        estate.do(estate.action("eventbridge", rule, Phase.ACTIVATE, "start"))
    # that which its owner had disabled stays so
    assert (estate.state("nightly"), estate.state("reports")) == (ALL_TRAIL_EVENTS, "DISABLED")
    kept = estate.ask("events", "describe_rule", Name=name)
    assert {key: kept[key] for key in target} == target


def test_a_rule_that_a_fence_switched_off_is_on_at_the_recovery_site_even_if_captured_since(
    estate: Estate,
) -> None:
    estate.do(estate.action("eventbridge", "nightly", Phase.ACTIVATE, "fence"))
    # the activation failed after the fence, and production was captured as it stands now
    entry = estate.entry("eventbridge", "nightly")
    spec = adapter_for("eventbridge").capture(entry.resource, estate.aws)
    again = {"spec": spec.model_dump(mode="json"), "spec_version": 2}
    estate.catalog = estate.catalog.with_entry(entry.model_copy(update=again))
    start = estate.action("eventbridge", "nightly", Phase.ACTIVATE, "start")
    assert (start.spec.title.startswith("switch on"), spec.rule.state) == (True, "DISABLED")


def test_a_rule_of_another_owner_is_not_overwritten(estate: Estate) -> None:
    entry = estate.entry("eventbridge", "nightly")
    site = estate.site(entry, Phase.REPLICATE)
    adapter = adapter_for("eventbridge")
    assert adapter.prerequisites(Phase.REPLICATE, entry, site, estate.aws) == ()
    rule = {"Name": "initech-production-nightly", "ScheduleExpression": "rate(1 day)"}
    estate.ask("events", "put_rule", WEST, **rule)
    (wrong,) = adapter.prerequisites(Phase.REPLICATE, entry, site, estate.aws)
    assert "exists on bus default in us-west-2 already" in wrong.detail


def test_the_default_bus_is_not_captured(estate: Estate) -> None:
    resource = estate.entry("eventbridge", "nightly").resource
    bus = resource.model_copy(update={"name": "event-bus/default"})
    with pytest.raises(OperationError, match="is the default bus"):
        adapter_for("eventbridge").capture(bus, estate.aws)


def test_what_was_cut_off_while_it_was_made_is_found_again(estate: Estate) -> None:
    function = f"{estate.function['arn']}:live"
    source = f"arn:aws:sqs:{EAST}:{estate.account}:{estate.function['name']}-orders"
    asked = {"eventSourceArn": source, "functionName": function}
    created = adapter_for("lambda").created
    kind = "aws:lambda/eventSourceMapping:EventSourceMapping"
    assert created(kind, asked, estate.account, estate.aws) == estate.function["mappings"]["orders"]
    assert created(kind, {**asked, "functionName": "none"}, estate.account, estate.aws) is None
    check = {"Type": "CALCULATED", "ChildHealthChecks": [], "HealthThreshold": 0}
    made = estate.ask(
        "route53", "create_health_check", CallerReference="drstate-1-x", HealthCheckConfig=check
    )["HealthCheck"]["Id"]
    created, kind = adapter_for("eventbridge").created, "aws:route53/healthCheck:HealthCheck"
    wanted = {"referenceName": "drstate-1"}
    assert created(kind, wanted, estate.account, estate.aws) == made
    assert created(kind, {"cloudwatchAlarmName": "none"}, estate.account, estate.aws) is None


@pytest.mark.parametrize(
    ("technology", "name", "told"),
    [
        ("lambda", "", "can still be invoked, and goes on reading"),
        ("eventbridge", "nightly", "by its schedule cron(0 3 * * ? *)"),
        ("eventbridge", "reports", None),
    ],
)
def test_by_force_nothing_is_asked_of_the_source_and_what_goes_on_there_is_told(
    estate: Estate, technology: str, name: str, told: str | None
) -> None:
    entry = estate.entry(technology, name)
    site = estate.site(entry, Phase.ACTIVATE, force=True, emergency=True)
    adapter = adapter_for(technology)
    actions = adapter.work(Phase.ACTIVATE, entry, site).actions
    assert {call.region for action in actions for call in action.spec.calls} == {WEST}
    said = adapter.unfenced(entry, site)
    assert said is None if told is None else told in (said or "")
