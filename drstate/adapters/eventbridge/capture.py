"""A rule's or a bus's configuration as a spec; what cannot be carried over is refused by name."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.eventbridge import reading
from drstate.adapters.flags import CONTROL_REGION
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.eventbridge.spec import (
    DEFAULT_BUS,
    Bus,
    EventBridgeSpec,
    GlobalEndpoint,
    Kind,
    Rule,
    RuleTarget,
)
from drstate.programs.eventbridge.values import canonical

_CARRIED = {
    "Arn",
    "DeadLetterConfig",
    "EcsParameters",
    "Id",
    "Input",
    "InputPath",
    "InputTransformer",
    "KinesisParameters",
    "RetryPolicy",
    "RoleArn",
    "SqsParameters",
}
_PARAMETERS = ("EcsParameters", "KinesisParameters", "SqsParameters")
_ECS_LEFT_OUT = ("CapacityProviderStrategy", "PlacementConstraints", "PlacementStrategy", "Tags")


def name_and_bus(resource: Resource) -> tuple[Kind, str, str]:
    """What the resource is, its own name, and (of a rule) that of its bus."""
    kind, _, rest = resource.name.partition("/")
    bus, _, name = rest.rpartition("/")
    return Kind(kind), name, bus or DEFAULT_BUS


def capture(resource: Resource, at: At, now: datetime) -> EventBridgeSpec:
    """Read the rule or bus. Raises OperationError, AwsCallError."""
    kind, name, bus = name_and_bus(resource)
    spec = EventBridgeSpec(
        region=resource.region, captured_at=now, kind=kind, name=name, arn=resource.arn
    )
    if kind is Kind.RULE:
        return spec.model_copy(update={"rule": _rule(resource, at, name, bus)})
    return spec.model_copy(update={"bus": _bus(resource, at, spec)})


def _rule(resource: Resource, at: At, name: str, bus: str) -> Rule:
    found = reading.rule(at, name, bus)
    if found is None:
        raise _absent(resource, f"rule {name} on bus {bus}")
    if found.get("ManagedBy"):
        raise _refused(
            resource, f"is managed by {found['ManagedBy']}", "the service makes it at each site"
        )
    pattern = found.get("EventPattern")
    return Rule(
        bus=bus,
        state=found["State"],
        pattern=canonical(json.loads(pattern)) if pattern else None,
        schedule=found.get("ScheduleExpression") or None,
        description=found.get("Description") or None,
        role=found.get("RoleArn") or None,
        targets=tuple(_target(resource, one) for one in reading.targets(at, name, bus)),
    )


def _target(resource: Resource, found: dict[str, Any]) -> RuleTarget:
    lost = sorted(name for name, value in found.items() if value and name not in _CARRIED)
    ecs = found.get("EcsParameters") or {}
    lost += [f"EcsParameters.{name}" for name in _ECS_LEFT_OUT if ecs.get(name)]
    if lost:
        raise _refused(
            resource,
            f"sends to {found['Id']} with {', '.join(lost)}",
            "these settings are not carried to the recovery site, and are never dropped silently",
        )
    transformer = found.get("InputTransformer") or {}
    retry = found.get("RetryPolicy") or {}
    return RuleTarget(
        id=found["Id"],
        arn=found["Arn"],
        role=found.get("RoleArn"),
        input=found.get("Input"),
        input_path=found.get("InputPath"),
        input_paths=transformer.get("InputPathsMap") or {},
        input_template=transformer.get("InputTemplate"),
        max_age_seconds=retry.get("MaximumEventAgeInSeconds"),
        retries=retry.get("MaximumRetryAttempts"),
        dead_letter=(found.get("DeadLetterConfig") or {}).get("Arn"),
        parameters={name: found[name] for name in _PARAMETERS if found.get(name)},
    )


def _bus(resource: Resource, at: At, spec: EventBridgeSpec) -> Bus:
    found = reading.bus(at, spec.name)
    if found is None:
        raise _absent(resource, f"event bus {spec.name}")
    if spec.name == DEFAULT_BUS:
        raise _refused(
            resource, "is the default bus", "every region has one, and nothing of it is declared"
        )
    if spec.name.startswith("aws.partner/"):
        raise _refused(resource, "is a partner's bus", "the partner makes it at each site")
    if (found.get("LogConfig") or {}).get("Level", "OFF") != "OFF":
        raise _refused(
            resource,
            "logs events (LogConfig)",
            "where its logs go is not carried to the recovery site",
        )
    policy = found.get("Policy")
    return Bus(
        description=found.get("Description") or None,
        policy=canonical(json.loads(policy)) if policy else None,
        kms_key=found.get("KmsKeyIdentifier") or None,
        dead_letter=(found.get("DeadLetterConfig") or {}).get("Arn"),
        endpoint=_endpoint(resource, at, spec),
    )


def _endpoint(resource: Resource, at: At, spec: EventBridgeSpec) -> GlobalEndpoint | None:
    found = reading.endpoint_of(at, spec.arn)
    if found is None:
        return None
    failover = reading.failover(found)
    return GlobalEndpoint(
        name=found["Name"],
        health_check=_owners_check(
            At(at.aws, resource.account, CONTROL_REGION), failover["Primary"]["HealthCheck"], spec
        ),
        secondary=failover["Secondary"]["Route"],
    )


def _owners_check(at: At, arn: str, spec: EventBridgeSpec) -> str:
    """The owner's health check: what the endpoint has, or what ours stands before."""
    found = reading.health_check(at, arn)
    if not str(found["CallerReference"]).startswith(spec.reference):
        return arn
    for child in found["HealthCheckConfig"].get("ChildHealthChecks", []):
        alarm = reading.health_check(at, child)["HealthCheckConfig"].get("AlarmIdentifier") or {}
        if alarm.get("Name") != spec.flag:
            return f"{arn.rpartition('/')[0]}/{child}"
    return arn


def _absent(resource: Resource, what: str) -> OperationError:
    return OperationError(
        f"{resource.key}: there is no {what} in {resource.region}",
        why="EventBridge does not know it",
        hint="drstate discover looks again",
    )


def _refused(resource: Resource, what: str, why: str) -> OperationError:
    return OperationError(
        f"{resource.key} in {resource.region} {what}",
        why=why,
        hint=f"change it, or take the tag dr:enabled off {resource.arn}",
    )
