"""A drill's copy of an Aurora cluster: a copy-on-write clone of the secondary, with one instance.

A clone shares the secondary's storage until something is written, is a cluster of its own, and is
in no global database: the secondary goes on following. It is made in the recovery region.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drstate.adapters import databases
from drstate.adapters.actions import RunContext
from drstate.adapters.at import At
from drstate.adapters.aurora import reading
from drstate.adapters.drilling import Copy, Found, copy_name, pairs, unpaired
from drstate.adapters.quotas import Demand
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant
from drstate.programs.aurora.spec import AuroraSpec
from drstate.programs.aurora.values import AuroraValues

NAME_LIMIT = 63
_BUSY = (
    "InvalidDBClusterStateFault",
    "InvalidDBInstanceState",
    "InvalidDBInstanceStateFault",
)
_GONE = ("DBInstanceNotFound", "DBInstanceNotFoundFault")

GRANTS = (
    Grant(
        "find the VPC of a drill's clone",
        ("rds:DescribeDBSubnetGroups",),
        uncalled="only in a drill",
    ),
    Grant(
        "clone a cluster for a drill, and remove the clone",
        (
            "rds:AddTagsToResource",
            "rds:CreateDBInstance",
            "rds:DeleteDBCluster",
            "rds:DeleteDBInstance",
            "rds:RestoreDBClusterToPointInTime",
        ),
        (
            "arn:aws:rds:*:*:cluster:*",
            "arn:aws:rds:*:*:cluster-pg:*",
            "arn:aws:rds:*:*:cluster-snapshot:*",
            "arn:aws:rds:*:*:db:*",
            "arn:aws:rds:*:*:pg:*",
            "arn:aws:rds:*:*:subgrp:*",
        ),
        uncalled="only in a drill",
    ),
)


class _Part(Copy):
    """What cluster and instance of a clone share."""

    service = "rds"

    def __init__(
        self,
        entry: CatalogEntry,
        spec: AuroraSpec,
        region: str,
        drill: str,
        values: Callable[[], AuroraValues],
    ) -> None:
        name = copy_name(entry.key, spec.identifier, drill, NAME_LIMIT)
        super().__init__(entry, region, drill, name)
        self.cluster = spec
        self.values = values

    def mine(self, at: At, found: Found) -> bool:  # noqa: ARG002 - the contract
        """See ``Copy.mine``."""
        return self.owns(unpaired(found.get("TagList") or ()))


class Clone(_Part):
    """The cluster: storage and endpoint."""

    part = "cluster"
    reads = ("DescribeDBClusters",)
    makes = ("RestoreDBClusterToPointInTime",)
    removes = ("DeleteDBCluster",)
    seconds = 600

    def demand(self, at: At) -> tuple[Demand, ...]:
        """See ``Copy.demand``."""
        return (Demand(databases.CLUSTERS, at.account, at.region, 1),)

    @property
    def title(self) -> str:
        """See ``Copy.title``."""
        return f"clone {self.name} of the secondary {self.cluster.identifier} in {self.region}"

    def find(self, at: At) -> Found | None:
        """See ``Copy.find``."""
        return reading.cluster(at, self.name)

    def ready(self, found: Found) -> bool:
        """See ``Copy.ready``."""
        return found.get("Status") == reading.AVAILABLE

    def broken(self, found: Found) -> str | None:
        """See ``Copy.broken``."""
        status = str(found.get("Status"))
        return f"RDS says {status}" if status.startswith(("inaccessible", "failed")) else None

    def told(self, found: Found) -> dict[str, Any]:
        """Where people who look at the clone find it."""
        return {"address": found.get("Endpoint")}

    def obstacle(self, at: At) -> tuple[str, str] | None:
        """A secondary that is not available cannot be cloned."""
        found = reading.cluster(at, self.cluster.identifier)
        if found is None:
            return (
                f"there is no cluster {self.cluster.identifier} in {self.region} to clone",
                "drstate up --phase replicate makes it",
            )
        if found.get("Status") != reading.AVAILABLE:
            return (
                f"cluster {self.cluster.identifier} in {self.region} is {found.get('Status')}",
                "wait until it is available, then: drstate test",
            )
        return None

    def make(self, at: At, run: RunContext) -> None:  # noqa: ARG002 - the contract
        """See ``Copy.make``."""
        values, spec = self.values(), self.cluster
        scaling = spec.serverless
        capacity = {
            "MinCapacity": scaling.min_capacity,
            "MaxCapacity": scaling.max_capacity,
        } if scaling else None  # fmt: skip
        wanted: dict[str, Any] = {
            "DBSubnetGroupName": values.subnet_group,
            "VpcSecurityGroupIds": self.groups,
            "DBClusterParameterGroupName": values.cluster_parameter_group,
            "KmsKeyId": values.kms_key,
            "Port": spec.port,
            "ServerlessV2ScalingConfiguration": capacity,
            "Tags": pairs(self.tags),
        }
        at.call(
            "rds",
            "restore_db_cluster_to_point_in_time",
            DBClusterIdentifier=self.name,
            SourceDBClusterIdentifier=spec.identifier,
            RestoreType="copy-on-write",
            UseLatestRestorableTime=True,
            DeletionProtection=False,
            **{key: value for key, value in wanted.items() if value not in (None, [])},
        )

    def remove(self, at: At, found: Found) -> None:
        """See ``Copy.remove``: no final snapshot, the secondary has the data."""
        if found.get("Status") != "deleting":
            at.find(
                "rds",
                "delete_db_cluster",
                "DBClusterNotFoundFault",
                *_BUSY,
                DBClusterIdentifier=self.name,
                SkipFinalSnapshot=True,
            )


class CloneInstance(_Part):
    """One instance of production's class, so that the clone takes queries and writes."""

    part = "instance"
    reads = ("DescribeDBInstances",)
    makes = ("CreateDBInstance",)
    removes = ("DeleteDBInstance",)
    seconds = 600

    def demand(self, at: At) -> tuple[Demand, ...]:
        """See ``Copy.demand``."""
        return (Demand(databases.INSTANCES, at.account, at.region, 1),)

    @property
    def title(self) -> str:
        """See ``Copy.title``."""
        return f"instance {self.name} of that clone in {self.region}"

    def find(self, at: At) -> Found | None:
        """See ``Copy.find``."""
        answer = at.find("rds", "describe_db_instances", *_GONE, DBInstanceIdentifier=self.name)
        found: list[dict[str, Any]] = answer.get("DBInstances", [])
        return found[0] if found else None

    def ready(self, found: Found) -> bool:
        """See ``Copy.ready``."""
        return found.get("DBInstanceStatus") == reading.AVAILABLE

    def broken(self, found: Found) -> str | None:
        """See ``Copy.broken``."""
        status = str(found.get("DBInstanceStatus"))
        return f"RDS says {status}" if status == "failed" or "incompatible" in status else None

    def make(self, at: At, run: RunContext) -> None:  # noqa: ARG002 - the contract
        """See ``Copy.make``: as production's first instance, never public."""
        first = self.values().instances[0]
        wanted = {"DBParameterGroupName": first.parameter_group, "Tags": pairs(self.tags)}
        at.call(
            "rds",
            "create_db_instance",
            DBInstanceIdentifier=self.name,
            DBClusterIdentifier=self.name,
            DBInstanceClass=first.instance_class,
            Engine=self.cluster.engine,
            PubliclyAccessible=False,
            AutoMinorVersionUpgrade=False,
            **{key: value for key, value in wanted.items() if value},
        )

    def remove(self, at: At, found: Found) -> None:
        """See ``Copy.remove``."""
        if found.get("DBInstanceStatus") != "deleting":
            at.find(
                "rds",
                "delete_db_instance",
                *_GONE,
                *_BUSY,
                DBInstanceIdentifier=self.name,
                SkipFinalSnapshot=True,
            )
