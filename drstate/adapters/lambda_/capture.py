"""A Lambda function's configuration as a spec; what cannot be carried over is refused by name.

The version that the aliases name is what production runs. Where aliases name versions that differ,
a roll-out is under way and nobody can say which one is production.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.lambda_ import reading
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.lambda_.spec import (
    LATEST,
    AsyncSettings,
    EventSource,
    FileSystemMount,
    FunctionAlias,
    FunctionLogging,
    FunctionNetwork,
    ImageSettings,
    InvokePermission,
    LambdaSpec,
)

_ABSENT = "ResourceNotFoundException"
#: services whose mappings are carried; others need settings that nobody translates yet
_SOURCES = frozenset({"dynamodb", "kinesis", "sqs"})
_SETTINGS = (
    "BatchSize",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "FilterCriteria",
    "FunctionResponseTypes",
    "KMSKeyArn",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "MetricsConfig",
    "ParallelizationFactor",
    "ScalingConfig",
    "StartingPosition",
    "TumblingWindowInSeconds",
)
#: what AWS fills in where nothing was said
_DEFAULTS: dict[str, Any] = {
    "BisectBatchOnFunctionError": False,
    "MaximumBatchingWindowInSeconds": 0,
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
}
_UNSUPPORTED = {
    "CapacityProviderConfig": "a capacity provider",
    "DurableConfig": "durable execution",
    "SigningProfileVersionArn": "signed code",
    "TenancyConfig": "tenant isolation",
}
_CONDITIONS = {
    ("ArnLike", "AWS:SourceArn"): "source_arn",
    ("StringEquals", "AWS:SourceAccount"): "source_account",
    ("StringEquals", "aws:PrincipalOrgID"): "organization",
}


def capture(resource: Resource, at: At, now: datetime) -> LambdaSpec:
    """Read the function that production invokes. Raises OperationError, AwsCallError."""
    name = resource.name
    found = reading.function(at, name)
    if found is None:
        raise OperationError(
            f"{resource.key}: there is no function {name} in {resource.region}",
            why="GetFunction does not know it",
            hint="drstate discover looks again",
        )
    reserved = reading.reserved_of(found)
    if reserved == 0:
        raise OperationError(
            f"{resource.key} in {resource.region} may not run: its reserved concurrency is 0",
            why="a site in standby or retired must not overwrite the numbers of production",
            hint="the last spec stays in use; capture again when the function serves",
        )
    aliases = reading.aliases(at, name)
    raw = reading.mappings(at, name, [None, *(alias.name for alias in aliases)])
    raw = [item for item in raw if item["State"] != "Deleting"]
    _refuse_unsettled(resource, raw)
    serving = _serving(resource, at, found, aliases, raw)
    config = serving["Configuration"]
    _refuse(resource, at, config, raw)
    kept = reading.provisioned(at, name)
    return LambdaSpec(
        region=resource.region,
        captured_at=now,
        name=name,
        arn=resource.arn,
        package=config.get("PackageType", "Zip"),
        code_sha256=config["CodeSha256"],
        image=serving.get("Code", {}).get("ResolvedImageUri"),
        image_settings=_image(config),
        runtime=config.get("Runtime"),
        handler=config.get("Handler") or None,
        architectures=tuple(config.get("Architectures") or ("x86_64",)),
        description=config.get("Description") or None,
        memory_mib=config["MemorySize"],
        timeout_seconds=config["Timeout"],
        storage_mib=config.get("EphemeralStorage", {}).get("Size", 512),
        role=config["Role"],
        environment=dict(sorted(config.get("Environment", {}).get("Variables", {}).items())),
        layers=tuple(layer["Arn"] for layer in config.get("Layers") or ()),
        network=_network(config),
        dead_letter=config.get("DeadLetterConfig", {}).get("TargetArn") or None,
        kms_key=config.get("KMSKeyArn") or None,
        tracing=config.get("TracingConfig", {}).get("Mode", "PassThrough"),
        logging=_logging(config, name),
        mount=_mount(config),
        snap_start=config.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions",
        reserved=reserved,
        aliases=tuple(
            FunctionAlias(
                name=alias.name,
                version=alias.version,
                description=alias.description,
                provisioned=kept.get(alias.name, {}).get(
                    "RequestedProvisionedConcurrentExecutions"
                ),
            )
            for alias in aliases
        ),
        mappings=tuple(
            sorted(map(_mapping, raw), key=lambda one: (one.source, str(one.qualifier)))
        ),
        permissions=tuple(_permissions(resource, at, [None, *(one.name for one in aliases)])),
        asynchronous=_asynchronous(at, name),
    )


def _serving(
    resource: Resource,
    at: At,
    latest: dict[str, Any],
    aliases: tuple[reading.Alias, ...],
    raw: Iterable[dict[str, Any]],
) -> dict[str, Any]:
    """What GetFunction tells of the version that production runs."""
    if any(alias.weights for alias in aliases):
        raise _rolling_out(resource, "an alias sends a part of the invocations to a second version")
    names = {alias.version for alias in aliases}
    if any(reading.mapping_of(item).qualifier is None for item in raw):
        names.add(LATEST)
    if not names - {LATEST}:
        return latest
    seen: dict[str, dict[str, Any]] = {}
    for version in sorted(names):
        found = latest if version == LATEST else reading.function(at, resource.name, version)
        if found is not None:
            seen[version] = found
    contents = {_content(found["Configuration"]) for found in seen.values()}
    if len(contents) > 1:
        raise _rolling_out(
            resource,
            f"its aliases and mappings use {', '.join(sorted(names))}, and these are not the same",
        )
    return next(found for version, found in seen.items() if version != LATEST)


def _content(config: dict[str, Any]) -> str:
    own = {"FunctionArn", "LastModified", "RevisionId", "Version", "MasterArn", "SnapStart"}
    told = {"State", "StateReason", "StateReasonCode", "LastUpdateStatus", "Description"}
    kept = {name: value for name, value in config.items() if name not in own | told}
    kept = {
        name: value
        for name, value in kept.items()
        if not name.startswith("LastUpdateStatus") and name != "RuntimeVersionConfig"
    }
    return json.dumps(kept, sort_keys=True, default=str)


def _rolling_out(resource: Resource, why: str) -> OperationError:
    return OperationError(
        f"{resource.key}: it cannot be told which version production runs",
        why=why,
        hint="finish the roll-out, so that all aliases name one version; then capture again",
    )


def _refuse(resource: Resource, at: At, config: dict[str, Any], raw: list[dict[str, Any]]) -> None:
    wrong = [text for name, text in _UNSUPPORTED.items() if config.get(name)]
    urls = at.pages(
        "lambda", "list_function_url_configs", "FunctionUrlConfigs", FunctionName=resource.name
    )
    if any(True for _ in urls):
        wrong.append("a function URL, which is another one at the other site")
    for item in raw:
        source = item.get("EventSourceArn", "")
        service = source.split(":")[2] if source else "self-managed Kafka"
        if service not in _SOURCES:
            wrong.append(f"an event source mapping of {service}")
        if item.get("ProvisionedPollerConfig"):
            wrong.append("provisioned pollers of an event source mapping")
        if item.get("StartingPosition") == "AT_TIMESTAMP":
            wrong.append("an event source mapping that starts at a time")
    if wrong:
        raise OperationError(
            f"{resource.key} in {resource.region} has {', '.join(sorted(set(wrong)))}",
            why="these settings are not carried to the recovery site, and are never dropped "
            "silently",
            hint=f"change the function, or take the tag dr:enabled off {resource.arn}",
        )


def _refuse_unsettled(resource: Resource, raw: list[dict[str, Any]]) -> None:
    # in these states AWS does not tell whether the mapping is going to be on
    open_ = sorted(item["UUID"] for item in raw if item["State"] in ("Creating", "Updating"))
    if open_:
        raise OperationError(
            f"{resource.key}: event source mapping {', '.join(open_)} is being changed",
            why="whether production reads it cannot be told before that is done",
            hint="the last spec stays in use; capture again in a minute",
        )


def _mapping(found: dict[str, Any]) -> EventSource:
    one = reading.mapping_of(found)
    settings = {
        name: found[name]
        for name in _SETTINGS
        if found.get(name) not in (None, {}, [], "") and _DEFAULTS.get(name) != found[name]
    }
    if settings.get("DestinationConfig") in ({"OnFailure": {}}, {"OnSuccess": {}, "OnFailure": {}}):
        del settings["DestinationConfig"]
    return EventSource(
        source=one.source,
        qualifier=one.qualifier,
        enabled=one.state in reading.READS,
        settings=settings,
    )


def _permissions(
    resource: Resource, at: At, qualifiers: Iterable[str | None]
) -> Iterable[InvokePermission]:
    for qualifier in qualifiers:
        given = {"Qualifier": qualifier} if qualifier else {}
        found = at.find("lambda", "get_policy", _ABSENT, FunctionName=resource.name, **given)
        statements = json.loads(found["Policy"])["Statement"] if found else []
        for statement in sorted(statements, key=lambda one: str(one["Sid"])):
            yield _permission(resource, statement, qualifier)


def _permission(
    resource: Resource, statement: dict[str, Any], qualifier: str | None
) -> InvokePermission:
    principal = statement["Principal"]
    if isinstance(principal, dict):
        principal = principal.get("Service") or principal.get("AWS")
    conditions = {
        (operator, key): value
        for operator, pairs in statement.get("Condition", {}).items()
        for key, value in pairs.items()
    }
    unknown = sorted(f"{operator} {key}" for operator, key in set(conditions) - set(_CONDITIONS))
    if unknown or not isinstance(principal, str):
        raise OperationError(
            f"{resource.key}: statement {statement['Sid']} of its policy has "
            f"{', '.join(unknown) or 'several principals'}",
            why="this condition cannot be declared, and is never dropped silently",
            hint=f"change the statement, or take the tag dr:enabled off {resource.arn}",
        )
    return InvokePermission(
        sid=statement["Sid"],
        qualifier=qualifier,
        action=statement["Action"],
        principal=principal,
        **{_CONDITIONS[name]: value for name, value in conditions.items()},
    )


def _asynchronous(at: At, name: str) -> tuple[AsyncSettings, ...]:
    found = at.pages(
        "lambda",
        "list_function_event_invoke_configs",
        "FunctionEventInvokeConfigs",
        FunctionName=name,
    )
    made = []
    for item in found:
        qualifier = item["FunctionArn"].rpartition(":function:")[2].partition(":")[2]
        ends = item.get("DestinationConfig") or {}
        made.append(
            AsyncSettings(
                qualifier=qualifier or LATEST,
                retries=item.get("MaximumRetryAttempts", 2),
                max_age_seconds=item.get("MaximumEventAgeInSeconds"),
                on_success=ends.get("OnSuccess", {}).get("Destination"),
                on_failure=ends.get("OnFailure", {}).get("Destination"),
            )
        )
    return tuple(sorted(made, key=lambda one: one.qualifier))


def _network(config: dict[str, Any]) -> FunctionNetwork | None:
    found = config.get("VpcConfig") or {}
    if not found.get("SubnetIds"):
        return None
    return FunctionNetwork(
        subnets=tuple(sorted(found["SubnetIds"])),
        security_groups=tuple(sorted(found.get("SecurityGroupIds") or ())),
        ipv6=bool(found.get("Ipv6AllowedForDualStack")),
    )


def _logging(config: dict[str, Any], name: str) -> FunctionLogging:
    found = config.get("LoggingConfig") or {}
    group = found.get("LogGroup")
    return FunctionLogging(
        format=found.get("LogFormat", "Text"),
        application_level=found.get("ApplicationLogLevel"),
        system_level=found.get("SystemLogLevel"),
        group=None if group == f"/aws/lambda/{name}" else group,
    )


def _mount(config: dict[str, Any]) -> FileSystemMount | None:
    found = config.get("FileSystemConfigs")
    if not found:
        return None
    return FileSystemMount(access_point=found[0]["Arn"], path=found[0]["LocalMountPath"])


def _image(config: dict[str, Any]) -> ImageSettings | None:
    found = config.get("ImageConfigResponse", {}).get("ImageConfig") or {}
    made = ImageSettings(
        commands=tuple(found.get("Command") or ()),
        entry_points=tuple(found.get("EntryPoint") or ()),
        working_directory=found.get("WorkingDirectory") or None,
    )
    return None if made == ImageSettings() else made
