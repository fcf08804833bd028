"""A cache of sessions: two shards in cluster mode, on nodes that a global datastore takes."""

from __future__ import annotations

from drstate.sandbox.aws import correct
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo import names
from drstate.sandbox.estates.demo.land import Land, Piece


def build(ids: SeededIds, land: Land) -> Piece:
    """The group in the east; subnet groups, networks and keys in both regions."""
    correct("elasticache")
    from moto.elasticache.models import elasticache_backends  # noqa: PLC0415 - only this piece

    from drstate.sandbox.aws import elasticache_create  # noqa: PLC0415 - the same

    account = land.data
    subnet_groups = {}
    for region in (land.primary, land.recovery):
        name = f"{land.scope.prefix}-cache{land.suffix(region)}"
        backend = elasticache_backends[account][region]
        ids.named(account, region, "cache-subnet-group", name)
        backend.create_cache_subnet_group(
            cache_subnet_group_name=name,
            cache_subnet_group_description=name,
            subnet_ids=list(land.network(account, region).subnets),
            tags=names.upper(land.scope.tags()),
        )
        subnet_groups[region] = name
        land.kms(account, region)
    identifier = f"{land.scope.prefix}-sessions"
    ids.named(account, land.primary, "replication-group", identifier)
    group = elasticache_create.built(
        elasticache_backends[account][land.primary],
        {
            "ReplicationGroupId": identifier,
            "ReplicationGroupDescription": "sessions of signed-in users",
            "CacheNodeType": "cache.r7g.large",
            "Engine": "valkey",
            "EngineVersion": "8.0",
            "NumNodeGroups": 2,
            "ReplicasPerNodeGroup": 2,
            "AutomaticFailoverEnabled": True,
            "MultiAZEnabled": True,
            "AtRestEncryptionEnabled": True,
            "KmsKeyId": land.kms(account, land.primary),
            "TransitEncryptionEnabled": True,
            "TransitEncryptionMode": "required",
            "CacheSubnetGroupName": subnet_groups[land.primary],
            "SecurityGroupIds": [land.network(account, land.primary).security_group],
            "PreferredMaintenanceWindow": "sun:03:00-sun:04:00",
            "SnapshotWindow": "01:00-02:00",
            "SnapshotRetentionLimit": 3,
            "Tags": names.upper({**land.tags(1, "high"), "Name": identifier}),
        },
    )
    group.status = "available"
    return Piece(
        facts={"account": account, "identifier": identifier, "arn": group.arn},
        site_map={
            "cache_subnet_groups": {subnet_groups[land.primary]: subnet_groups[land.recovery]}
        },
        scope={"policies": {"elasticache": {"standby_replicas": 1}}},
    )
