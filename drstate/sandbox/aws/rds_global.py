"""Aurora global databases: membership, and what the members say about themselves.

One primary with the writer, and at most one secondary in each other region. moto keeps
the objects; the rules are here. Global clusters belong to no region: every region of an
account sees the same ones.
"""

from __future__ import annotations

from typing import Any

from moto.rds.models import DBCluster, GlobalCluster, RDSBackend, rds_backends

from . import rds_errors as refuse
from . import runtime

HOME_REGION = "us-east-1"
CREATE_SECONDS = 10.0
MODIFY_SECONDS = 3.0
CONNECTED = "connected"
PENDING_RESYNC = "pending-resync"


def store(account: str) -> Any:
    """The account's global clusters by (case-insensitive) identifier."""
    return rds_backends[account][HOME_REGION].global_clusters


def find(account: str, name: str) -> GlobalCluster:
    """A global cluster by identifier or ARN, or the refusal that there is none."""
    found: GlobalCluster | None = store(account).get(str(name).rsplit(":", 1)[-1])
    if found is None:
        raise refuse.global_not_found(name)
    return found


def member(account: str, reference: str) -> DBCluster:
    """A cluster by ARN, or the refusal that there is none."""
    parts = reference.split(":")
    if len(parts) != 7 or parts[2] != "rds" or parts[5] != "cluster":
        raise refuse.value(f"Malformed db cluster arn {reference}")
    region, owner, name = parts[3], parts[4], parts[6]
    if owner != account or region not in rds_backends[account]:
        raise refuse.cluster_not_found(reference)
    cluster: DBCluster | None = rds_backends[account][region].clusters.get(name)
    if cluster is None:
        raise refuse.cluster_not_found(reference)
    return cluster


def of(cluster: DBCluster) -> GlobalCluster | None:
    """The global cluster that a cluster is a member of."""
    for candidate in store(cluster.account_id).values():
        if cluster in candidate.members:
            found: GlobalCluster = candidate
            return found
    return None


def primary(cluster: GlobalCluster) -> DBCluster | None:
    """The member with the writer."""
    return next((one for one in cluster.members if one.is_writer), None)


def required_primary(cluster: GlobalCluster) -> DBCluster:
    """The member with the writer, or the refusal that there is none."""
    leader = primary(cluster)
    if leader is None:
        raise refuse.global_state(
            f"Global cluster {cluster.global_cluster_identifier} has no primary DB cluster"
        )
    return leader


class Members:
    """Put on moto's GlobalCluster."""

    failover_state: dict[str, Any] | None = None
    database_name: str | None = None

    @property
    def global_cluster_members(self: Any) -> list[dict[str, Any]]:
        """The members as DescribeGlobalClusters shows them."""
        secondaries = [one.db_cluster_arn for one in self.members if not one.is_writer]
        shown = []
        for one in sorted(self.members, key=lambda cluster: not cluster.is_writer):
            entry: dict[str, Any] = {
                "DBClusterArn": one.db_cluster_arn,
                "IsWriter": bool(one.is_writer),
                "Readers": secondaries if one.is_writer else [],
                "SynchronizationStatus": getattr(one, "synchronization", CONNECTED),
            }
            if not one.is_writer:
                wanted = getattr(one, "_global_write_forwarding_requested", None)
                entry["GlobalWriteForwardingStatus"] = "enabled" if wanted else "disabled"
            shown.append(entry)
        return shown


def describe(account: str, name: str | None, filters: dict[str, list[str]]) -> list[GlobalCluster]:
    """All, or one by name; the filter db-cluster-id takes ARNs or identifiers of members."""
    if name:
        return [find(account, name)]
    found = list(store(account).values())
    wanted = filters.get("db-cluster-id")
    if wanted:
        found = [
            one
            for one in found
            if any(
                member.db_cluster_arn in wanted or member.db_cluster_identifier in wanted
                for member in one.members
            )
        ]
    return found


def create(account: str, region: str, params: Any) -> GlobalCluster:
    """A global cluster: empty by engine, or around an available cluster of this region."""
    name = str(params["GlobalClusterIdentifier"]).lower()
    if name in store(account):
        raise refuse.global_exists(name)
    source_arn = params.get("SourceDBClusterIdentifier")
    engine, version = params.get("Engine"), params.get("EngineVersion")
    source = None
    if source_arn:
        source = _source(account, region, source_arn, params)
        engine, version = source.engine, source.engine_version
    elif not engine:
        raise refuse.value(
            "When creating standalone global cluster, value for engineName should be specified"
        )
    home: RDSBackend = rds_backends[account][HOME_REGION]
    made = GlobalCluster(
        backend=home,
        global_cluster_identifier=name,
        engine=str(engine),
        engine_version=version,
        storage_encrypted=bool(
            source.storage_encrypted if source else params.get("StorageEncrypted")
        ),
        deletion_protection=params.get("DeletionProtection"),
    )
    made.tags = list(params.get("Tags") or [])
    fresh: Any = made
    fresh.database_name = source.database_name if source else params.get("DatabaseName")
    made.status = "creating"
    store(account)[name] = made
    if source is not None:
        made.members.append(source)
        source.is_writer = True
        source.global_cluster_identifier = name
        _synchronized(source)

    def ready() -> None:
        made.status = "available"

    runtime.clock().after(CREATE_SECONDS, ready)
    return made


def _source(account: str, region: str, arn: str, params: Any) -> DBCluster:
    for field in ("Engine", "EngineVersion", "DatabaseName", "StorageEncrypted"):
        if params.get(field):
            raise refuse.combination(
                "When creating global cluster from existing db cluster, value for "
                f"{field[0].lower()}{field[1:]} should not be specified since it will be "
                "inherited from source cluster"
            )
    source = member(account, arn)
    if source.region != region:
        raise refuse.value(
            f"The source cluster {arn} is in {source.region}; call CreateGlobalCluster there"
        )
    if not source.engine.startswith("aurora"):
        raise refuse.value(f"Engine {source.engine} does not support global databases")
    if of(source) is not None:
        raise refuse.cluster_state(f"DBCluster {arn} is already part of a global cluster")
    if source.status != "available":
        raise refuse.cluster_state(
            f"Source cluster {arn} is in a state which is not valid for physical replication"
        )
    return source


def join(found: GlobalCluster, cluster: DBCluster) -> None:
    """Make a cluster that is being created a member: primary if first, else secondary."""
    leader = primary(found)
    cluster.global_cluster_identifier = found.global_cluster_identifier
    found.members.append(cluster)
    _synchronized(cluster)
    if leader is None:
        cluster.is_writer = True
        return
    cluster.is_writer = False
    follow(found)


def follow(found: GlobalCluster) -> None:
    """Make every member replicate from the primary, and note it on both sides."""
    leader = required_primary(found)
    secondaries = [one for one in found.members if one is not leader]
    leader.replication_source_identifier = None
    leader.read_replica_identifiers = [one.db_cluster_arn for one in secondaries]
    for one in secondaries:
        one.replication_source_identifier = leader.db_cluster_arn
        one.read_replica_identifiers = []


def modify(account: str, params: Any) -> GlobalCluster:
    """Rename; switch deletion protection."""
    found = find(account, params["GlobalClusterIdentifier"])
    idle(found)
    if params.get("EngineVersion") and params["EngineVersion"] != found.engine_version:
        raise refuse.combination(
            "Upgrading a global cluster's engine version is not possible in the sandbox"
        )
    new = params.get("NewGlobalClusterIdentifier")
    if new and new.lower() != found.global_cluster_identifier:
        if new in store(account):
            raise refuse.global_exists(new)
        del store(account)[found.global_cluster_identifier]
        found.global_cluster_identifier = new
        store(account)[found.global_cluster_identifier] = found
        for one in found.members:
            one.global_cluster_identifier = found.global_cluster_identifier
    if params.get("DeletionProtection") is not None:
        found.deletion_protection = params["DeletionProtection"]
    return found


def delete(account: str, name: str) -> GlobalCluster:
    """Delete an empty one."""
    found = find(account, name)
    if found.members:
        raise refuse.global_state(f"Global Cluster {found.global_cluster_arn} is not empty")
    if found.deletion_protection:
        raise refuse.combination(
            "Cannot delete protected Global Cluster, please disable deletion protection and "
            "try again."
        )
    del store(account)[found.global_cluster_identifier]
    found.status = "deleting"
    return found


def detach(account: str, params: Any) -> GlobalCluster:
    """A secondary becomes standalone and writable; the primary can only leave last."""
    found = find(account, params["GlobalClusterIdentifier"])
    idle(found)
    leaving = member(account, params["DbClusterIdentifier"])
    if leaving not in found.members:
        raise refuse.cluster_not_found(params["DbClusterIdentifier"])
    if leaving.is_writer and len(found.members) > 1:
        raise refuse.global_state(
            "The primary cluster can't be removed from a global cluster that has secondary clusters"
        )
    was_secondary = not leaving.is_writer
    found.members.remove(leaving)
    leaving.global_cluster_identifier = None
    leaving.replication_source_identifier = None
    leaving.read_replica_identifiers = []
    leaving.is_writer = False
    if found.members:
        follow(found)
    if was_secondary:
        leaving.status = "promoting"

        def ready() -> None:
            leaving.status = "available"
            leaving.designate_writer()

        runtime.clock().after(CREATE_SECONDS, ready)
    return found


def idle(found: GlobalCluster) -> None:
    """Refuse while something is going on."""
    if found.status != "available":
        raise refuse.global_state(
            f"Global cluster {found.global_cluster_identifier} is in status {found.status}, "
            "expected available"
        )


def _synchronized(cluster: Any, status: str = CONNECTED) -> None:
    cluster.synchronization = status
