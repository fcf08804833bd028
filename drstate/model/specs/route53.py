"""The spec of a DNS record that moves with the scope, and the names of its flag.

The flag (a metric, an alarm on it and a health check on the alarm) is made by a program and raised
by an adapter; both take its names from here.
"""

from __future__ import annotations

import hashlib

from pydantic import Field

from drstate.model.base import Value
from drstate.model.names import slug
from drstate.model.specs.base import Spec

#: CloudWatch namespace and metric of all flags; the dimension ``record`` tells them apart
FLAG_NAMESPACE, FLAG_METRIC, FLAG_DIMENSION = "drstate", "failover-flag", "record"
#: at or above this the alarm is in ALARM, the health check unhealthy, the secondary answers
FLAG_THRESHOLD = 1.0


class RecordSet(Value):
    """One record set as found in the zone."""

    ttl: int | None = None
    values: tuple[str, ...] = ()
    set_identifier: str | None = None
    #: PRIMARY or SECONDARY
    failover: str | None = None


class Route53Spec(Spec):
    """A record as captured: its zone's id, and the record sets of that name and type."""

    zone: str
    zone_id: str
    name: str
    type: str
    record_sets: tuple[RecordSet, ...] = Field(min_length=1)

    @property
    def flag(self) -> str:
        """Name of the record's alarm, and value of its metric's dimension. Unique per record."""
        digest = hashlib.sha256(f"{self.zone_id} {self.name} {self.type}".encode()).hexdigest()[:8]
        return (
            f"drstate-{slug(self.name.rstrip('.').replace('.', '-'))}-{self.type.lower()}-{digest}"
        )

    def failover_set(self, role: str) -> RecordSet | None:
        """The PRIMARY or SECONDARY record set, if the record is a failover pair."""
        for record_set in self.record_sets:
            if record_set.failover == role:
                return record_set
        return None
