"""aws:cloudwatch/eventTarget:EventTarget: where a rule sends. Its id is bus, rule and target id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward
from drstate.sandbox.provider.problems import ProviderError
from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import (
    REGION,
    Prop,
    flag,
    integer,
    listing,
    mapping,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import events_shared as shared
from drstate.sandbox.provider.wire import Values

_NOT_EMULATED = "the sandbox's rules do not send there; use the real provider"
_ECS = {
    "capacityProviderStrategies": unordered(
        record(
            {
                "base": integer(api="base"),
                "capacityProvider": text(required=True, api="capacityProvider"),
                "weight": integer(api="weight"),
            }
        ),
        api="CapacityProviderStrategy",
    ),
    "enableEcsManagedTags": flag(default=False, api="EnableECSManagedTags"),
    "enableExecuteCommand": flag(default=False),
    "group": text(),
    "launchType": text(),
    "networkConfiguration": record(
        {
            "assignPublicIp": flag(default=False),
            "securityGroups": unordered(),
            "subnets": unordered(required=True),
        },
        api=BY_HAND,
    ),
    "orderedPlacementStrategies": listing(
        record({"field": text(api="field"), "type": text(required=True, api="type")}),
        api="PlacementStrategy",
    ),
    "placementConstraints": unordered(
        record({"expression": text(api="expression"), "type": text(required=True, api="type")})
    ),
    "platformVersion": text(),
    "propagateTags": text(),
    "tags": mapping(api=BY_HAND),
    "taskCount": integer(default=1),
    "taskDefinitionArn": text(required=True),
}
_BLOCKS = (
    "deadLetterConfig",
    "ecsTarget",
    "inputTransformer",
    "kinesisTarget",
    "retryPolicy",
    "sqsTarget",
)


class EventTarget(ResourceType):
    """Where a rule sends."""

    urn_type = "aws:cloudwatch/eventTarget:EventTarget"
    title = "EventBridge Target"
    name_property = "targetId"
    autoname = True
    stable = ()
    props: ClassVar[Mapping[str, Prop]] = {
        "appsyncTarget": record({}, refused=_NOT_EMULATED),
        "arn": text(required=True),
        "batchTarget": record({}, refused=_NOT_EMULATED),
        "deadLetterConfig": record({"arn": text()}),
        "ecsTarget": record(_ECS, api="EcsParameters"),
        "eventBusName": text(
            replaces=True, default=shared.DEFAULT_BUS, api=BY_HAND, same=shared.same_bus
        ),
        "forceDestroy": flag(default=False, local=True),
        "httpTarget": record({}, refused=_NOT_EMULATED),
        "input": text(same=shared.same_json),
        "inputPath": text(),
        "inputTransformer": record(
            {"inputPaths": mapping(api="InputPathsMap"), "inputTemplate": text(required=True)}
        ),
        "kinesisTarget": record({"partitionKeyPath": text()}, api="KinesisParameters"),
        "redshiftTarget": record({}, refused=_NOT_EMULATED),
        "region": REGION,
        "retryPolicy": record(
            {
                "maximumEventAgeInSeconds": integer(low=0, high=86400),
                "maximumRetryAttempts": integer(low=0, high=185),
            }
        ),
        "roleArn": text(),
        "rule": text(required=True, replaces=True, api=BY_HAND),
        "runCommandTargets": listing(record({}), refused=_NOT_EMULATED),
        "sagemakerPipelineTarget": record({}, refused=_NOT_EMULATED),
        "sqsTarget": record({"messageGroupId": text()}, api="SqsParameters"),
        "targetId": text(replaces=True, computed=True, api="Id"),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {}

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        given = [n for n in ("input", "inputPath", "inputTransformer") if inputs.get(n)]
        if len(given) > 1:
            yield given[1], f"{given[1]} conflicts with {given[0]}"

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        self._put(call, inputs)
        bus = shared.bus_name(inputs.get("eventBusName"))
        parts = [inputs["rule"], inputs["targetId"]]
        return "-".join(parts if bus == shared.DEFAULT_BUS else [bus, *parts])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        bus, rule, name = state.get("eventBusName"), state.get("rule"), state.get("targetId")
        if not rule:
            *before, rule, name = ident.split("/")
            bus = before[0] if before else shared.DEFAULT_BUS
        client = call.client("events")
        shown = shared.found(
            lambda: client.list_targets_by_rule(
                Rule=rule, EventBusName=bus or shared.DEFAULT_BUS, Limit=100
            )
        )
        targets = shown["Targets"] if shown else []
        target = next((each for each in targets if each["Id"] == name), None)
        if target is None:
            return None
        values: Values = dict.fromkeys((*_BLOCKS, "input", "inputPath", "roleArn"))
        values |= inward(target, self.props, Style.PASCAL)
        ecs = (target.get("EcsParameters") or {}).get("NetworkConfiguration")
        if ecs:
            network = ecs["awsvpcConfiguration"]
            values["ecsTarget"]["networkConfiguration"] = {
                "assignPublicIp": network.get("AssignPublicIp") == "ENABLED",
                "securityGroups": network.get("SecurityGroups"),
                "subnets": network["Subnets"],
            }
        values |= {"eventBusName": bus or shared.DEFAULT_BUS, "rule": rule, "targetId": name}
        return Found(ident, values)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        self._put(call, new)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        client = call.client("events")
        shared.found(
            lambda: client.remove_targets(
                Rule=state["rule"],
                EventBusName=state.get("eventBusName") or shared.DEFAULT_BUS,
                Ids=[state["targetId"]],
            )
        )

    def _put(self, call: Call, inputs: Values) -> None:
        target: dict[str, Any] = outward(inputs, self.props, Style.PASCAL)
        network = (inputs.get("ecsTarget") or {}).get("networkConfiguration")
        if network:
            target["EcsParameters"]["NetworkConfiguration"] = {
                "awsvpcConfiguration": {
                    "Subnets": network["subnets"],
                    "SecurityGroups": network.get("securityGroups") or [],
                    "AssignPublicIp": "ENABLED" if network.get("assignPublicIp") else "DISABLED",
                }
            }
        answer = call.client("events").put_targets(
            Rule=inputs["rule"],
            EventBusName=inputs.get("eventBusName") or shared.DEFAULT_BUS,
            Targets=[target],
        )
        if answer.get("FailedEntryCount"):
            failed = answer["FailedEntries"][0]
            raise ProviderError(f"{failed['ErrorCode']}: {failed['ErrorMessage']}")
