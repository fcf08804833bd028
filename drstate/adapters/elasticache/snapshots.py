"""ElastiCache's snapshots, for groups that no global datastore can carry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from drstate.adapters.at import At
from drstate.adapters.carrying import Cluster, Snapshots
from drstate.adapters.elasticache import reading
from drstate.adapters.site import SiteContext
from drstate.adapters.translating import translator_at
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.context import tags_of
from drstate.programs.elasticache import (
    ElasticachePolicy,
    ElasticacheSpec,
    LogDelivery,
    elasticache_values,
)

if TYPE_CHECKING:
    from drstate.aws.clock import Clock


class ElasticacheSnapshots(Snapshots):
    """A replication group's snapshots, and the groups made of them."""

    service: ClassVar[str] = reading.SERVICE
    sees: ClassVar[tuple[str, ...]] = ("DescribeReplicationGroups",)
    takes: ClassVar[tuple[str, ...]] = (
        "DescribeSnapshots",
        "CreateSnapshot",
        "CopySnapshot",
        "DeleteSnapshot",
    )
    restores: ClassVar[tuple[tuple[str, str], ...]] = (
        ("elasticache", "CreateReplicationGroup"),
        ("secretsmanager", "GetSecretValue"),
    )

    def __init__(
        self,
        entry: CatalogEntry,
        site: SiteContext,
        clock: Clock,
        spec: ElasticacheSpec,
        policy: ElasticachePolicy,
    ) -> None:
        super().__init__(entry, site, clock, spec, policy)
        self.spec = spec

    def clusters(self, at: At) -> Iterable[Cluster]:
        """The replication groups of the region."""
        for found in at.pages(reading.SERVICE, "describe_replication_groups", "ReplicationGroups"):
            yield Cluster(
                str(found["ReplicationGroupId"]), str(found["Status"]), reading.endpoints(found)
            )

    def taken(self, at: At) -> dict[str, str]:
        """Snapshots made by hand or by us."""
        found = at.pages(reading.SERVICE, "describe_snapshots", "Snapshots", SnapshotSource="user")
        return {str(one["SnapshotName"]): str(one["SnapshotStatus"]) for one in found}

    def take(self, at: At, cluster: str, name: str) -> None:
        """CreateSnapshot of the whole group."""
        at.call(reading.SERVICE, "create_snapshot", ReplicationGroupId=cluster, SnapshotName=name)

    def restore(self, at: At, name: str, arns: list[str]) -> None:
        """CreateReplicationGroup with production's configuration and the exported objects."""
        at.call(
            reading.SERVICE,
            "create_replication_group",
            **{**self.request(at, name), "SnapshotArns": arns},
        )

    @property
    def subnet_group(self) -> str | None:
        """The subnet group at the site. Raises ConfigError where the site map lacks it."""
        translator = translator_at(self.entry, self.site, self.spec.region)
        values = elasticache_values(self.spec, translator)
        translator.settle()
        return values.subnet_group

    def request(self, at: At, name: str, replicas: int | None = None) -> dict[str, Any]:
        """CreateReplicationGroup's parameters but for the data. ``replicas``: not production's."""
        spec = self.spec
        translator = translator_at(self.entry, self.site, spec.region)
        values = elasticache_values(spec, translator)
        translator.settle()
        wanted: dict[str, Any] = {
            "ReplicationGroupId": name,
            "ReplicationGroupDescription": spec.description,
            "CacheNodeType": spec.node_type,
            "Engine": spec.engine,
            "EngineVersion": spec.engine_version,
            "AutomaticFailoverEnabled": spec.automatic_failover,
            "MultiAZEnabled": spec.multi_az,
            "Port": spec.port,
            "CacheParameterGroupName": values.parameter_group,
            "CacheSubnetGroupName": values.subnet_group,
            "SecurityGroupIds": list(values.security_groups),
            "AtRestEncryptionEnabled": spec.encrypted_at_rest or None,
            "KmsKeyId": values.kms_key,
            "TransitEncryptionEnabled": spec.encrypted_in_transit or None,
            "TransitEncryptionMode": spec.transit_mode if spec.encrypted_in_transit else None,
            "AuthToken": self._auth_token(at, values.auth_token_secret),
            "UserGroupIds": list(values.user_groups),
            "NetworkType": spec.network_type,
            "IpDiscovery": spec.ip_discovery,
            "DataTieringEnabled": spec.data_tiering or None,
            "AutoMinorVersionUpgrade": spec.auto_minor_version_upgrade,
            "PreferredMaintenanceWindow": spec.maintenance_window,
            "SnapshotWindow": spec.snapshot_window,
            "SnapshotRetentionLimit": spec.snapshot_retention_days,
            "NotificationTopicArn": values.notification_topic,
            "LogDeliveryConfigurations": [_delivery(log) for log in values.logs],
            "Tags": [{"Key": key, "Value": value} for key, value in tags_of(self.entry).items()],
            **self._nodes(values.replicas if replicas is None else replicas),
        }
        return {key: value for key, value in wanted.items() if value not in (None, [], "")}

    def _nodes(self, replicas: int) -> dict[str, Any]:
        spec = self.spec
        if not spec.cluster_mode:
            return {"NumCacheClusters": 1 + replicas}
        return {
            "NodeGroupConfiguration": [
                {"NodeGroupId": f"{number:04d}", "Slots": slots, "ReplicaCount": replicas}
                for number, slots in enumerate(spec.slots, start=1)
            ],
            "ClusterMode": "enabled",
        }

    def _auth_token(self, at: At, secret: str | None) -> str | None:
        if not self.spec.auth_token:
            return None
        if secret is None:
            raise OperationError(
                f"{self.entry.key}: the auth token is not known",
                why="AWS does not tell it, and no snapshot has it",
                hint=f"name its secret as policies.elasticache.auth_token_secrets."
                f"{self.spec.identifier} in {self.site.scope_file}, and its counterpart in "
                f"site_map.{at.region}.{SiteMapTable.SECRETS}",
            )
        answer = at.call("secretsmanager", "get_secret_value", SecretId=secret)
        return str(answer["SecretString"])


def _delivery(log: LogDelivery) -> dict[str, Any]:
    details = (
        {"CloudWatchLogsDetails": {"LogGroup": log.destination}}
        if log.destination_type == "cloudwatch-logs"
        else {"KinesisFirehoseDetails": {"DeliveryStream": log.destination}}
    )
    return {
        "LogType": log.log_type,
        "DestinationType": log.destination_type,
        "DestinationDetails": details,
        "LogFormat": log.log_format,
        "Enabled": True,
    }
