"""Declares the recovery domain, smaller in standby where its owner wants that."""

from __future__ import annotations

from drstate.model.catalog import CatalogEntry
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.lazy import aws
from drstate.programs.opensearch.owners import DOMAIN, OWNERS
from drstate.programs.opensearch.spec import ENDPOINT, Nodes, OpenSearchSpec, Volume
from drstate.programs.opensearch.values import opensearch_values


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
