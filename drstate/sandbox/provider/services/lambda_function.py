"""aws:lambda/function:Function: a function from a bucket or an image. Its id is its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward
from drstate.sandbox.provider.problems import ProviderError, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_INTEGER,
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    listing,
    mapping,
    number,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import lambda_shared as shared
from drstate.sandbox.provider.wire import Values

_NOT_EMULATED = "the emulated Lambda does not have it; use the real provider"
_MANAGED = {
    "lambdaManagedInstancesCapacityProviderConfig": record(
        {
            "capacityProviderArn": text(required=True),
            "executionEnvironmentMemoryGibPerVcpu": number(),
            "perExecutionEnvironmentMaxConcurrency": integer(),
        },
        required=True,
    )
}
#: what UpdateFunctionCode changes
_CODE = frozenset(
    {
        "architectures",
        "codeSha256",
        "imageUri",
        "s3Bucket",
        "s3Key",
        "s3ObjectVersion",
        "sourceCodeHash",
    }
)
#: what is neither code nor configuration
_APART = frozenset({"codeSigningConfigArn", "publish", "reservedConcurrentExecutions", "tags"})
#: settings that UpdateFunctionConfiguration clears by an empty value
_EMPTY: Mapping[str, tuple[str, Any]] = {
    "deadLetterConfig": ("DeadLetterConfig", {"TargetArn": ""}),
    "description": ("Description", ""),
    "environment": ("Environment", {"Variables": {}}),
    "fileSystemConfig": ("FileSystemConfigs", []),
    "imageConfig": ("ImageConfig", {}),
    "kmsKeyArn": ("KMSKeyArn", ""),
    "layers": ("Layers", []),
    "snapStart": ("SnapStart", {"ApplyOn": "None"}),
    "vpcConfig": ("VpcConfig", {"SubnetIds": [], "SecurityGroupIds": []}),
}
_PUBLISHED = ("lastModified", "qualifiedArn", "qualifiedInvokeArn", "version")


class Function(ResourceType):
    """A function from a bucket or an image."""

    urn_type = "aws:lambda/function:Function"
    title = "Lambda Function"
    name_property = "name"
    autoname = True
    timeouts = Timeouts(create=600.0, update=600.0, delete=600.0)
    stable = ("arn", "invokeArn")
    props: ClassVar[Mapping[str, Prop]] = {
        "architectures": listing(computed=True),
        "capacityProviderConfig": record(_MANAGED, refused=_NOT_EMULATED),
        "code": text(refused="a package is declared by its bucket and key, or as an image"),
        "codeSha256": text(computed=True, api=BY_HAND),
        "codeSigningConfigArn": text(refused=_NOT_EMULATED),
        "deadLetterConfig": record({"targetArn": text(required=True)}),
        "description": text(),
        "durableConfig": record(
            {"executionTimeout": integer(required=True), "retentionPeriod": integer()},
            refused=_NOT_EMULATED,
        ),
        "environment": record({"variables": mapping()}),
        "ephemeralStorage": record({"size": integer(computed=True)}, computed=True),
        "fileSystemConfig": record(
            {"arn": text(required=True), "localMountPath": text(required=True)}, api=BY_HAND
        ),
        "handler": text(),
        "imageConfig": record(
            {"commands": listing(), "entryPoints": listing(), "workingDirectory": text()},
            api=BY_HAND,
        ),
        "imageUri": text(api=BY_HAND),
        "kmsKeyArn": text(api="KMSKeyArn"),
        "layers": listing(api=BY_HAND),
        "loggingConfig": record(
            {
                "applicationLogLevel": text(),
                "logFormat": text(required=True, choices=("JSON", "Text")),
                "logGroup": text(computed=True),
                "systemLogLevel": text(),
            },
            computed=True,
        ),
        "memorySize": integer(default=128),
        "name": text(replaces=True, computed=True, api="FunctionName"),
        "packageType": text(default="Zip", replaces=True, choices=("Image", "Zip")),
        "publish": flag(default=False, local=True),
        "publishTo": text(refused=_NOT_EMULATED),
        "region": REGION,
        "replaceSecurityGroupsOnDestroy": flag(local=True),
        "replacementSecurityGroupIds": unordered(local=True),
        "reservedConcurrentExecutions": integer(default=-1, api=BY_HAND),
        "role": text(required=True),
        "runtime": text(),
        "s3Bucket": text(local=True),
        "s3Key": text(local=True),
        "s3ObjectVersion": text(local=True),
        "skipDestroy": flag(default=False, local=True),
        "snapStart": record(
            {
                "applyOn": text(required=True, choices=("PublishedVersions", "None")),
                "optimizationStatus": text(computed=True, api=BY_HAND),
            }
        ),
        "sourceCodeHash": text(computed=True, local=True),
        "sourceKmsKeyArn": text(local=True),
        "tags": TAGS,
        "tenancyConfig": record(
            {"tenantIsolationMode": text(required=True)}, refused=_NOT_EMULATED
        ),
        "timeout": integer(default=3, low=1, high=900),
        "tracingConfig": record({"mode": text(required=True)}, computed=True),
        "useResourceTimeoutForPropagation": flag(local=True),
        "vpcConfig": record(
            {
                "ipv6AllowedForDualStack": flag(default=False),
                "securityGroupIds": unordered(required=True),
                "subnetIds": unordered(required=True),
                "vpcId": text(computed=True, api=BY_HAND),
            }
        ),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "invokeArn": OUT_TEXT,
        "lastModified": OUT_TEXT,
        "qualifiedArn": OUT_TEXT,
        "qualifiedInvokeArn": OUT_TEXT,
        "responseStreamingInvokeArn": OUT_TEXT,
        "signingJobArn": OUT_TEXT,
        "signingProfileVersionArn": OUT_TEXT,
        "sourceCodeSize": OUT_INTEGER,
        "tagsAll": OUT_TAGS,
        "version": OUT_TEXT,
    }
    # every change of code or configuration publishes, where that is asked for
    moved_by: ClassVar[Mapping[str, tuple[str, ...]]] = {
        name: (*_PUBLISHED, *(("codeSha256", "sourceCodeSize") if name in _CODE else ()))
        for name in props
        if name not in _APART
    }

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        if inputs.get("packageType") == "Image":
            if not inputs.get("imageUri"):
                yield "imageUri", "image_uri must be set when PackageType is Image"
            return
        for needed in ("handler", "runtime"):
            if not inputs.get(needed):
                yield needed, f"{needed} must be set when PackageType is Zip"
        if not (inputs.get("s3Bucket") and inputs.get("s3Key")):
            yield "s3Bucket", "one of filename, image_uri or s3_bucket with s3_key must be set"

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        client, name = call.client("lambda"), str(inputs["name"])
        request = outward(inputs, self.props, Style.PASCAL) | _by_hand(inputs)
        request["Code"] = _code(inputs)
        if inputs.get("publish"):
            request["Publish"] = True
        if tags:
            request["Tags"] = dict(tags)
        client.create_function(**request)
        with made(name):
            self._settled(call, name)
            if inputs.get("reservedConcurrentExecutions", -1) >= 0:
                self._reserve(call, name, inputs)
        return name

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        client = call.client("lambda")
        shown = shared.found(lambda: client.get_function(FunctionName=ident))
        if shown is None:
            return None
        config = shown["Configuration"]
        values: Values = dict.fromkeys((*_EMPTY, "handler", "runtime", "imageUri"))
        values |= inward(config, self.props, Style.PASCAL)
        values |= _seen_by_hand(config)
        code = shown.get("Code", {})
        if code.get("ImageUri"):
            values["imageUri"] = code["ImageUri"]
        values["reservedConcurrentExecutions"] = shown.get("Concurrency", {}).get(
            "ReservedConcurrentExecutions", -1
        )
        arn = config["FunctionArn"]
        version = shared.latest_version(client, ident)
        invoke = f"arn:{call.partition}:apigateway:{call.region}:lambda:path/2015-03-31/functions/"
        values |= {
            "arn": arn,
            "codeSha256": config["CodeSha256"],
            "invokeArn": f"{invoke}{arn}/invocations",
            "qualifiedArn": f"{arn}:{version}",
            "qualifiedInvokeArn": f"{invoke}{arn}:{version}/invocations",
            "responseStreamingInvokeArn": f"{invoke}{arn}/response-streaming-invocations",
            "lastModified": config["LastModified"],
            "signingJobArn": config.get("SigningJobArn", ""),
            "signingProfileVersionArn": config.get("SigningProfileVersionArn", ""),
            "sourceCodeSize": config["CodeSize"],
            "version": version,
        }
        return Found(ident, values, shown.get("Tags") or {})

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        client = call.client("lambda")
        settings = changed - _CODE - _APART
        request = outward(new, self.props, Style.PASCAL, settings)
        request |= _by_hand({name: new.get(name) for name in settings})
        for name, (member, empty) in _EMPTY.items():
            if name in settings and new.get(name) in (None, "", [], {}):
                request[member] = empty
        if request:
            client.update_function_configuration(FunctionName=ident, **request)
            self._settled(call, ident)
        if changed & _CODE:
            extra = {"Architectures": new["architectures"]} if new.get("architectures") else {}
            client.update_function_code(FunctionName=ident, **_code(new), **extra)
            self._settled(call, ident)
        if "reservedConcurrentExecutions" in changed:
            self._reserve(call, ident, new)
        if new.get("publish") and (request or changed & _CODE or "publish" in changed):
            client.publish_version(FunctionName=ident)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        if not state.get("skipDestroy"):
            shared.found(lambda: call.client("lambda").delete_function(FunctionName=ident))

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        client = call.client("lambda")
        if drop:
            client.untag_resource(Resource=state["arn"], TagKeys=drop)
        if put:
            client.tag_resource(Resource=state["arn"], Tags=dict(put))

    def _reserve(self, call: Call, name: str, inputs: Values) -> None:
        client, wanted = call.client("lambda"), inputs.get("reservedConcurrentExecutions", -1)
        if wanted is None or wanted < 0:
            client.delete_function_concurrency(FunctionName=name)
        else:
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=wanted)

    def _settled(self, call: Call, name: str) -> None:
        client = call.client("lambda")

        def settled() -> bool | None:
            config = client.get_function_configuration(FunctionName=name)
            state, update = config["State"], config.get("LastUpdateStatus")
            if "Failed" in (state, update):
                reason = config.get("StateReason") or config.get("LastUpdateStatusReason") or state
                raise ProviderError(f"Lambda Function ({name}) failed: {reason}")
            return True if state != "Pending" and update != "InProgress" else None

        call.waiter.until(f"{self.title} ({name}) to settle", call.limit, settled)


def _code(inputs: Values) -> dict[str, Any]:
    if inputs.get("imageUri"):
        return {"ImageUri": inputs["imageUri"]}
    code = {"S3Bucket": inputs["s3Bucket"], "S3Key": inputs["s3Key"]}
    if inputs.get("s3ObjectVersion"):
        code["S3ObjectVersion"] = inputs["s3ObjectVersion"]
    return code


def _by_hand(inputs: Values) -> dict[str, Any]:
    request: dict[str, Any] = {}
    if inputs.get("layers"):
        request["Layers"] = inputs["layers"]
    if inputs.get("fileSystemConfig"):
        given = inputs["fileSystemConfig"]
        request["FileSystemConfigs"] = [
            {"Arn": given["arn"], "LocalMountPath": given["localMountPath"]}
        ]
    if inputs.get("imageConfig"):
        given = inputs["imageConfig"]
        names = {
            "commands": "Command",
            "entryPoints": "EntryPoint",
            "workingDirectory": "WorkingDirectory",
        }
        request["ImageConfig"] = {
            member: given[name] for name, member in names.items() if given.get(name)
        }
    return request


def _seen_by_hand(config: Mapping[str, Any]) -> Values:
    values: Values = {"layers": [layer["Arn"] for layer in config.get("Layers") or ()] or None}
    systems = config.get("FileSystemConfigs")
    if systems:
        values["fileSystemConfig"] = {
            "arn": systems[0]["Arn"],
            "localMountPath": systems[0]["LocalMountPath"],
        }
    image = config.get("ImageConfigResponse", {}).get("ImageConfig") or {}
    seen = {
        "commands": image.get("Command") or None,
        "entryPoints": image.get("EntryPoint") or None,
        "workingDirectory": image.get("WorkingDirectory"),
    }
    if any(seen.values()):
        values["imageConfig"] = {name: value for name, value in seen.items() if value}
    if config.get("VpcConfig", {}).get("VpcId"):
        network = config["VpcConfig"]
        values["vpcConfig"] = {
            "ipv6AllowedForDualStack": network.get("Ipv6AllowedForDualStack", False),
            "securityGroupIds": network["SecurityGroupIds"],
            "subnetIds": network["SubnetIds"],
            "vpcId": network["VpcId"],
        }
    else:
        values["vpcConfig"] = None
    snap = config.get("SnapStart", {})
    if snap.get("ApplyOn", "None") == "None":
        values["snapStart"] = None
    else:
        values["snapStart"] = {
            "applyOn": snap["ApplyOn"],
            "optimizationStatus": snap.get("OptimizationStatus", "Off"),
        }
    if not config.get("Environment", {}).get("Variables"):
        values["environment"] = None
    return values
