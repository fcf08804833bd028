"""What of groups, load balancers and security groups is refused by name, and never left out."""

from __future__ import annotations

from typing import Any

import pytest

from drstate.adapters import security_group
from drstate.adapters.autoscaling import capture as groups
from drstate.adapters.autoscaling.template import template_spec, unsupported_template
from drstate.adapters.elb import capture as balancers
from drstate.adapters.vcpus import limit_of
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.model.tags import DrTags

ACCOUNT = "111122223333"
GROUP: dict[str, Any] = {
    "VPCZoneIdentifier": "subnet-1,subnet-2",
    "DesiredCapacityType": "units",
    "AvailabilityZoneDistribution": {"CapacityDistributionStrategy": "balanced-best-effort"},
    "CapacityReservationSpecification": {"CapacityReservationPreference": "default"},
    "DeletionProtection": "none",
    "TrafficSources": [{"Identifier": "arn", "Type": "elbv2"}],
}


def resource() -> Resource:
    return Resource(
        key=f"security-group/{ACCOUNT}/sg-1",
        technology="security-group",
        name="sg-1",
        account=ACCOUNT,
        region="us-east-1",
        arn="arn",
        tags=DrTags(customer="acme", environment="production", wave=1),
    )


def test_what_aws_answers_without_being_asked_refuses_nothing() -> None:
    assert groups._unsupported(GROUP) == []
    assert unsupported_template({"ImageId": "ami-1", "Operator": {"Managed": False}}) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"LaunchConfigurationName": "old"}, "LaunchConfigurationName"),
        ({"LoadBalancerNames": ["classic"]}, "LoadBalancerNames"),
        ({"WarmPoolConfiguration": {"MinSize": 1}}, "WarmPoolConfiguration"),
        ({"InstanceMaintenancePolicy": {"MinHealthyPercentage": 90}}, "InstanceMaintenancePolicy"),
        ({"DesiredCapacityType": "vcpu"}, "DesiredCapacityType"),
        ({"PlacementGroup": "near"}, "PlacementGroup"),
        ({"VPCZoneIdentifier": ""}, "availability zones without subnets"),
        ({"TrafficSources": [{"Type": "vpc-lattice"}]}, "TrafficSources of VPC Lattice"),
        (
            {
                "MixedInstancesPolicy": {
                    "LaunchTemplate": {"Overrides": [{"InstanceRequirements": {"VCpuCount": {}}}]}
                }
            },
            "overrides with InstanceRequirements",
        ),
    ],
)
def test_a_setting_of_a_group_that_would_be_lost_is_named(
    change: dict[str, Any], named: str
) -> None:
    assert groups._unsupported({**GROUP, **change}) == [named]


def test_policies_and_schedules_that_cannot_be_carried_are_named() -> None:
    policies: list[dict[str, Any]] = [
        {"PolicyName": "guess", "PolicyType": "PredictiveScaling"},
        {
            "PolicyName": "sum",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingConfiguration": {"CustomizedMetricSpecification": {"Metrics": [{}]}},
        },
    ]
    assert groups._unsupported_policies(policies) == [
        "policy guess of type PredictiveScaling",
        "policy sum with an expression over metrics",
    ]
    schedules = [{"ScheduledActionName": "once"}, {"ScheduledActionName": "e", "Recurrence": "*"}]
    assert groups._unsupported_schedules(schedules) == ["scheduled action once, which happens once"]


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"CpuOptions": {"CoreCount": 2}}, "launch template's CpuOptions"),
        ({"EnclaveOptions": {"Enabled": True}}, "launch template's EnclaveOptions"),
        ({"NetworkInterfaces": [{"SubnetId": "subnet-1"}]}, "network interface's SubnetId"),
        (
            {"BlockDeviceMappings": [{"DeviceName": "a", "Ebs": {"EbsCardIndex": 1}}]},
            "block device's EbsCardIndex",
        ),
        ({"Placement": {"HostId": "h-1"}}, "placement's HostId"),
        ({"TagSpecifications": [{"ResourceType": "elastic-gpu"}]}, "tags for elastic-gpu"),
    ],
)
def test_a_setting_of_a_launch_template_that_would_be_lost_is_named(
    data: dict[str, Any], named: str
) -> None:
    assert unsupported_template(data) == [named]


def test_instances_of_a_copy_do_not_ask_for_protection() -> None:
    tags = [{"Key": "dr:enabled", "Value": "true"}, {"Key": "Role", "Value": "web"}]
    data = {"TagSpecifications": [{"ResourceType": "instance", "Tags": tags}]}
    assert template_spec("web", data).tags == {"instance": {"Role": "web"}}


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("m7g.large", "L-1216C47A"),
        ("t3.medium", "L-1216C47A"),
        ("inf2.xlarge", "L-1945791B"),
        ("i4i.large", "L-1216C47A"),
        ("p5.48xlarge", "L-417A185B"),
        ("g6e.xlarge", "L-DB2E81BA"),
        ("x2idn.16xlarge", "L-7295265B"),
        ("u-6tb1.metal", "L-43DA4232"),
    ],
)
def test_every_instance_type_counts_towards_its_own_quota(kind: str, code: str) -> None:
    assert limit_of(kind).code == code


@pytest.mark.parametrize(
    ("found", "rules", "named"),
    [
        ({"GroupName": "old"}, [], "in no VPC"),
        ({"GroupName": "default", "VpcId": "vpc-1"}, [], "default group"),
        (
            {"GroupName": "web", "VpcId": "vpc-1"},
            [{"SecurityGroupRuleId": "sgr-1", "ReferencedGroupInfo": {"UserId": "444455556666"}}],
            "over a peering",
        ),
    ],
)
def test_a_group_that_cannot_be_carried_whole_is_refused(
    found: dict[str, Any], rules: list[dict[str, Any]], named: str
) -> None:
    with pytest.raises(OperationError, match=named):
        security_group._refuse(resource(), found, rules)


def test_actions_and_conditions_that_cannot_be_carried_are_named() -> None:
    assert balancers._unsupported_actions([{"Type": "authenticate-oidc"}, {"Type": "forward"}]) == [
        "action authenticate-oidc"
    ]
    assert balancers._patterned(
        {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["x"]}}
    )
    gateway = {"Type": "gateway", "AvailabilityZones": [{"LoadBalancerAddresses": []}]}
    assert list(balancers._unsupported_balancer(gateway)) == ["type gateway"]
    fixed = {
        "Type": "network",
        "AvailabilityZones": [{"LoadBalancerAddresses": [{"AllocationId": "eipalloc-1"}]}],
    }
    assert list(balancers._unsupported_balancer(fixed)) == ["addresses of its own"]


def test_attributes_that_would_be_lost_are_named_with_their_value() -> None:
    shown = [
        {"Key": "idle_timeout.timeout_seconds", "Value": "60"},
        {"Key": "access_logs.s3.bucket", "Value": ""},
        {"Key": "health_check_logs.s3.enabled", "Value": "true"},
    ]
    kept, lost = balancers._attributes(shown, group=False)
    assert kept == {"idle_timeout.timeout_seconds": "60"}
    assert lost == ["attribute health_check_logs.s3.enabled=true"]


@pytest.mark.parametrize(
    ("internal", "value", "lost"),
    [(True, "true", 0), (True, "false", 1), (False, "true", 1), (False, "false", 0)],
)
def test_what_aws_sets_for_internal_load_balancers_is_no_setting(
    internal: bool, value: str, lost: int
) -> None:
    shown = [{"Key": "ipv6.deny_all_igw_traffic", "Value": value}]
    assert len(balancers._attributes(shown, group=False, internal=internal)[1]) == lost
