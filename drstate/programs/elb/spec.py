"""The spec of a load balancer: itself, its target groups, its listeners and their rules.

Attributes are kept under the API's names, those that are set. Targets are not in here: who runs at
a site registers itself there.
"""

from __future__ import annotations

from typing import Any

from drstate.model.base import Value
from drstate.model.spec import Spec

#: names of the recorded endpoints: the balancer's host, and a target group's ARN by its name
DNS = "dns"


def target_group_endpoint(name: str) -> str:
    """The endpoint under which a target group's ARN is recorded, for services behind it."""
    return f"target-group/{name}"


class TargetGroup(Value):
    """A target group; its targets are others' business."""

    name: str
    arn: str
    #: instance or ip
    target_type: str
    protocol: str
    port: int
    vpc: str
    protocol_version: str | None = None
    ip_address_type: str | None = None
    check_enabled: bool = True
    check_protocol: str | None = None
    check_port: str | None = None
    check_path: str | None = None
    check_interval: int | None = None
    check_timeout: int | None = None
    healthy_threshold: int | None = None
    unhealthy_threshold: int | None = None
    #: codes that count as healthy
    matcher: str | None = None
    attributes: dict[str, str] = {}


class Rule(Value):
    """A rule of a listener; conditions and actions in the API's shape, without empty values."""

    priority: int
    conditions: tuple[dict[str, Any], ...]
    actions: tuple[dict[str, Any], ...]


class Listener(Value):
    """A listener; there is one per port."""

    port: int
    protocol: str
    ssl_policy: str | None = None
    alpn_policy: str | None = None
    certificate: str | None = None
    #: for further host names
    more_certificates: tuple[str, ...] = ()
    #: in the API's shape, without empty values
    actions: tuple[dict[str, Any], ...]
    rules: tuple[Rule, ...] = ()


class ElbSpec(Spec):
    """An application or network load balancer as captured at the serving site."""

    name: str
    arn: str
    #: application or network
    type: str
    #: internal or internet-facing
    scheme: str
    ip_address_type: str | None = None
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...] = ()
    attributes: dict[str, str] = {}
    #: in the order of their names, ports and priorities
    target_groups: tuple[TargetGroup, ...] = ()
    listeners: tuple[Listener, ...] = ()
