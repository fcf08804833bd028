"""Which regions a service has, without reading the service's whole model to find out.

moto asks botocore for every service's regions when it is imported. botocore opens the
service's model for one word of it, the endpoint prefix; EC2's alone takes longer than
anything else in a sandbox's start. For the services of the estates that word is here, and
a test holds it to botocore's models.
"""

from __future__ import annotations

from typing import Any

from botocore.session import Session

PREFIXES = {
    "application-autoscaling": "application-autoscaling",
    "cloudwatch": "monitoring",
    "ec2": "ec2",
    "ecr": "api.ecr",
    "ecs": "ecs",
    "elbv2": "elasticloadbalancing",
    "kms": "kms",
    "logs": "logs",
    "rds": "rds",
    "resource-explorer-2": "resource-explorer-2",
    "resourcegroupstaggingapi": "tagging",
    "secretsmanager": "secretsmanager",
}

_available_regions = Session.get_available_regions


def _quickly(
    session: Any,
    service_name: str,
    partition_name: str = "aws",
    allow_non_regional: bool = False,
) -> list[str]:
    prefix = PREFIXES.get(service_name)
    if prefix is None:
        return list(_available_regions(session, service_name, partition_name, allow_non_regional))
    resolver = session._get_internal_component("endpoint_resolver")  # noqa: SLF001 - as botocore does
    return list(resolver.get_available_endpoints(prefix, partition_name, allow_non_regional))


def install() -> None:
    """Put the quick look-up in place. Call before moto is imported."""
    setattr(Session, "get_available_regions", _quickly)  # noqa: B010 - a method, replaced
