"""Reading ElastiCache: replication groups, their nodes, and the datastore that spans two regions.

Everything tolerates "not there yet". A datastore is read in the region that is acted on: its
description is the same in every member's region, so that no read depends on the other one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drstate.adapters.at import At
from drstate.programs.elasticache import CONFIGURATION, PRIMARY, READER

AVAILABLE = "available"
SERVICE = "elasticache"
_PRIMARY_ROLE = "PRIMARY"


@dataclass(frozen=True)
class Member:
    """A replication group of a datastore."""

    group: str
    region: str
    primary: bool
    #: ``associating``, ``associated``, ``disassociating``
    status: str


@dataclass(frozen=True)
class Topology:
    """Who is in a datastore, and who takes writes."""

    identifier: str
    description: str
    status: str
    members: tuple[Member, ...]

    @property
    def primary(self) -> Member | None:
        """The member that takes writes."""
        return next((one for one in self.members if one.primary), None)

    def member(self, region: str, group: str) -> Member | None:
        """The member of this id in a region."""
        return next(
            (one for one in self.members if (one.region, one.group) == (region, group)), None
        )

    @property
    def settled(self) -> bool:
        """Whether no role change is under way."""
        return self.status in (AVAILABLE, "primary-only")


def group(at: At, identifier: str) -> dict[str, Any] | None:
    """The replication group, or None where there is none."""
    answer = at.find(
        SERVICE,
        "describe_replication_groups",
        "ReplicationGroupNotFoundFault",
        ReplicationGroupId=identifier,
    )
    found: list[dict[str, Any]] = answer.get("ReplicationGroups", [])
    return found[0] if found else None


def node(at: At, found: dict[str, Any]) -> dict[str, Any] | None:
    """One cluster of the group: what the group itself does not tell is the same in all of them."""
    names = sorted(str(name) for name in found.get("MemberClusters", []))
    if not names:
        return None
    answer = at.find(
        SERVICE, "describe_cache_clusters", "CacheClusterNotFound", CacheClusterId=names[0]
    )
    clusters: list[dict[str, Any]] = answer.get("CacheClusters", [])
    return clusters[0] if clusters else None


def datastore_of(found: dict[str, Any] | None) -> str | None:
    """Id of the datastore that the group is in."""
    told = (found or {}).get("GlobalReplicationGroupInfo") or {}
    return told.get("GlobalReplicationGroupId") or None


def topology(at: At, identifier: str) -> Topology | None:
    """The datastore, or None where there is none."""
    answer = at.find(
        SERVICE,
        "describe_global_replication_groups",
        "GlobalReplicationGroupNotFoundFault",
        GlobalReplicationGroupId=identifier,
        ShowMemberInfo=True,
    )
    found = answer.get("GlobalReplicationGroups", [])
    return _topology(found[0]) if found else None


def datastore_named(at: At, suffix: str) -> str | None:
    """Id of the datastore with this suffix: AWS puts letters and a hyphen in front of it."""
    for found in at.pages(SERVICE, "describe_global_replication_groups", "GlobalReplicationGroups"):
        name = str(found["GlobalReplicationGroupId"])
        if name.partition("-")[2] == suffix:
            return name
    return None


def shards(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The group's shards, by id."""
    return sorted(found.get("NodeGroups", []), key=lambda one: str(one["NodeGroupId"]))


def replicas(found: dict[str, Any]) -> list[int]:
    """Replicas of each shard."""
    return [max(0, len(one.get("NodeGroupMembers", [])) - 1) for one in shards(found)]


def endpoints(found: dict[str, Any]) -> dict[str, str]:
    """Endpoint name -> host, as far as AWS has made them."""
    configuration = (found.get("ConfigurationEndpoint") or {}).get("Address")
    if configuration:
        return {CONFIGURATION: str(configuration)}
    first = next(iter(shards(found)), {})
    told = {
        PRIMARY: (first.get("PrimaryEndpoint") or {}).get("Address"),
        READER: (first.get("ReaderEndpoint") or {}).get("Address"),
    }
    return {name: str(host) for name, host in told.items() if host}


def _topology(found: dict[str, Any]) -> Topology:
    return Topology(
        identifier=found["GlobalReplicationGroupId"],
        description=found.get("GlobalReplicationGroupDescription") or "",
        status=found.get("Status", ""),
        members=tuple(
            Member(
                group=one["ReplicationGroupId"],
                region=one["ReplicationGroupRegion"],
                primary=one.get("Role") == _PRIMARY_ROLE,
                status=one.get("Status", ""),
            )
            for one in found.get("Members", [])
        ),
    )


def lag_names(found: dict[str, Any]) -> set[str]:
    """Whatever CloudWatch may call the group: its id, its nodes', its datastore's."""
    names = {str(found["ReplicationGroupId"]), *map(str, found.get("MemberClusters", []))}
    datastore = datastore_of(found)
    return names | ({datastore} if datastore else set())
