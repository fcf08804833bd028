"""Reading Aurora: clusters, their instances, and the global cluster that spans two regions.

Everything tolerates "not there yet". A global cluster is read in the region that is acted on: its
description is the same in every member region, so that no read depends on the other one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drstate.adapters.at import At
from drstate.errors import AwsCallError

AVAILABLE = "available"


@dataclass(frozen=True)
class Member:
    """A cluster of the global cluster."""

    arn: str
    writer: bool
    #: ``connected``, ``pending-resync``, or None where AWS does not say (the writer)
    synchronization: str | None

    @property
    def follows(self) -> bool:
        """Whether it replicates from the writer."""
        return not self.writer and self.synchronization in (None, "connected")


@dataclass(frozen=True)
class Topology:
    """Who is in a global cluster, who writes, and whether roles are changing now."""

    identifier: str
    status: str
    members: tuple[Member, ...]
    #: ARN of the cluster that a running switchover or failover makes the writer
    moving_to: str | None

    @property
    def writer(self) -> str | None:
        """ARN of the writing cluster."""
        return next((member.arn for member in self.members if member.writer), None)

    def member(self, arn: str) -> Member | None:
        """The member with this ARN."""
        return next((member for member in self.members if member.arn == arn), None)

    @property
    def settled(self) -> bool:
        """Whether no role change is under way."""
        return self.status == AVAILABLE and self.moving_to is None


def topology(at: At, identifier: str) -> Topology | None:
    """The global cluster, or None where there is none."""
    answer = at.find(
        "rds",
        "describe_global_clusters",
        "GlobalClusterNotFoundFault",
        GlobalClusterIdentifier=identifier,
    )
    found = answer.get("GlobalClusters", [])
    return _topology(found[0]) if found else None


def global_cluster_of(at: At, cluster_arn: str) -> dict[str, Any] | None:
    """The description of the global cluster that the cluster is a member of, or None."""
    for found in at.pages("rds", "describe_global_clusters", "GlobalClusters"):
        if any(m["DBClusterArn"] == cluster_arn for m in found.get("GlobalClusterMembers", [])):
            return found
    return None


def cluster(at: At, identifier: str) -> dict[str, Any] | None:
    """The DB cluster, or None where there is none."""
    answer = at.find(
        "rds", "describe_db_clusters", "DBClusterNotFoundFault", DBClusterIdentifier=identifier
    )
    found: list[dict[str, Any]] = answer.get("DBClusters", [])
    return found[0] if found else None


def instances(at: At, identifier: str) -> list[dict[str, Any]]:
    """The instances of a cluster, by identifier."""
    found = at.pages(
        "rds",
        "describe_db_instances",
        "DBInstances",
        Filters=[{"Name": "db-cluster-id", "Values": [identifier]}],
    )
    return sorted(found, key=lambda instance: str(instance["DBInstanceIdentifier"]))


def events(at: At, identifier: str) -> list[str]:
    """What RDS said of the cluster in the last hour, the oldest first; empty if it cannot tell."""
    try:
        answer = at.call(
            "rds",
            "describe_events",
            SourceIdentifier=identifier,
            SourceType="db-cluster",
            Duration=60,
        )
    except AwsCallError:
        return []
    found = sorted(answer.get("Events", []), key=lambda event: event["Date"])
    return [f"{event['Date']:%H:%M:%S} {event['Message']}" for event in found]


def tags_of(found: dict[str, Any] | None) -> dict[str, str]:
    """The tags of a cluster; none where there is no cluster."""
    return {tag["Key"]: tag.get("Value", "") for tag in (found or {}).get("TagList") or ()}


def region_of(arn: str) -> str:
    """The region in an ARN."""
    return arn.split(":")[3]


def _topology(found: dict[str, Any]) -> Topology:
    state = found.get("FailoverState") or {}
    return Topology(
        identifier=found["GlobalClusterIdentifier"],
        status=found.get("Status", ""),
        members=tuple(
            Member(
                arn=member["DBClusterArn"],
                writer=bool(member.get("IsWriter")),
                synchronization=member.get("SynchronizationStatus"),
            )
            for member in found.get("GlobalClusterMembers", [])
        ),
        moving_to=state.get("ToDbClusterArn") if state.get("Status") else None,
    )
