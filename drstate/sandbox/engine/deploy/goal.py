"""What the program asks for: a resource registration as plain data.

Translates the two requests of the resource monitor (register, read); refuses the options that this
engine does not carry out, by name, instead of ignoring them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlparse

from pulumi.runtime.proto import alias_pb2, resource_pb2, source_pb2

from .errors import EngineError
from .values import Properties, from_struct, without_outputs

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|h|m|s)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Alias:
    """Another name of a resource: a URN, or what differs from the present one."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass
class Goal:
    """A registration. Empty and False mean: not asked for."""

    type: str
    name: str
    custom: bool
    inputs: Properties = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    version: str = ""
    download_url: str = ""
    protect: bool = False
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    delete_before_replace: bool | None = None
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    import_id: str = ""
    read_id: str = ""
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    retain_on_delete: bool = False
    deleted_with: str = ""
    source_position: str = ""
    stack_trace: list[dict[str, Any]] = field(default_factory=list)


def seconds(text: str) -> float:
    """A Go duration (``1m30s``) in seconds; empty is 0."""
    if not text:
        return 0
    found = _DURATION.findall(text)
    if "".join(number + unit for number, unit in found) != text:
        raise EngineError(
            f"the timeout {text!r} is not a duration; write it as in `90s`, `5m` or `1h30m`."
        )
    total = sum(float(number) * _SECONDS[unit] for number, unit in found)
    return int(total) if total == int(total) else total


def from_register(request: resource_pb2.RegisterResourceRequest, root: str) -> Goal:
    """The goal of a RegisterResource call. ``root``: the project's folder."""
    _refuse_type(request.type, request.name)
    _refuse(request)
    timeouts = {
        key: seconds(getattr(request.customTimeouts, key))
        for key in ("create", "update", "delete", "read")
        if getattr(request.customTimeouts, key)
    }
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        inputs=without_outputs(from_struct(request.object)),
        parent=request.parent,
        provider=request.provider,
        version=request.version,
        download_url=request.pluginDownloadURL,
        protect=request.protect,
        dependencies=list(request.dependencies),
        property_dependencies={
            key: list(entry.urns) for key, entry in sorted(request.propertyDependencies.items())
        },
        delete_before_replace=(
            request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None
        ),
        ignore_changes=list(request.ignoreChanges),
        replace_on_changes=list(request.replaceOnChanges),
        additional_secret_outputs=list(request.additionalSecretOutputs),
        aliases=[*_aliases(request.aliases), *(Alias(urn=urn) for urn in request.aliasURNs)],
        import_id=request.importId,
        custom_timeouts=timeouts,
        retain_on_delete=request.retainOnDelete,
        deleted_with=request.deletedWith,
        source_position=_position(request.sourcePosition, root),
        stack_trace=_trace(request.stackTrace, root),
    )


def from_read(request: resource_pb2.ReadResourceRequest, root: str) -> Goal:
    """The goal of a ReadResource call."""
    _refuse_type(request.type, request.name)
    return Goal(
        type=request.type,
        name=request.name,
        custom=True,
        inputs=without_outputs(from_struct(request.properties)),
        parent=request.parent,
        provider=request.provider,
        version=request.version,
        download_url=request.pluginDownloadURL,
        dependencies=list(request.dependencies),
        additional_secret_outputs=list(request.additionalSecretOutputs),
        read_id=request.id,
        source_position=_position(request.sourcePosition, root),
        stack_trace=_trace(request.stackTrace, root),
    )


def _refuse(request: resource_pb2.RegisterResourceRequest) -> None:
    asked = {
        "remote (a component from another language)": request.remote,
        "transforms": bool(request.transforms),
        "state_migrations": bool(request.state_migrations),
        "hooks": request.HasField("hooks") and bool(request.hooks.ListFields()),
        "replace_with": bool(request.replace_with),
        "replacement_trigger": request.HasField("replacement_trigger")
        and request.replacement_trigger.WhichOneof("kind") not in (None, "null_value"),
    }
    for option, present in asked.items():
        if present:
            raise EngineError(
                f"resource '{request.name}' ({request.type}) asks for {option}, which the embedded "
                "engine does not carry out. Leave it out, or use the Pulumi CLI."
            )


def _refuse_type(kind: str, name: str) -> None:
    if kind == "pulumi:pulumi:StackReference" or kind.startswith("pulumi-python:"):
        raise EngineError(
            f"resource '{name}': the embedded engine has no {kind}. "
            "Leave it out, or use the Pulumi CLI."
        )


def _aliases(aliases: Iterable[alias_pb2.Alias]) -> list[Alias]:
    out = []
    for alias in aliases:
        if alias.WhichOneof("alias") == "urn":
            out.append(Alias(urn=alias.urn))
            continue
        spec = alias.spec
        out.append(
            Alias(
                name=spec.name,
                type=spec.type,
                stack=spec.stack,
                project=spec.project,
                parent=spec.parentUrn,
                no_parent=spec.noParent,
            )
        )
    return out


def _position(position: source_pb2.SourcePosition, root: str) -> str:
    if not position.uri:
        return ""
    return f"project:///{_relative(position.uri, root)}#{position.line}"


@lru_cache(maxsize=1024)
def _relative(uri: str, root: str) -> str:
    path = unquote(urlparse(uri).path)
    return os.path.relpath(path, root) if root and path.startswith("/") else path.lstrip("/")


def _trace(trace: source_pb2.StackTrace, root: str) -> list[dict[str, Any]]:
    # the innermost frame is enough; all of them would be most of the state file
    frames = (_position(frame.pc, root) for frame in trace.frames[:1])
    return [{"sourcePosition": place} for place in frames if place]
