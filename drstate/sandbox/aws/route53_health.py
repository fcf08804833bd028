"""Route 53 health checks, and whether one passes.

A CLOUDWATCH_METRIC check follows the data that its alarm watches, not the alarm's state;
what it says without data is its own setting. A RECOVERY_CONTROL check follows a routing
control. Checks of endpoints pass: there is nothing
behind the sandbox's addresses. Disabled ones pass, and inverted ones say the opposite.
"""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.exceptions import ServiceException
from moto.core.utils import camelcase_to_underscores
from moto.moto_api._internal import mock_random
from moto.route53.models import HealthCheck, Route53Backend

from . import alarms, recovery_control

CONTROL_TYPE = "RECOVERY_CONTROL"
ALARM_TYPE = "CLOUDWATCH_METRIC"
UPDATABLE = (
    "IPAddress", "Port", "ResourcePath", "FullyQualifiedDomainName", "SearchString",
    "FailureThreshold", "Inverted", "Disabled", "HealthThreshold", "ChildHealthChecks",
    "EnableSNI", "Regions", "AlarmIdentifier", "InsufficientDataHealthStatus",
)  # fmt: skip
_DEFAULTS: dict[str, Any] = {"Inverted": False, "Disabled": False}
_ENDPOINT_DEFAULTS: dict[str, Any] = {
    "RequestInterval": 30,
    "FailureThreshold": 3,
    "MeasureLatency": False,
    "EnableSNI": False,
}


class Route53Refusal(ServiceException):  # type: ignore[misc]
    """A Route 53 error."""


class Config:
    """Put on moto's HealthCheck."""

    settings: dict[str, Any] | None = None

    @property
    def health_check_config(self: Any) -> dict[str, Any]:
        """The settings as they were given, with Route 53's defaults."""
        return dict(self.settings or {})

    @property
    def cloud_watch_alarm_configuration(self: Any) -> dict[str, Any] | None:
        """What the watched alarm looks like."""
        alarm = _alarm(self)
        if alarm is None:
            return None
        return {
            "EvaluationPeriods": int(alarm.evaluation_periods or 1),
            "Threshold": float(alarm.threshold),
            "ComparisonOperator": alarm.comparison_operator,
            "Period": int(alarm.period or 60),
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "Statistic": alarm.statistic or "Average",
            "Dimensions": [{"Name": one.name, "Value": one.value} for one in alarm.dimensions],
        }


def _alarm(check: Any) -> Any:
    identifier = (check.settings or {}).get("AlarmIdentifier")
    if not identifier:
        return None
    return cloudwatch_backends[check.account_id][identifier["Region"]].alarms.get(
        identifier["Name"]
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _validated(settings: dict[str, Any]) -> dict[str, Any]:
    if settings["Type"] == ALARM_TYPE:
        for field in ("AlarmIdentifier", "InsufficientDataHealthStatus"):
            if not settings.get(field):
                raise Route53Refusal(
                    "InvalidInput", f"Invalid parameter : {field} is required for {ALARM_TYPE}"
                )
        for field in ("IPAddress", "Port", "FullyQualifiedDomainName", "ResourcePath"):
            if settings.get(field):
                raise Route53Refusal(
                    "InvalidInput",
                    f"Invalid parameter : {field} is not valid for health checks of type "
                    f"{ALARM_TYPE}",
                )
        return {**_DEFAULTS, **settings}
    if settings["Type"] == CONTROL_TYPE:
        if recovery_control.find(str(settings.get("RoutingControlArn"))) is None:
            raise Route53Refusal("InvalidInput", "Invalid parameter : RoutingControlArn")
        return {**_DEFAULTS, **settings}
    if settings["Type"] == "CALCULATED":
        return {**_DEFAULTS, **settings}
    return {**_DEFAULTS, **_ENDPOINT_DEFAULTS, **settings}


def create(backend: Route53Backend, reference: str, config: Any) -> HealthCheck:
    """A new health check, or the one that this reference made."""
    settings = _validated(_plain(config))
    for known in backend.health_checks.values():
        if known.caller_reference == reference:
            if known.health_check_config == settings:
                return known
            raise Route53Refusal(
                "HealthCheckAlreadyExists",
                "A health check with the same caller reference and other settings exists",
            )
    identifier = str(mock_random.uuid4())
    made: Any = HealthCheck(identifier, reference, {"type": settings["Type"]})
    made.settings = settings
    made.account_id = backend.account_id
    made.last_known = True
    _mirror(made)
    backend.health_checks[identifier] = made
    found: HealthCheck = made
    return found


def _mirror(check: Any) -> None:
    """Keep moto's own fields in step."""
    for field, value in check.settings.items():
        setattr(check, f"{camelcase_to_underscores(field)}", value)


def update(
    backend: Route53Backend, identifier: str, given: dict[str, Any], version: int | None
) -> HealthCheck:
    """Change what is given; a stale version is refused."""
    check: Any = backend.get_health_check(identifier)
    if version is not None and version != check.health_check_version:
        raise Route53Refusal(
            "HealthCheckVersionMismatch",
            f"The health check is at version {check.health_check_version}",
        )
    check.settings = _validated({**check.settings, **_plain(given)})
    _mirror(check)
    check.health_check_version += 1
    found: HealthCheck = check
    return found


def delete(backend: Route53Backend, identifier: str) -> None:
    """Delete one; Route 53 does not ask whether records use it, but parents keep it."""
    backend.get_health_check(identifier)
    for other in backend.health_checks.values():
        if identifier in (other.health_check_config.get("ChildHealthChecks") or []):
            raise Route53Refusal(
                "HealthCheckInUse", f"Health check {identifier} is used by {other.id}"
            )
    del backend.health_checks[identifier]


def is_healthy(backend: Route53Backend, check: Any) -> bool:
    """Whether DNS counts the check as healthy now."""
    settings = check.health_check_config
    healthy = True if settings.get("Disabled") else _observed(backend, check, settings)
    return healthy != bool(settings.get("Inverted"))


def _observed(backend: Route53Backend, check: Any, settings: dict[str, Any]) -> bool:
    if settings["Type"] == "CALCULATED":
        children = [
            is_healthy(backend, backend.get_health_check(one))
            for one in settings.get("ChildHealthChecks") or []
        ]
        return sum(children) >= int(settings.get("HealthThreshold") or len(children))
    if settings["Type"] == CONTROL_TYPE:
        control = recovery_control.find(settings["RoutingControlArn"])
        return control is not None and control.on
    if settings["Type"] != ALARM_TYPE:
        return True
    alarm = _alarm(check)
    state = getattr(alarm, "stream_state", alarms.INSUFFICIENT)
    if state == alarms.INSUFFICIENT:
        wanted = settings["InsufficientDataHealthStatus"]
        if wanted == "LastKnownStatus":
            return bool(check.last_known)
        return bool(wanted == "Healthy")
    check.last_known = state == alarms.OK
    return bool(check.last_known)
