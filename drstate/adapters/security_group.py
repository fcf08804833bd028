"""Security groups: pre-provisioned copies, and nothing that has to be called in a disaster.

A copy has the rules of its source, translated. It exists from REPLICATE on and is the same in every
site state, so phases do nothing here; what is looked at is whether the copy is there and lets in
and out what the source does. Default groups, and rules over a peering, are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Work
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.findings import Health
from drstate.adapters.quotas import Limit
from drstate.adapters.site import SiteContext
from drstate.errors import OperationError
from drstate.model.catalog import GLOBAL, CatalogEntry, Ownership
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.resource import Resource
from drstate.model.scope import Scope, SiteMapTable
from drstate.model.spec import Spec
from drstate.model.translation import Translation
from drstate.model.words import counted
from drstate.programs.security_group import (
    ALL,
    EGRESS,
    GROUP,
    ID,
    INGRESS,
    SecurityGroupSpec,
    SecurityRule,
    wanted,
)

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_NOTHING_GLOBAL = "a security group has no part that spans both sites"
_SAME = "the group was made by REPLICATE and is the same in every site state"
_FOREIGN = "the group belongs to someone else's code; its rules are looked at, never changed"


class SecurityGroupAdapter(Adapter):
    """Security groups of a VPC."""

    technology = "security-group"
    unrehearsed = "its rules are in force in the standby as they are"
    summary = "security groups: a copy with translated rules, made before the disaster"
    services = ("ec2",)
    grants = (
        Grant(
            "see groups and their rules",
            ("ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"),
        ),
    )
    stack_grants = (
        Grant(
            "declare groups and their rules",
            (
                "ec2:AuthorizeSecurityGroupEgress",
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:CreateSecurityGroup",
                "ec2:DeleteSecurityGroup",
                "ec2:DeleteTags",
                "ec2:ModifySecurityGroupRules",
                "ec2:RevokeSecurityGroupEgress",
                "ec2:RevokeSecurityGroupIngress",
            ),
            (
                "arn:aws:ec2:*:*:security-group/*",
                "arn:aws:ec2:*:*:security-group-rule/*",
                "arn:aws:ec2:*:*:vpc/*",
            ),
        ),
        Grant(
            "tag groups and rules",
            ("ec2:CreateTags",),
            ("arn:aws:ec2:*:*:security-group/*", "arn:aws:ec2:*:*:security-group-rule/*"),
            uncalled="EC2 checks it where something is made with tags, and where tags change",
        ),
    )
    spec_type = SecurityGroupSpec
    claims = (
        Claim(
            technology="security-group",
            explorer_type="ec2:security-group",
            arn_pattern=re.compile(
                r"arn:aws[a-z-]*:ec2:[a-z0-9-]+:\d{12}:security-group/(?P<name>sg-[0-9a-f]+)"
            ),
        ),
    )
    limits = (
        Limit("security groups per region", 2500, "vpc", "L-E79EC296"),
        Limit("rules of one direction per security group", 60, "vpc", "L-0EA8095F", "resource"),
    )

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the group and its rules. Raises OperationError, AwsCallError."""
        at = At(aws, resource.account, resource.region)
        found = _group(at, GroupIds=[resource.name])
        if found is None:
            raise OperationError(
                f"{resource.key}: no security group {resource.name} in {at.region}",
                why="DescribeSecurityGroups does not know it",
                hint="drstate discover --refresh shows what is there now",
            )
        rules = list(_rules(at, resource.name))
        _refuse(resource, found, rules)
        return SecurityGroupSpec(
            region=at.region,
            captured_at=self.clock.now(),
            endpoints={ID: found["GroupId"]},
            group_id=found["GroupId"],
            arn=resource.arn,
            name=found["GroupName"],
            description=found["Description"],
            vpc=found["VpcId"],
            ingress=_direction(rules, egress=False),
            egress=_direction(rules, egress=True),
        )

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: the group is there."""
        return _nothing(site)

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: the group is there."""
        return _nothing(site)

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: a group costs nothing, and what uses it stays as well."""
        return _nothing(site)

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Declared: the stack makes the group. Foreign: nothing."""
        return Work() if site.by_stack else _nothing(site)

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The group is there with the rules of its source."""
        return self.ready(entry, site, aws)

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """UNHEALTHY: no group, or a rule is missing. DEGRADED: ours has rules that nobody wants."""
        if site.region == GLOBAL:
            return Health(ResourceStatus.HEALTHY, _NOTHING_GLOBAL)
        spec = SecurityGroupSpec.model_validate(entry.spec)
        at = At(aws, entry.resource.account, site.region)
        found = self._copy(entry, spec, site, at)
        if found is None:
            return Health(
                ResourceStatus.UNHEALTHY,
                f"security group {spec.name} does not exist in {site.region}",
                "drstate up --phase replicate makes it",
            )
        own_id = found["GroupId"]
        rules = list(_rules(at, own_id))
        translation = Translation(site.site_map, spec.region, site.region)
        missing: list[str] = []
        extra = 0
        for name, source, egress in (
            ("ingress", spec.ingress, False),
            ("egress", spec.egress, True),
        ):
            there = {rule.slug for rule in _direction(rules, egress=egress)}
            asked = {wanted(rule, spec, own_id, translation, site.bindings).slug for rule in source}
            missing += [f"{name} {slug}" for slug in sorted(asked - there)]
            extra += len(there - asked)
        facts: dict[str, Any] = {"group": own_id, "missing": missing, "extra": extra}
        look = (
            f"aws ec2 describe-security-group-rules --region {site.region} "
            f"--filters Name=group-id,Values={own_id}"
        )
        if missing:
            return Health(
                ResourceStatus.UNHEALTHY,
                f"lacks {counted(len(missing), 'rule')}: {', '.join(missing[:3])}",
                "drstate up --phase replicate --refresh puts them back"
                if site.owner is Ownership.DECLARED
                else f"put them back, or capture again if they are gone for good: {look}",
                facts,
            )
        if extra and site.owner is Ownership.DECLARED:
            return Health(
                ResourceStatus.DEGRADED,
                f"has {counted(extra, 'rule')} that the source has not",
                f"take them away, or give them to the source: {look}",
                facts,
            )
        return Health(
            ResourceStatus.HEALTHY,
            f"is there with {counted(len(spec.ingress) + len(spec.egress), 'rule')}",
            facts=facts,
        )

    def created(
        self, kind: str, inputs: Mapping[str, Any], account: str, aws: AwsCaller
    ) -> str | None:
        """Id of a group or rule whose creation was cut off: by its name, or by what it says."""
        region = str(inputs.get("region") or "")
        if not region:
            return None
        at = At(aws, account, region)
        if kind == GROUP:
            found = _group(
                at,
                Filters=[
                    {"Name": "group-name", "Values": [str(inputs["name"])]},
                    {"Name": "vpc-id", "Values": [str(inputs["vpcId"])]},
                ],
            )
            return str(found["GroupId"]) if found else None
        if kind not in (INGRESS, EGRESS):
            return None
        asked = SecurityRule(
            protocol=str(inputs["ipProtocol"]),
            from_port=inputs.get("fromPort"),
            to_port=inputs.get("toPort"),
            cidr_ipv4=inputs.get("cidrIpv4"),
            cidr_ipv6=inputs.get("cidrIpv6"),
            prefix_list=inputs.get("prefixListId"),
            group=inputs.get("referencedSecurityGroupId"),
        )
        return next(
            (
                str(rule["SecurityGroupRuleId"])
                for rule in _rules(at, str(inputs["securityGroupId"]))
                if bool(rule.get("IsEgress")) is (kind == EGRESS) and _rule(rule).slug == asked.slug
            ),
            None,
        )

    def endpoints(self, entry: CatalogEntry, scope: Scope, region: str) -> dict[str, str]:  # noqa: ARG002 - the contract
        """None: what is recorded is an id, for other resources, not a place to call."""
        return {}

    def _copy(
        self, entry: CatalogEntry, spec: SecurityGroupSpec, site: SiteContext, at: At
    ) -> dict[str, Any] | None:
        if site.region == spec.region:
            return _group(at, GroupIds=[spec.group_id])
        recorded = entry.endpoints.get(site.region, {}).get(ID)
        if recorded:
            return _group(at, GroupIds=[recorded])
        vpc = Translation(site.site_map, spec.region, site.region).find(SiteMapTable.VPCS, spec.vpc)
        filters = [{"Name": "group-name", "Values": [spec.name]}]
        if vpc is not None:
            filters.append({"Name": "vpc-id", "Values": [vpc]})
        return _group(at, Filters=filters)


def _nothing(site: SiteContext) -> Work:
    if site.region == GLOBAL:
        return Work(no_op=_NOTHING_GLOBAL)
    return Work(no_op=_SAME if site.owner is Ownership.DECLARED else _FOREIGN)


def _group(at: At, **asked: Any) -> dict[str, Any] | None:
    answer = at.find("ec2", "describe_security_groups", "InvalidGroup.NotFound", **asked)
    found: list[dict[str, Any]] = answer.get("SecurityGroups", [])
    return found[0] if found else None


def _rules(at: At, group_id: str) -> Iterable[dict[str, Any]]:
    return at.pages(
        "ec2",
        "describe_security_group_rules",
        "SecurityGroupRules",
        Filters=[{"Name": "group-id", "Values": [group_id]}],
    )


def _direction(rules: Iterable[dict[str, Any]], *, egress: bool) -> tuple[SecurityRule, ...]:
    found = (_rule(rule) for rule in rules if bool(rule.get("IsEgress")) is egress)
    return tuple(sorted(found, key=lambda rule: rule.slug))


def _rule(found: dict[str, Any]) -> SecurityRule:
    protocol = str(found["IpProtocol"])
    ports = (None, None) if protocol == ALL else (found.get("FromPort"), found.get("ToPort"))
    return SecurityRule(
        protocol=protocol,
        from_port=ports[0],
        to_port=ports[1],
        cidr_ipv4=found.get("CidrIpv4") or None,
        cidr_ipv6=found.get("CidrIpv6") or None,
        prefix_list=found.get("PrefixListId") or None,
        group=(found.get("ReferencedGroupInfo") or {}).get("GroupId"),
        description=found.get("Description") or "",
    )


def _refuse(resource: Resource, found: dict[str, Any], rules: list[dict[str, Any]]) -> None:
    if not found.get("VpcId"):
        raise _unsupported(resource, "is in no VPC")
    if found["GroupName"] == "default":
        raise _unsupported(resource, "is the default group of its VPC, which every VPC has already")
    for rule in rules:
        peer = rule.get("ReferencedGroupInfo") or {}
        if peer.get("VpcPeeringConnectionId") or peer.get("UserId", resource.account) not in (
            "",
            None,
            resource.account,
        ):
            raise _unsupported(
                resource,
                f"has rule {rule['SecurityGroupRuleId']}, which refers to {peer.get('GroupId')} "
                "of another network over a peering",
            )


def _unsupported(resource: Resource, what: str) -> OperationError:
    return OperationError(
        f"{resource.key} in {resource.region} {what}",
        why="such a group cannot be carried to the recovery site, and is never carried in part",
        hint=f"change the group, or take the tag dr:enabled off {resource.arn}",
    )


ADAPTER = SecurityGroupAdapter
