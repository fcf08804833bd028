"""aws:vpc/securityGroupIngressRule and …EgressRule: one rule of a group. The id is the rule's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import tag_map
from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import OUT_TAGS, OUT_TEXT, REGION, TAGS, Prop, integer, text
from drstate.sandbox.provider.services import ec2_shared as ec2
from drstate.sandbox.provider.wire import Values

_PEERS = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
_ALL = "-1"


class _Rule(ResourceType):
    """One rule, in either direction."""

    props: ClassVar[Mapping[str, Prop]] = {
        "cidrIpv4": text(api="CidrIpv4"),
        "cidrIpv6": text(api="CidrIpv6"),
        "description": text(),
        "fromPort": integer(low=-1, high=65535),
        "ipProtocol": text(required=True),
        "prefixListId": text(),
        "referencedSecurityGroupId": text(api="ReferencedGroupId"),
        "region": REGION,
        "securityGroupId": text(required=True, replaces=True),
        "tags": TAGS,
        "toPort": integer(low=-1, high=65535),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "securityGroupRuleId": OUT_TEXT,
        "tagsAll": OUT_TAGS,
    }
    direction: ClassVar[str]

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        peers = [name for name in _PEERS if inputs.get(name)]
        if len(peers) != 1:
            yield peers[0] if peers else _PEERS[0], f"exactly one of {', '.join(_PEERS)} is set"
        if inputs["ipProtocol"] == _ALL and inputs.get("fromPort") not in (None, -1):
            yield "fromPort", "a rule for all protocols has no ports; leave them out"

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        operation = getattr(call.client("ec2"), f"authorize_security_group_{self.direction}")
        request: dict[str, Any] = {
            "GroupId": inputs["securityGroupId"],
            "IpPermissions": [_permission(inputs)],
        }
        if tags:
            request["TagSpecifications"] = ec2.specification("security-group-rule", tags)
        return str(operation(**request)["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        try:
            answer = call.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[ident])
        except ClientError as error:
            if ec2.absent(error):
                return None
            raise
        if not answer["SecurityGroupRules"]:
            return None
        shown = answer["SecurityGroupRules"][0]
        ports = shown["IpProtocol"] != _ALL
        values: Values = {
            "arn": f"arn:{call.partition}:ec2:{call.region}:{call.account}"
            f":security-group-rule/{ident}",
            "cidrIpv4": shown.get("CidrIpv4"),
            "cidrIpv6": shown.get("CidrIpv6"),
            "description": shown.get("Description"),
            "fromPort": shown.get("FromPort") if ports else None,
            "ipProtocol": shown["IpProtocol"],
            "prefixListId": shown.get("PrefixListId"),
            "referencedSecurityGroupId": (shown.get("ReferencedGroupInfo") or {}).get("GroupId"),
            "securityGroupId": shown["GroupId"],
            "securityGroupRuleId": ident,
            "toPort": shown.get("ToPort") if ports else None,
        }
        return Found(ident, values, tag_map(shown.get("Tags") or ()))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        rule: dict[str, Any] = {
            "IpProtocol": new["ipProtocol"],
            "FromPort": _port(new, "fromPort"),
            "ToPort": _port(new, "toPort"),
            "Description": new.get("description") or "",
        }
        for name in _PEERS:
            if new.get(name):
                rule[self.props[name].api or name[0].upper() + name[1:]] = new[name]
        call.client("ec2").modify_security_group_rules(
            GroupId=new["securityGroupId"],
            SecurityGroupRules=[{"SecurityGroupRuleId": ident, "SecurityGroupRule": rule}],
        )

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        operation = getattr(call.client("ec2"), f"revoke_security_group_{self.direction}")
        try:
            operation(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[ident])
        except ClientError as error:
            if not ec2.absent(error):
                raise

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        ec2.retag(call, ident, put, drop)


class IngressRule(_Rule):
    """What a group lets in."""

    urn_type = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    title = "VPC Security Group Ingress Rule"
    direction = "ingress"


class EgressRule(_Rule):
    """What a group lets out."""

    urn_type = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    title = "VPC Security Group Egress Rule"
    direction = "egress"


def _port(values: Values, name: str) -> int:
    port = values.get(name)
    return -1 if port is None else int(port)


def _permission(inputs: Values) -> dict[str, Any]:
    said = {"Description": inputs["description"]} if inputs.get("description") else {}
    peers: dict[str, Any] = {}
    if inputs.get("cidrIpv4"):
        peers["IpRanges"] = [{"CidrIp": inputs["cidrIpv4"], **said}]
    if inputs.get("cidrIpv6"):
        peers["Ipv6Ranges"] = [{"CidrIpv6": inputs["cidrIpv6"], **said}]
    if inputs.get("prefixListId"):
        peers["PrefixListIds"] = [{"PrefixListId": inputs["prefixListId"], **said}]
    if inputs.get("referencedSecurityGroupId"):
        peers["UserIdGroupPairs"] = [{"GroupId": inputs["referencedSecurityGroupId"], **said}]
    ports = (
        {}
        if inputs["ipProtocol"] == _ALL
        else {"FromPort": _port(inputs, "fromPort"), "ToPort": _port(inputs, "toPort")}
    )
    return {"IpProtocol": inputs["ipProtocol"], **ports, **peers}
