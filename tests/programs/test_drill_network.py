"""What a drill's own stack makes of a VPC: who reaches the copies, and what they reach."""

from __future__ import annotations

from typing import Any

import pytest

from drstate.adapters.at import At
from drstate.adapters.confining import in_group, ranges, sweep
from drstate.model.names import DRILL_TAG, STACK_TAG, drill_stack_name
from drstate.model.phases import SiteState
from drstate.model.scope import DrillEgress
from drstate.model.shard import Network, ShardInput
from drstate.programs.bubble import GROUP_ID
from drstate.programs.site import program
from drstate.sandbox import process
from tests.adapters.world import WEST, World

KEY = "aurora/211111111101/acme-production-orders"


@pytest.fixture(scope="module")
def at(world: World) -> At:
    return At(world.aws, world.entry("aurora").resource.account, WEST)


def shard(world: World, at: At, drill: str, egress: DrillEgress) -> ShardInput:
    facts = process.facts(world.home)["acme/production"]["data"][WEST]
    groups = at.call("ec2", "describe_security_groups", GroupIds=[facts["security_group_id"]])
    vpc = groups["SecurityGroups"][0]["VpcId"]
    live = world.shard([world.entry("aurora")], WEST, SiteState.ACTIVE)
    return live.model_copy(
        update={
            "stack": drill_stack_name(live.stack, drill),
            "resources": (),
            "drill": drill,
            "networks": (Network(vpc=vpc, ranges=ranges(at, vpc), resources=(KEY,)),),
            "policies": live.policies.model_copy(update={"drill_egress": egress}),
        }
    )


def rules(at: At, group: str) -> set[tuple[str, str]]:
    """Direction and peer of each rule; all of them are for every protocol."""
    found = list(
        at.pages(
            "ec2",
            "describe_security_group_rules",
            "SecurityGroupRules",
            Filters=[{"Name": "group-id", "Values": [group]}],
        )
    )
    assert all(one["IpProtocol"] == "-1" for one in found)
    return {
        (
            "out" if one["IsEgress"] else "in",
            one.get("CidrIpv4")
            or one.get("CidrIpv6")
            or one.get("ReferencedGroupInfo", {}).get("GroupId", ""),
        )
        for one in found
    }


@pytest.mark.parametrize(
    ("egress", "reached"),
    [
        (DrillEgress.NONE, {"itself"}),
        (DrillEgress.VPC, {"its ranges"}),
        (DrillEgress.ALL, {"0.0.0.0/0", "::/0"}),
    ],
)
def test_only_the_group_itself_is_let_in_and_out_goes_what_the_scope_file_says(
    world: World, at: At, egress: DrillEgress, reached: set[str]
) -> None:
    given = shard(world, at, f"d00{egress}", egress)
    made = world.stacks.up(given.stack, program(given), message="")
    assert made.ok, made.errors
    group = made.outputs["endpoints"][KEY][GROUP_ID]
    (network,) = given.networks
    assert network.ranges == ("10.26.0.0/16",)
    named = {"itself": {group}, "its ranges": set(network.ranges)}
    wanted = set().union(*(named.get(one, {one}) for one in reached))
    assert rules(at, group) == {("in", group), *(("out", one) for one in wanted)}
    assert not any(op.protected for op in made.ops)
    assert world.stacks.destroy(given.stack).ok
    world.stacks.remove(given.stack)


def test_what_a_stack_forgot_is_swept_by_its_tags_and_nothing_else_is(world: World, at: At) -> None:
    mine = shard(world, at, "d0beef0", DrillEgress.NONE)
    vpc = mine.networks[0].vpc
    made = {
        (drill, stack): at.call(
            "ec2",
            "create_security_group",
            GroupName=f"{drill}-{stack}",
            Description="left",
            VpcId=vpc,
            TagSpecifications=[
                {
                    "ResourceType": "security-group",
                    "Tags": [
                        {"Key": DRILL_TAG, "Value": drill},
                        {"Key": STACK_TAG, "Value": stack},
                    ],
                }
            ],
        )["GroupId"]
        for drill, stack in (("d0beef0", "one"), ("d0beef0", "two"), ("d0other", "one"))
    }
    assert sweep(at, "d0beef0", "one") == (made["d0beef0", "one"],)
    assert sweep(at, "d0beef0", "one") == ()
    left = [made["d0beef0", "two"], made["d0other", "one"]]
    there = at.call("ec2", "describe_security_groups", GroupIds=left)["SecurityGroups"]
    assert {one["GroupId"] for one in there} == set(left)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (
            {"SecurityGroupIds": ["sg-1"], "SecurityGroups": ["web"], "ImageId": "ami-1"},
            {"SecurityGroupIds": ["sg-d"], "ImageId": "ami-1"},
        ),
        (
            {"NetworkInterfaces": [{"DeviceIndex": 0, "Groups": ["sg-1"]}, {"DeviceIndex": 1}]},
            {
                "NetworkInterfaces": [
                    {"DeviceIndex": 0, "Groups": ["sg-d"]},
                    {"DeviceIndex": 1, "Groups": ["sg-d"]},
                ]
            },
        ),
        # an interface that exists already comes with its own groups
        (
            {"NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": "eni-1"}]},
            {"SecurityGroupIds": ["sg-d"]},
        ),
        (
            {"MetadataOptions": {"State": "applied", "HttpTokens": "required"}, "Operator": {}},
            {"MetadataOptions": {"HttpTokens": "required"}, "SecurityGroupIds": ["sg-d"]},
        ),
        (
            {
                "TagSpecifications": [
                    {
                        "ResourceType": "instance",
                        "Tags": [
                            {"Key": "dr:enabled", "Value": "true"},
                            {"Key": "Owner", "Value": "shop"},
                        ],
                    },
                    {"ResourceType": "volume", "Tags": [{"Key": "dr:wave", "Value": "1"}]},
                ]
            },
            {
                "SecurityGroupIds": ["sg-d"],
                "TagSpecifications": [
                    {
                        "ResourceType": "instance",
                        "Tags": [{"Key": "Owner", "Value": "shop"}],
                    }
                ],
            },
        ),
    ],
)
def test_a_template_is_copied_with_the_drills_group_and_no_other(
    data: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert in_group(data, ["sg-d"]) == wanted
