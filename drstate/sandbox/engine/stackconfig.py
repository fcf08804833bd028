"""The configuration of a stack as programs, people and the history see it.

Stored values become text here: decrypted for the program, ``[secret]`` for people. Values from
the project file are merged and checked. It refuses values of a type other than declared, and
writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from drstate.sandbox.engine.configpath import SECURE, is_secure
from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.project import ConfigDeclaration, Project

MASK = "[secret]"
Decrypt = Callable[[str], str]


def full_key(key: str, project: str) -> str:
    """``namespace:name``; a key without namespace belongs to the project."""
    parts = key.split(":")
    if len(parts) == 1:
        return f"{project}:{key}"
    if len(parts) == 2:
        return key
    if len(parts) == 3 and parts[1] == "config":
        return f"{parts[0]}:{parts[2]}"
    raise FailedCommandError(
        f"invalid configuration key: could not parse {key} as a configuration key (configuration "
        "keys should be of the form `<namespace>:<name>`)"
    )


def short_key(key: str, project: str) -> str:
    """A key as people see it: without the project's own namespace."""
    namespace, _, name = key.partition(":")
    return name if namespace == project else key


def has_secret(value: Any) -> bool:
    """Whether there is a ciphertext in a stored value."""
    if is_secure(value):
        return True
    if isinstance(value, dict):
        return any(has_secret(item) for item in value.values())
    return isinstance(value, list) and any(has_secret(item) for item in value)


def revealed(value: Any, decrypt: Decrypt) -> Any:
    """A stored value with every ciphertext replaced by ``decrypt`` of it."""
    if is_secure(value):
        return decrypt(value[SECURE])
    if isinstance(value, dict):
        return {key: revealed(item, decrypt) for key, item in value.items()}
    if isinstance(value, list):
        return [revealed(item, decrypt) for item in value]
    return value


def as_text(value: Any) -> str:
    """A plain value as the program receives it: objects and lists as compact JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return str(value)


def mask(_: str) -> str:
    """Stands for decryption where secrets are not shown."""
    return MASK


@dataclass(frozen=True)
class StackConfig:
    """Merged configuration: full key -> stored value."""

    stored: Mapping[str, Any]

    def texts(self, decrypt: Decrypt) -> dict[str, str]:
        """Full key -> text, by key."""
        return {key: as_text(revealed(self.stored[key], decrypt)) for key in sorted(self.stored)}

    def secret_texts(self, decrypt: Decrypt) -> tuple[str, ...]:
        """Every plain text behind a ciphertext, in objects and lists too."""
        found: list[str] = []

        def keep(ciphertext: str) -> str:
            text = decrypt(ciphertext)
            found.append(text)
            return text

        for key in self.secret_keys:
            revealed(self.stored[key], keep)
        return tuple(dict.fromkeys(found))

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The keys whose value is or contains a secret."""
        return tuple(key for key in sorted(self.stored) if has_secret(self.stored[key]))


def merged(project: Project, stored: Mapping[str, Any]) -> StackConfig:
    """Project values and defaults below the stack's own."""
    values: dict[str, Any] = {}
    for key, declared in project.config.items():
        if declared.has_value:
            values[full_key(key, project.name)] = _stored(declared.value)
        elif declared.has_default:
            values[full_key(key, project.name)] = _stored(declared.default)
    for key, value in stored.items():
        values[full_key(str(key), project.name)] = value
    return StackConfig(values)


def _stored(value: Any) -> Any:
    """A value of the project file in the form of the stack's own: scalars are text there."""
    return value if isinstance(value, dict | list) else as_text(value)


def validate(project: Project, stack: str, config: StackConfig) -> None:
    """Refuse missing and mistyped values, as declared in the project file."""
    problems = []
    for key, declared in project.config.items():
        name = full_key(key, project.name)
        if declared.type is None:
            continue
        if name not in config.stored:
            problems.append(f"Stack '{stack}' is missing configuration value '{key}'")
        elif not _fits(config.stored[name], declared):
            problems.append(
                f"Stack '{stack}' with configuration key '{key}' must be of type '{declared.type}'"
            )
    if problems:
        raise FailedCommandError("validating stack config: " + "\n".join(problems))


def _fits(value: Any, declared: ConfigDeclaration) -> bool:
    if is_secure(value):
        return True
    kind = declared.type
    if kind == "boolean":
        return isinstance(value, bool) or value in ("true", "false")
    if kind in ("integer", "number"):
        return _number(value, whole=kind == "integer")
    if kind == "array":
        return isinstance(value, list)
    if kind == "object":
        return isinstance(value, dict)
    return isinstance(value, str | int | float | bool)


def _number(value: Any, *, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    try:
        number = float(value)
    except ValueError:
        return False
    return number.is_integer() if whole else True
