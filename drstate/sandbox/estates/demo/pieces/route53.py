"""Initech's zone: a failover pair for a flag, and one that follows routing controls.

Both are flipped without Route 53's control plane. The load balancers that they name are nobody's.
"""

from __future__ import annotations

from typing import Any

from moto.route53.models import route53_backends

from drstate.sandbox.access import PARTITION
from drstate.sandbox.aws import recovery_control, route53_health
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo import names
from drstate.sandbox.estates.demo.land import Land, Piece

ZONE, WAVE, TTL = "initech.example.", 5, 60


def build(ids: SeededIds, land: Land) -> Piece:
    """The zone, its records, and the cluster with one control for each region."""
    account = land.dns
    backend = route53_backends[account][PARTITION]
    ids.named(account, "zone", ZONE)
    zone = backend.create_hosted_zone(
        name=ZONE,
        private_zone=False,
        caller_reference="initech-zone",
        comment="initech public zone",
    )
    backend.change_tags_for_resource(
        "hostedzone", zone.resource_id, names.upper(land.scope.tags()), []
    )
    targets = {
        region: f"{land.scope.prefix}-{region}.elb.example"
        for region in (land.primary, land.recovery)
    }
    controls = _controls(ids, land)
    checks = {region: _check(ids, land, control) for region, control in controls.items()}
    for record in (
        _half(f"api.{ZONE}", land.primary, "PRIMARY", targets[land.primary]),
        _half(f"api.{ZONE}", land.recovery, "SECONDARY", targets[land.recovery]),
        _half(f"shop.{ZONE}", land.primary, "PRIMARY", targets[land.primary], checks[land.primary]),
        _half(
            f"shop.{ZONE}",
            land.recovery,
            "SECONDARY",
            targets[land.recovery],
            checks[land.recovery],
        ),
    ):
        zone.add_rrset(record)
    common = {
        "zone": ZONE,
        "account": account,
        "wave": WAVE,
        "values": {region: [target] for region, target in targets.items()},
    }
    return Piece(
        facts={"zone_id": zone.resource_id, "zone_name": ZONE, "controls": controls},
        scope={
            "dns": [
                {**common, "name": f"api.{ZONE}", "way": "flag"},
                {
                    **common,
                    "name": f"shop.{ZONE}",
                    "way": "routing-control",
                    "controls": controls,
                },
            ]
        },
    )


def _controls(ids: SeededIds, land: Land) -> dict[str, str]:
    backend = recovery_control.backend_of(land.dns)
    ids.named(land.dns, "recovery-cluster", land.scope.prefix)
    cluster = backend.add_cluster(land.scope.prefix)
    panel = backend.add_panel(cluster, land.scope.prefix)
    made = {
        region: backend.add_control(panel, region, on=region == land.primary)
        for region in (land.primary, land.recovery)
    }
    arns = tuple(one.arn for one in made.values())
    backend.add_rule(panel, "somebody-serves", arns)
    return {region: one.arn for region, one in made.items()}


def _check(ids: SeededIds, land: Land, control: str) -> str:
    ids.named(land.dns, "health-check", control)
    made = route53_health.create(
        route53_backends[land.dns][PARTITION],
        control[-16:],
        {"Type": "RECOVERY_CONTROL", "RoutingControlArn": control},
    )
    return str(made.id)


def _half(
    name: str, region: str, role: str, target: str, check: str | None = None
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Name": name,
        "Type": "CNAME",
        "TTL": TTL,
        "ResourceRecords": [target],
        "SetIdentifier": region,
        "Failover": role,
    }
    return {**made, "HealthCheckId": check} if check else made
