"""Where a drill's copies stand in the network, and what of a drill's own network is there.

A copy that takes a security group gets the drill's own, which belongs to one VPC: the adapter tells
how that VPC is found (``Confined``), or why its copy takes no group (``Unconfined``). Reads only,
but for ``sweep``, which deletes nothing but what carries the drill's tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drstate.adapters.at import At
from drstate.errors import OperationError
from drstate.model.grant import Grant
from drstate.model.names import DRILL_TAG, STACK_TAG

_NO_SUBNET = ("InvalidSubnetID.NotFound",)
_NO_GROUP = ("InvalidGroup.NotFound", "InvalidGroupId.Malformed")

#: what a drill's own stacks need, whatever it rehearses
GRANTS = (
    Grant(
        "find the VPCs of a drill's copies",
        (
            "ec2:DescribeSecurityGroupRules",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ),
        uncalled="only in a drill",
    ),
    Grant(
        "make a drill's security groups, and remove them",
        (
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:CreateSecurityGroup",
            "ec2:CreateTags",
            "ec2:DeleteSecurityGroup",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
        ),
        (
            "arn:aws:ec2:*:*:security-group/*",
            "arn:aws:ec2:*:*:security-group-rule/*",
            "arn:aws:ec2:*:*:vpc/*",
        ),
        uncalled="only in a drill",
    ),
)


@dataclass(frozen=True)
class Confined:
    """The copy stands in the drill's security group."""

    #: the VPC that it is made in; None: what it is copied from is not there
    vpc: Callable[[At], str | None]


@dataclass(frozen=True)
class Unconfined:
    """The copy takes no security group."""

    #: completes "it takes no security group: "
    reason: str


def vpc_of_subnets(at: At, subnets: Sequence[str]) -> str | None:
    """The VPC of the first of the subnets; without subnets, the default one. None: no such."""
    if not subnets:
        return default_vpc(at)
    answer = at.find("ec2", "describe_subnets", *_NO_SUBNET, SubnetIds=[subnets[0]])
    return _vpc(answer.get("Subnets"))


def vpc_of_groups(at: At, groups: Sequence[str]) -> str | None:
    """The VPC of the first of the security groups; None: no such."""
    answer = at.find("ec2", "describe_security_groups", *_NO_GROUP, GroupIds=[groups[0]])
    return _vpc(answer.get("SecurityGroups"))


@dataclass(frozen=True)
class SubnetGroups:
    """How a service is asked for a subnet group by its name."""

    service: str
    operation: str
    #: the parameter that takes the name, and the member of the answer that lists the groups
    parameter: str
    member: str
    #: the error for a name that does not exist
    missing: str

    def vpc(self, at: At, name: str | None) -> str | None:
        """The VPC of the group with this name; without a name, the default one. None: no such."""
        if not name:
            return default_vpc(at)
        answer = at.find(self.service, self.operation, self.missing, **{self.parameter: name})
        return _vpc(answer.get(self.member))


DB_SUBNET_GROUPS = SubnetGroups(
    "rds",
    "describe_db_subnet_groups",
    "DBSubnetGroupName",
    "DBSubnetGroups",
    "DBSubnetGroupNotFoundFault",
)


def default_vpc(at: At) -> str | None:
    """The account's default VPC in the region, if it has one."""
    answer = at.call("ec2", "describe_vpcs", Filters=[{"Name": "is-default", "Values": ["true"]}])
    return _vpc(answer.get("Vpcs"))


def ranges(at: At, vpc: str) -> tuple[str, ...]:
    """The address ranges of a VPC, sorted. Raises OperationError where it is gone."""
    answer = at.find("ec2", "describe_vpcs", "InvalidVpcID.NotFound", VpcIds=[vpc])
    found = answer.get("Vpcs") or []
    if not found:
        raise OperationError(
            f"VPC {vpc} does not exist in {at.region}",
            why="a subnet or a group of the standby names it, and DescribeVpcs does not know it",
            hint="drstate capture --refresh looks at what is there now",
        )
    told = {
        str(one[member])
        for name, member, state in (
            ("CidrBlockAssociationSet", "CidrBlock", "CidrBlockState"),
            ("Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock", "Ipv6CidrBlockState"),
        )
        for one in found[0].get(name) or []
        if one.get(member) and (one.get(state) or {}).get("State") in (None, "associated")
    }
    return tuple(sorted(told or {str(found[0]["CidrBlock"])}))


def in_group(data: Mapping[str, Any], groups: list[str]) -> dict[str, Any]:
    """A launch template's content with other security groups, as a new template takes it."""
    # shown, and never given; groups by name are of the default VPC
    kept = {key: data[key] for key in data if key not in ("Operator", "SecurityGroups")}
    interfaces = [
        {**one, "Groups": groups}
        for one in kept.get("NetworkInterfaces") or []
        # one that exists already is somebody's, and has its own
        if not one.get("NetworkInterfaceId")
    ]
    kept.pop("NetworkInterfaces", None)
    if interfaces:
        kept.pop("SecurityGroupIds", None)
        kept["NetworkInterfaces"] = interfaces
    else:
        kept["SecurityGroupIds"] = groups
    if kept.get("MetadataOptions"):
        kept["MetadataOptions"] = {
            key: value for key, value in kept["MetadataOptions"].items() if key != "State"
        }
    kept["TagSpecifications"] = [
        {**one, "Tags": tags}
        for one in kept.get("TagSpecifications") or []
        if (tags := [tag for tag in one.get("Tags") or [] if not tag["Key"].startswith("dr:")])
    ]
    return {key: value for key, value in kept.items() if value not in (None, "", [], {})}


def sweep(at: At, drill: str, stack: str) -> tuple[str, ...]:
    """Delete the security groups of a drill's stack that it does not know any more; their ids.

    One that was cut off may have made one without writing it down. Call it once the stack is
    destroyed. Raises AwsCallError where one is still in use.
    """
    left = [
        str(one["GroupId"])
        for one in at.pages(
            "ec2",
            "describe_security_groups",
            "SecurityGroups",
            Filters=[
                {"Name": f"tag:{DRILL_TAG}", "Values": [drill]},
                {"Name": f"tag:{STACK_TAG}", "Values": [stack]},
            ],
        )
    ]
    for group in left:
        at.find("ec2", "delete_security_group", *_NO_GROUP, GroupId=group)
    return tuple(left)


def _vpc(found: Iterable[dict[str, Any]] | None) -> str | None:
    return next((str(one["VpcId"]) for one in found or () if one.get("VpcId")), None)
