"""A database of carts: the east's member of a multi-region cluster that somebody else has."""

from __future__ import annotations

from drstate.sandbox.aws import correct
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo import names
from drstate.sandbox.estates.demo.land import Land, Piece

ENGINE, VERSION, NODE_TYPE = "valkey", "7.3", "db.r7g.xlarge"


def build(ids: SeededIds, land: Land) -> Piece:
    """The cluster in the east; subnet groups and lists of users in both regions."""
    correct("memorydb")
    from moto.memorydb.models import memorydb_backends  # noqa: PLC0415 - only this piece

    from drstate.sandbox.aws import memorydb_acls as acls  # noqa: PLC0415 - the same
    from drstate.sandbox.aws import memorydb_regions as regions  # noqa: PLC0415 - the same
    from drstate.sandbox.aws.memorydb_clusters import AVAILABLE, shape  # noqa: PLC0415

    account = land.data
    groups, lists = {}, {}
    for region in (land.primary, land.recovery):
        suffix = land.suffix(region)
        groups[region] = f"{land.scope.prefix}-memory{suffix}"
        lists[region] = f"{land.scope.prefix}-carts{suffix}"
        backend = memorydb_backends[account][region]
        ids.named(account, region, "memorydb-subnet-group", groups[region])
        backend.create_subnet_group(
            subnet_group_name=groups[region],
            description=groups[region],
            subnet_ids=list(land.network(account, region).subnets),
            tags=names.upper(land.scope.tags()),
        )
        backend.create_user("carts", {"Type": "iam"}, "on ~carts:* +@all")
        acls.create(backend, {"ACLName": lists[region], "UserNames": ["carts"]})
        land.kms(account, region)
    identifier = f"{land.scope.prefix}-carts"
    multi = regions.built(
        account,
        {
            "MultiRegionClusterNameSuffix": identifier,
            "NodeType": NODE_TYPE,
            "Engine": ENGINE,
            "EngineVersion": VERSION,
            "NumShards": 2,
            "TLSEnabled": True,
        },
    )
    multi.status = AVAILABLE
    ids.named(account, land.primary, "memorydb-cluster", identifier)
    cluster = memorydb_backends[account][land.primary].create_cluster(
        cluster_name=identifier,
        node_type=NODE_TYPE,
        parameter_group_name="",
        description="carts of customers",
        subnet_group_name=groups[land.primary],
        security_group_ids=[land.network(account, land.primary).security_group],
        maintenance_window="sun:03:00-sun:04:00",
        port=6379,
        sns_topic_arn="",
        tls_enabled=True,
        kms_key_id=land.kms(account, land.primary),
        snapshot_arns=[],
        snapshot_name="",
        snapshot_retention_limit=3,
        tags=names.upper({**land.tags(1, "high"), "Name": identifier}),
        snapshot_window="01:00-02:00",
        acl_name=lists[land.primary],
        engine_version=VERSION,
        auto_minor_version_upgrade=True,
        data_tiering=False,
        num_shards=2,
        num_replicas_per_shard=2,
    )
    shape(cluster, {"NumReplicasPerShard": 2}, ENGINE, VERSION)
    regions.belong(multi, land.primary, cluster)
    return Piece(
        facts={"account": account, "identifier": identifier, "arn": cluster.arn},
        site_map={
            "memorydb_subnet_groups": {groups[land.primary]: groups[land.recovery]},
            "memorydb_acls": {lists[land.primary]: lists[land.recovery]},
        },
        scope={"policies": {"memorydb": {"standby_replicas": 1}}},
    )
