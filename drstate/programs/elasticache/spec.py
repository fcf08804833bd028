"""The spec of an ElastiCache replication group, and whether a global datastore can carry it.

It records no role (who takes writes): roles change at every failover and belong to AWS and to the
adapter. Auth tokens are never in it: AWS does not tell them, and a spec is no place for a secret.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from drstate.model.base import Value
from drstate.model.spec import Spec

#: names of the endpoints that others may be bound to
PRIMARY, READER, CONFIGURATION = "primary", "reader", "configuration"
#: under ``global``: the id of the datastore, which AWS puts letters of its own in front of
DATASTORE = "datastore"
#: shards take part in a datastore with at most two regions besides the primary's
MOST_SECONDARIES = 2

_NODE_TYPE = re.compile(r"cache\.(?P<family>[a-z]+)(?P<generation>\d+)[a-z]*\.(?P<size>\w+)")
_SMALL = frozenset({"nano", "micro", "small", "medium"})
#: the oldest generation of each family that a datastore takes
_OLDEST = {"m": 5, "r": 5, "c": 7}
_OLDEST_REDIS = (5, 0, 6)


class LogDelivery(Value):
    """Where one kind of log goes."""

    log_type: str
    destination_type: Literal["cloudwatch-logs", "kinesis-firehose"]
    destination: str
    log_format: str


class ElasticachePolicy(Value):
    """Choices for ElastiCache resources of the scope."""

    #: ``snapshot``: never put a source into a global datastore, even where that is possible
    way: Literal["auto", "snapshot"] = "auto"
    #: replicas per shard while in standby; None: as in the source
    standby_replicas: int | None = Field(default=None, ge=0, le=5)
    #: replication lag above which a planned failover is not begun
    max_lag_seconds: int = Field(default=300, ge=1)
    #: region -> bucket of that region for exported snapshots; needed by the snapshot way alone
    export_buckets: dict[str, str] = {}
    #: age of an export up to which it is good enough for a standby: the RPO of the snapshot way
    snapshot_max_age_minutes: int = Field(default=1440, ge=1)
    #: id of the replication group -> secret with its auth token, by ARN at the captured site
    auth_token_secrets: dict[str, str] = {}


class ElasticacheSpec(Spec):
    """A replication group as captured at the serving site."""

    identifier: str
    arn: str
    description: str
    node_type: str
    engine: str
    engine_version: str
    cluster_mode: bool
    shards: int = Field(ge=1)
    #: per shard; the largest number where shards differ
    replicas: int = Field(ge=0)
    #: of each shard, in cluster mode
    slots: tuple[str, ...] = ()
    automatic_failover: bool = False
    multi_az: bool = False
    port: int = 6379
    parameter_group: str | None = None
    subnet_group: str | None = None
    security_groups: tuple[str, ...] = ()
    encrypted_at_rest: bool = False
    kms_key: str | None = None
    encrypted_in_transit: bool = False
    transit_mode: str | None = None
    auth_token: bool = False
    user_groups: tuple[str, ...] = ()
    network_type: str | None = None
    ip_discovery: str | None = None
    data_tiering: bool = False
    auto_minor_version_upgrade: bool = True
    maintenance_window: str | None = None
    snapshot_window: str | None = None
    snapshot_retention_days: int = 0
    notification_topic: str | None = None
    logs: tuple[LogDelivery, ...] = ()
    #: id of the global datastore that somebody else has; None where there was none (or only ours)
    datastore: str | None = None
    #: region -> id of the member that somebody else has there, of a foreign datastore
    members: dict[str, str] = {}

    @model_validator(mode="after")
    def _slots_of_all(self) -> ElasticacheSpec:
        if self.slots and len(self.slots) != self.shards:
            raise ValueError(f"slots of {len(self.slots)} shards are given, not of {self.shards}")
        return self

    @property
    def own_suffix(self) -> str:
        """What drstate calls the datastore that it declares; AWS puts letters in front."""
        return f"{self.identifier}-dr"

    @property
    def own_description(self) -> str:
        """By this a datastore is told for ours: it carries no tags that Pulumi can set."""
        return f"drstate: {self.arn}"

    def member(self, region: str) -> str:
        """Id of the replication group at a site: the same, unless somebody else has one there."""
        return self.members.get(region, self.identifier)

    @property
    def obstacle(self) -> str | None:
        """Why no global datastore can carry the group, or None."""
        if self.datastore is not None:
            return None
        kind = _NODE_TYPE.fullmatch(self.node_type)
        oldest = _OLDEST.get(kind["family"]) if kind else None
        if kind is None or oldest is None or int(kind["generation"]) < oldest:
            return (
                f"node type {self.node_type} is not supported: global datastores take the families "
                "m and r from the fifth generation and c from the seventh"
            )
        if kind["size"] in _SMALL:
            return f"node type {self.node_type} is too small: global datastores begin at large"
        if self.engine == "redis" and _version(self.engine_version) < _OLDEST_REDIS:
            return f"Redis {self.engine_version} is too old: global datastores begin at 5.0.6"
        if self.network_type not in (None, "ipv4"):
            return f"network type {self.network_type}: global datastores have IPv4 only"
        return None

    def by_datastore(self, policy: ElasticachePolicy) -> bool:
        """Whether a global datastore replicates it; otherwise snapshots are carried over."""
        return self.datastore is not None or (policy.way == "auto" and self.obstacle is None)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
