"""A function from its spec: versions, aliases, mappings and permissions under their own names.

Nobody has its code, so a package is made up that stands for it: it has the captured digest, at both
sites, and answers that it was rehearsed. Only Python is run in a sandbox; other code is there and
refuses to be invoked.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.model.translation import Translation, split_image
from drstate.programs.lambda_.spec import (
    LATEST,
    AsyncSettings,
    EventSource,
    InvokePermission,
    LambdaSpec,
)
from drstate.programs.lambda_.values import ANY, CodeArtifact, artifact_of
from drstate.sandbox.aws import correct
from drstate.sandbox.estates.captured.named import by_arn
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured

#: seconds since 1970: when settings that tell it were made
_MADE_AT = 1767225600.0
_REGISTRY = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>.+)"
)
_VERSION = re.compile(r"[1-9]\d{0,9}")
_MANIFEST = '{"schemaVersion": 2}'
_ANSWER = '''"""Stands for code that only its account has."""


def {function}(event, context):
    return {{"rehearsed": True, "done": False}}
'''
_CONDITIONS = {
    "source_arn": ("ArnLike", "AWS:SourceArn"),
    "source_account": ("StringEquals", "AWS:SourceAccount"),
    "organization": ("StringEquals", "aws:PrincipalOrgID"),
}


def build(site: Captured, entry: CatalogEntry) -> None:
    """The function in the serving region, and its package at the other site."""
    correct("lambda")
    from moto.awslambda.models import lambda_backends  # noqa: PLC0415 - after its correction

    spec = LambdaSpec.model_validate(entry.spec)
    account, region = entry.resource.account, spec.region
    _refuse(entry, spec)
    _ground(site, spec, account)
    _images(site, spec, account)
    backend: Any = lambda_backends[account][region]
    site.ids.named(account, region, "function", spec.name)
    function = backend.create_function(
        {
            "FunctionName": spec.name,
            "Role": spec.role,
            "PackageType": spec.package,
            "Architectures": list(spec.architectures),
            "MemorySize": spec.memory_mib,
            "Timeout": spec.timeout_seconds,
            "EphemeralStorage": {"Size": spec.storage_mib},
            "TracingConfig": {"Mode": spec.tracing},
            "LoggingConfig": _logging(spec),
            "SnapStart": {"ApplyOn": "PublishedVersions" if spec.snap_start else "None"},
            "Tags": site.tags(entry),
            **_code(spec),
            **_settings(spec),
        }
    )
    function.state = "Active"
    _versions(backend, spec, function)
    for alias in spec.aliases:
        backend.create_alias(alias.name, spec.name, alias.version, alias.description or "", "")
        if alias.provisioned:
            function.provisioned[alias.name] = {"Requested": alias.provisioned, "Status": "READY"}
    # as it is: how much may be reserved is the account's quota, which no spec tells
    function.reserved_concurrency = spec.reserved
    function.policy.statements += [_statement(spec, one) for one in spec.permissions]
    for settings in spec.asynchronous:
        function.invoke_configs[settings.qualifier] = _asynchronous(settings)
    for mapping in spec.mappings:
        _mapping(site, backend, spec, mapping, account)
    _package_elsewhere(site, spec, account)


def package_of(handler: str | None, digest: str) -> bytes:
    """A package with a handler of this name (``folder/module.function``) that has the digest."""
    # after the correction of its service
    from drstate.sandbox.aws.function_packages import package  # noqa: PLC0415

    path, _, function = (handler or "index.handler").rpartition(".")
    usable = function.isidentifier() and bool(path)
    module, name = (path, function) if usable else ("index", "handler")
    return package({f"{module.replace('.', '/')}.py": _ANSWER.format(function=name)}, digest)


def _ground(site: Captured, spec: LambdaSpec, account: str) -> None:
    site.role(spec.role)
    network = spec.network
    for subnet in network.subnets if network else ():
        site.subnet(account, spec.region, subnet)
    for group in network.security_groups if network else ():
        site.security_group(account, spec.region, group)
    if spec.kms_key:
        site.kms_key(spec.kms_key)
    for layer in spec.layers:
        site.have(SiteMapTable.LAYERS, layer, layer.split(":")[4], spec.region)
    if spec.mount:
        site.have(SiteMapTable.ACCESS_POINTS, spec.mount.access_point, account, spec.region)
    if spec.logging.group:
        site.have(SiteMapTable.LOG_GROUPS, spec.logging.group, account, spec.region)
    ends = [end for one in spec.asynchronous for end in (one.on_success, one.on_failure)]
    failed = [
        one.settings.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        for one in spec.mappings
    ]
    sources = [one.source for one in spec.mappings]
    for arn in (spec.dead_letter, *ends, *failed, *sources):
        if arn:
            by_arn(site, arn)


def _code(spec: LambdaSpec) -> dict[str, Any]:
    if spec.package == "Zip":
        content = package_of(spec.handler, spec.code_sha256)
        return {
            "Code": {"ZipFile": base64.b64encode(content).decode()},
            "Runtime": spec.runtime,
            "Handler": spec.handler,
        }
    image = spec.image_settings
    config = {
        "Command": list(image.commands) if image else [],
        "EntryPoint": list(image.entry_points) if image else [],
        "WorkingDirectory": (image.working_directory if image else None) or "",
    }
    return {
        "Code": {"ImageUri": spec.image},
        "ImageConfig": {name: value for name, value in config.items() if value},
    }


def _images(site: Captured, spec: LambdaSpec, account: str) -> None:
    """The image, with its digest, in its repository and in the counterpart of that."""
    from moto.ecr.models import Image, ecr_backends  # noqa: PLC0415 - few scopes have one

    if spec.image is None:
        return
    elsewhere = Translation(site.scope.site_map.get(site.other, {}), site.serving, site.other)
    for reference in filter(None, (spec.image, elsewhere.image(spec.image))):
        repository, digest = split_image(reference)
        said = _REGISTRY.fullmatch(repository)
        if said is None or not digest.startswith("@"):
            continue
        site.have(SiteMapTable.IMAGES, repository, account, said["region"])
        held: Any = ecr_backends[said["account"]][said["region"]].repositories[said["name"]]
        if all(one.get_image_digest() != digest[1:] for one in held.images):
            image = Image(said["account"], None, _MANIFEST, said["name"], digest=digest[1:])
            image.image_tags = []
            held.images.append(image)


def _settings(spec: LambdaSpec) -> dict[str, Any]:
    """What is said only where there is something to say."""
    made: dict[str, Any] = {}
    if spec.description:
        made["Description"] = spec.description
    if spec.environment:
        made["Environment"] = {"Variables": dict(spec.environment)}
    if spec.layers:
        made["Layers"] = list(spec.layers)
    if spec.kms_key:
        made["KMSKeyArn"] = spec.kms_key
    if spec.dead_letter:
        made["DeadLetterConfig"] = {"TargetArn": spec.dead_letter}
    if spec.mount:
        made["FileSystemConfigs"] = [
            {"Arn": spec.mount.access_point, "LocalMountPath": spec.mount.path}
        ]
    if spec.network:
        made["VpcConfig"] = {
            "SubnetIds": list(spec.network.subnets),
            "SecurityGroupIds": list(spec.network.security_groups),
            "Ipv6AllowedForDualStack": spec.network.ipv6,
        }
    return made


def _logging(spec: LambdaSpec) -> dict[str, Any]:
    given = spec.logging
    made = {
        "LogFormat": given.format,
        "ApplicationLogLevel": given.application_level,
        "SystemLogLevel": given.system_level,
        "LogGroup": given.group or f"/aws/lambda/{spec.name}",
    }
    return {name: value for name, value in made.items() if value}


def _refuse(entry: CatalogEntry, spec: LambdaSpec) -> None:
    """What would not be a function of AWS's, and what nothing can be made up for."""
    if spec.package == "Image" and spec.image is None:
        raise cannot(entry.key, "image", "the spec says package Image, and names none")
    for alias in spec.aliases:
        if alias.version != LATEST and not _VERSION.fullmatch(alias.version):
            why = f"{alias.version!r}, of alias {alias.name}, is no number of a version"
            raise cannot(entry.key, "aliases", why)


def _versions(backend: Any, spec: LambdaSpec, function: Any) -> None:
    """The versions that aliases name, with their own numbers: older ones are nobody's any more."""
    numbers = {one.version for one in spec.aliases if one.version != LATEST}
    for number in sorted(numbers, key=int):
        # what is published has to differ from the last one, by moto's count
        function.code_or_config_updated = True
        published = backend.publish_version(spec.name)
        backend._lambdas._arns.pop(published.function_arn, None)  # noqa: SLF001 - no other way
        published.function_arn = f"{function.function_arn}:{number}"
        published.version = int(number)
        published.state = "Active"
        backend._lambdas._arns[published.function_arn] = published  # noqa: SLF001 - the same
    function.code_or_config_updated = False


def _statement(spec: LambdaSpec, given: InvokePermission) -> dict[str, Any]:
    principal: Any = {"AWS": given.principal}
    if given.principal.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        principal = {"Service": given.principal}
    elif given.principal == "*":
        principal = "*"
    made: dict[str, Any] = {
        "Sid": given.sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": given.action,
        "Resource": f"{spec.arn}:{given.qualifier}" if given.qualifier else spec.arn,
    }
    for field, (operator, key) in _CONDITIONS.items():
        value = getattr(given, field)
        if value is not None:
            made.setdefault("Condition", {}).setdefault(operator, {})[key] = value
    return made


def _asynchronous(given: AsyncSettings) -> dict[str, Any]:
    ends = {"OnSuccess": given.on_success, "OnFailure": given.on_failure}
    made: dict[str, Any] = {
        "LastModified": _MADE_AT,
        "MaximumRetryAttempts": given.retries,
        "DestinationConfig": {
            name: {"Destination": end} if end else {} for name, end in ends.items()
        },
    }
    if given.max_age_seconds is not None:
        made["MaximumEventAgeInSeconds"] = given.max_age_seconds
    return made


def _mapping(
    site: Captured, backend: Any, spec: LambdaSpec, given: EventSource, account: str
) -> None:
    invoked = f"{spec.name}:{given.qualifier}" if given.qualifier else spec.name
    site.ids.named(account, spec.region, "mapping", invoked, given.source)
    made = backend.create_event_source_mapping(
        {
            **given.settings,
            "EventSourceArn": given.source,
            "FunctionName": invoked,
            "Enabled": given.enabled,
            "Tags": site.own_tags(),
        }
    )
    made.state_now = "Enabled" if given.enabled else "Disabled"


def _package_elsewhere(site: Captured, spec: LambdaSpec, account: str) -> None:
    """What the scope file says is the function's code at the other site, with its digest."""
    table = site.scope.site_map.get(site.other, {}).get(SiteMapTable.CODE_ARTIFACTS, {})
    text = table.get(spec.name) or table.get(ANY)
    artifact = artifact_of(text, spec) if text and spec.package == "Zip" else None
    if artifact is not None and text is not None:
        # asked for here, so that the landing zone does not put another package in its place
        site.have(SiteMapTable.CODE_ARTIFACTS, text, account, site.other)
        put_package(site, artifact, package_of(spec.handler, spec.code_sha256), account)


def put_package(site: Captured, artifact: CodeArtifact, content: bytes, account: str) -> None:
    """A package in a bucket of the other site, as the version that is named."""
    from moto.s3.models import s3_backends  # noqa: PLC0415 - only this piece needs it

    site.have(SiteMapTable.BUCKETS, artifact.bucket, account, site.other)
    backend: Any = s3_backends[account]["aws"]
    key = backend.put_object(artifact.bucket, artifact.key, content)
    if artifact.version:
        backend.put_bucket_versioning(artifact.bucket, "Enabled")
        key._version_id = artifact.version  # noqa: SLF001 - drawn by moto otherwise
