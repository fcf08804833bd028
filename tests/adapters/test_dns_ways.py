"""The ways of DNS: routing controls with dead endpoints and safety rules, aliases, weights, EKS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from drstate.adapters.at import At
from drstate.adapters.registry import adapter_for
from drstate.adapters.route53.controls import FlipControls
from drstate.adapters.route53.wanted import Unfit, current_matches, wanted_sets
from drstate.aws.ways import OVERRIDE, Way
from drstate.errors import AwsCallError, OperationError
from drstate.execution.making_plan import slow_answers
from drstate.model.health import ResourceStatus
from drstate.model.named import DnsRecord
from drstate.model.phases import Phase
from drstate.programs.route53 import slow_answer
from drstate.sandbox import process
from tests.adapters.initech import (
    actions_of,
    copy_of,
    facts_of,
    initech,
    perform,
    scope_content,
)
from tests.adapters.world import DNS, EAST, WEST, World

CLUSTER = "route53-recovery-cluster"
SHOP, NEW = "shop.initech.example.", "new.initech.example."


@pytest.fixture
def home(sandbox: Path, tmp_path: Path) -> Iterator[Path]:
    """A sandbox of one's own."""
    with copy_of(sandbox, tmp_path / "copy") as copy:
        yield copy


def with_dns(home: Path, **changes: Any) -> World:
    """A world with the record that follows routing controls, its entry changed."""
    content = scope_content(home)
    entry = next(one for one in content["dns"] if one["name"] == SHOP)
    return initech(home, "route53", content={**content, "dns": [{**entry, **changes}]})


def flip(world: World, *, force: bool = False) -> FlipControls:
    """The flip of the record in ACTIVATE."""
    (action,) = actions_of(world, world.entry("route53"), Phase.ACTIVATE, force=force)
    assert isinstance(action, FlipControls)
    return action


def dead(home: Path, *regions: str) -> None:
    """The cluster's endpoints in these regions do not answer."""
    process.add_faults(
        home, [{"effect": "refuse", "service": CLUSTER, "region": region} for region in regions]
    )


def test_dead_endpoints_are_passed_over_and_both_states_change_in_one_call(home: Path) -> None:
    world = with_dns(home)
    action = flip(world)
    assert action.endpoints.regions[0] == WEST
    before = action.observe(world.aws)
    assert before.facts["states"] == {EAST: "On", WEST: "Off"}
    dead(home, WEST, "ap-northeast-1")
    seen = len(world.calls)
    result = perform(world, action)
    assert result["states"] == {EAST: "Off", WEST: "On"}
    assert result["endpoint"] == "ap-southeast-2"
    updates = [one for one in world.calls[seen:] if one.operation.startswith("update_")]
    # two endpoints were tried in vain, none of them twice
    assert [one.region for one in updates] == [WEST, "ap-northeast-1", "ap-southeast-2"]
    assert action.observe(world.aws).done
    entry = world.entry("route53")
    adapter, site = adapter_for("route53"), world.site(entry, Phase.ACTIVATE)
    assert adapter.health(entry, site, world.aws).ok
    (told,) = adapter.prerequisites(Phase.ACTIVATE, entry, site, world.aws)
    assert told.status is ResourceStatus.HEALTHY
    dead(home, "eu-west-1")
    (told,) = adapter.prerequisites(Phase.ACTIVATE, entry, site, world.aws)
    assert told.status is ResourceStatus.DEGRADED
    assert told.detail == "2 of 5 endpoints of the cluster answer; 3 are wanted"
    action.undo(world.aws, world.context(before.facts), before.facts)
    assert action.observe(world.aws).facts["states"] == before.facts["states"]


def test_endpoints_come_from_the_spec_and_none_of_them_is_in_the_lost_region(home: Path) -> None:
    world = with_dns(home)
    dead(home, WEST, "ap-northeast-1", "ap-southeast-2")
    process.add_fault(home, {"effect": "region-down", "region": EAST})
    action = flip(world, force=True)
    seen = len(world.calls)
    perform(world, action)
    asked = {(one.service, one.region) for one in world.calls[seen:]}
    assert {service for service, _ in asked} == {CLUSTER}
    assert EAST not in {region for _, region in asked}
    dead(home, "eu-west-1")
    with pytest.raises(OperationError, match="no endpoint of the routing controls' cluster") as one:
        action.observe(world.aws)
    assert "eu-west-1: " in one.value.why


def test_a_safety_rule_that_refuses_is_an_error_and_is_overridden_by_force_only(
    home: Path,
) -> None:
    world = with_dns(home)
    panel = facts_of(world, "route53")["controls"][EAST].rpartition("/routingcontrol/")[0]
    rules = At(world.aws, DNS, WEST).call(
        "route53-recovery-control-config", "list_safety_rules", ControlPanelArn=panel
    )["SafetyRules"]
    rule = rules[0]["ASSERTION"]["SafetyRuleArn"]

    def all_off(**changes: Any) -> dict[str, Any]:
        stage = with_dns(home, **changes)
        action = flip(stage, force=bool(changes))
        # both off is what the rule forbids
        states = {EAST: "Off", WEST: "Off"}
        return action._put(stage.aws, stage.context({}, "data-loss"), states)

    with pytest.raises(OperationError, match="a safety rule refuses") as caught:
        all_off()
    assert "somebody-serves" in caught.value.why
    assert "break_glass" in caught.value.hint
    assert all_off(break_glass=[rule])["overridden"] == [rule]


def test_without_consent_no_rule_is_overridden(home: Path) -> None:
    world = with_dns(home, break_glass=["arn:of:a:rule"])
    action = flip(world, force=True)
    states = {EAST: "Off", WEST: "Off"}
    with pytest.raises(OperationError, match="a safety rule refuses"):
        action._put(world.aws, world.context({}, "another"), states)


def test_a_refusal_is_not_tried_at_another_endpoint(home: Path) -> None:
    world = with_dns(home)
    action = flip(world)
    process.add_fault(
        home,
        {
            "effect": "error",
            "service": CLUSTER,
            "operation": "UpdateRoutingControlStates",
            "code": "AccessDeniedException",
        },
    )
    with pytest.raises(AwsCallError, match="AccessDenied"):
        perform(world, action)
    assert [one["struck"] for one in process.faults(home)] == [1]


def test_the_clusters_own_endpoint_is_called_unless_everything_is_redirected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    way = Way(endpoint="https://host-1.us-west-2.example.com/v1")
    monkeypatch.setenv(OVERRIDE, "http://127.0.0.1:1")
    assert way.url is None
    monkeypatch.delenv(OVERRIDE)
    assert way.url == "https://host-1.us-west-2.example.com/v1"


def record(**changes: Any) -> DnsRecord:
    """A record of the scope file."""
    values = {EAST: ["east.example"], WEST: ["west.example"]}
    base = {"zone": "initech.example.", "account": DNS, "name": NEW, "wave": 1, "values": values}
    return DnsRecord.model_validate({**base, **changes})


def weighted(target: str, weight: int) -> dict[str, Any]:
    return {
        "Name": NEW,
        "Type": "CNAME",
        "TTL": 60,
        "SetIdentifier": target,
        "Weight": weight,
        "ResourceRecords": [{"Value": target}],
    }


def test_of_a_weighted_pair_only_the_weights_change_and_in_one_batch() -> None:
    found = [weighted("east.example", 70), weighted("west.example", 0)]
    wanted = wanted_sets(found, record(), WEST)
    assert [one["Weight"] for one in wanted] == [0, 70]
    assert [one["ResourceRecords"] for one in wanted] == [one["ResourceRecords"] for one in found]
    assert not current_matches(found, wanted)
    assert current_matches(wanted, wanted_sets(wanted, record(), WEST))
    with pytest.raises(Unfit, match="no weighted record set"):
        wanted_sets([weighted("north.example", 1)], record(), WEST)


def test_an_alias_keeps_what_the_region_does_not_say() -> None:
    alias = {"HostedZoneId": "ZEAST", "DNSName": "east.example.", "EvaluateTargetHealth": True}
    found = [{"Name": NEW, "Type": "A", "AliasTarget": alias}]
    named = record(type="A", alias_zones={EAST: "ZEAST", WEST: "ZWEST"})
    (wanted,) = wanted_sets(found, named, WEST)
    assert wanted["AliasTarget"] == {
        "HostedZoneId": "ZWEST",
        "DNSName": "west.example",
        "EvaluateTargetHealth": True,
    }
    assert current_matches(found, wanted_sets(found, named, EAST))
    with pytest.raises(Unfit, match="is an alias record"):
        wanted_sets(found, record(type="A"), WEST)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"way": "routing-control"}, "needs controls"),
        ({"break_glass": ["x"]}, "has no controls and no break_glass"),
        ({"alias_zones": {EAST: "Z", WEST: "Z"}}, "type A or AAAA"),
        ({"type": "A", "alias_zones": {EAST: "Z"}}, f"alias_zones lacks {WEST}"),
    ],
)
def test_what_a_record_may_not_say(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        record(**changes)


def put(world: World, *record_sets: dict[str, Any]) -> None:
    """Records in initech's zone."""
    zone = facts_of(world, "route53")["zone_id"]
    At(world.aws, DNS, EAST).call(
        "route53",
        "change_resource_record_sets",
        HostedZoneId=zone,
        ChangeBatch={
            "Changes": [{"Action": "UPSERT", "ResourceRecordSet": one} for one in record_sets]
        },
    )
    world.clock.sleep(0)


def test_a_weighted_pair_goes_there_and_back_in_the_zone(home: Path) -> None:
    put(initech(home), weighted("east.example", 10), weighted("west.example", 0))
    content = scope_content(home)
    entry = record(ttl=300).model_dump(mode="json", exclude_unset=True)
    world = initech(home, "route53", content={**content, "dns": [entry]})
    (action,) = actions_of(world, world.entry("route53"), Phase.ACTIVATE)
    before = action.observe(world.aws)
    process.add_fault(
        home,
        {
            "effect": "error",
            "service": "route53",
            "operation": "ChangeResourceRecordSets",
            "code": "PriorRequestNotComplete",
            "calls": "1-2",
        },
    )
    perform(world, action)
    assert action.observe(world.aws).done
    entry_ = world.entry("route53")
    adapter, site = adapter_for("route53"), world.site(entry_, Phase.ACTIVATE)
    assert adapter.health(entry_, site, world.aws).ok
    slow = adapter.prerequisites(Phase.ACTIVATE, entry_, site, world.aws)
    assert [one.status for one in slow] == [ResourceStatus.DEGRADED]
    site = world.site(entry_, Phase.ACTIVATE, force=True)
    lost = adapter.prerequisites(Phase.ACTIVATE, entry_, site, world.aws)
    assert "us-east-1 only, which is lost" in lost[0].detail
    assert "has a TTL of 300 s" in (slow_answer(entry_, world.scope) or "")
    assert slow_answers(world.catalog, world.scope) == (slow_answer(entry_, world.scope),)
    action.undo(world.aws, world.context(before.facts), before.facts)
    assert action.observe(world.aws).facts["record_sets"] == before.facts["record_sets"]


OWNERS = {EAST: "portal-east", WEST: "portal-west"}


def texts(owner: str) -> list[dict[str, Any]]:
    """What external-dns writes beside a record."""
    value = f'"heritage=external-dns,external-dns/owner={owner},external-dns/resource=ingress/p/w"'
    return [
        {"Name": name, "Type": "TXT", "TTL": 300, "ResourceRecords": [{"Value": value}]}
        for name in (f"edns-{NEW}", f"edns-cname-{NEW}")
    ]


def portal(home: Path, **changes: Any) -> World:
    """initech's clusters, with a record that the eastern external-dns owns."""
    first = initech(home)
    facts, zone = facts_of(first, "eks_dns"), facts_of(first, "route53")["zone_id"]
    balancer = facts["load_balancers"][EAST]
    alias = {
        "HostedZoneId": balancer["zone_id"],
        "DNSName": balancer["dns_name"],
        "EvaluateTargetHealth": True,
    }
    put(first, {"Name": NEW, "Type": "A", "AliasTarget": alias}, *texts(OWNERS[EAST]))
    content = scope_content(home)
    named = {
        "zone_id": zone,
        "account": DNS,
        "records": [{"name": NEW, "type": "A", "ingress": facts["stack"]}],
        "owners": OWNERS,
        "txt_prefix": "edns-",
        **changes,
    }
    clusters = {"clusters": {facts["clusters"][EAST]: named}}
    content["policies"] = {**content["policies"], "eks_dns": clusters}
    return initech(home, "eks-dns", content=content)


def test_a_clusters_record_and_its_owner_move_in_one_batch_and_back(home: Path) -> None:
    world = portal(home)
    wait, move = actions_of(world, world.entry("eks-dns"), Phase.ACTIVATE)
    assert wait.spec.waits
    assert wait.observe(world.aws).done
    before = move.observe(world.aws)
    assert not before.done
    seen = len(world.calls)
    perform(world, move)
    changes = [one for one in world.calls[seen:] if one.operation.startswith("change_")]
    assert len(changes) == 1
    after = move.observe(world.aws)
    assert after.done
    target = facts_of(world, "eks_dns")["load_balancers"][WEST]["dns_name"]
    shown = {one["Name"]: one for one in after.facts["record_sets"]}
    assert shown[NEW]["AliasTarget"]["DNSName"].rstrip(".") == target.lower()
    for text in (f"edns-{NEW}", f"edns-cname-{NEW}"):
        assert "owner=portal-west," in shown[text]["ResourceRecords"][0]["Value"]
    entry = world.entry("eks-dns")
    assert adapter_for("eks-dns").health(entry, world.site(entry, Phase.ACTIVATE), world.aws).ok
    move.undo(world.aws, world.context(before.facts), before.facts)
    assert move.observe(world.aws).facts["record_sets"] == before.facts["record_sets"]


def test_a_strangers_record_is_not_taken(home: Path) -> None:
    world = portal(home, owners={EAST: "somebody", WEST: "else"})
    _, move = actions_of(world, world.entry("eks-dns"), Phase.ACTIVATE)
    assert "portal-east owns the record" in (move.observe(world.aws).blocked or "")


def test_no_traffic_is_sent_to_a_cluster_without_healthy_targets(home: Path) -> None:
    world = portal(home)
    entry = world.entry("eks-dns")
    facts = facts_of(world, "eks_dns")
    at = At(world.aws, facts["account"], WEST)
    (group,) = at.call(
        "elbv2", "describe_target_groups", LoadBalancerArn=facts["load_balancers"][WEST]["arn"]
    )["TargetGroups"]
    targets = at.call(
        "elbv2", "describe_target_health", TargetGroupArn=group["TargetGroupArn"]
    )["TargetHealthDescriptions"]  # fmt: skip
    at.call(
        "elbv2",
        "deregister_targets",
        TargetGroupArn=group["TargetGroupArn"],
        Targets=[{"Id": one["Target"]["Id"]} for one in targets],
    )
    adapter, site = adapter_for("eks-dns"), world.site(entry, Phase.ACTIVATE)
    told = adapter.prerequisites(Phase.ACTIVATE, entry, site, world.aws)
    assert told[0].status is ResourceStatus.UNHEALTHY
    assert "no healthy target behind portal/web" in told[0].detail
    wait, _ = actions_of(world, entry, Phase.ACTIVATE)
    assert not wait.observe(world.aws).done
