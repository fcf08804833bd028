"""Routing controls: five endpoints, safety rules, and the answers that follow them."""

from __future__ import annotations

import pytest

DNS = "100000000002"
EAST, WEST = "us-east-1", "us-west-2"
CONFIG, CLUSTER = "route53-recovery-control-config", "route53-recovery-cluster"


@pytest.fixture
def dns(sandbox):
    def client(service, region=EAST):
        session = sandbox.assumed(DNS, "drstate-dns-initech", "initech-dr-51d0")
        return sandbox.checked(session, service, region)

    return client


@pytest.fixture
def controls(sandbox):
    return sandbox.facts("initech/production")["route53"]["controls"]


def entries(**states):
    return [
        {"RoutingControlArn": arn, "RoutingControlState": state} for arn, state in states.items()
    ]


def answered(client, zone):
    return client.test_dns_answer(
        HostedZoneId=zone, RecordName="shop.initech.example.", RecordType="CNAME"
    )["RecordData"]


def test_the_configuration_is_in_one_region_and_names_five_endpoints(dns, controls, refused):
    config = dns(CONFIG, WEST)
    control = config.describe_routing_control(RoutingControlArn=controls[EAST])["RoutingControl"]
    panel = config.describe_control_panel(ControlPanelArn=control["ControlPanelArn"])[
        "ControlPanel"
    ]
    cluster = config.describe_cluster(ClusterArn=panel["ClusterArn"])["Cluster"]
    assert len({one["Region"] for one in cluster["ClusterEndpoints"]}) == 5
    assert panel["RoutingControlCount"] == 2
    assert config.list_clusters()["Clusters"] == [cluster]
    listed = config.list_routing_controls(ControlPanelArn=panel["ControlPanelArn"])
    assert {one["RoutingControlArn"] for one in listed["RoutingControls"]} == set(controls.values())
    (rule,) = config.list_safety_rules(ControlPanelArn=panel["ControlPanelArn"])["SafetyRules"]
    assert set(rule["ASSERTION"]["AssertedControls"]) == set(controls.values())
    assert refused(
        dns(CONFIG, EAST).describe_cluster, ClusterArn=panel["ClusterArn"]
    )[0] == "AccessDeniedException"  # fmt: skip
    gone = controls[EAST][:-4] + "0000"
    assert refused(config.describe_routing_control, RoutingControlArn=gone)[0] == (
        "ResourceNotFoundException"
    )


def test_states_change_together_where_the_rules_allow_it_and_answers_follow(
    sandbox, dns, controls, refused
):
    zone = sandbox.facts("initech/production")["route53"]["zone_id"]
    east, tokyo = dns(CLUSTER), dns(CLUSTER, "ap-northeast-1")
    route53 = dns("route53")
    both_off = entries(**{controls[EAST]: "Off", controls[WEST]: "Off"})
    refusal = refused(east.update_routing_control_states, UpdateRoutingControlStateEntries=both_off)
    assert refusal[0] == "ConflictException"
    assert "somebody-serves" in refusal[2]
    assert refused(
        east.update_routing_control_state, RoutingControlArn=controls[EAST],
        RoutingControlState="Off",
    )[0] == "ConflictException"  # fmt: skip
    assert answered(route53, zone) == ["initech-production-us-east-1.elb.example"]
    flip = entries(**{controls[EAST]: "Off", controls[WEST]: "On"})
    tokyo.update_routing_control_states(UpdateRoutingControlStateEntries=flip)
    # what one endpoint is told, all know
    assert east.get_routing_control_state(RoutingControlArn=controls[WEST])[
        "RoutingControlState"
    ] == "On"  # fmt: skip
    shown = east.list_routing_controls()["RoutingControls"]
    assert {one["RoutingControlState"] for one in shown} == {"On", "Off"}
    assert answered(route53, zone) == ["initech-production-us-west-2.elb.example"]
    rule = dns(CONFIG, WEST).list_safety_rules(
        ControlPanelArn=controls[EAST].rpartition("/routingcontrol/")[0]
    )["SafetyRules"][0]["ASSERTION"]["SafetyRuleArn"]
    tokyo.update_routing_control_states(
        UpdateRoutingControlStateEntries=both_off, SafetyRulesToOverride=[rule]
    )
    assert refused(
        dns(CLUSTER, "sa-east-1").get_routing_control_state, RoutingControlArn=controls[EAST]
    )[0] == "AccessDeniedException"  # fmt: skip
