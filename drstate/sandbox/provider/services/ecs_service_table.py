"""The properties of aws:ecs/service:Service, and those of them that ECS nests otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    listing,
    mapping,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import ecs_shared as ecs
from drstate.sandbox.provider.wire import Values

_NOT_EMULATED = "the emulated ECS does not have it; use the real provider"

_LOAD_BALANCER: dict[str, Prop] = {
    "advancedConfiguration": record({}, refused=_NOT_EMULATED),
    "containerName": text(required=True),
    "containerPort": integer(required=True, low=0, high=65536),
    "elbName": text(api="loadBalancerName"),
    "targetGroupArn": text(),
}
_REGISTRY: dict[str, Prop] = {
    "containerName": text(),
    "containerPort": integer(low=0, high=65536),
    "port": integer(low=0, high=65536),
    "registryArn": text(required=True),
}
_NETWORK: dict[str, Prop] = {
    "assignPublicIp": flag(default=False, api=BY_HAND),
    "securityGroups": unordered(),
    "subnets": unordered(required=True),
}
_ALARMS: dict[str, Prop] = {
    "alarmNames": unordered(required=True),
    "enable": flag(required=True),
    "rollback": flag(required=True),
}
_DEPLOYMENT: dict[str, Prop] = {
    "bakeTimeInMinutes": text(numeric=True),
    "canaryConfiguration": record({}, refused=_NOT_EMULATED),
    "lifecycleHooks": listing(record({}), refused=_NOT_EMULATED),
    "linearConfiguration": record({}, refused=_NOT_EMULATED),
    "strategy": text(computed=True, choices=("BLUE_GREEN", "CANARY", "LINEAR", "ROLLING")),
}
_CIRCUIT_BREAKER: dict[str, Prop] = {
    "enable": flag(required=True),
    "rollback": flag(required=True),
}

PROPS: dict[str, Prop] = {
    "alarms": record(_ALARMS, api=BY_HAND),
    "availabilityZoneRebalancing": text(computed=True, choices=("DISABLED", "ENABLED")),
    "capacityProviderStrategies": unordered(
        record(
            {
                "base": integer(low=0, high=100000),
                "capacityProvider": text(required=True),
                "weight": integer(low=0, high=1000),
            }
        ),
        api="capacityProviderStrategy",
    ),
    "cluster": text(computed=True, replaces=True, same=ecs.same_cluster),
    "deploymentCircuitBreaker": record(_CIRCUIT_BREAKER, computed=True, api=BY_HAND),
    "deploymentConfiguration": record(_DEPLOYMENT, computed=True, api=BY_HAND),
    "deploymentController": record(
        {"type": text(default="ECS", choices=("CODE_DEPLOY", "ECS", "EXTERNAL"))},
        computed=True,
        replaces=True,
    ),
    "deploymentMaximumPercent": integer(default=200, api=BY_HAND),
    "deploymentMinimumHealthyPercent": integer(default=100, api=BY_HAND),
    "desiredCount": integer(low=0),
    "enableEcsManagedTags": flag(api="enableECSManagedTags", default=False),
    "enableExecuteCommand": flag(default=False),
    "forceDelete": flag(local=True),
    "forceNewDeployment": flag(local=True),
    "healthCheckGracePeriodSeconds": integer(low=0),
    "iamRole": text(computed=True, replaces=True, api="role"),
    "launchType": text(
        computed=True, replaces=True, choices=("EC2", "EXTERNAL", "FARGATE", "MANAGED_INSTANCES")
    ),
    "loadBalancers": unordered(record(_LOAD_BALANCER)),
    "name": text(computed=True, replaces=True, api="serviceName"),
    "networkConfiguration": record(_NETWORK, api=BY_HAND),
    "orderedPlacementStrategies": listing(
        record(
            {"field": text(), "type": text(required=True, choices=("binpack", "random", "spread"))}
        ),
        api="placementStrategy",
    ),
    "placementConstraints": unordered(
        record(
            {
                "expression": text(),
                "type": text(required=True, choices=("distinctInstance", "memberOf")),
            }
        )
    ),
    "platformVersion": text(computed=True),
    "propagateTags": text(choices=("NONE", "SERVICE", "TASK_DEFINITION")),
    "region": REGION,
    "schedulingStrategy": text(replaces=True, default="REPLICA", choices=("DAEMON", "REPLICA")),
    "serviceConnectConfiguration": record({}, refused=_NOT_EMULATED),
    "serviceRegistries": record(_REGISTRY, api=BY_HAND),
    "sigintRollback": flag(local=True),
    "tags": TAGS,
    "taskDefinition": text(same=ecs.same_task_definition),
    "triggers": mapping(local=True),
    "volumeConfiguration": record({}, refused=_NOT_EMULATED),
    "vpcLatticeConfigurations": unordered(record({}), refused=_NOT_EMULATED),
    "waitForSteadyState": flag(local=True, default=False),
}
OUTPUTS: dict[str, Prop] = {"arn": OUT_TEXT, "tagsAll": OUT_TAGS}

#: Members that DescribeServices spells otherwise.
SHOWN_AS: dict[str, str] = {"cluster": "clusterArn", "iamRole": "roleArn"}

#: What UpdateService takes under the same name.
UPDATABLE: frozenset[str] = frozenset(
    {
        "availabilityZoneRebalancing",
        "capacityProviderStrategies",
        "desiredCount",
        "enableEcsManagedTags",
        "enableExecuteCommand",
        "healthCheckGracePeriodSeconds",
        "loadBalancers",
        "orderedPlacementStrategies",
        "placementConstraints",
        "platformVersion",
        "propagateTags",
        "taskDefinition",
    }
)
_DEPLOYMENT_PARTS = frozenset(
    {
        "alarms",
        "deploymentCircuitBreaker",
        "deploymentConfiguration",
        "deploymentMaximumPercent",
        "deploymentMinimumHealthyPercent",
    }
)


def by_hand(values: Values, only: Iterable[str]) -> dict[str, Any]:
    """The request members for properties that ECS nests otherwise, of those in ``only``."""
    chosen = set(only)
    request: dict[str, Any] = {}
    if chosen & _DEPLOYMENT_PARTS:
        deployment = _deployment(values, explicit_off=not chosen >= set(PROPS))
        if deployment:
            request["deploymentConfiguration"] = deployment
    network = values.get("networkConfiguration")
    if "networkConfiguration" in chosen and network:
        request["networkConfiguration"] = {
            "awsvpcConfiguration": {
                **outward(network, _NETWORK, Style.CAMEL),
                "assignPublicIp": "ENABLED" if network.get("assignPublicIp") else "DISABLED",
            }
        }
    if "serviceRegistries" in chosen:
        registry = values.get("serviceRegistries")
        if registry:
            request["serviceRegistries"] = [outward(registry, _REGISTRY, Style.CAMEL)]
        elif not chosen >= set(PROPS):
            request["serviceRegistries"] = []
    return request


def _deployment(values: Values, *, explicit_off: bool) -> dict[str, Any]:
    """``explicit_off``: an update says that what is not set any more is off."""
    deployment = outward(values.get("deploymentConfiguration") or {}, _DEPLOYMENT, Style.CAMEL)
    if "bakeTimeInMinutes" in deployment:
        deployment["bakeTimeInMinutes"] = int(deployment["bakeTimeInMinutes"])
    if values.get("schedulingStrategy") != "DAEMON":
        deployment["maximumPercent"] = values.get("deploymentMaximumPercent", 200)
    deployment["minimumHealthyPercent"] = values.get("deploymentMinimumHealthyPercent", 100)
    breaker = values.get("deploymentCircuitBreaker")
    if breaker or explicit_off:
        deployment["deploymentCircuitBreaker"] = (
            outward(breaker, _CIRCUIT_BREAKER, Style.CAMEL)
            if breaker
            else {"enable": False, "rollback": False}
        )
    alarms = values.get("alarms")
    if alarms or explicit_off:
        deployment["alarms"] = (
            outward(alarms, _ALARMS, Style.CAMEL)
            if alarms
            else {"alarmNames": [], "enable": False, "rollback": False}
        )
    return deployment


def by_hand_back(shown: Mapping[str, Any]) -> Values:
    """Those properties, of a described service."""
    values: Values = {}
    deployment = shown.get("deploymentConfiguration") or {}
    if "maximumPercent" in deployment:
        values["deploymentMaximumPercent"] = deployment["maximumPercent"]
    if "minimumHealthyPercent" in deployment:
        values["deploymentMinimumHealthyPercent"] = deployment["minimumHealthyPercent"]
    if deployment.get("deploymentCircuitBreaker"):
        values["deploymentCircuitBreaker"] = inward(
            deployment["deploymentCircuitBreaker"], _CIRCUIT_BREAKER, Style.CAMEL
        )
    alarms = deployment.get("alarms")
    if alarms and (alarms.get("enable") or alarms.get("alarmNames")):
        values["alarms"] = inward(alarms, _ALARMS, Style.CAMEL)
    rest = inward(deployment, _DEPLOYMENT, Style.CAMEL)
    if rest:
        values["deploymentConfiguration"] = rest
    vpc = (shown.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if vpc:
        values["networkConfiguration"] = {
            **inward(vpc, _NETWORK, Style.CAMEL),
            "assignPublicIp": vpc.get("assignPublicIp") == "ENABLED",
        }
    registries = shown.get("serviceRegistries") or ()
    if registries:
        values["serviceRegistries"] = inward(registries[0], _REGISTRY, Style.CAMEL)
    if shown.get("capacityProviderStrategy"):
        values["launchType"] = None
    return values
