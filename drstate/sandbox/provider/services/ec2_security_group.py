"""aws:ec2/securityGroup:SecurityGroup: a group of a VPC, without the rule that EC2 puts into it.

As the real provider does, it takes away the rule that lets everything out. Rules inside the group
are not served: rules are resources of their own here. Its id is the group's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import tag_map
from drstate.sandbox.provider.problems import code_of, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import ec2_shared as ec2
from drstate.sandbox.provider.wire import Values

_ELSEWHERE = "rules are resources of their own: use aws.vpc.SecurityGroupIngressRule or EgressRule"


class SecurityGroup(ResourceType):
    """A group of a VPC, without rules."""

    urn_type = "aws:ec2/securityGroup:SecurityGroup"
    title = "EC2 Security Group"
    name_property = "name"
    name_prefix = "namePrefix"
    autoname = True
    timeouts = Timeouts(create=600.0, delete=900.0)
    props: ClassVar[Mapping[str, Prop]] = {
        "description": text(replaces=True, default="Managed by Pulumi"),
        "egress": unordered(record({}), refused=_ELSEWHERE),
        "ingress": unordered(record({}), refused=_ELSEWHERE),
        "name": text(replaces=True, computed=True),
        "namePrefix": text(replaces=True, computed=True, local=True),
        "region": REGION,
        "revokeRulesOnDelete": flag(local=True, default=False),
        "tags": TAGS,
        "vpcId": text(replaces=True, computed=True),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "ownerId": OUT_TEXT,
        "tagsAll": OUT_TAGS,
    }

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        client = call.client("ec2")
        request: dict[str, Any] = {
            "GroupName": inputs["name"],
            "Description": inputs["description"],
        }
        if inputs.get("vpcId"):
            request["VpcId"] = inputs["vpcId"]
        if tags:
            request["TagSpecifications"] = ec2.specification("security-group", tags)
        ident = str(client.create_security_group(**request)["GroupId"])
        with made(ident):
            outwards = self._look(call, ident)["IpPermissionsEgress"]
            if outwards:
                client.revoke_security_group_egress(GroupId=ident, IpPermissions=outwards)
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = self._look(call, ident)
        if not shown:
            return None
        values: Values = {
            "arn": f"arn:{call.partition}:ec2:{call.region}:{shown['OwnerId']}"
            f":security-group/{ident}",
            "description": shown["Description"],
            "name": shown["GroupName"],
            "ownerId": shown["OwnerId"],
            "vpcId": shown.get("VpcId"),
        }
        return Found(ident, values, tag_map(shown.get("Tags") or ()))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        """Everything but tags replaces the group."""

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        def deleted() -> bool | None:
            try:
                call.client("ec2").delete_security_group(GroupId=ident)
            except ClientError as error:
                if ec2.absent(error):
                    return True
                if code_of(error) == "DependencyViolation":
                    return None
                raise
            return True

        call.waiter.until(f"{self.title} ({ident}) to be used by nobody", call.limit, deleted)

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        ec2.retag(call, ident, put, drop)

    def _look(self, call: Call, ident: str) -> dict[str, Any]:
        try:
            answer = call.client("ec2").describe_security_groups(GroupIds=[ident])
        except ClientError as error:
            if ec2.absent(error):
                return {}
            raise
        return dict(answer["SecurityGroups"][0]) if answer["SecurityGroups"] else {}
