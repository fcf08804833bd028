"""Reading rules, buses, endpoints and their health checks; what is not there is no error."""

from __future__ import annotations

from typing import Any

from drstate.adapters.at import At
from drstate.programs.eventbridge.spec import DEFAULT_BUS

_ABSENT = "ResourceNotFoundException"


def rule(at: At, name: str, bus: str) -> dict[str, Any] | None:
    """The rule, or None."""
    found = at.find("events", "describe_rule", _ABSENT, Name=name, EventBusName=bus)
    return found or None


def is_ours(at: At, arn: str) -> bool:
    """Whether a stack of drstate made it."""
    tags = at.call("events", "list_tags_for_resource", ResourceARN=arn)["Tags"]
    return any(tag["Key"] == "drstate:managed" for tag in tags)


def bus(at: At, name: str) -> dict[str, Any] | None:
    """The bus, or None."""
    return at.find("events", "describe_event_bus", _ABSENT, Name=name) or None


def targets(at: At, name: str, bus_name: str) -> list[dict[str, Any]]:
    """The rule's targets, by id."""
    found = at.pages("events", "list_targets_by_rule", "Targets", Rule=name, EventBusName=bus_name)
    return sorted(found, key=lambda target: str(target["Id"]))


def endpoint(at: At, name: str, home: str) -> dict[str, Any] | None:
    """A global endpoint, as any of its two regions sees it, or None."""
    found = at.find("events", "describe_endpoint", _ABSENT, Name=name, HomeRegion=home)
    return found or None


def endpoint_of(at: At, bus_arn: str) -> dict[str, Any] | None:
    """The global endpoint of this home region that leads to the bus, or None."""
    if bus_arn.endswith(f"/{DEFAULT_BUS}"):
        return None
    token: dict[str, str] = {}
    while True:
        page = at.call("events", "list_endpoints", HomeRegion=at.region, **token)
        for found in page.get("Endpoints", []):
            if any(one["EventBusArn"] == bus_arn for one in found["EventBuses"]):
                return dict(found)
        if not page.get("NextToken"):
            return None
        token = {"NextToken": page["NextToken"]}


def failover(found: dict[str, Any]) -> dict[str, Any]:
    """The failover settings of an endpoint."""
    settings: dict[str, Any] = found["RoutingConfig"]["FailoverConfig"]
    return settings


def health_check(at: At, arn: str) -> dict[str, Any]:
    """A health check, by ARN or id; ``at`` is in Route 53's region."""
    found = at.call("route53", "get_health_check", HealthCheckId=arn.rpartition("/")[2])
    shown: dict[str, Any] = found["HealthCheck"]
    return shown
