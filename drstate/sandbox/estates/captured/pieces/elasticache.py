"""A replication group from its spec, and the datastore that somebody else has put it into.

Of a datastore's members elsewhere the spec knows name and region: they are as the group itself. A
datastore that drstate declares is not made: that is what a rehearsal does.
"""

from __future__ import annotations

from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.elasticache import (
    CONFIGURATION,
    PRIMARY,
    READER,
    ElasticachePolicy,
    ElasticacheSpec,
    LogDelivery,
)
from drstate.sandbox.aws import correct
from drstate.sandbox.estates.captured.named import by_arn
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper

AVAILABLE = "available"
#: more than AWS gives to anybody; each is an object in the sandbox
_MOST_SHARDS = 500
#: AWS tells only that there is one, and a rehearsal's clients need none
_TOKEN = "rehearsed-and-not-a-secret"  # noqa: S105 - works in the sandbox only
#: endpoint of a spec -> role by which the sandbox makes its host
_ROLES = {CONFIGURATION: "clustercfg", PRIMARY: "master", READER: "replica"}
#: what a group tells only where AWS does
_UNSAID = {
    "network_type": "NetworkType",
    "ip_discovery": "IpDiscovery",
    "snapshot_window": "SnapshotWindow",
    "transit_mode": "TransitEncryptionMode",
    "maintenance_window": "PreferredMaintenanceWindow",
}


def build(site: Captured, entry: CatalogEntry) -> None:
    """The group in the serving region, and the buckets that its snapshots go to."""
    correct("elasticache")
    spec = ElasticacheSpec.model_validate(entry.spec)
    account = entry.resource.account
    if spec.shards > _MOST_SHARDS:
        raise cannot(entry.key, "shards", f"{spec.shards} are more than {_MOST_SHARDS}")
    made = _group(site, spec, account, spec.region, spec.identifier, site.tags(entry))
    made.hosts = {_ROLES[name]: host for name, host in spec.endpoints.items() if name in _ROLES}
    if spec.datastore is not None:
        _datastore(site, spec, made)
    policy = site.scope.policies.of("elasticache", ElasticachePolicy)
    for region, bucket in policy.export_buckets.items():
        site.have(SiteMapTable.BUCKETS, bucket, account, region)


def _group(
    site: Captured,
    spec: ElasticacheSpec,
    account: str,
    region: str,
    name: str,
    tags: dict[str, str],
) -> Any:
    from moto.elasticache.models import elasticache_backends  # noqa: PLC0415 - after its correction

    from drstate.sandbox.aws import elasticache_create  # noqa: PLC0415 - the same

    home = region == spec.region
    around = _around(site, spec, account, region)
    replicas: dict[str, Any] = {"NumNodeGroups": spec.shards, "ReplicasPerNodeGroup": spec.replicas}
    if not spec.cluster_mode:
        replicas = {"NumCacheClusters": spec.replicas + 1}
    elif spec.slots:
        replicas["NodeGroupConfiguration"] = [{"Slots": slots} for slots in spec.slots]
    asked = {
        "ReplicationGroupId": name,
        "ReplicationGroupDescription": spec.description,
        "CacheNodeType": spec.node_type,
        "Engine": spec.engine,
        "EngineVersion": spec.engine_version,
        "ClusterMode": "enabled" if spec.cluster_mode else "disabled",
        "AutomaticFailoverEnabled": spec.automatic_failover,
        "MultiAZEnabled": spec.multi_az,
        "AutoMinorVersionUpgrade": spec.auto_minor_version_upgrade,
        "Port": spec.port,
        "CacheParameterGroupName": spec.parameter_group if home else None,
        "AtRestEncryptionEnabled": spec.encrypted_at_rest,
        "TransitEncryptionEnabled": spec.encrypted_in_transit,
        "TransitEncryptionMode": spec.transit_mode,
        "AuthToken": _TOKEN if spec.auth_token else None,
        "UserGroupIds": list(spec.user_groups) if home else None,
        "NetworkType": spec.network_type,
        "IpDiscovery": spec.ip_discovery,
        "PreferredMaintenanceWindow": spec.maintenance_window,
        "SnapshotWindow": spec.snapshot_window,
        "SnapshotRetentionLimit": spec.snapshot_retention_days,
        "NotificationTopicArn": spec.notification_topic if home else None,
        "LogDeliveryConfigurations": [_log(one) for one in spec.logs] if home else None,
        "DataTieringEnabled": spec.data_tiering,
        "Tags": upper(tags),
        **replicas,
        **around,
    }
    site.ids.named(account, region, "replication-group", name)
    made = elasticache_create.built(
        elasticache_backends[account][region],
        {key: value for key, value in asked.items() if value not in (None, [])},
    )
    for field, setting in _UNSAID.items():
        if getattr(spec, field) is None:
            made.settings.pop(setting, None)
    made.status = AVAILABLE
    return made


def _around(site: Captured, spec: ElasticacheSpec, account: str, region: str) -> dict[str, Any]:
    """What the group stands on at a site: its own, or the counterparts of that."""
    home = region == spec.region
    tables = {} if home else site.scope.site_map.get(region, {})
    made: dict[str, Any] = {}
    for argument, table, identifier in (
        ("CacheSubnetGroupName", SiteMapTable.CACHE_SUBNET_GROUPS, spec.subnet_group),
        ("KmsKeyId", SiteMapTable.KMS_KEYS, spec.kms_key),
    ):
        found = identifier if home else tables.get(table, {}).get(identifier or "")
        if found:
            site.have(table, found, account, region)
            made[argument] = found
    if home:
        made["SecurityGroupIds"] = list(spec.security_groups)
        _more(site, spec, account)
    return made


def _more(site: Captured, spec: ElasticacheSpec, account: str) -> None:
    """What only the group itself stands on, and nobody else's member of its datastore."""
    for group in spec.security_groups:
        site.security_group(account, spec.region, group)
    if spec.notification_topic:
        by_arn(site, spec.notification_topic)
    if spec.parameter_group and not spec.parameter_group.startswith("default."):
        table = SiteMapTable.CACHE_PARAMETER_GROUPS
        site.have(table, spec.parameter_group, account, spec.region)
    for log in spec.logs:
        if log.destination_type == "cloudwatch-logs":
            site.have(SiteMapTable.LOG_GROUPS, log.destination, account, spec.region)


def _log(given: LogDelivery) -> dict[str, Any]:
    logs = given.destination_type == "cloudwatch-logs"
    return {
        "LogType": given.log_type,
        "DestinationType": given.destination_type,
        "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": given.destination}}
        if logs
        else {"KinesisFirehoseDetails": {"DeliveryStream": given.destination}},
        "LogFormat": given.log_format,
        "Enabled": True,
    }


def _datastore(site: Captured, spec: ElasticacheSpec, group: Any) -> None:
    """Somebody else's datastore, with the members that it has elsewhere, as they are."""
    from drstate.sandbox.aws import elasticache_global as datastores  # noqa: PLC0415 - see build
    from drstate.sandbox.aws import elasticache_groups  # noqa: PLC0415 - the same

    made = datastores.Datastore(
        id=str(spec.datastore),
        description="somebody else's",
        account=group.account,
        automatic_failover=spec.automatic_failover,
        members=[group],
    )
    group.global_id, group.role = made.id, elasticache_groups.PRIMARY
    for region, name in sorted(spec.members.items()):
        member = _group(site, spec, group.account, region, name, site.own_tags())
        member.global_id, member.role = made.id, datastores.SECONDARY
        made.members.append(member)
    made.status = datastores.AVAILABLE if len(made.members) > 1 else datastores.PRIMARY_ONLY
    datastores.store(group.account)[made.id] = made
