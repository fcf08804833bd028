"""A cluster from its spec, and the multi-region cluster that it is a member of.

The multi-region cluster was there before drstate, so it is there in a rehearsal, with the members
that somebody else has elsewhere; ours is what the rehearsal makes.
"""

from __future__ import annotations

from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.memorydb import CLUSTER_ENDPOINT, OPEN_ACCESS, MemorydbPolicy, MemorydbSpec
from drstate.sandbox.aws import correct
from drstate.sandbox.estates.captured.named import by_arn
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper

#: more than AWS gives to anybody; each is an object in the sandbox
_MOST_SHARDS, _MOST_REPLICAS = 500, 5


def build(site: Captured, entry: CatalogEntry) -> None:
    """The cluster in the serving region, and the buckets that its snapshots go to."""
    correct("memorydb")
    spec = MemorydbSpec.model_validate(entry.spec)
    account = entry.resource.account
    for field, most in (("shards", _MOST_SHARDS), ("replicas", _MOST_REPLICAS)):
        if getattr(spec, field) > most:
            raise cannot(entry.key, field, f"{getattr(spec, field)} are more than {most}")
    made = _cluster(site, spec, account, spec.region, spec.identifier, site.tags(entry))
    host = spec.endpoints.get(CLUSTER_ENDPOINT)
    if host:
        made.cluster_endpoint = {"Address": host, "Port": spec.port}
    if spec.multi_region is not None:
        _belong(site, spec, account, made)
    policy = site.scope.policies.of("memorydb", MemorydbPolicy)
    for region, bucket in policy.export_buckets.items():
        site.have(SiteMapTable.BUCKETS, bucket, account, region)


def _cluster(
    site: Captured,
    spec: MemorydbSpec,
    account: str,
    region: str,
    name: str,
    tags: dict[str, str],
) -> Any:
    from moto.memorydb.models import memorydb_backends  # noqa: PLC0415 - after its correction

    from drstate.sandbox.aws import memorydb_clusters as clusters  # noqa: PLC0415 - the same

    home = region == spec.region
    subnets, acl, key = _around(site, spec, account, region)
    site.ids.named(account, region, "memorydb-cluster", name)
    made: Any = memorydb_backends[account][region].create_cluster(
        cluster_name=name,
        node_type=spec.node_type,
        parameter_group_name=(spec.parameter_group if home else "") or "",
        description=spec.description,
        subnet_group_name=subnets,
        security_group_ids=list(spec.security_groups) if home else [],
        maintenance_window=spec.maintenance_window or "",
        port=spec.port,
        sns_topic_arn=(spec.notification_topic if home else "") or "",
        tls_enabled=spec.tls,
        kms_key_id=key,
        snapshot_arns=[],
        snapshot_name="",
        snapshot_retention_limit=spec.snapshot_retention_days,
        tags=upper(tags),
        snapshot_window=spec.snapshot_window or "",
        acl_name=acl,
        engine_version=spec.engine_version,
        auto_minor_version_upgrade=spec.auto_minor_version_upgrade,
        data_tiering=spec.data_tiering,
        num_shards=spec.shards,
        num_replicas_per_shard=spec.replicas,
    )
    asked = {
        "ParameterGroupName": spec.parameter_group if home else None,
        "NumReplicasPerShard": spec.replicas,
        "NetworkType": spec.network_type,
        "IpDiscovery": spec.ip_discovery,
    }
    clusters.shape(made, asked, spec.engine, spec.engine_version)
    made.acl_name = acl
    made.status = clusters.AVAILABLE
    return made


def _around(site: Captured, spec: MemorydbSpec, account: str, region: str) -> tuple[str, str, str]:
    """Subnet group, list of users and key at a site; empty where there is none."""
    home = region == spec.region
    tables = {} if home else site.scope.site_map.get(region, {})

    def there(table: SiteMapTable, identifier: str | None) -> str:
        if not identifier:
            return ""
        found = identifier if home else tables.get(table, {}).get(identifier, "")
        if found:
            site.have(table, found, account, region)
        return found

    if home:
        for group in spec.security_groups:
            site.security_group(account, region, group)
        if spec.notification_topic:
            by_arn(site, spec.notification_topic)
        if spec.parameter_group and not spec.parameter_group.startswith("default."):
            there(SiteMapTable.MEMORYDB_PARAMETER_GROUPS, spec.parameter_group)
    open_to_all = spec.acl == OPEN_ACCESS
    acl = OPEN_ACCESS if open_to_all else there(SiteMapTable.MEMORYDB_ACLS, spec.acl)
    subnets = there(SiteMapTable.MEMORYDB_SUBNET_GROUPS, spec.subnet_group)
    return subnets, acl or OPEN_ACCESS, there(SiteMapTable.KMS_KEYS, spec.kms_key)


def _belong(site: Captured, spec: MemorydbSpec, account: str, cluster: Any) -> None:
    from drstate.sandbox.aws import memorydb_regions as regions  # noqa: PLC0415 - see build

    multi = regions.MultiRegion(
        name=str(spec.multi_region),
        account=account,
        description=spec.description,
        node_type=spec.node_type,
        version=spec.engine_version,
        shards=spec.shards,
        tls=spec.tls,
        parameter_group="default.memorydb-valkey7.multiregion",
        tags=[],
        status=regions.AVAILABLE,
    )
    regions.store(account)[multi.name] = multi
    regions.belong(multi, spec.region, cluster)
    for region, name in sorted(spec.members.items()):
        member = _cluster(site, spec, account, region, name, site.own_tags())
        regions.belong(multi, region, member)
