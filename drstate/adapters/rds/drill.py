"""A drill's copy of an RDS instance: restored from a snapshot that the drill takes of the replica.

The replica goes on replicating and is never promoted. The snapshot is taken at the recovery site,
so that a drill needs nothing of the region that serves; on a replica in one zone only it holds
writes up for a moment, which nobody but replication notices.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from drstate.adapters import databases
from drstate.adapters.actions import RunContext
from drstate.adapters.at import At
from drstate.adapters.drilling import Copy, Found, copy_name, pairs, unpaired
from drstate.adapters.quotas import Demand
from drstate.adapters.rds import reading
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant
from drstate.programs.rds import RdsSpec, RdsValues

NAME_LIMIT = 63
#: states from which RDS refuses to delete: they pass by themselves
BUSY = ("InvalidDBInstanceState", "InvalidDBInstanceStateFault")
_GONE = ("DBInstanceNotFound", "DBInstanceNotFoundFault")
_NO_SNAPSHOT = ("DBSnapshotNotFound", "DBSnapshotNotFoundFault")
_COPIES = "only in a drill"

GRANTS = (
    Grant(
        "see the snapshots of drills, and the VPC of a copy",
        ("rds:DescribeDBSnapshots", "rds:DescribeDBSubnetGroups"),
        uncalled=_COPIES,
    ),
    Grant(
        "take the snapshot of a drill, restore it, and remove both",
        (
            "rds:AddTagsToResource",
            "rds:CreateDBSnapshot",
            "rds:DeleteDBInstance",
            "rds:DeleteDBSnapshot",
            "rds:RestoreDBInstanceFromDBSnapshot",
        ),
        (
            "arn:aws:rds:*:*:db:*",
            "arn:aws:rds:*:*:og:*",
            "arn:aws:rds:*:*:pg:*",
            "arn:aws:rds:*:*:snapshot:*",
            "arn:aws:rds:*:*:subgrp:*",
        ),
        uncalled=_COPIES,
    ),
)


class SnapshotOfReplica(Copy):
    """A snapshot of the replica, as it is now."""

    part = "snapshot"
    service = "rds"
    reads = ("DescribeDBSnapshots", "DescribeDBInstances")
    makes = ("CreateDBSnapshot",)
    removes = ("DeleteDBSnapshot",)
    seconds = 600

    def __init__(self, entry: CatalogEntry, spec: RdsSpec, region: str, drill: str) -> None:
        name = copy_name(entry.key, spec.identifier, drill, NAME_LIMIT)
        super().__init__(entry, region, drill, name)
        self.db = spec

    @property
    def title(self) -> str:
        """See ``Copy.title``."""
        return f"snapshot {self.name} of the replica {self.db.identifier} in {self.region}"

    def find(self, at: At) -> Found | None:
        """See ``Copy.find``."""
        answer = at.find(
            "rds", "describe_db_snapshots", *_NO_SNAPSHOT, DBSnapshotIdentifier=self.name
        )
        found: list[dict[str, Any]] = answer.get("DBSnapshots", [])
        return found[0] if found else None

    def mine(self, at: At, found: Found) -> bool:  # noqa: ARG002 - the contract
        """See ``Copy.mine``."""
        return self.owns(unpaired(found.get("TagList") or ()))

    def ready(self, found: Found) -> bool:
        """See ``Copy.ready``."""
        return found.get("Status") == reading.AVAILABLE

    def broken(self, found: Found) -> str | None:
        """See ``Copy.broken``."""
        return "the snapshot failed" if found.get("Status") == "failed" else None

    def told(self, found: Found) -> dict[str, Any]:
        """The moment of the data."""
        taken = found.get("SnapshotCreateTime")
        return {"data_of": taken.isoformat()} if isinstance(taken, datetime) else {}

    def obstacle(self, at: At) -> tuple[str, str] | None:
        """A replica that is not available cannot be copied."""
        replica = reading.instance(at, self.db.identifier)
        if replica is None:
            return (
                f"there is no replica {self.db.identifier} in {self.region} to copy",
                "drstate up --phase replicate makes it",
            )
        if replica.status not in reading.SERVING:
            return (
                f"the replica {self.db.identifier} in {self.region} is {replica.status}",
                "wait until it is available, then: drstate test",
            )
        return None

    def make(self, at: At, run: RunContext) -> None:  # noqa: ARG002 - the contract
        """See ``Copy.make``."""
        at.call(
            "rds",
            "create_db_snapshot",
            DBInstanceIdentifier=self.db.identifier,
            DBSnapshotIdentifier=self.name,
            Tags=pairs(self.tags),
        )

    def remove(self, at: At, found: Found) -> None:
        """See ``Copy.remove``."""
        if found.get("Status") != "deleting":
            at.find(
                "rds",
                "delete_db_snapshot",
                *_NO_SNAPSHOT,
                "InvalidDBSnapshotState",
                "InvalidDBSnapshotStateFault",
                DBSnapshotIdentifier=self.name,
            )


class RestoredInstance(Copy):
    """An instance of production's class, restored from the drill's snapshot."""

    part = "instance"
    service = "rds"
    reads = ("DescribeDBInstances", "DescribeDBSnapshots")
    makes = ("RestoreDBInstanceFromDBSnapshot",)
    removes = ("DeleteDBInstance",)
    seconds = 1200
    deadline = 3 * 3600

    def __init__(
        self,
        entry: CatalogEntry,
        spec: RdsSpec,
        region: str,
        drill: str,
        values: Callable[[], RdsValues],
    ) -> None:
        name = copy_name(entry.key, spec.identifier, drill, NAME_LIMIT)
        super().__init__(entry, region, drill, name)
        self.db = spec
        self._values = values

    def demand(self, at: At) -> tuple[Demand, ...]:
        """See ``Copy.demand``."""
        return (Demand(databases.INSTANCES, at.account, at.region, 1),)

    @property
    def title(self) -> str:
        """See ``Copy.title``."""
        return f"DB instance {self.name} in {self.region}, restored from the drill's snapshot"

    def find(self, at: At) -> Found | None:
        """See ``Copy.find``."""
        found = reading.instance(at, self.name)
        return None if found is None else found.shown

    def mine(self, at: At, found: Found) -> bool:  # noqa: ARG002 - the contract
        """See ``Copy.mine``."""
        return self.owns(unpaired(found.get("TagList") or ()))

    def ready(self, found: Found) -> bool:
        """See ``Copy.ready``."""
        return reading.Instance(found).status in reading.SERVING

    def broken(self, found: Found) -> str | None:
        """See ``Copy.broken``."""
        status = reading.Instance(found).status
        bad = status == "failed" or status.startswith(("incompatible-", "inaccessible-"))
        return f"RDS says {status}" if bad else None

    def told(self, found: Found) -> dict[str, Any]:
        """Where people who look at the copy find it."""
        return {"address": reading.Instance(found).address}

    def make(self, at: At, run: RunContext) -> None:  # noqa: ARG002 - the contract
        """See ``Copy.make``: in one zone, without deletion protection, never public."""
        values = self._values()
        wanted: dict[str, Any] = {
            "DBInstanceIdentifier": self.name,
            "DBSnapshotIdentifier": self.name,
            "DBInstanceClass": values.instance_class,
            "DBSubnetGroupName": values.subnet_group,
            "VpcSecurityGroupIds": self.groups,
            "DBParameterGroupName": values.parameter_group,
            "OptionGroupName": values.option_group,
            "Port": self.db.port,
            "NetworkType": self.db.network_type,
            "Tags": pairs(self.tags),
        }
        at.call(
            "rds",
            "restore_db_instance_from_db_snapshot",
            **{key: value for key, value in wanted.items() if value not in (None, [])},
            MultiAZ=False,
            PubliclyAccessible=False,
            DeletionProtection=False,
            AutoMinorVersionUpgrade=False,
        )

    def remove(self, at: At, found: Found) -> None:
        """See ``Copy.remove``: nothing of it is kept."""
        if reading.Instance(found).status != "deleting":
            at.find(
                "rds",
                "delete_db_instance",
                *_GONE,
                *BUSY,
                DBInstanceIdentifier=self.name,
                SkipFinalSnapshot=True,
                DeleteAutomatedBackups=True,
            )
