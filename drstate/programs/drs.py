"""A server that DRS replicates: the instance in the recovery region that its data is launched into.

The instance is declared in every site state, so that it is there before the disaster: stopped, with
the tag by which its owner lets DRS replace its disks. Its power and its disks are nobody's property
here. Its address keeps the source's host part, or its last octet where the subnets differ in size.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from drstate.errors import ConfigError
from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.cost import Running
from drstate.model.groups import ServerLaunch
from drstate.model.scope import SiteMapTable
from drstate.model.spec import Spec
from drstate.programs.base import Program
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.launching import DrsPolicy, shard_policy
from drstate.programs.lazy import aws, pulumi
from drstate.programs.owners import Owner, Owners, Property, program
from drstate.programs.running import At, usage
from drstate.programs.translator import Translator

#: name of the endpoint that others may be bound to
PRIVATE_DNS = "private_dns"
#: the tag with which an instance's owner lets DRS replace its disks
ALLOW_KEY, ALLOW_VALUE = "AWSDRS", "AllowLaunchingIntoThisInstance"
#: what DRS writes on an instance that it launched into; its own role works by the first one
MARKS = (
    "AWSElasticDisasterRecoveryManaged",
    "AWSElasticDisasterRecoverySourceServerID",
    "AWSElasticDisasterRecoveryJobID",
)


class Metadata(Value):
    """How the instance's metadata is served."""

    endpoint: str = "enabled"
    tokens: str = "optional"
    hop_limit: int = 1
    tags: str = "disabled"


class DrsSpec(Spec):
    """An EC2 instance as captured at the serving site. Its disks are DRS's business."""

    instance_id: str
    arn: str
    #: ``linux`` or ``windows``
    platform: str
    architecture: str
    image: str
    instance_type: str
    subnet: str
    subnet_cidr: str
    private_ip: str
    public_ip: bool = False
    #: sorted
    security_groups: tuple[str, ...] = ()
    #: name of the instance profile
    instance_profile: str | None = None
    key_pair: str | None = None
    ebs_optimized: bool = False
    detailed_monitoring: bool = False
    termination_protection: bool = False
    source_dest_check: bool = True
    tenancy: str = "default"
    metadata: Metadata = Metadata()

    @property
    def hostname(self) -> str:
        """The private name that its operating system has, where nobody changed it."""
        return self.endpoints.get(PRIVATE_DNS, "")


INSTANCE = "aws:ec2/instance:Instance"

OWNERS: Owners = {
    INSTANCE: (
        *program(
            "disableApiTermination",
            "ebsOptimized",
            "iamInstanceProfile",
            "instanceType",
            "keyName",
            "metadataOptions",
            "monitoring",
            "privateIp",
            "region",
            "sourceDestCheck",
            "subnetId",
            # but for the marks that DRS writes (MARKS)
            "tags",
            "tenancy",
            "vpcSecurityGroupIds",
        ),
        Property("ami", Owner.AWS, "only boots it once: a launch replaces the disks"),
        Property("associatePublicIpAddress", Owner.AWS, "a stopped instance shows none"),
        Property("ebsBlockDevices", Owner.AWS, "a launch replaces the disks"),
        Property("rootBlockDevice", Owner.AWS, "a launch replaces the disks"),
        Property("userData", Owner.AWS, "the source's disk has what it did"),
    ),
}


@dataclass(frozen=True)
class DrsValues:
    """The instance's identifiers at the site."""

    image: str
    instance_type: str
    subnet: str
    security_groups: tuple[str, ...]
    instance_profile: str | None
    key_pair: str | None
    #: None: kept from the source
    private_ip: str | None


def drs_values(spec: DrsSpec, translator: Translator) -> DrsValues:
    """Translate; missing mappings are collected in ``translator.problems``."""
    policy = shard_policy(translator.shard, translator.resource)
    own = policy.servers.get(spec.instance_id, ServerLaunch())
    return DrsValues(
        image=translator.required(SiteMapTable.AMIS, spec.image, "image to boot it once"),
        instance_type=own.instance_type or spec.instance_type,
        # what is said for the recovery region is in its terms already
        subnet=own.subnet or translator.required(SiteMapTable.SUBNETS, spec.subnet, "subnet"),
        security_groups=tuple(
            sorted(
                own.security_groups
                or (
                    translator.required(SiteMapTable.SECURITY_GROUPS, group, "security group")
                    for group in spec.security_groups
                )
            )
        ),
        instance_profile=own.instance_profile
        or (
            translator.optional(SiteMapTable.INSTANCE_PROFILES, spec.instance_profile)
            if spec.instance_profile
            else None
        ),
        key_pair=translator.required(SiteMapTable.KEY_PAIRS, spec.key_pair, "key pair")
        if spec.key_pair
        else None,
        private_ip=own.private_ip,
    )


def address_in(spec: DrsSpec, cidr: str, wanted: str | None = None) -> str:
    """The server's address in a subnet of the recovery region.

    ``wanted`` is what the scope file says. Raises ConfigError where the address is not in the
    subnet, or is one of the five that AWS keeps of every subnet.
    """
    subnet = IPv4Network(cidr)
    source, ours = IPv4Network(spec.subnet_cidr), IPv4Address(spec.private_ip)
    if wanted is not None:
        address = IPv4Address(wanted)
    elif subnet.prefixlen == source.prefixlen:
        address = subnet.network_address + (int(ours) - int(source.network_address))
    else:
        octet = int(ours) & 0xFF
        address = subnet.network_address + ((octet - int(subnet.network_address)) & 0xFF)
    first, last = int(subnet.network_address), int(subnet.broadcast_address)
    if not first + 3 < int(address) < last:
        raise ConfigError(
            f"{spec.instance_id}: address {address} cannot be had in subnet {cidr}",
            why=f"the copy of {spec.private_ip} keeps its last octet; it lies outside, or is one "
            "of the five addresses that AWS keeps",
            hint=f"set policies.drs.servers.{spec.instance_id}.private_ip in the scope file, or "
            f"launch.servers.{spec.instance_id}.private_ip in its protection group",
        )
    return str(address)


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    return [
        aws.ec2.Instance,
        aws.ec2.InstanceMetadataOptionsArgs,
        # not a class; it is touched all the same
        type(aws.ec2.get_subnet_output),
    ]


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The instance that data is launched into."""
    spec = DrsSpec.model_validate(entry.spec)
    translator = declaration.translator(entry, spec.region)
    values = drs_values(spec, translator)
    translator.settle()
    subnet = aws.ec2.get_subnet_output(
        id=values.subnet, opts=pulumi.InvokeOptions(provider=declaration.provider())
    )
    address = subnet.cidr_block.apply(lambda cidr: address_in(spec, cidr, values.private_ip))
    options = declaration.options(OWNERS, INSTANCE, protect=True)
    marks = pulumi.ResourceOptions(ignore_changes=[f'tags["{name}"]' for name in MARKS])
    declared = aws.ec2.Instance(
        name_of(entry),
        ami=values.image,
        associate_public_ip_address=spec.public_ip or None,
        disable_api_termination=spec.termination_protection,
        ebs_optimized=spec.ebs_optimized,
        iam_instance_profile=values.instance_profile,
        instance_type=values.instance_type,
        key_name=values.key_pair,
        metadata_options=aws.ec2.InstanceMetadataOptionsArgs(
            http_endpoint=spec.metadata.endpoint,
            http_tokens=spec.metadata.tokens,
            http_put_response_hop_limit=spec.metadata.hop_limit,
            instance_metadata_tags=spec.metadata.tags,
        ),
        monitoring=spec.detailed_monitoring,
        private_ip=address,
        # the provider's own; said here, so that a creation that was cut off can be looked up
        region=declaration.shard.id.region,
        source_dest_check=spec.source_dest_check,
        subnet_id=values.subnet,
        tags={**tags_of(entry), ALLOW_KEY: ALLOW_VALUE},
        tenancy=spec.tenancy,
        vpc_security_group_ids=list(values.security_groups) or None,
        opts=pulumi.ResourceOptions.merge(options, marks),
    )
    return DeclaredOutputs(
        endpoints={PRIVATE_DNS: declared.private_dns},
        resources={"instance": declared.arn},
    )


def runs(spec: DrsSpec, at: At) -> Running:
    """The instance; it is stopped, and its disks stay."""
    disks = ("its disks: DRS knows them, the catalog does not",)
    if at.retired:
        return Running(unknown=disks, done="stopped")
    policy: DrsPolicy = at.policy
    own = policy.servers.get(spec.instance_id)
    kind = spec.instance_type
    if not at.captured_here and own is not None and own.instance_type:
        kind = own.instance_type
    meter = "ec2-windows" if spec.platform == "windows" else "ec2"
    if spec.tenancy != "default":
        return Running(unknown=(f"{kind} with {spec.tenancy} tenancy", *disks))
    return Running(usages=(usage(1, kind, f"{meter}/{kind}"),), unknown=disks)


PROGRAM = Program(
    technology="drs",
    spec=DrsSpec,
    policy=DrsPolicy,
    owners={"": OWNERS},
    values=drs_values,
    site=declare_site,
    classes=classes,
    stateful={INSTANCE: "a server with its disks"},
    runs=runs,
)
