"""MemoryDB's snapshots, for clusters that are in no multi-region cluster."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from drstate.adapters.at import At
from drstate.adapters.carrying import Cluster, Snapshots
from drstate.adapters.memorydb import reading
from drstate.adapters.site import SiteContext
from drstate.adapters.translating import translator_at
from drstate.model.catalog import CatalogEntry
from drstate.programs.context import tags_of
from drstate.programs.memorydb import MemorydbPolicy, MemorydbSpec, memorydb_values

if TYPE_CHECKING:
    from drstate.aws.clock import Clock


class MemorydbSnapshots(Snapshots):
    """A cluster's snapshots, and the clusters made of them."""

    service: ClassVar[str] = reading.SERVICE
    sees: ClassVar[tuple[str, ...]] = ("DescribeClusters",)
    takes: ClassVar[tuple[str, ...]] = (
        "DescribeSnapshots",
        "CreateSnapshot",
        "CopySnapshot",
        "DeleteSnapshot",
    )
    restores: ClassVar[tuple[tuple[str, str], ...]] = (("memorydb", "CreateCluster"),)

    def __init__(
        self,
        entry: CatalogEntry,
        site: SiteContext,
        clock: Clock,
        spec: MemorydbSpec,
        policy: MemorydbPolicy,
    ) -> None:
        super().__init__(entry, site, clock, spec, policy)
        self.spec = spec

    def clusters(self, at: At) -> Iterable[Cluster]:
        """The clusters of the region."""
        for found in at.pages(reading.SERVICE, "describe_clusters", "Clusters"):
            yield Cluster(str(found["Name"]), str(found["Status"]), reading.endpoints(found))

    def taken(self, at: At) -> dict[str, str]:
        """Snapshots made by hand or by us."""
        found = at.pages(reading.SERVICE, "describe_snapshots", "Snapshots", Source="manual")
        return {str(one["Name"]): str(one["Status"]) for one in found}

    def take(self, at: At, cluster: str, name: str) -> None:
        """CreateSnapshot of all shards."""
        at.call(reading.SERVICE, "create_snapshot", ClusterName=cluster, SnapshotName=name)

    def restore(self, at: At, name: str, arns: list[str]) -> None:
        """CreateCluster with production's configuration and the exported objects."""
        at.call(reading.SERVICE, "create_cluster", **{**self.request(name), "SnapshotArns": arns})

    @property
    def subnet_group(self) -> str | None:
        """The subnet group at the site. Raises ConfigError where the site map lacks it."""
        translator = translator_at(self.entry, self.site, self.spec.region)
        values = memorydb_values(self.spec, translator)
        translator.settle()
        return values.subnet_group

    def request(self, name: str, replicas: int | None = None) -> dict[str, Any]:
        """CreateCluster's parameters but for the data. ``replicas``: not production's."""
        spec = self.spec
        translator = translator_at(self.entry, self.site, spec.region)
        values = memorydb_values(spec, translator)
        translator.settle()
        wanted: dict[str, Any] = {
            "ClusterName": name,
            "NodeType": spec.node_type,
            "ACLName": values.acl,
            "Description": spec.description,
            "Engine": spec.engine,
            "EngineVersion": spec.engine_version,
            "NumShards": spec.shards,
            "NumReplicasPerShard": values.replicas if replicas is None else replicas,
            "Port": spec.port,
            "ParameterGroupName": values.parameter_group,
            "SubnetGroupName": values.subnet_group,
            "SecurityGroupIds": list(values.security_groups),
            "TLSEnabled": spec.tls,
            "KmsKeyId": values.kms_key,
            "DataTiering": spec.data_tiering or None,
            "AutoMinorVersionUpgrade": spec.auto_minor_version_upgrade,
            "MaintenanceWindow": spec.maintenance_window,
            "SnapshotWindow": spec.snapshot_window,
            "SnapshotRetentionLimit": spec.snapshot_retention_days,
            "SnsTopicArn": values.notification_topic,
            "NetworkType": spec.network_type,
            "IpDiscovery": spec.ip_discovery,
            "Tags": [{"Key": key, "Value": value} for key, value in tags_of(self.entry).items()],
        }
        return {key: value for key, value in wanted.items() if value not in (None, [], "")}
