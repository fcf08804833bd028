"""A security group declared: the group without rules, and each rule as a resource of its own.

EC2 gives every new group a rule that lets everything out, and the provider takes it away again: a
copy has exactly the rules of its source, also those that let things out. Rules are named after what
they say, so that a changed rule is a new resource and never disturbs its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.model.shard import Binding
from drstate.model.spec import Spec
from drstate.model.translation import Translation
from drstate.programs import identifiers
from drstate.programs.base import Program, Step
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.lazy import aws, pulumi
from drstate.programs.owners import Owner, Owners, Property, program
from drstate.programs.running import free
from drstate.programs.translator import Translator

#: name of the endpoint under which the copy's id is recorded, for others that refer to the group
ID = "id"
#: every protocol: such a rule has no ports
ALL = "-1"


class SecurityRule(Value):
    """One rule. Exactly one of the four peers is set."""

    #: tcp, udp, icmp, icmpv6, a protocol's number, or -1 for all
    protocol: str
    #: ports, or type and code of ICMP; None where the protocol has none
    from_port: int | None = None
    to_port: int | None = None
    cidr_ipv4: str | None = None
    cidr_ipv6: str | None = None
    prefix_list: str | None = None
    #: id of the group that is let in or out; the group's own id for itself
    group: str | None = None
    description: str = ""

    @property
    def peer(self) -> str:
        """Who is let in or out."""
        return self.cidr_ipv4 or self.cidr_ipv6 or self.prefix_list or self.group or ""

    @property
    def slug(self) -> str:
        """The rule as the part of a name; two rules of one direction never share it."""
        ports = "" if self.from_port is None else f"-{self.from_port}-{self.to_port}"
        protocol = "all" if self.protocol == ALL else self.protocol
        # "::" parts a URN, "/" a resource's name
        return f"{protocol}{ports}-{self.peer}".replace(":", "_").replace("/", "_")


class SecurityGroupSpec(Spec):
    """A security group of a VPC as captured at the serving site."""

    group_id: str
    arn: str
    name: str
    description: str
    vpc: str
    #: in the order of their slugs
    ingress: tuple[SecurityRule, ...] = ()
    egress: tuple[SecurityRule, ...] = ()


GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_RULE = program(
    "cidrIpv4",
    "cidrIpv6",
    "description",
    "fromPort",
    "ipProtocol",
    "prefixListId",
    "referencedSecurityGroupId",
    "region",
    "securityGroupId",
    "tags",
    "toPort",
)
OWNERS: Owners = {
    GROUP: (
        *program("description", "name", "region", "tags", "vpcId"),
        Property("egress", Owner.AWS, "follows from the rules, which are resources of their own"),
        Property("ingress", Owner.AWS, "follows from the rules, which are resources of their own"),
    ),
    INGRESS: _RULE,
    EGRESS: _RULE,
}


@dataclass(frozen=True)
class SecurityGroupValues:
    """The group at the site. A rule's ``group`` is None in the two cases that ``peers`` tells."""

    vpc: str
    ingress: tuple[SecurityRule, ...]
    egress: tuple[SecurityRule, ...]
    #: id of a referenced group at the source -> its id here; None: another stack has yet to make it
    peers: dict[str, str | None]


def security_group_values(spec: SecurityGroupSpec, translator: Translator) -> SecurityGroupValues:
    """Translate; missing mappings are collected in ``translator.problems``."""
    peers: dict[str, str | None] = {}
    for rule in (*spec.ingress, *spec.egress):
        if rule.group and rule.group != spec.group_id:
            peers[rule.group] = identifiers.here(
                translator, SiteMapTable.SECURITY_GROUPS, rule.group, "security group of a rule"
            )
        if rule.prefix_list:
            translator.required(SiteMapTable.IDENTIFIERS, rule.prefix_list, "prefix list")
    return SecurityGroupValues(
        vpc=translator.required(SiteMapTable.VPCS, spec.vpc, "VPC"),
        ingress=tuple(ranges(rule, translator.translation) for rule in spec.ingress),
        egress=tuple(ranges(rule, translator.translation) for rule in spec.egress),
        peers=peers,
    )


def ranges(rule: SecurityRule, translation: Translation) -> SecurityRule:
    """The rule with its address ranges and prefix list as the site map has them.

    A range that the site map does not name is the same at both sites: offices and the internet are.
    """

    def mapped(value: str | None) -> str | None:
        return value and (translation.find(SiteMapTable.IDENTIFIERS, value) or value)

    return rule.model_copy(
        update={
            "cidr_ipv4": mapped(rule.cidr_ipv4),
            "cidr_ipv6": mapped(rule.cidr_ipv6),
            "prefix_list": mapped(rule.prefix_list),
        }
    )


def wanted(
    rule: SecurityRule,
    spec: SecurityGroupSpec,
    own_id: str,
    translation: Translation,
    bindings: tuple[Binding, ...],
) -> SecurityRule:
    """The rule as it has to be at the site, all of it in the site's terms (for checks)."""
    if rule.group is None:
        return ranges(rule, translation)
    if rule.group == spec.group_id:
        return rule.model_copy(update={"group": own_id})
    peer = identifiers.found(translation, bindings, SiteMapTable.SECURITY_GROUPS, rule.group)
    return rule.model_copy(update={"group": peer or rule.group})


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    return [
        aws.ec2.SecurityGroup,
        aws.vpc.SecurityGroupIngressRule,
        aws.vpc.SecurityGroupEgressRule,
    ]


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The group and its rules; the same in every site state."""
    spec = SecurityGroupSpec.model_validate(entry.spec)
    translator = declaration.translator(entry, spec.region)
    values = security_group_values(spec, translator)
    translator.settle()
    group = aws.ec2.SecurityGroup(
        name_of(entry),
        description=spec.description,
        name=spec.name,
        region=declaration.shard.provider_region,
        tags={"Name": spec.name, **tags_of(entry)},
        vpc_id=values.vpc,
        opts=declaration.options(OWNERS, GROUP),
    )
    for kind, token, rules, translated in (
        (aws.vpc.SecurityGroupIngressRule, INGRESS, spec.ingress, values.ingress),
        (aws.vpc.SecurityGroupEgressRule, EGRESS, spec.egress, values.egress),
    ):
        direction = "ingress" if token == INGRESS else "egress"
        for source, rule in zip(rules, translated, strict=True):
            kind(
                # named after the source's rule: a mapping that changes is a change of this rule
                name_of(entry, direction, source.slug),
                cidr_ipv4=rule.cidr_ipv4,
                cidr_ipv6=rule.cidr_ipv6,
                description=rule.description or None,
                from_port=rule.from_port,
                ip_protocol=rule.protocol,
                prefix_list_id=rule.prefix_list,
                referenced_security_group_id=_peer(source, spec, values, group, translator),
                region=declaration.shard.provider_region,
                security_group_id=group.id,
                tags=tags_of(entry),
                to_port=rule.to_port,
                opts=declaration.options(OWNERS, token),
            )
    return DeclaredOutputs(endpoints={ID: group.id}, resources={"security_group": group.id})


def _peer(
    rule: SecurityRule,
    spec: SecurityGroupSpec,
    values: SecurityGroupValues,
    group: aws.ec2.SecurityGroup,
    translator: Translator,
) -> pulumi.Input[str] | None:
    if rule.group is None:
        return None
    if rule.group == spec.group_id:
        own: pulumi.Input[str] = group.id
        return own
    return identifiers.given(translator, values.peers[rule.group])


PROGRAM = Program(
    technology="security-group",
    spec=SecurityGroupSpec,
    step=Step.NETWORKS,
    owners={"": OWNERS},
    values=security_group_values,
    site=declare_site,
    classes=classes,
    runs=free("security groups cost nothing"),
)
