"""A function's values at a site: its code artifact there, and every identifier translated.

AWS does not tell from which bucket a function's code came, so the scope file says where the code
lies at the recovery site: ``site_map.<region>.code_artifacts``, by the function's name, or by ``*``
for all. ``{function}`` and ``{sha256}`` (hexadecimal) in it are filled in.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

from drstate.model.scope import SiteMapTable
from drstate.programs.arns import arn_here
from drstate.programs.lambda_.spec import LATEST, AsyncSettings, LambdaSpec
from drstate.programs.translator import Translator

_S3 = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>[^?]+)(?:\?versionId=(?P<version>.+))?")
#: the key of the site map's table that holds for every function
ANY = "*"


@dataclass(frozen=True)
class CodeArtifact:
    """A package in a bucket."""

    bucket: str
    key: str
    version: str | None = None

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class LambdaValues:
    """What the declaration needs besides the spec."""

    artifact: CodeArtifact | None
    image: str | None
    role: str
    environment: dict[str, str]
    layers: tuple[str, ...]
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    dead_letter: str | None
    kms_key: str | None
    log_group: str | None
    access_point: str | None
    #: in the order of the spec's mappings
    sources: tuple[str, ...]
    #: their settings, in the same order
    settings: tuple[dict[str, Any], ...]
    #: in the order of the spec's permissions
    permission_sources: tuple[str | None, ...]
    asynchronous: tuple[AsyncSettings, ...]


def lambda_values(spec: LambdaSpec, translator: Translator) -> LambdaValues:
    """Translate; missing mappings are collected in ``translator.problems``."""
    network = spec.network
    text = translator.text
    return LambdaValues(
        artifact=_artifact(spec, translator) if spec.package == "Zip" else None,
        image=translator.image(spec.image, "container image") if spec.image else None,
        role=translator.optional(SiteMapTable.ROLES, spec.role),
        environment={name: text(value) for name, value in spec.environment.items()},
        layers=tuple(
            translator.arn(SiteMapTable.LAYERS, layer, "layer version") for layer in spec.layers
        ),
        subnets=translator.subnets(network.subnets if network else ()),
        security_groups=translator.security_groups(network.security_groups if network else ()),
        dead_letter=_arn(translator, spec.dead_letter, "dead-letter target"),
        kms_key=_arn(translator, spec.kms_key, "KMS key"),
        log_group=translator.optional(SiteMapTable.LOG_GROUPS, spec.logging.group)
        if spec.logging.group
        else None,
        access_point=translator.required(
            SiteMapTable.ACCESS_POINTS, spec.mount.access_point, "EFS access point"
        )
        if spec.mount
        else None,
        sources=tuple(
            arn_here(translator, mapping.source, "event source") for mapping in spec.mappings
        ),
        settings=tuple(_settings(mapping.settings, translator) for mapping in spec.mappings),
        permission_sources=tuple(
            _arn(translator, permission.source_arn, "source of a permission")
            for permission in spec.permissions
        ),
        asynchronous=tuple(
            settings.model_copy(
                update={
                    "on_success": _arn(translator, settings.on_success, "destination"),
                    "on_failure": _arn(translator, settings.on_failure, "destination"),
                }
            )
            for settings in spec.asynchronous
        ),
    )


def artifact_of(text: str, spec: LambdaSpec) -> CodeArtifact | None:
    """The artifact that a site map's entry names; None where it cannot be read."""
    found = _S3.fullmatch(_filled(text, spec))
    if found is None:
        return None
    return CodeArtifact(found["bucket"], found["key"], found["version"])


def qualifier_of(qualifier: str | None) -> str | None:
    """A qualifier as the declaration wants it: None for the function itself."""
    return None if qualifier in (None, LATEST) else qualifier


def _artifact(spec: LambdaSpec, translator: Translator) -> CodeArtifact | None:
    table = SiteMapTable.CODE_ARTIFACTS
    named = translator.translation.find(table, spec.name)
    text = named or translator.translation.find(table, ANY)
    if translator.translation.identity:
        return None
    if text is None:
        translator.required(table, spec.name, "code artifact of function")
        return None
    found = artifact_of(text, spec)
    if found is None:
        field = f"site_map.{translator.region}.{table}"
        translator.problems.append(
            translator.problem(
                field,
                f"{field}[{spec.name if named else ANY!r}] is {text!r}, which is no artifact",
                "Write it as s3://bucket/key or s3://bucket/key?versionId=... in "
                f"{translator.scope_file}.",
            )
        )
    return found


def _settings(given: dict[str, Any], translator: Translator) -> dict[str, Any]:
    here = dict(given)
    failure = given.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    if failure:
        target = arn_here(translator, failure, "destination of failed batches")
        here["DestinationConfig"] = {"OnFailure": {"Destination": target}}
    if given.get("KMSKeyArn"):
        here["KMSKeyArn"] = arn_here(translator, given["KMSKeyArn"], "KMS key of a mapping")
    return here


def _filled(text: str, spec: LambdaSpec) -> str:
    try:
        digest = base64.b64decode(spec.code_sha256, validate=True).hex()
    except (binascii.Error, ValueError):
        digest = spec.code_sha256
    return text.replace("{function}", spec.name).replace("{sha256}", digest)


def _arn(translator: Translator, arn: str | None, what: str) -> str | None:
    return arn_here(translator, arn, what) if arn else None
