"""Stack outputs as indented text, and what changed about them.

It refuses to show secrets: they arrive masked, and stay so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from drstate.sandbox.engine.contract import SIG_KEY

_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"


def _leaf(value: Any) -> str:
    if isinstance(value, str):
        return "[unknown]" if value == _UNKNOWN else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def _special(value: Any) -> str | None:
    """Signed values as one word."""
    if not isinstance(value, dict) or SIG_KEY not in value:
        return None
    kind = value[SIG_KEY]
    if kind == _ASSET:
        return "asset(text)" if "text" in value else "asset(file)"
    if kind == _ARCHIVE:
        return "archive"
    if kind == _REFERENCE:
        return json.dumps(value.get("urn", ""))
    return "[secret]"


def _embedded(value: Any) -> Any:
    """The object or list that a text holds as JSON; None for any other value."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return None
    try:
        return json.loads(value) or None
    except ValueError:
        return None


def _lines(label: str, value: Any, indent: int, mark: str) -> list[str]:
    pad = " " * indent + mark
    special = _special(value)
    if special is not None:
        return [f"{pad}{label}: {special}"]
    parsed = _embedded(value)
    if parsed is not None:
        first, *rest = _lines(label, parsed, indent, mark)
        return [first.replace(": ", ": (json) ", 1), *rest, ""]
    if isinstance(value, dict) and value:
        width = max(len(key) for key in value)
        lines = [f"{pad}{label}: {{"]
        for key in sorted(value):
            lines.extend(_lines(key.ljust(width), value[key], indent + 4, mark))
        return [*lines, " " * (indent + len(mark)) + "}"]
    if isinstance(value, list) and value:
        lines = [f"{pad}{label}: ["]
        for index, item in enumerate(value):
            lines.extend(
                _lines(f"    [{index}]", item, indent, mark)
                if not isinstance(item, dict | list)
                else _lines(f"[{index}]", item, indent + 4, mark)
            )
        return [*lines, " " * (indent + len(mark)) + "]"]
    return [f"{pad}{label}: {_leaf(value)}"]


def output_lines(
    before: Mapping[str, Any] | None, new: Mapping[str, Any], *, preview: bool
) -> list[str]:
    """The lines under ``Outputs:``; in a preview only if something changes.

    ``before`` is None for a stack that is being made: its outputs are no changes.
    """
    old = before or {}
    names = sorted(set(old) | set(new))
    width = max((len(name) for name in names), default=0)
    return [
        line
        for name in names
        for line in _output(name.ljust(width), name, before, new, preview=preview)
    ]


def _output(
    label: str,
    name: str,
    before: Mapping[str, Any] | None,
    new: Mapping[str, Any],
    *,
    preview: bool,
) -> list[str]:
    if before is None:
        return _lines(label, new[name], 4, "") if new[name] != "" else []
    if name not in new:
        return _lines(label, before[name], 2, "- ")
    value = new[name]
    if name not in before:
        return _lines(label, value, 2, "+ ")
    if before[name] == value:
        return _lines(label, value, 4, "") if value != "" and not preview else []
    if preview and value == _UNKNOWN:
        return []
    if isinstance(before[name], dict | list) or isinstance(value, dict | list):
        return _lines(label, value, 2, "~ ")
    return [f"  ~ {label}: {_leaf(before[name])} => {_leaf(value)}"]
