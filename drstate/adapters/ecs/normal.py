"""Answers of the ECS API in a stable form: the same configuration always reads the same.

Empty values are dropped, lists whose order means nothing are sorted, and what AWS fills in itself
(zero CPU shares, a host port that repeats the container's) is left out.
"""

from __future__ import annotations

from typing import Any

#: lists of name/value pairs; the API returns them in any order
_BY_NAME = ("environment", "secrets")
#: defaults that AWS adds to container definitions
_DEFAULTS: dict[str, Any] = {"cpu": 0, "essential": True}


def container(found: dict[str, Any], network_mode: str | None) -> dict[str, Any]:
    """One container definition, normalised."""
    plain = without_empty({name: item for name, item in found.items() if name not in _BY_NAME})
    for field in _BY_NAME:
        if found.get(field):
            # an empty value is a value here: the variable is set
            plain[field] = sorted(found[field], key=lambda item: str(item["name"]))
    if "portMappings" in plain:
        plain["portMappings"] = [_port(port, network_mode) for port in plain["portMappings"]]
    return {
        name: value
        for name, value in sorted(plain.items())
        if not (name in _DEFAULTS and value == _DEFAULTS[name])
    }


def without_empty(value: Any) -> Any:
    """The value without None, empty strings, lists and dicts, at any depth."""
    if isinstance(value, dict):
        kept = {name: without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in (None, "", [], {})}
    if isinstance(value, list | tuple):
        return [without_empty(item) for item in value]
    return value


def _port(port: dict[str, Any], network_mode: str | None) -> dict[str, Any]:
    plain = dict(port)
    if network_mode in ("awsvpc", "host") and plain.get("hostPort") == plain.get("containerPort"):
        plain.pop("hostPort", None)
    if plain.get("protocol") == "tcp":
        plain.pop("protocol")
    return plain
