"""The demo's DNS account: one public zone per customer, everything pointing east."""

from __future__ import annotations

from typing import Any

from moto.route53.models import route53_backends

from drstate.sandbox.access import PARTITION
from drstate.sandbox.aws.ids import SeededIds

from . import names
from .names import PRIMARY, RECOVERY, Customer

TTL = 60


def _cname(name: str, target: str, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "CNAME", "TTL": TTL, "ResourceRecords": [target], **more}


def build_zone(
    ids: SeededIds, customer: Customer, balancers: dict[str, dict[str, str]]
) -> dict[str, Any]:
    """The customer's zone. `balancers`: environment to region to DNS name."""
    backend = route53_backends[names.DNS][PARTITION]
    ids.named(names.DNS, "zone", customer.zone)
    zone = backend.create_hosted_zone(
        name=customer.zone,
        private_zone=False,
        caller_reference=f"{customer.name}-zone",
        comment=f"{customer.name} public zone",
    )
    backend.change_tags_for_resource(
        "hostedzone",
        zone.resource_id,
        names.upper({"Customer": customer.name, "Owner": names.OWNER}),
        [],
    )
    production, staging = balancers["production"], balancers["staging"]
    records = [
        _cname(f"app.{customer.zone}", production[PRIMARY]),
        _cname(f"app.staging.{customer.zone}", staging[PRIMARY]),
        _cname(
            f"api.{customer.zone}", production[PRIMARY], SetIdentifier=PRIMARY, Failover="PRIMARY"
        ),
        _cname(
            f"api.{customer.zone}",
            production[RECOVERY],
            SetIdentifier=RECOVERY,
            Failover="SECONDARY",
        ),
    ]
    for record in records:
        zone.add_rrset(record)
    return {"zone_id": zone.resource_id, "zone_name": customer.zone}
