"""DRS servers: what is captured, checked before, set, launched beside and for good, and undone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.adapters.actions import Action
from drstate.adapters.at import At
from drstate.adapters.drs import reading
from drstate.adapters.drs.adapter import DrsAdapter
from drstate.adapters.drs.capture import unsupported
from drstate.adapters.drs.reading import seconds_of
from drstate.errors import ConfigError, OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.groups import ProtectionGroup
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.model.resource import Resource
from drstate.model.scope import Scope
from drstate.programs.drs import DrsSpec, address_in
from drstate.programs.launching import DrsPolicy
from drstate.sandbox import process
from tests.adapters.world import EAST, WEST, World, resource_of

APP = "233333333302"
NOWHERE = "subnet-0123456789abcdef0"
ALLOW = {"AWSDRS": "AllowLaunchingIntoThisInstance"}


class Servers:
    """Initech's servers, and instances in the west that stand in for what a stack would make."""

    def __init__(self, home: Path, policy: Mapping[str, Any] | None = None) -> None:
        self.home = home
        content = yaml.safe_load(process.scopes(home)["initech/production.yaml"])
        content["policies"]["drs"].update(policy or {})
        self.world = World(home, Scope.model_validate(content))
        self.adapter = DrsAdapter(self.world.clock)
        self.facts = process.facts(home)["initech/production"]["drs"]["servers"]

    def resource(self, name: str) -> Resource:
        instance = self.facts[name]["instance_id"]
        arn = f"arn:aws:ec2:{EAST}:{APP}:instance/{instance}"
        return resource_of(self.world.scope, "drs", instance, arn, 2)

    def entry(self, name: str) -> CatalogEntry:
        resource = self.resource(name)
        spec = self.adapter.capture(resource, self.world.aws)
        return CatalogEntry(
            resource=resource,
            ownership=self.adapter.initial_ownership(resource, spec, self.world.scope),
            group="w2",
            spec=spec.model_dump(mode="json"),
            spec_version=1,
            last_seen=self.world.clock.now(),
        )

    def call(self, service: str, operation: str, region: str = WEST, **params: Any) -> Any:
        return self.world.aws.call(service, operation, account=APP, region=region, **params)

    def copy(self, entry: CatalogEntry) -> str:
        """The instance that the stack would declare, stopped; made once."""
        found = reading.copy(At(self.world.aws, APP, WEST), entry.resource.arn)
        if found is not None:
            return found.id
        subnet = self.world.scope.site_map[WEST]["subnets"]  # type: ignore[index]
        tags = {**ALLOW, "drstate:source": entry.resource.arn}
        made = self.call(
            "ec2", "run_instances", ImageId="ami-1", MinCount=1, MaxCount=1,
            SubnetId=subnet[entry.spec["subnet"]],
            TagSpecifications=[{"ResourceType": "instance", "Tags": [
                {"Key": key, "Value": value} for key, value in tags.items()]}],
        )  # fmt: skip
        name = str(made["Instances"][0]["InstanceId"])
        self.world.clock.sleep(30)
        self.call("ec2", "stop_instances", InstanceIds=[name])
        self.world.clock.sleep(30)
        return name

    def state(self, instance: str, region: str = WEST) -> str:
        found = self.call("ec2", "describe_instances", region, InstanceIds=[instance])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

    def site(self, entry: CatalogEntry, phase: Phase, **options: bool) -> Any:
        return self.world.site(entry, phase, **options)

    def actions(self, entry: CatalogEntry, phase: Phase, **options: bool) -> dict[str, Action]:
        work = self.adapter.work(phase, entry, self.site(entry, phase, **options))
        return {action.spec.id.rpartition("#")[2]: action for action in work.actions}

    def unmet(self, entry: CatalogEntry, phase: Phase, **options: bool) -> list[Any]:
        site = self.site(entry, phase, **options)
        fresh = DrsAdapter(self.world.clock)
        return list(fresh.prerequisites(phase, entry, site, self.world.aws))

    def run(self, action: Action) -> tuple[dict[str, Any], dict[str, Any]]:
        """Facts of the moment before, and the result; empty where it is done already."""
        seen = action.observe(self.world.aws)
        if seen.done:
            return seen.facts, {}
        assert seen.blocked is None, seen.blocked
        return seen.facts, action.run(self.world.aws, self.world.context(seen.facts))


@pytest.fixture
def servers(sandbox: Path) -> Servers:
    return Servers(sandbox)


SPEC = DrsSpec.model_validate(
    {
        "region": EAST, "captured_at": "2026-01-01T00:00:00Z", "instance_id": "i-1", "arn": "arn",
        "platform": "linux", "architecture": "x86_64", "image": "ami-1", "instance_type": "t3.nano",
        "subnet": "subnet-1", "subnet_cidr": "10.1.4.0/24", "private_ip": "10.1.4.77",
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("cidr", "address"),
    [
        ("10.9.8.0/24", "10.9.8.77"),
        ("10.9.0.0/20", "10.9.0.77"),
        ("10.9.8.64/26", "10.9.8.77"),
    ],
)
def test_the_copys_address_keeps_the_last_octet(cidr: str, address: str) -> None:
    assert address_in(SPEC, cidr) == address


def test_an_equal_subnet_keeps_the_whole_host_part() -> None:
    wide = SPEC.model_copy(update={"subnet_cidr": "10.1.0.0/20", "private_ip": "10.1.7.77"})
    assert address_in(wide, "10.9.16.0/20") == "10.9.23.77"


@pytest.mark.parametrize(("cidr", "wanted"), [("10.9.8.0/26", None), ("10.9.8.0/24", "10.9.8.3")])
def test_an_address_that_cannot_be_had_names_the_field(cidr: str, wanted: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        address_in(SPEC, cidr, wanted)
    assert "policies.drs.servers.i-1.private_ip" in caught.value.hint


def test_one_servers_launch_settings_differ_where_the_scope_file_says_so() -> None:
    policy = DrsPolicy.model_validate(
        {"right_sizing": "IN_AWS", "servers": {"i-1": {"os_byol": True, "right_sizing": "NONE"}}}
    )
    assert policy.of("i-1").right_sizing == "NONE"
    assert policy.of("i-1").os_byol
    assert policy.of("i-2").right_sizing == "IN_AWS"
    assert not policy.of("i-2").os_byol


@pytest.mark.parametrize(
    ("text", "seconds"), [("P0D", 0.0), ("PT1H2M3S", 3723.0), ("P1DT1S", 86401.0), (None, None)]
)
def test_lags_are_read_from_iso_durations(text: str | None, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


def test_what_a_copy_would_not_have_is_refused_by_name() -> None:
    interface = {"PrivateIpAddresses": [{}, {}], "Association": {"IpOwnerId": "233333333302"}}
    found = {
        "NetworkInterfaces": [interface, {}],
        "InstanceLifecycle": "spot",
        "HibernationOptions": {"Configured": True},
        "Architecture": "arm64",
    }
    assert unsupported(found) == [
        "several network interfaces",
        "several private addresses",
        "an Elastic IP address",
        "a Spot request",
        "hibernation",
        "another architecture than x86_64",
    ]
    assert unsupported({"NetworkInterfaces": [{"Association": {"IpOwnerId": "amazon"}}]}) == []


def test_no_way_calls_what_deletes_points_or_reboots_a_failback_client(servers: Servers) -> None:
    never = {
        "StartFailbackLaunch",
        "StopReplication",
        "InitializeService",
        "DisconnectSourceServer",
    }
    entry = servers.entry("web-1")
    for phase in Phase:
        for action in servers.actions(entry, phase).values():
            assert not {call.operation for call in action.spec.calls} & never
    assert not {one.partition(":")[2] for one in servers.adapter.permissions()} & never


def test_settings_are_recorded_before_they_are_set_and_put_back(servers: Servers) -> None:
    entry = servers.entry("web-1")
    server = servers.facts["web-1"]["source_server"]
    servers.call("drs", "update_launch_configuration", sourceServerID=server, copyPrivateIp=True)
    before = servers.call("drs", "get_launch_configuration", sourceServerID=server)
    into = servers.copy(entry)
    settings = servers.actions(entry, Phase.ACTIVATE)["settings"]
    facts, _ = servers.run(settings)
    assert facts["settings"]["copyPrivateIp"] is True
    now = servers.call("drs", "get_launch_configuration", sourceServerID=server)
    assert now["launchIntoInstanceProperties"] == {"launchIntoEC2InstanceID": into}
    assert now["copyPrivateIp"] is False
    assert settings.observe(servers.world.aws).done
    settings.undo(servers.world.aws, servers.world.context(facts), facts)
    after = servers.call("drs", "get_launch_configuration", sourceServerID=server)
    assert after == before


def test_a_groups_launch_settings_are_set_and_its_subnet_is_looked_at(servers: Servers) -> None:
    entry = servers.entry("web-1")
    there = servers.world.scope.site_map[WEST]["subnets"][entry.spec["subnet"]]  # type: ignore[index]
    servers.copy(entry)
    content = {
        "name": "web", "account": APP, "region": EAST, "servers": [entry.resource.name],
        "launch": {"disposition": "STOPPED", "right_sizing": "BASIC", "subnet": NOWHERE,
                   "instance_type": "m6i.2xlarge"},
    }  # fmt: skip
    group = ProtectionGroup.model_validate(content)
    servers.world.scope = servers.world.scope.model_copy(update={"groups": (group,)})
    settings = servers.actions(entry, Phase.ACTIVATE)["settings"]
    said = "with right_sizing BASIC, disposition STOPPED of group 'web'"
    assert settings.spec.title.endswith(said)
    facts, _ = servers.run(settings)
    server = servers.facts["web-1"]["source_server"]
    now = servers.call("drs", "get_launch_configuration", sourceServerID=server)
    assert now["launchDisposition"] == "STOPPED"
    assert now["targetInstanceTypeRightSizingMethod"] == "BASIC"
    settings.undo(servers.world.aws, servers.world.context(facts), facts)

    ledger = servers.entry("ledger")
    other = group.model_copy(update={"servers": (ledger.resource.name,)})
    servers.world.scope = servers.world.scope.model_copy(update={"groups": (other,)})
    (missing,) = servers.unmet(ledger, Phase.REPLICATE)
    assert f"subnet {NOWHERE} does not exist" in missing.detail
    found = other.model_copy(
        update={"launch": other.launch.model_copy(update={"subnet": there, "disposition": None})}
    )
    servers.world.scope = servers.world.scope.model_copy(update={"groups": (found,)})
    assert servers.unmet(ledger, Phase.REPLICATE) == []
    site = servers.site(ledger, Phase.ACTIVATE)
    (demand,) = servers.adapter.demand(Phase.ACTIVATE, ledger, site, servers.world.aws)
    assert demand.amount == 8


def test_an_instance_whose_owner_did_not_allow_it_is_not_launched_into(servers: Servers) -> None:
    entry = servers.entry("web-1")
    name = servers.copy(entry)
    servers.call("ec2", "delete_tags", Resources=[name], Tags=[{"Key": "AWSDRS"}])
    seen = servers.actions(entry, Phase.ACTIVATE)["settings"].observe(servers.world.aws)
    assert seen.blocked is not None
    assert "create-tags" in seen.hint
    (unmet,) = servers.unmet(entry, Phase.ACTIVATE)
    assert unmet.status is ResourceStatus.UNHEALTHY
    tags = [{"Key": key, "Value": value} for key, value in ALLOW.items()]
    servers.call("ec2", "create_tags", Resources=[name], Tags=tags)
    assert servers.unmet(entry, Phase.ACTIVATE) == []


def test_launching_early_warns_and_is_taken_as_it_is_later(servers: Servers, sandbox: Path) -> None:
    early = Servers(sandbox, {"launch": "instantiate"})
    entry = early.entry("web-1")
    assert "launch" not in servers.actions(entry, Phase.INSTANTIATE)
    assert servers.actions(entry, Phase.ACTIVATE)["launch"].spec.warning is None
    early.copy(entry)
    settings, launch = early.actions(entry, Phase.INSTANTIATE).values()
    early.run(settings)
    assert "lost" in (launch.spec.warning or "")
    _, result = early.run(launch)
    assert result["drill"] is False
    early.world.clock._elapsed += timedelta(hours=3).total_seconds()
    servers.world.clock._elapsed = early.world.clock._elapsed
    aws = early.world.aws
    assert early.actions(entry, Phase.ACTIVATE)["launch"].observe(aws).done
    # without that policy, data of three hours ago is not today's recovery
    assert not servers.actions(entry, Phase.ACTIVATE)["launch"].observe(aws).done
    assert early.adapter.health(entry, early.site(entry, Phase.ACTIVATE), aws).ok


def test_the_source_is_stopped_first_unless_its_region_is_given_up(servers: Servers) -> None:
    entry = servers.entry("web-2")
    planned = list(servers.actions(entry, Phase.ACTIVATE))
    assert planned == ["fence", "settings", "launch"]
    forced = servers.actions(entry, Phase.ACTIVATE, force=True)
    assert list(forced) == ["settings", "launch"]
    assert {c.region for action in forced.values() for c in action.spec.calls} == {WEST}
    assert forced["launch"].spec.needs_consent == "data-loss"
    site = servers.site(entry, Phase.ACTIVATE, force=True)
    told = servers.adapter.unfenced(entry, site)
    assert told is not None
    assert EAST in told
    fence = servers.actions(entry, Phase.ACTIVATE)["fence"]
    instance = servers.facts["web-2"]["instance_id"]
    facts, _ = servers.run(fence)
    assert servers.state(instance, EAST) == "stopped"
    with pytest.raises(OperationError, match="no production to capture"):
        servers.entry("web-2")
    fence.undo(servers.world.aws, servers.world.context(facts), facts)
    assert servers.state(instance, EAST) == "running"


def test_a_replication_that_stands_still_stops_a_plan_and_only_warns_by_force(
    servers: Servers,
) -> None:
    entry = servers.entry("web-2")
    server = servers.facts["web-2"]["source_server"]
    (missing,) = servers.unmet(entry, Phase.ACTIVATE)
    assert "no instance to launch" in missing.detail
    servers.copy(entry)
    arn = f"arn:aws:drs:{WEST}:{APP}:source-server/{server}"
    assert servers.unmet(entry, Phase.ACTIVATE) == []
    servers.call("drs", "tag_resource", resourceArn=arn, tags={"sandbox:replication": "STALLED"})
    (stopped,) = servers.unmet(entry, Phase.ACTIVATE)
    assert stopped.status is ResourceStatus.UNHEALTHY
    assert "STALLED" in stopped.detail
    assert "AGENT_NOT_SEEN" in stopped.detail
    (warned,) = servers.unmet(entry, Phase.ACTIVATE, force=True)
    assert warned.status is ResourceStatus.DEGRADED
    lag = servers.adapter.lag(entry, servers.site(entry, Phase.ACTIVATE), servers.world.aws)
    assert lag is not None
    assert lag.seconds is not None
    assert "STALLED" in lag.source
    health = servers.adapter.ready(entry, servers.site(entry, Phase.REPLICATE), servers.world.aws)
    assert "STALLED" in health.detail
    servers.call("drs", "untag_resource", resourceArn=arn, tagKeys=["sandbox:replication"])


def test_an_address_that_is_taken_is_told_before_a_stack_asks_for_it(servers: Servers) -> None:
    entry = servers.entry("ledger")
    assert servers.unmet(entry, Phase.REPLICATE) == []
    subnet = servers.world.scope.site_map[WEST]["subnets"]  # type: ignore[index]
    there = subnet[entry.spec["subnet"]]
    (shown,) = servers.call("ec2", "describe_subnets", SubnetIds=[there])["Subnets"]
    address = shown["CidrBlock"].rpartition(".")[0] + ".31"
    servers.call("ec2", "create_network_interface", SubnetId=there, PrivateIpAddress=address)
    (taken,) = servers.unmet(entry, Phase.REPLICATE)
    assert taken.status is ResourceStatus.UNHEALTHY
    assert address in taken.detail
    instance = servers.facts["ledger"]["instance_id"]
    assert f"policies.drs.servers.{instance}.private_ip" in taken.hint
    other = Servers(servers.home, {"servers": {instance: {"private_ip": address[:-2] + "44"}}})
    assert other.unmet(entry, Phase.REPLICATE) == []


def test_a_staged_server_is_found_where_its_account_is_named(servers: Servers) -> None:
    entry = servers.entry("ledger")
    alone = Servers(servers.home, {"staging_accounts": []})
    seen = alone.actions(entry, Phase.REPLICATE)["protect"].observe(alone.world.aws)
    assert seen.blocked is not None
    assert "policies.drs.staging_accounts" in seen.hint
    protect = servers.actions(entry, Phase.REPLICATE)["protect"]
    _, result = servers.run(protect)
    assert result["replication"] == "CONTINUOUS"
    (found,) = servers.call(
        "drs", "describe_source_servers",
        filters={"stagingAccountIDs": [servers.facts["ledger"]["source_server_account"]]},
    )["items"]  # fmt: skip
    assert found["stagingArea"]["status"] == "EXTENDED"
    assert protect.observe(servers.world.aws).done


def test_drs_has_to_be_set_up_in_both_regions_by_a_person(servers: Servers) -> None:
    entry = servers.entry("web-2")
    moved = servers.world.scope.model_copy(
        update={"regions": servers.world.scope.regions.model_copy(update={"recovery": "eu-west-1"})}
    )
    site = servers.site(entry, Phase.REPLICATE)
    elsewhere = type(site)(**{**vars(site), "scope": moved, "region": "eu-west-1"})
    fresh = DrsAdapter(servers.world.clock)
    found = fresh.prerequisites(Phase.REPLICATE, entry, elsewhere, servers.world.aws)
    assert [one.status for one in found] == [ResourceStatus.UNHEALTHY]
    assert "initialize-service --region eu-west-1" in found[0].hint
