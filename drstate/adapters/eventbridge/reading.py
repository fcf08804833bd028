"""Reading rules, buses, endpoints and their health checks; what is not there is no error."""

from __future__ import annotations

from typing import Any

from drstate.adapters.at import At
from drstate.programs.eventbridge.spec import DEFAULT_BUS

_ABSENT = "ResourceNotFoundException"
#: Route 53's control plane is in one region
CONTROL_REGION = "us-east-1"


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


def own_check(at: At, reference: str) -> str | None:
    """Id of the health check whose caller reference begins so, or None."""
    checks = at.pages("route53", "list_health_checks", "HealthChecks")
    found = (one for one in checks if str(one["CallerReference"]).startswith(reference))
    one = next(found, None)
    return str(one["Id"]) if one else None


def check_on(at: At, alarm: str) -> str | None:
    """Id of the health check that follows an alarm, or None."""
    for one in at.pages("route53", "list_health_checks", "HealthChecks"):
        followed = one["HealthCheckConfig"].get("AlarmIdentifier") or {}
        if followed.get("Name") == alarm:
            return str(one["Id"])
    return None


def alarm_state(at: At, name: str) -> str | None:
    """State of the flag's alarm, or None where there is none."""
    found = at.call("cloudwatch", "describe_alarms", AlarmNames=[name], AlarmTypes=["MetricAlarm"])
    alarms = found.get("MetricAlarms", [])
    return str(alarms[0]["StateValue"]) if alarms else None
