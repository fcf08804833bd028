"""aws:ecs/taskDefinition:TaskDefinition: one revision of a family. A changed one is a new one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward
from drstate.sandbox.provider.problems import code_of
from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import (
    OUT_INTEGER,
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    mapping,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import ecs_containers as containers
from drstate.sandbox.provider.services import ecs_shared as ecs
from drstate.sandbox.provider.wire import Values

_EFS: dict[str, Prop] = {
    "authorizationConfig": record(
        {"accessPointId": text(), "iam": text(choices=("DISABLED", "ENABLED"))}
    ),
    "fileSystemId": text(required=True),
    "rootDirectory": text(default="/"),
    "transitEncryption": text(choices=("DISABLED", "ENABLED")),
    "transitEncryptionPort": integer(low=0, high=65535, default=0),
}
_VOLUME: dict[str, Prop] = {
    "configureAtLaunch": flag(api="configuredAtLaunch"),
    "dockerVolumeConfiguration": record(
        {
            "autoprovision": flag(default=False),
            "driver": text(),
            "driverOpts": mapping(),
            "labels": mapping(),
            "scope": text(computed=True, choices=("shared", "task")),
        }
    ),
    "efsVolumeConfiguration": record(_EFS),
    "fsxWindowsFileServerVolumeConfiguration": record(
        {
            "authorizationConfig": record(
                {"credentialsParameter": text(required=True), "domain": text(required=True)},
                required=True,
            ),
            "fileSystemId": text(required=True),
            "rootDirectory": text(required=True),
        }
    ),
    "hostPath": text(api=BY_HAND),
    "name": text(required=True),
    "s3filesVolumeConfiguration": record({}, refused="the emulated ECS has no S3 file volumes"),
}


class TaskDefinition(ResourceType):
    """One revision of a family. A changed one is a new one."""

    urn_type = "aws:ecs/taskDefinition:TaskDefinition"
    title = "ECS Task Definition"
    stable = ()
    props: ClassVar[Mapping[str, Prop]] = {
        "containerDefinitions": text(
            required=True, replaces=True, same=containers.same_documents, api=BY_HAND
        ),
        "cpu": text(replaces=True),
        "enableFaultInjection": flag(replaces=True, computed=True),
        "ephemeralStorage": record(
            {"sizeInGib": integer(required=True, api="sizeInGiB", low=21, high=200)}, replaces=True
        ),
        "executionRoleArn": text(replaces=True),
        "family": text(required=True, replaces=True),
        "ipcMode": text(replaces=True, choices=("host", "none", "task")),
        "memory": text(replaces=True),
        "networkMode": text(
            replaces=True, computed=True, choices=("awsvpc", "bridge", "host", "none")
        ),
        "pidMode": text(replaces=True, choices=("host", "task")),
        "placementConstraints": unordered(
            record({"expression": text(), "type": text(required=True, choices=("memberOf",))}),
            replaces=True,
        ),
        "proxyConfiguration": record(
            {
                "containerName": text(required=True),
                "properties": mapping(),
                "type": text(default="APPMESH", choices=("APPMESH",)),
            },
            replaces=True,
            api=BY_HAND,
        ),
        "region": REGION,
        "requiresCompatibilities": unordered(
            text(choices=("EC2", "EXTERNAL", "FARGATE", "MANAGED_INSTANCES")), replaces=True
        ),
        "runtimePlatform": record(
            {"cpuArchitecture": text(), "operatingSystemFamily": text()}, replaces=True
        ),
        "skipDestroy": flag(local=True, default=False),
        "tags": TAGS,
        "taskRoleArn": text(replaces=True),
        "trackLatest": flag(local=True, default=False),
        "volumes": unordered(record(_VOLUME), replaces=True, api=BY_HAND),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "arnWithoutRevision": OUT_TEXT,
        "revision": OUT_INTEGER,
        "tagsAll": OUT_TAGS,
    }

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        try:
            containers.parse(inputs["containerDefinitions"])
        except ValueError as error:
            yield "containerDefinitions", f"'containerDefinitions': {error}"

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request = outward(inputs, self.props, Style.CAMEL)
        request["containerDefinitions"] = containers.parse(inputs["containerDefinitions"])
        if inputs.get("proxyConfiguration"):
            request["proxyConfiguration"] = _proxy_out(inputs["proxyConfiguration"])
        if inputs.get("volumes"):
            request["volumes"] = [_volume_out(each) for each in inputs["volumes"]]
        if tags:
            request["tags"] = ecs.tag_pairs(tags)
        made = call.client("ecs").register_task_definition(**request)["taskDefinition"]
        return str(made["taskDefinitionArn"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        wanted = state.get("arn") or ident
        if state.get("trackLatest") and state.get("family"):
            wanted = state["family"]
        try:
            answer = call.client("ecs").describe_task_definition(
                taskDefinition=wanted, include=["TAGS"]
            )
        except ClientError as error:
            if code_of(error) == "ClientException" and "Unable to describe" in str(error):
                return None
            raise
        shown = answer["taskDefinition"]
        if shown.get("status", "ACTIVE") != "ACTIVE":
            return None
        values = inward(shown, self.props, Style.CAMEL)
        arn = shown["taskDefinitionArn"]
        values["arn"] = arn
        values["arnWithoutRevision"] = arn.rsplit(":", maxsplit=1)[0]
        values["revision"] = shown["revision"]
        values["containerDefinitions"] = json.dumps(
            shown["containerDefinitions"], separators=(",", ":"), sort_keys=True
        )
        values["volumes"] = [_volume_in(each) for each in shown.get("volumes") or ()]
        if shown.get("proxyConfiguration"):
            values["proxyConfiguration"] = _proxy_in(shown["proxyConfiguration"])
        # The engine's id is the family; the first id after a creation is the ARN, to read by.
        return Found(shown["family"], values, ecs.tags(answer.get("tags")))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        """Only skipDestroy and trackLatest change in place, and AWS knows nothing of them."""

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        if state.get("skipDestroy"):
            return
        try:
            call.client("ecs").deregister_task_definition(taskDefinition=state["arn"])
        except ClientError as error:
            if code_of(error) not in ("ClientException", "InvalidParameterException"):
                raise
            # A revision that is inactive or unknown is as good as deregistered.
            if "not" not in str(error) and "inactive" not in str(error).lower():
                raise

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        ecs.retag(call, state["arn"], put, drop)


def _proxy_out(proxy: Values) -> dict[str, Any]:
    pairs = [{"name": k, "value": v} for k, v in sorted((proxy.get("properties") or {}).items())]
    return {"type": proxy["type"], "containerName": proxy["containerName"], "properties": pairs}


def _proxy_in(shown: Mapping[str, Any]) -> Values:
    pairs = shown.get("properties") or ()
    return {
        "type": shown.get("type", "APPMESH"),
        "containerName": shown["containerName"],
        "properties": {pair["name"]: pair["value"] for pair in pairs},
    }


def _volume_out(volume: Values) -> dict[str, Any]:
    request = outward(volume, _VOLUME, Style.CAMEL)
    if volume.get("hostPath"):
        request["host"] = {"sourcePath": volume["hostPath"]}
    return request


def _volume_in(shown: Mapping[str, Any]) -> Values:
    values = inward(shown, _VOLUME, Style.CAMEL)
    source = (shown.get("host") or {}).get("sourcePath")
    if source:
        values["hostPath"] = source
    return values
