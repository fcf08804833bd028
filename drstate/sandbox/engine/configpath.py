"""Paths into configuration objects: ``object.inner``, ``list[0]``, ``map["a.b"]``.

It refuses indices that would leave a hole in a list, and steps into what is not an object.
"""

from __future__ import annotations

import json
from typing import Any

from drstate.sandbox.engine.failure import FailedCommandError

Path = tuple[str | int, ...]
SECURE = "secure"


def parse_path(text: str) -> Path:
    """The steps of a path. Raises FailedCommandError naming what is wrong with it."""
    steps: list[str | int] = []
    rest = text
    while rest:
        if rest[0] == "[":
            step, rest = _bracket(rest, text)
            steps.append(step)
        else:
            if rest[0] == ".":
                rest = rest[1:]
            end = next((i for i, c in enumerate(rest) if c in ".["), len(rest))
            if end == 0:
                raise FailedCommandError(f"invalid config key path '{text}': empty step")
            steps.append(rest[:end])
            rest = rest[end:]
    if not steps or not isinstance(steps[0], str):
        raise FailedCommandError(f"invalid config key path '{text}': it must begin with a name")
    return tuple(steps)


def _bracket(rest: str, text: str) -> tuple[str | int, str]:
    if rest.startswith('["'):
        end = rest.find('"]', 2)
        if end < 0:
            raise FailedCommandError(f"invalid config key path '{text}': missing closing '\"]'")
        return json.loads(rest[1 : end + 1]), rest[end + 2 :]
    end = rest.find("]")
    if end < 0:
        raise FailedCommandError(f"invalid config key path '{text}': missing closing ']'")
    inner = rest[1:end]
    if not inner.isdigit():
        raise FailedCommandError(f"invalid config key path '{text}': '{inner}' is not an index")
    return int(inner), rest[end + 1 :]


def typed(text: str) -> Any:
    """What a value set by path becomes: truths and whole numbers are not text there."""
    if text in ("true", "false"):
        return text == "true"
    digits = text.removeprefix("-")
    if digits.isdigit() and (digits == "0" or not digits.startswith("0")):
        return int(text)
    return text


def is_secure(value: Any) -> bool:
    """Whether a configuration value is a ciphertext."""
    return isinstance(value, dict) and set(value) == {SECURE} and isinstance(value[SECURE], str)


def get_at(value: Any, path: Path) -> Any:
    """The value at a path; None if there is none."""
    for step in path:
        if is_secure(value):
            return None
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return None
            value = value[step]
        else:
            if not isinstance(value, dict) or step not in value:
                return None
            value = value[step]
    return value


def set_at(value: Any, path: Path, new: Any, shown: str) -> Any:
    """A copy of ``value`` in which ``path`` is ``new``; objects and lists on the way are made."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        if value is not None and not isinstance(value, list):
            raise FailedCommandError(f"cannot set '{shown}': it is not a list")
        items = list(value or [])
        if step > len(items):
            raise FailedCommandError(f"cannot set '{shown}': array index {step} is out of range")
        if step == len(items):
            items.append(None)
        items[step] = set_at(items[step], rest, new, shown)
        return items
    if value is not None and (not isinstance(value, dict) or is_secure(value)):
        raise FailedCommandError(f"cannot set '{shown}': it is not an object")
    entries = dict(value or {})
    entries[step] = set_at(entries.get(step), rest, new, shown)
    return entries


def remove_at(value: Any, path: Path) -> Any:
    """A copy of ``value`` without ``path``; the same if there is nothing at it."""
    if get_at(value, path) is None:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = list(value)
        items[step : step + 1] = [remove_at(items[step], rest)] if rest else []
        return items
    entries = dict(value)
    if rest:
        entries[step] = remove_at(entries[step], rest)
    else:
        del entries[step]
    return entries
