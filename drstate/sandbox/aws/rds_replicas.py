"""Read replicas of RDS instances: created and promoted in time.

moto makes and promotes them within the call, and leaves a promoted one in its source's list.
Nothing is replicated; a replica's lag is in no metric.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from moto.moto_api._internal import mock_random
from moto.rds.models import DBInstance, RDSBackend, rds_backends

from . import rds_errors as refuse
from . import runtime

CREATE_SECONDS = 15.0
PROMOTE_SECONDS = 20.0

_create = RDSBackend.create_db_instance_read_replica


class Backend:
    """Put on moto's RDSBackend."""

    def create_db_instance_read_replica(self: Any, db_kwargs: Any) -> DBInstance:
        """A replica of an available instance; available in a while."""
        source = self.find_db_from_id(db_kwargs["source_db_instance_identifier"])
        _require_available(source)
        made = _create(self, db_kwargs)
        made.dbi_resource_id = "db-" + mock_random.get_random_string(26).upper()
        made.status = "creating"
        runtime.clock().after(CREATE_SECONDS, partial(_available, made, "creating"))
        return made

    def promote_read_replica(self: Any, db_kwargs: Any) -> DBInstance:
        """Make a replica an instance of its own; it is one in a while."""
        replica = self.describe_db_instances(db_kwargs["db_instance_identifier"])[0]
        if not replica.is_replica:
            raise refuse.RdsRefusal("InvalidDBInstanceState", "DB Instance is not a read replica")
        _require_available(replica)
        replica.status = "modifying"
        runtime.clock().after(PROMOTE_SECONDS, partial(_promoted, replica))
        return replica


def _require_available(instance: DBInstance) -> None:
    if instance.status != "available":
        raise refuse.RdsRefusal(
            "InvalidDBInstanceState",
            f"Database instance is not in available state: {instance.status}",
        )


def _available(instance: DBInstance, before: str) -> None:
    if instance.status == before:
        instance.status = "available"


def _promoted(replica: DBInstance) -> None:
    names = {replica.db_instance_identifier, replica.db_instance_arn}
    for backend in list(rds_backends[replica.account_id].values()):
        for one in backend.databases.values():
            if one is not replica and one.replicas:
                one.replicas = [name for name in one.replicas if name not in names]
    replica.is_replica = False
    replica.source_db_instance_identifier = None
    _available(replica, "modifying")
