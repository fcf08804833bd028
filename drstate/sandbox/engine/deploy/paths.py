"""Property paths: ``root.nested["odd key"][0].*``.

Parsing, matching, and the one use that changes values: putting old values back for ignoreChanges.
A path that does not parse is an error that names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from .errors import EngineError
from .values import Properties, is_secret, secret

Path = tuple[str | int, ...]

_PART = re.compile(r'\.?([^.\[\]"]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\[(\*)\]')
_MISSING = object()


def parse(text: str) -> Path:
    """The parts of a path; ``*`` stands for every key or element."""
    parts: list[str | int] = []
    at = 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None:
            raise EngineError(
                f"the property path {text!r} is not understood at character {at + 1}; "
                'write paths as in `root.nested["key"][0]`.'
            )
        name, index, quoted, star = match.groups()
        if index is not None:
            parts.append(int(index))
        elif quoted is not None:
            parts.append(json.loads(quoted))
        else:
            parts.append(star or name)
        at = match.end()
    return tuple(parts)


def covers(pattern: Path, path: Path) -> bool:
    """Whether a change at ``path`` lies at or below ``pattern`` (or contains it)."""
    return all(
        want in ("*", have) or have == "*" for want, have in zip(pattern, path, strict=False)
    )


def keep_old(new: Properties, old: Properties, ignored: Iterable[str]) -> Properties:
    """The new inputs with the old values at the ignored paths."""
    for text in ignored:
        new = _keep(new, old, parse(text))
    return new


def _keep(new: Any, old: Any, path: Path) -> Any:
    if is_secret(new) or is_secret(old):
        inner_new = new["value"] if is_secret(new) else new
        inner_old = old["value"] if is_secret(old) else old
        if not path:
            return old
        return secret(_keep(inner_new, inner_old, path))
    if not path:
        return old
    head, rest = path[0], path[1:]
    if isinstance(new, dict) and isinstance(old, dict):
        keys = sorted({*new, *old}) if head == "*" else [str(head)]
        out = dict(new)
        for key in keys:
            _put(out, key, new.get(key, _MISSING), old.get(key, _MISSING), rest)
        return out
    if isinstance(new, list) and isinstance(old, list):
        indices = range(len(new)) if head == "*" else [head]
        elements = list(new)
        for index in indices:
            if isinstance(index, int) and index < len(new) and index < len(old):
                elements[index] = _keep(new[index], old[index], rest)
        return elements
    return new


def _put(out: dict[str, Any], key: str, new: Any, old: Any, rest: Path) -> None:
    if rest:
        if new is not _MISSING and old is not _MISSING:
            out[key] = _keep(new, old, rest)
    elif old is _MISSING:
        out.pop(key, None)
    else:
        out[key] = old
