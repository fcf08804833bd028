"""OpenSearch domains declared: the recovery domain, smaller in standby where the owner wants that.

Who is primary is no property of a domain: a pair replicates one way, and the adapter turns it. The
values of a capacity are here for both, because in an emergency there is no stack to set them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import Field

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.problem import Problem
from drstate.model.scope import SiteMapTable
from drstate.model.spec import Spec
from drstate.programs.base import Program
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.lazy import aws
from drstate.programs.levels import Level, level
from drstate.programs.owners import Owner, Owners, Property, program
from drstate.programs.running import databases
from drstate.programs.translator import Translator

#: name of the endpoint that clients use
ENDPOINT = "domain"


class Way(StrEnum):
    """How a domain's data gets to the other region."""

    #: peer replication between the two domains
    PEER = "peer"
    #: manual snapshots in a bucket, restored where they are needed
    SNAPSHOT = "snapshot"


class Nodes(Value):
    """What a domain runs on; the shape that changes between standby and production."""

    instance_type: str
    instance_count: int = Field(ge=1)
    #: 0: one zone
    zones: int = 0
    #: zones with a standby that takes no traffic
    with_standby: bool = False
    #: dedicated cluster managers; 0: none
    manager_count: int = 0
    manager_type: str | None = None
    #: UltraWarm nodes; 0: none
    warm_count: int = 0
    warm_type: str | None = None
    cold_storage: bool = False


class Volume(Value):
    """EBS volume of each data node."""

    type: str | None = None
    size_gib: int | None = None
    iops: int | None = None
    throughput: int | None = None


class LogTarget(Value):
    """A log that the domain publishes."""

    type: str
    log_group: str
    enabled: bool = True


class OpenSearchSpec(Spec):
    """A domain as captured at the serving site, at production capacity."""

    domain: str
    arn: str
    #: as AWS writes it, OpenSearch_2.13
    engine_version: str
    #: how it replicates; probed at capture, because not every region has peers
    way: Way
    nodes: Nodes
    #: None: instance storage
    volume: Volume | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    encrypted: bool = False
    kms_key: str | None = None
    node_to_node: bool = False
    enforce_https: bool = False
    tls_policy: str | None = None
    custom_endpoint: str | None = None
    certificate: str | None = None
    #: fine-grained access control, with users of IAM
    fine_grained: bool = False
    access_policies: str | None = None
    advanced_options: dict[str, str] = {}
    logs: tuple[LogTarget, ...] = ()
    ip_address_type: str | None = None
    auto_tune: bool | None = None
    auto_software_update: bool = False
    snapshot_hour: int | None = None
    #: start of the off-peak window, HH:MM
    off_peak: str | None = None
    #: region -> domain of a pair that somebody else has made already
    peers: dict[str, str] = {}

    def name_in(self, region: str) -> str:
        """Name of the domain at a site: the same, unless somebody else has paired it."""
        return self.peers.get(region, self.domain)

    def domain_arn(self, region: str) -> str:
        """ARN of the domain at a site."""
        _, partition, _, _, account, _ = self.arn.split(":")
        return f"arn:{partition}:es:{region}:{account}:domain/{self.name_in(region)}"


class OpenSearchPolicy(Value):
    """Choices for the domains of a scope."""

    #: data nodes while in standby; None: as in production
    standby_instance_type: str | None = None
    standby_instance_count: int | None = Field(default=None, ge=1)
    #: who may do everything in a recovery domain with fine-grained access control: AWS does not
    #: tell who that is at the source
    master_user_arn: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:iam::\d{12}:.+$")
    #: name of the manual snapshot repository of domains that have no peer
    snapshot_repository: str = "drstate"
    #: how old the newest snapshot may become before REPLICATE takes another
    snapshot_max_age_hours: int = Field(default=24, ge=1)
    #: region -> bucket there that receives snapshots of the other region's domains
    snapshot_buckets: dict[str, str] = {}
    #: the role that domains reach those buckets with
    snapshot_role: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")


def nodes_at(spec: OpenSearchSpec, policy: OpenSearchPolicy, at: Level) -> Nodes:
    """What the domain runs on at a level: zones stay, so that data nodes divide by them."""
    if at is not Level.STANDBY:
        return spec.nodes
    count = policy.standby_instance_count or spec.nodes.instance_count
    zones = max(spec.nodes.zones, 1)
    return spec.nodes.model_copy(
        update={
            "instance_type": policy.standby_instance_type or spec.nodes.instance_type,
            # AWS wants as many nodes in every zone
            "instance_count": -(-count // zones) * zones,
        }
    )


DOMAIN = "aws:opensearch/domain:Domain"
OWNERS: Owners = {
    DOMAIN: (
        *program(
            "accessPolicies",
            "advancedOptions",
            "advancedSecurityOptions",
            "autoTuneOptions",
            "clusterConfig",
            "domainEndpointOptions",
            "domainName",
            "ebsOptions",
            "encryptAtRest",
            "ipAddressType",
            "logPublishingOptions",
            "nodeToNodeEncryption",
            "offPeakWindowOptions",
            "region",
            "snapshotOptions",
            "softwareUpdateOptions",
            "tags",
            "vpcOptions",
        ),
        Property("engineVersion", Owner.AWS, "upgrades are made on both domains, by their owner"),
    )
}


@dataclass(frozen=True)
class OpenSearchValues:
    """The domain at the site."""

    nodes: Nodes
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    kms_key: str | None
    certificate: str | None
    access_policies: str | None
    master_user: str | None
    logs: tuple[LogTarget, ...]


def opensearch_values(spec: OpenSearchSpec, translator: Translator) -> OpenSearchValues:
    """Translate; what is missing is collected in ``translator.problems``."""
    policy = translator.policy("opensearch", OpenSearchPolicy)
    if spec.fine_grained and policy.master_user_arn is None:
        _missing(
            translator,
            "master_user_arn",
            f"AWS does not tell who the master user of {spec.domain} is",
        )
    if spec.way is Way.SNAPSHOT:
        regions = translator.shard.regions
        lacking = {regions.primary, regions.recovery} - set(policy.snapshot_buckets)
        for region in sorted(lacking):
            _missing(
                translator,
                f"snapshot_buckets.{region}",
                f"{spec.domain} has no peer, and nobody says which bucket in {region} receives "
                "its snapshots",
            )
        if policy.snapshot_role is None:
            _missing(
                translator,
                "snapshot_role",
                f"nobody says with which role {spec.domain} reaches its snapshots",
            )
    return OpenSearchValues(
        nodes=nodes_at(spec, policy, level(translator.shard.site_state)),
        subnets=tuple(
            sorted(translator.required(SiteMapTable.SUBNETS, one, "subnet") for one in spec.subnets)
        ),
        security_groups=tuple(
            sorted(
                translator.required(SiteMapTable.SECURITY_GROUPS, one, "security group")
                for one in spec.security_groups
            )
        ),
        kms_key=translator.arn(SiteMapTable.KMS_KEYS, spec.kms_key, "KMS key")
        if spec.encrypted and spec.kms_key
        else None,
        certificate=translator.arn(
            SiteMapTable.CERTIFICATES, spec.certificate, "certificate of the custom endpoint"
        )
        if spec.certificate
        else None,
        access_policies=_policies(spec, translator),
        master_user=policy.master_user_arn if spec.fine_grained else None,
        logs=tuple(
            one.model_copy(
                update={
                    "log_group": translator.arn(
                        SiteMapTable.LOG_GROUPS, one.log_group, f"log group of {one.type}"
                    )
                }
            )
            for one in spec.logs
        ),
    )


def _policies(spec: OpenSearchSpec, translator: Translator) -> str | None:
    """The access policy, with the domain's own ARN and what the site map knows."""
    if spec.access_policies is None:
        return None
    document = json.loads(spec.access_policies)
    here = spec.domain_arn(translator.region)

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: moved(item) for name, item in value.items()}
        if isinstance(value, list):
            return [moved(item) for item in value]
        if not isinstance(value, str):
            return value
        if value == spec.arn or value.startswith(f"{spec.arn}/"):
            return here + value[len(spec.arn) :]
        return translator.text(value)

    return json.dumps(moved(document), sort_keys=True)


def _missing(translator: Translator, field: str, what: str) -> None:
    scope = translator.shard.id.scope
    file = f"stacks/{scope.customer}/{scope.environment}.yaml"
    full = f"policies.opensearch.{field}"
    translator.problems.append(
        Problem(
            resource=translator.resource,
            file=file,
            field=full,
            what=f"{what} ({full})",
            hint=f"Add {full} to {file}.",
        )
    )


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    search = aws.opensearch
    return [
        search.Domain,
        search.DomainAdvancedSecurityOptionsArgs,
        search.DomainAdvancedSecurityOptionsMasterUserOptionsArgs,
        search.DomainAutoTuneOptionsArgs,
        search.DomainClusterConfigArgs,
        search.DomainClusterConfigColdStorageOptionsArgs,
        search.DomainClusterConfigZoneAwarenessConfigArgs,
        search.DomainDomainEndpointOptionsArgs,
        search.DomainEbsOptionsArgs,
        search.DomainEncryptAtRestArgs,
        search.DomainLogPublishingOptionArgs,
        search.DomainNodeToNodeEncryptionArgs,
        search.DomainOffPeakWindowOptionsArgs,
        search.DomainSnapshotOptionsArgs,
        search.DomainSoftwareUpdateOptionsArgs,
        search.DomainVpcOptionsArgs,
    ]


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The domain at the shard's site."""
    spec = OpenSearchSpec.model_validate(entry.spec)
    translator = declaration.translator(entry, spec.region)
    values = opensearch_values(spec, translator)
    translator.settle()
    search = aws.opensearch
    domain = search.Domain(
        name_of(entry),
        access_policies=values.access_policies,
        advanced_options=spec.advanced_options or None,
        advanced_security_options=search.DomainAdvancedSecurityOptionsArgs(
            enabled=True,
            internal_user_database_enabled=False,
            master_user_options=search.DomainAdvancedSecurityOptionsMasterUserOptionsArgs(
                master_user_arn=values.master_user
            ),
        )
        if spec.fine_grained
        else None,
        auto_tune_options=search.DomainAutoTuneOptionsArgs(
            desired_state="ENABLED" if spec.auto_tune else "DISABLED"
        )
        if spec.auto_tune is not None
        else None,
        cluster_config=_cluster(values.nodes),
        domain_endpoint_options=search.DomainDomainEndpointOptionsArgs(
            custom_endpoint=spec.custom_endpoint,
            custom_endpoint_certificate_arn=values.certificate,
            custom_endpoint_enabled=spec.custom_endpoint is not None,
            enforce_https=spec.enforce_https,
            tls_security_policy=spec.tls_policy,
        ),
        domain_name=spec.domain,
        ebs_options=_volume(spec.volume),
        encrypt_at_rest=search.DomainEncryptAtRestArgs(
            enabled=spec.encrypted, kms_key_id=values.kms_key
        ),
        engine_version=spec.engine_version,
        ip_address_type=spec.ip_address_type,
        log_publishing_options=[
            search.DomainLogPublishingOptionArgs(
                cloudwatch_log_group_arn=one.log_group, enabled=one.enabled, log_type=one.type
            )
            for one in values.logs
        ]
        or None,
        node_to_node_encryption=search.DomainNodeToNodeEncryptionArgs(enabled=spec.node_to_node),
        off_peak_window_options=_off_peak(spec.off_peak),
        # said, so that a creation that was cut off can be looked up there
        region=translator.region,
        snapshot_options=search.DomainSnapshotOptionsArgs(
            automated_snapshot_start_hour=spec.snapshot_hour
        )
        if spec.snapshot_hour is not None
        else None,
        software_update_options=search.DomainSoftwareUpdateOptionsArgs(
            auto_software_update_enabled=spec.auto_software_update
        ),
        tags=tags_of(entry),
        vpc_options=search.DomainVpcOptionsArgs(
            subnet_ids=list(values.subnets), security_group_ids=list(values.security_groups)
        )
        if values.subnets
        else None,
        opts=declaration.options(OWNERS, DOMAIN, protect=True),
    )
    return DeclaredOutputs(endpoints={ENDPOINT: domain.endpoint}, resources={"domain": domain.arn})


def _cluster(nodes: Nodes) -> aws.opensearch.DomainClusterConfigArgs:
    search = aws.opensearch
    return search.DomainClusterConfigArgs(
        cold_storage_options=search.DomainClusterConfigColdStorageOptionsArgs(enabled=True)
        if nodes.cold_storage
        else None,
        dedicated_master_count=nodes.manager_count or None,
        dedicated_master_enabled=nodes.manager_count > 0,
        dedicated_master_type=nodes.manager_type,
        instance_count=nodes.instance_count,
        instance_type=nodes.instance_type,
        multi_az_with_standby_enabled=nodes.with_standby,
        warm_count=nodes.warm_count or None,
        warm_enabled=nodes.warm_count > 0,
        warm_type=nodes.warm_type,
        zone_awareness_config=search.DomainClusterConfigZoneAwarenessConfigArgs(
            availability_zone_count=nodes.zones
        )
        if nodes.zones
        else None,
        zone_awareness_enabled=nodes.zones > 0,
    )


def _volume(volume: Volume | None) -> aws.opensearch.DomainEbsOptionsArgs:
    if volume is None:
        return aws.opensearch.DomainEbsOptionsArgs(ebs_enabled=False)
    return aws.opensearch.DomainEbsOptionsArgs(
        ebs_enabled=True,
        iops=volume.iops,
        throughput=volume.throughput,
        volume_size=volume.size_gib,
        volume_type=volume.type,
    )


def _off_peak(start: str | None) -> aws.opensearch.DomainOffPeakWindowOptionsArgs | None:
    if start is None:
        return None
    hours, minutes = (int(part) for part in start.split(":"))
    search = aws.opensearch
    begins = search.DomainOffPeakWindowOptionsOffPeakWindowWindowStartTimeArgs(
        hours=hours, minutes=minutes
    )
    window = search.DomainOffPeakWindowOptionsOffPeakWindowArgs(window_start_time=begins)
    return search.DomainOffPeakWindowOptionsArgs(enabled=True, off_peak_window=window)


PROGRAM = Program(
    technology="opensearch",
    spec=OpenSearchSpec,
    policy=OpenSearchPolicy,
    owners={"": OWNERS},
    values=opensearch_values,
    site=declare_site,
    classes=classes,
    stateful={DOMAIN: "a search domain and its data"},
    runs=databases.opensearch,
)
