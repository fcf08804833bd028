"""What a function inside an emulated VPC reaches: names that resolve, and ports that are open.

Aurora clusters that take writes, other stores, load balancers, and the records of hosted zones.
Everything else does not resolve, as in a VPC without a way out.
"""

from __future__ import annotations

from typing import Any

from moto.elbv2.models import elbv2_backends
from moto.rds.models import rds_backends
from moto.route53.models import route53_backends

from . import function_stores, rds_global, route53_changes

_WEB = [80, 443]


def known(region: str) -> dict[str, dict[str, Any]]:
    """Name -> ``{"ports": [...]}``, or ``{"answer": [...]}`` for a record that points elsewhere."""
    names: dict[str, dict[str, Any]] = function_stores.names(region)
    for _, place, backend in rds_backends.iter_backends():
        if place == region:
            for cluster in backend.clusters.values():
                ports = [int(cluster.port)] if _takes_writes(cluster) else []
                names[cluster.endpoint.lower()] = {"ports": ports}
    for _, _, backend in elbv2_backends.iter_backends():
        for balancer in backend.load_balancers.values():
            names[balancer.dns_name.lower()] = {"ports": _WEB}
    for _, _, backend in route53_backends.iter_backends():
        for zone in backend.zones.values():
            for name in {record.name for record in zone.rrsets}:
                found = route53_changes.answer(backend, zone, name, "A")
                if found:
                    answers = [one.rstrip(".").lower() for one in found]
                    names[name.rstrip(".").lower()] = {"answer": answers}
    return names


def _takes_writes(cluster: Any) -> bool:
    if cluster.status != "available":
        return False
    found = rds_global.of(cluster)
    return found is None or rds_global.primary(found) is cluster
