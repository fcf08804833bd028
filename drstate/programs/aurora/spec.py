"""An Aurora cluster as it is captured, and what its owner may choose.

Which of the clusters writes is not recorded: roles change at every failover and belong to AWS and
to the adapter.
"""

from __future__ import annotations

from pydantic import Field

from drstate.model.base import Value
from drstate.model.spec import Spec

#: names of the endpoints that others may be bound to
WRITER, READER = "writer", "reader"


class AuroraInstance(Value):
    """One DB instance of the cluster; its zone is AWS's business and not recorded."""

    identifier: str
    instance_class: str
    promotion_tier: int | None = None
    parameter_group: str | None = None
    ca_certificate: str | None = None
    publicly_accessible: bool = False
    auto_minor_version_upgrade: bool = True
    copy_tags_to_snapshot: bool = False
    monitoring_interval: int = 0
    monitoring_role: str | None = None
    performance_insights: bool = False
    performance_insights_kms_key: str | None = None
    performance_insights_retention_days: int | None = None
    preferred_maintenance_window: str | None = None


class ServerlessScaling(Value):
    """Serverless v2 capacity in ACUs."""

    min_capacity: float
    max_capacity: float
    seconds_until_auto_pause: int | None = None


class AuroraSpec(Spec):
    """An Aurora cluster as captured at the serving site."""

    identifier: str
    arn: str
    engine: str
    engine_version: str
    engine_mode: str = "provisioned"
    #: id of the global cluster that somebody else owns; None where there was none (or only ours)
    global_cluster: str | None = None
    cluster_parameter_group: str | None = None
    subnet_group: str | None = None
    security_groups: tuple[str, ...] = ()
    storage_encrypted: bool = False
    kms_key: str | None = None
    storage_type: str | None = None
    port: int | None = None
    network_type: str | None = None
    backup_retention_days: int = 1
    preferred_backup_window: str | None = None
    preferred_maintenance_window: str | None = None
    log_exports: tuple[str, ...] = ()
    iam_authentication: bool = False
    deletion_protection: bool = False
    copy_tags_to_snapshot: bool = False
    serverless: ServerlessScaling | None = None
    #: in the order of their identifiers
    instances: tuple[AuroraInstance, ...] = Field(min_length=1)

    @property
    def own_global_cluster(self) -> str:
        """Id of the global cluster that drstate declares where nobody else has one."""
        return f"{self.identifier}-global"

    @property
    def global_cluster_id(self) -> str:
        """Id of the global cluster that spans the two sites."""
        return self.global_cluster or self.own_global_cluster

    def cluster_arn(self, region: str) -> str:
        """ARN of the cluster at a site: the identifier is the same at both."""
        arn, partition, service, _, account, kind, _ = self.arn.split(":", 6)
        return f"{arn}:{partition}:{service}:{region}:{account}:{kind}:{self.identifier}"


class AuroraPolicy(Value):
    """Choices for Aurora resources of the scope."""

    #: instance class while in standby; None: as in the source
    standby_instance_class: str | None = None
    #: no instances in standby: storage only. INSTANTIATE (or ACTIVATE) adds them and REPLICATE
    #: removes them; they are never declared. To be chosen before the first replication
    headless: bool = False
