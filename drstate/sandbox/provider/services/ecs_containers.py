"""Container definitions: a JSON document that a program writes and ECS completes.

Two documents are the same when they are equal after ECS's own defaults are put into both. Pure; it
refuses what is not a JSON list of objects with a name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from drstate.sandbox.provider.equal import empty
from drstate.sandbox.provider.wire import Value

#: Lists whose order ECS does not keep, and the field that tells their elements apart.
_UNORDERED = {"environment": "name", "secrets": "name", "ulimits": "name"}
_DEFAULTS: dict[str, Any] = {"cpu": 0, "essential": True}


def parse(document: str) -> list[dict[str, Any]]:
    """The document's containers; ValueError says what is wrong with it."""
    try:
        containers = json.loads(document)
    except ValueError as error:
        raise ValueError(f"it is not JSON: {error}") from error
    if not isinstance(containers, list) or not containers:
        raise ValueError("it is not a JSON list with at least one container")
    for index, container in enumerate(containers):
        if not isinstance(container, dict):
            raise ValueError(f"entry {index} is not an object")  # noqa: TRY004 - of a document
        for needed in ("name", "image"):
            if not container.get(needed):
                raise ValueError(f"container {index} has no {needed!r}")
    return containers


def same_documents(actual: Value, wanted: Value) -> bool:
    """Whether two documents declare the same containers."""
    try:
        return normal(str(actual)) == normal(str(wanted))
    except ValueError:
        return bool(actual == wanted)


def normal(document: str) -> list[Any]:
    """A form in which documents that mean the same are equal."""
    containers = [_container(each) for each in parse(document)]
    return sorted(containers, key=lambda each: str(each["name"]))


def _container(container: Mapping[str, Any]) -> dict[str, Any]:
    filled = {**_DEFAULTS, **{k: v for k, v in container.items() if v is not None}}
    filled["portMappings"] = [_port(each) for each in filled.get("portMappings") or ()]
    for name, key in _UNORDERED.items():
        filled[name] = sorted(filled.get(name) or (), key=lambda each, k=key: str(each.get(k)))
    kept = {
        name: _pruned(value)
        for name, value in filled.items()
        if name in _DEFAULTS or not empty(value)
    }
    return {name: value for name, value in kept.items() if value not in ([], {})}


def _port(mapping: Mapping[str, Any]) -> dict[str, Any]:
    port = {"protocol": "tcp", **{k: v for k, v in mapping.items() if v is not None}}
    # With awsvpc networking ECS sets the host's port to the container's.
    if port.get("hostPort") in (None, 0, port.get("containerPort")):
        port.pop("hostPort", None)
    return port


def _pruned(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _pruned(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_pruned(item) for item in value]
    return value
