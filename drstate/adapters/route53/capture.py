"""Records as specs: the zone's id, the record sets, and where routing controls are reached."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from drstate.adapters.at import At
from drstate.adapters.flags import CONTROL_REGION
from drstate.adapters.route53 import reading
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.route53 import ClusterEndpoint, RecordSet, Route53Spec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: where routing controls are configured; their states are read and changed elsewhere
CONFIG_REGION = "us-west-2"
_CONFIG = "route53-recovery-control-config"


def captured(resource: Resource, aws: AwsCaller, now: datetime) -> Route53Spec:
    """The spec. ``resource.arn`` is ``zone name type``. Raises OperationError, AwsCallError."""
    zone, name, kind = resource.arn.split(" ")
    at = At(aws, resource.account, CONTROL_REGION)
    zone_id = reading.zone_id(at, zone)
    if zone_id is None:
        raise OperationError(
            f"{resource.key}: account {resource.account} has no public hosted zone {zone}",
            why="ListHostedZonesByName does not know it",
            hint="mend zone and account of this record in the scope file's dns list",
        )
    sets = reading.record_sets(at, zone_id, name, kind)
    if not sets:
        raise OperationError(
            f"{resource.key}: zone {zone} has no record {name} {kind}",
            why="ListResourceRecordSets does not know it",
            hint="create the record at the serving site, or mend the scope file's dns list",
        )
    record_sets = sorted(
        (_record_set(at, one) for one in sets), key=lambda one: one.set_identifier or ""
    )
    control = next((one.control for one in record_sets if one.control), None)
    return Route53Spec(
        region=resource.region,
        captured_at=now,
        zone=zone,
        zone_id=zone_id,
        name=name,
        type=kind,
        record_sets=tuple(record_sets),
        cluster_endpoints=_endpoints(aws, control) if control else (),
    )


def _record_set(at: At, found: dict[str, Any]) -> RecordSet:
    check = found.get("HealthCheckId")
    control = reading.routing_control(at, check) if check else None
    # a simple record's value says who serves, which is a role and no configuration
    several = bool(found.get("SetIdentifier"))
    return RecordSet(
        ttl=found.get("TTL"),
        values=tuple(reading.values_of(found)) if several else (),
        set_identifier=found.get("SetIdentifier"),
        failover=found.get("Failover"),
        weighted=found.get("Weight") is not None,
        alias=bool(found.get("AliasTarget")),
        control=control,
    )


def _endpoints(aws: AwsCaller, control: str) -> tuple[ClusterEndpoint, ...]:
    at = At(aws, control.split(":")[4], CONFIG_REGION)
    panel = at.call(_CONFIG, "describe_routing_control", RoutingControlArn=control)
    cluster = at.call(
        _CONFIG,
        "describe_control_panel",
        ControlPanelArn=panel["RoutingControl"]["ControlPanelArn"],
    )
    shown = at.call(_CONFIG, "describe_cluster", ClusterArn=cluster["ControlPanel"]["ClusterArn"])
    return tuple(
        sorted(
            (
                ClusterEndpoint(region=one["Region"], url=one["Endpoint"])
                for one in shown["Cluster"]["ClusterEndpoints"]
            ),
            key=lambda one: one.region,
        )
    )
