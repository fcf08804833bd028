"""A domain from its spec, and the peer that somebody else has given it.

Whether a region has peer replication at all was probed at capture, and is so in the sandbox.
"""

from __future__ import annotations

from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.opensearch.spec import ENDPOINT, Nodes, OpenSearchPolicy, OpenSearchSpec, Way
from drstate.sandbox.aws import correct
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured


def build(site: Captured, entry: CatalogEntry) -> None:
    """The domain in the serving region; the peer that it has, and the buckets of its snapshots."""
    correct("opensearch")
    spec = OpenSearchSpec.model_validate(entry.spec)
    account = entry.resource.account
    for subnet in spec.subnets:
        site.subnet(account, spec.region, subnet)
    for group in spec.security_groups:
        site.security_group(account, spec.region, group)
    if spec.kms_key:
        site.kms_key(spec.kms_key)
    if spec.certificate:
        site.have(SiteMapTable.CERTIFICATES, spec.certificate, account, spec.region)
    for log in spec.logs:
        site.have(SiteMapTable.LOG_GROUPS, log.log_group, account, spec.region)
    made = _domain(site, entry, spec, spec.region, site.tags(entry))
    _peers(site, entry, spec, made)
    _policy(site, account)


def _domain(
    site: Captured, entry: CatalogEntry, spec: OpenSearchSpec, region: str, tags: dict[str, str]
) -> Any:
    from moto.opensearch.models import opensearch_backends  # noqa: PLC0415 - after its correction

    from drstate.sandbox.aws import opensearch  # noqa: PLC0415 - the same

    home, account, name = region == spec.region, entry.resource.account, spec.name_in(region)
    site.ids.named(account, region, "domain", name)
    made: Any = opensearch_backends[account][region].create_domain(
        domain_name=name,
        engine_version=spec.engine_version,
        cluster_config=_cluster(spec.nodes),
        ebs_options=_volume(spec),
        access_policies=(spec.access_policies if home else None) or "",
        snapshot_options={},
        vpc_options={
            "SubnetIds": list(spec.subnets),
            "SecurityGroupIds": list(spec.security_groups),
        }
        if spec.subnets and home
        else None,
        cognito_options={},
        encryption_at_rest_options=_said(
            {"Enabled": spec.encrypted, "KmsKeyId": spec.kms_key if home else None}
        ),
        node_to_node_encryption_options={"Enabled": spec.node_to_node},
        advanced_options={},
        log_publishing_options={
            one.type: {"CloudWatchLogsLogGroupArn": one.log_group, "Enabled": one.enabled}
            for one in spec.logs
        }
        if home
        else None,
        domain_endpoint_options=_endpoint(spec, home=home),
        advanced_security_options={
            "Enabled": spec.fine_grained,
            "InternalUserDatabaseEnabled": False,
        },
        tag_list=[{"Key": key, "Value": text} for key, text in tags.items()],
        auto_tune_options={"State": "ENABLED" if spec.auto_tune else "DISABLED"},
        off_peak_window_options=_off_peak(spec),
        software_update_options={"AutoSoftwareUpdateEnabled": spec.auto_software_update},
        is_es=False,
        elasticsearch_version=None,
        elasticsearch_cluster_config=None,
    )
    # moto fills in what was not said, and what was captured is all there is
    made.advanced_options = dict(spec.advanced_options)
    hour = spec.snapshot_hour
    made.snapshot_options = {} if hour is None else {"AutomatedSnapshotStartHour": hour}
    if spec.auto_tune is None:
        made.auto_tune_options = {}
    if spec.ip_address_type:
        opensearch.set_address_type(made, spec.ip_address_type)
    host = spec.endpoints.get(ENDPOINT) if home else None
    if host and spec.subnets:
        made.endpoint, made.endpoints = None, {"vpc": host}
    elif host:
        made.endpoint, made.endpoints = host, None
    opensearch.built(made)
    return made


def _peers(site: Captured, entry: CatalogEntry, spec: OpenSearchSpec, made: Any) -> None:
    from moto.opensearch.models import opensearch_backends  # noqa: PLC0415 - see build

    from drstate.sandbox.aws import opensearch_replication  # noqa: PLC0415 - the same

    if len(spec.peers) > 1:
        raise cannot(entry.key, "peers", "a domain has one peer at most")
    for region in spec.peers:
        peer = _domain(site, entry, spec, region, site.own_tags())
        opensearch_replication.paired(made, peer)
    if spec.way is Way.SNAPSHOT:
        for region in (site.serving, site.other):
            opensearch_replication.without(opensearch_backends[entry.resource.account][region])


def _policy(site: Captured, account: str) -> None:
    """What the scope file says that domains use."""
    policy = site.scope.policies.of("opensearch", OpenSearchPolicy)
    for region, bucket in policy.snapshot_buckets.items():
        site.have(SiteMapTable.BUCKETS, bucket, account, region)
    if policy.snapshot_role:
        site.role(policy.snapshot_role)


def _cluster(nodes: Nodes) -> dict[str, Any]:
    made: dict[str, Any] = {
        "InstanceType": nodes.instance_type,
        "InstanceCount": nodes.instance_count,
        "ZoneAwarenessEnabled": nodes.zones > 0,
        "MultiAZWithStandbyEnabled": nodes.with_standby,
        "DedicatedMasterEnabled": nodes.manager_count > 0,
        "WarmEnabled": nodes.warm_count > 0,
        "ColdStorageOptions": {"Enabled": nodes.cold_storage},
        "ZoneAwarenessConfig": {"AvailabilityZoneCount": nodes.zones} if nodes.zones else None,
        "DedicatedMasterCount": nodes.manager_count or None,
        "DedicatedMasterType": nodes.manager_type,
        "WarmCount": nodes.warm_count or None,
        "WarmType": nodes.warm_type,
    }
    return _said(made)


def _volume(spec: OpenSearchSpec) -> dict[str, Any]:
    volume = spec.volume
    if volume is None:
        return {"EBSEnabled": False}
    return _said(
        {
            "EBSEnabled": True,
            "VolumeType": volume.type,
            "VolumeSize": volume.size_gib,
            "Iops": volume.iops,
            "Throughput": volume.throughput,
        }
    )


def _endpoint(spec: OpenSearchSpec, *, home: bool) -> dict[str, Any]:
    custom = spec.custom_endpoint if home else None
    return _said(
        {
            "EnforceHTTPS": spec.enforce_https,
            "TLSSecurityPolicy": spec.tls_policy,
            "CustomEndpointEnabled": custom is not None,
            "CustomEndpoint": custom,
            "CustomEndpointCertificateArn": spec.certificate if custom else None,
        }
    )


def _off_peak(spec: OpenSearchSpec) -> dict[str, Any] | None:
    if spec.off_peak is None:
        return None
    hours, _, minutes = spec.off_peak.partition(":")
    start = {"Hours": int(hours), "Minutes": int(minutes)}
    return {"Enabled": True, "OffPeakWindow": {"WindowStartTime": start}}


def _said(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}
