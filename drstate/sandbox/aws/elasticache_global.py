"""Global datastores of ElastiCache: one primary group, at most two in other regions.

They belong to an account and are seen from each of its regions. A failover moves the
primary role to a secondary and leaves the others, the old primary among them, as
secondaries; nothing is lost here, since the sandbox holds no data. Adding, removing and
rebalancing shards of a datastore is not emulated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.elasticache.models import elasticache_backends

from drstate.sandbox.access import PARTITION

from . import elasticache_groups as groups
from . import runtime
from .elasticache_groups import PRIMARY, Group
from .modelled import Refusal, unsupported

SECONDARY = "SECONDARY"
AVAILABLE = "available"
PRIMARY_ONLY = "primary-only"
MOST_SECONDARIES = 2
FAMILIES = ("c7gn", "m5", "m6g", "m7g", "r5", "r6g", "r6gd", "r7g")
_SMALL = ("nano", "micro", "small", "medium")
_PREFIXES = {"us-east-1": "ldgnf", "us-west-2": "sgaui"}


@dataclass
class Datastore:
    """A global replication group; the first member is not always the primary."""

    id: str
    description: str
    account: str
    automatic_failover: bool
    members: list[Group] = field(default_factory=list)
    status: str = "creating"

    @property
    def arn(self) -> str:
        """A global ARN: without region."""
        return f"arn:aws:elasticache::{self.account}:globalreplicationgroup:{self.id}"

    def primary(self) -> Group:
        """The member that takes writes."""
        return next(one for one in self.members if one.role == PRIMARY)

    def shown(self, members_too: bool) -> dict[str, Any]:
        """As DescribeGlobalReplicationGroups shows it."""
        primary = self.primary()
        return {
            "GlobalReplicationGroupId": self.id,
            "GlobalReplicationGroupDescription": self.description,
            "Status": self.status,
            "CacheNodeType": primary.node_type,
            "Engine": primary.engine,
            "EngineVersion": primary.version,
            "ClusterEnabled": primary.clustered,
            "GlobalNodeGroups": [
                {"GlobalNodeGroupId": f"{self.id}-{shard.id}", "Slots": shard.slots}
                for shard in primary.shards
            ],
            "AuthTokenEnabled": bool(primary.settings.get("AuthTokenEnabled")),
            "TransitEncryptionEnabled": bool(primary.settings.get("TransitEncryptionEnabled")),
            "AtRestEncryptionEnabled": bool(primary.settings.get("AtRestEncryptionEnabled")),
            "ARN": self.arn,
            "Members": [_shown_member(one) for one in self.members] if members_too else [],
        }


def _shown_member(group: Group) -> dict[str, Any]:
    return {
        "ReplicationGroupId": group.id,
        "ReplicationGroupRegion": group.region,
        "Role": group.role,
        "AutomaticFailover": "enabled" if group.automatic_failover else "disabled",
        "Status": "associating" if group.status == "creating" else "associated",
    }


class DatastoreBackend(BaseBackend):  # type: ignore[misc]
    """An account's global datastores."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.datastores: dict[str, Datastore] = {}


datastore_backends = BackendDict(
    DatastoreBackend,
    "elasticache-global",
    use_boto3_regions=False,
    additional_regions=[PARTITION],
)


def store(account: str) -> dict[str, Datastore]:
    """The account's datastores by id."""
    found: dict[str, Datastore] = datastore_backends[account][PARTITION].datastores
    return found


def find(account: str, name: str) -> Datastore:
    """A datastore by id, or the refusal that there is none."""
    found = store(account).get(name)
    if found is None:
        raise Refusal(
            "GlobalReplicationGroupNotFoundFault", f"Global Replication Group {name} not found."
        )
    return found


def _state(message: str) -> Refusal:
    return Refusal("InvalidGlobalReplicationGroupState", message)


def _value(message: str) -> Refusal:
    return Refusal("InvalidParameterValue", message)


def _require(datastore: Datastore, *statuses: str) -> None:
    if datastore.status not in statuses:
        raise _state(
            f"Global Replication Group {datastore.id} has status {datastore.status} which is "
            f"not valid for this operation; it must be {' or '.join(statuses)}."
        )


def create(account: str, region: str, params: Any) -> Datastore:
    """A datastore around an available group of this region."""
    unsupported("elasticache", "CreateGlobalReplicationGroup", params, "Tags")
    group = groups.find(elasticache_backends[account][region], params["PrimaryReplicationGroupId"])
    prefix = _PREFIXES.get(region) or "".join(
        chr(97 + byte % 26) for byte in sha256(region.encode()).digest()[:5]
    )
    name = f"{prefix}-{params['GlobalReplicationGroupIdSuffix']}"
    if name in store(account):
        raise Refusal(
            "GlobalReplicationGroupAlreadyExistsFault",
            f"Global Replication Group {name} already exists.",
        )
    groups.require_available(group)
    if group.global_id:
        raise _value(f"Replication group {group.id} is already part of {group.global_id}.")
    _require_node_type(group.node_type)
    made = Datastore(
        id=name,
        description=params.get("GlobalReplicationGroupDescription") or "",
        account=account,
        automatic_failover=group.automatic_failover,
        members=[group],
    )
    group.global_id, group.role = name, PRIMARY
    store(account)[name] = made
    groups.become(group, "modifying", groups.CREATE_SECONDS)
    runtime.clock().after(groups.CREATE_SECONDS, partial(_settle, made))
    return made


def _require_node_type(node_type: str) -> None:
    family, _, size = node_type.removeprefix("cache.").partition(".")
    if family not in FAMILIES or size in _SMALL:
        raise _value(
            f"Node type {node_type} is not supported in a global datastore. Supported are the "
            f"families {', '.join(FAMILIES)} from size large on."
        )


def _settle(datastore: Datastore) -> None:
    if datastore.status != "deleting":
        datastore.status = AVAILABLE if len(datastore.members) > 1 else PRIMARY_ONLY


def _busy(datastore: Datastore, seconds: float) -> None:
    datastore.status = "modifying"
    runtime.clock().after(seconds, partial(_settle, datastore))


def ready_for(datastore: Datastore, region: str) -> Group:
    """The primary, if a secondary may be added in this region."""
    _require(datastore, AVAILABLE, PRIMARY_ONLY)
    if any(one.region == region for one in datastore.members):
        raise _value(
            f"Global Replication Group {datastore.id} already has a member in region {region}."
        )
    if len(datastore.members) > MOST_SECONDARIES:
        raise _value(
            f"Global Replication Group {datastore.id} already has {MOST_SECONDARIES} secondaries."
        )
    return datastore.primary()


def join(datastore: Datastore, group: Group) -> None:
    """Make a group that is being created a secondary."""
    group.global_id, group.role = datastore.id, SECONDARY
    datastore.members.append(group)
    _busy(datastore, groups.CREATE_SECONDS)


def failover(account: str, params: Any) -> Datastore:
    """Give the primary role to a secondary."""
    datastore = find(account, params["GlobalReplicationGroupId"])
    _require(datastore, AVAILABLE)
    target = _named(datastore, params["PrimaryReplicationGroupId"], params["PrimaryRegion"])
    if target.role == PRIMARY:
        raise _value(f"Replication group {target.id} in {target.region} is already the primary.")
    if target.status != AVAILABLE:
        raise _state(f"Replication group {target.id} has status {target.status}.")
    for member in datastore.members:
        member.status = "modifying"
    datastore.status = "modifying"
    runtime.clock().after(groups.CHANGE_SECONDS, partial(_promoted, datastore, target))
    return datastore


def _promoted(datastore: Datastore, target: Group) -> None:
    if target not in datastore.members:
        return
    for member in datastore.members:
        member.role = PRIMARY if member is target else SECONDARY
        member.status = AVAILABLE
    _settle(datastore)


def _named(datastore: Datastore, name: str, region: str) -> Group:
    for one in datastore.members:
        if (one.id, one.region) == (name.lower(), region):
            return one
    raise _value(f"Replication group {name} in region {region} is not a member of {datastore.id}.")


def disassociate(account: str, params: Any) -> Datastore:
    """Make a secondary a group of its own."""
    datastore = find(account, params["GlobalReplicationGroupId"])
    _require(datastore, AVAILABLE)
    member = _named(datastore, params["ReplicationGroupId"], params["ReplicationGroupRegion"])
    if member.role == PRIMARY:
        raise _value(f"Replication group {member.id} is the primary and cannot be disassociated.")
    member.status = "modifying"
    _busy(datastore, groups.CHANGE_SECONDS)
    runtime.clock().after(groups.CHANGE_SECONDS, partial(_left, datastore, member))
    return datastore


def _left(datastore: Datastore, member: Group) -> None:
    if member in datastore.members:
        datastore.members.remove(member)
    member.global_id = member.role = ""
    member.status = AVAILABLE
    _settle(datastore)


def modify(account: str, params: Any) -> Datastore:
    """Change all members alike."""
    unsupported("elasticache", "ModifyGlobalReplicationGroup", params, "Engine")
    datastore = find(account, params["GlobalReplicationGroupId"])
    _require(datastore, AVAILABLE, PRIMARY_ONLY)
    if not params["ApplyImmediately"]:
        raise _value("ApplyImmediately must be true; changes of a datastore cannot wait.")
    if params.get("CacheNodeType"):
        _require_node_type(params["CacheNodeType"])
    wanted = params.get("AutomaticFailoverEnabled")
    if wanted and any(len(shard.nodes) < 2 for one in datastore.members for shard in one.shards):
        raise _value("Automatic failover needs at least one replica in every member.")
    if params.get("GlobalReplicationGroupDescription") is not None:
        datastore.description = params["GlobalReplicationGroupDescription"]
    for member in datastore.members:
        member.node_type = params.get("CacheNodeType") or member.node_type
        member.version = params.get("EngineVersion") or member.version
        member.parameter_group = params.get("CacheParameterGroupName") or member.parameter_group
        if wanted is not None:
            member.automatic_failover = bool(wanted)
        groups.become(member, "modifying", groups.CHANGE_SECONDS)
    _busy(datastore, groups.CHANGE_SECONDS)
    return datastore


def delete(account: str, params: Any) -> Datastore:
    """Delete a datastore without secondaries; its primary stays if asked for."""
    datastore = find(account, params["GlobalReplicationGroupId"])
    if len(datastore.members) > 1:
        raise _state(
            f"Global Replication Group {datastore.id} still has secondaries; disassociate them."
        )
    _require(datastore, PRIMARY_ONLY)
    datastore.status = "deleting"
    primary = datastore.primary()
    keep = bool(params["RetainPrimaryReplicationGroup"])
    primary.status = "modifying" if keep else "deleting"
    runtime.clock().after(groups.DELETE_SECONDS, partial(_deleted, datastore, primary, keep))
    return datastore


def _deleted(datastore: Datastore, primary: Group, keep: bool) -> None:
    store(datastore.account).pop(datastore.id, None)
    primary.global_id = primary.role = ""
    primary.status = AVAILABLE
    if not keep:
        groups.remove(elasticache_backends[primary.account][primary.region], primary)
