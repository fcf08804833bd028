"""DNS records: the spec of a record that moves with its scope, and the flag of a failover pair.

The endpoints of routing controls are part of the spec: in a disaster nobody has to ask for them.

What a failover pair's primary follows is a flag (see ``flags``); its position is a metric, no
property.
"""

from __future__ import annotations

import hashlib

from pydantic import Field

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.named import DnsRecord, DnsWay
from drstate.model.names import slug
from drstate.model.resource import Resource
from drstate.model.scope import Scope
from drstate.model.spec import Spec
from drstate.programs.base import Program, Step
from drstate.programs.context import Declaration, DeclaredOutputs
from drstate.programs.flags import ALARM, FLAG_OWNERS, Flag, classes, declare_flag, either
from drstate.programs.running import free

#: answers that resolvers keep for longer than this make a failover slow
LONGEST_TTL = 120


class RecordSet(Value):
    """One record set as found in the zone."""

    ttl: int | None = None
    values: tuple[str, ...] = ()
    set_identifier: str | None = None
    #: PRIMARY or SECONDARY
    failover: str | None = None
    #: one of several by weight; the weight itself says who serves, which is a role
    weighted: bool = False
    #: an alias; ``values`` holds its target's name
    alias: bool = False
    #: ARN of the routing control that its health check follows
    control: str | None = None


class ClusterEndpoint(Value):
    """Where a cluster of routing controls is reached."""

    region: str
    url: str


class Route53Spec(Spec):
    """A record as captured: its zone's id, and the record sets of that name and type."""

    zone: str
    zone_id: str
    name: str
    type: str
    record_sets: tuple[RecordSet, ...] = Field(min_length=1)
    #: of the cluster whose routing controls the record sets follow
    cluster_endpoints: tuple[ClusterEndpoint, ...] = ()

    @property
    def longest_ttl(self) -> int | None:
        """The longest time that resolvers may keep an answer; None for aliases."""
        return max((one.ttl for one in self.record_sets if one.ttl is not None), default=None)

    @property
    def flag(self) -> str:
        """Name of the record's alarm, and value of its metric's dimension. Unique per record."""
        digest = hashlib.sha256(f"{self.zone_id} {self.name} {self.type}".encode()).hexdigest()[:8]
        return (
            f"drstate-{slug(self.name.rstrip('.').replace('.', '-'))}-{self.type.lower()}-{digest}"
        )

    @property
    def turned_by(self) -> Flag:
        """The record's flag and recall."""
        return Flag(self.flag)


def named_record(resource: Resource, scope: Scope) -> DnsRecord | None:
    """The scope file's entry for a record; None where it is no longer there."""
    for record in scope.dns:
        if (record.resource_name, record.account) == (resource.name, resource.account):
            return record
    return None


def slow_answer(entry: CatalogEntry, scope: Scope) -> str | None:
    """A warning where resolvers keep the record's answers for too long; None where they do not."""
    spec = Route53Spec.model_validate(entry.spec)
    record = named_record(entry.resource, scope)
    # a simple record gets the scope file's TTL when it is changed; until then it has its own
    own = [spec.longest_ttl or 0]
    if record is not None and record.way is DnsWay.RECORD and not record.alias:
        own.append(record.ttl)
    longest = max(own)
    if longest <= LONGEST_TTL:
        return None
    return (
        f"{spec.name} {spec.type} has a TTL of {longest} s: resolvers may send clients to the old "
        f"site for as long after a failover; {LONGEST_TTL} s or less is wanted"
    )


def declare_global(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The flag of one record: healthy, so that the primary answers, while lowered or recalled."""
    spec = Route53Spec.model_validate(entry.spec)
    what = f"{spec.name} {spec.type}"
    made = declare_flag(entry, declaration, spec.turned_by, what, "health-check")
    children = [made.check.id, made.recall.id]
    check = either(entry, declaration, "either", spec.turned_by.reference, children, 1)
    return DeclaredOutputs(resources={"alarm": made.alarm.arn, "health_check": check.id})


PROGRAM = Program(
    technology="route53",
    spec=Route53Spec,
    step=Step.TRAFFIC,
    owners={"": FLAG_OWNERS},
    spanning=declare_global,
    classes=classes,
    identities={ALARM: "{name}"},
    runs=free("records are paid by the query, wherever they lead"),
)
