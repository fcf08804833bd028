"""Reading RDS instances: what is there under the identifier, and what was put away.

An instance that served and was renamed carries the tag ``drstate:retired`` with the identifier that
it had: so it is found again, whatever its name. Everything tolerates "not there yet".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drstate.adapters.at import At

AVAILABLE = "available"
#: it answers clients while it is in these
SERVING = frozenset(
    {
        AVAILABLE,
        "backing-up",
        "configuring-enhanced-monitoring",
        "configuring-log-exports",
        "storage-optimization",
    }
)
#: it becomes available from these by itself
PASSING = frozenset(
    {
        *SERVING,
        "configuring-iam-database-auth",
        "creating",
        "maintenance",
        "modifying",
        "rebooting",
        "renaming",
        "starting",
        "upgrading",
    }
)
#: identifier that a renamed instance had
RETIRED_TAG = "drstate:retired"
#: when clients were cut off from it
FENCED_TAG = "drstate:fenced-at"


@dataclass(frozen=True)
class Instance:
    """An instance as DescribeDBInstances shows it."""

    shown: Mapping[str, Any]

    @property
    def identifier(self) -> str:
        """Its identifier."""
        return str(self.shown["DBInstanceIdentifier"])

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self.shown["DBInstanceArn"])

    @property
    def resource_id(self) -> str:
        """What AWS knows it by, whatever it is called."""
        return str(self.shown["DbiResourceId"])

    @property
    def status(self) -> str:
        """Its status."""
        return str(self.shown.get("DBInstanceStatus") or "")

    @property
    def source(self) -> str | None:
        """What it replicates from: an ARN, or an identifier in its own region. None: a writer."""
        return self.shown.get("ReadReplicaSourceDBInstanceIdentifier") or None

    @property
    def writer(self) -> bool:
        """Whether it is an instance of its own."""
        return self.source is None

    @property
    def replication(self) -> str:
        """``replicating``, or what RDS says instead; as replicating where it says nothing."""
        for info in self.shown.get("StatusInfos") or ():
            if info.get("StatusType") == "read replication":
                return "replicating" if info.get("Normal") else str(info.get("Status"))
        return "replicating"

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return {tag["Key"]: tag.get("Value", "") for tag in self.shown.get("TagList") or ()}

    @property
    def address(self) -> str | None:
        """The host name of its endpoint."""
        return (self.shown.get("Endpoint") or {}).get("Address")

    @property
    def fenced_at(self) -> datetime | None:
        """When clients were cut off, if they were."""
        said = self.tags.get(FENCED_TAG)
        return datetime.fromisoformat(said) if said else None


def instance(at: At, identifier: str) -> Instance | None:
    """The instance with this identifier, or None."""
    answer = at.find(
        "rds",
        "describe_db_instances",
        "DBInstanceNotFound",
        "DBInstanceNotFoundFault",
        DBInstanceIdentifier=identifier,
    )
    found = answer.get("DBInstances", [])
    return Instance(found[0]) if found else None


def retired(at: At, identifier: str) -> list[Instance]:
    """Instances of the region that had this identifier and were renamed, by name."""
    found = (Instance(one) for one in at.pages("rds", "describe_db_instances", "DBInstances"))
    ours = (
        one
        for one in found
        if one.tags.get(RETIRED_TAG) == identifier and one.identifier != identifier
    )
    return sorted(ours, key=lambda one: one.identifier)


def told(instances: Iterable[Instance]) -> dict[str, str]:
    """Name -> status, for facts."""
    return {one.identifier: one.status for one in instances}


def region_of(arn: str) -> str:
    """The region in an ARN; empty for a plain identifier."""
    return arn.split(":")[3] if arn.startswith("arn:") else ""


def name_of(reference: str) -> str:
    """The identifier in an ARN, or the identifier itself."""
    return reference.rsplit(":", 1)[-1]
