"""Writes YAML the way the CLI does: block style, two spaces, sequences indented under their key.

Scalars keep their meaning when read again: a text that would read as a number, truth or null is
quoted. It refuses to write anything but strings, numbers, truths, null, lists and mappings.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import yaml

_PLAIN_START = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`=]|[-?:](?=\S)")
_BOOLISH = frozenset({"y", "n", "yes", "no", "on", "off", "~", "<<", "="})


def _resolves_to_text(text: str) -> bool:
    if text.lower() in _BOOLISH:
        return False
    return isinstance(yaml.safe_load(text) if _plain(text) else text, str)


def _plain(text: str) -> bool:
    if not text or text != text.strip() or not _PLAIN_START.match(text):
        return False
    return not (": " in text or " #" in text or text.endswith(":") or "\n" in text)


def scalar(value: Any) -> str:
    """A value on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if math.isfinite(value) and value.is_integer() else repr(value)
    if not isinstance(value, str):
        raise TypeError(f"cannot be written as YAML: {type(value).__name__}")
    if not value or not _resolves_to_text(value) or not value.isprintable():
        return json.dumps(value, ensure_ascii=False)
    if _plain(value):
        return value
    return "'" + value.replace("'", "''") + "'"


def _literal(text: str, indent: int) -> list[str]:
    body = text.rstrip("\n")
    trailing = len(text) - len(body)
    chomp = "-" if trailing == 0 else ("" if trailing == 1 else "+")
    hint = "2" if body[:1] in (" ", "\n") else ""
    pad = " " * (indent + 2)
    lines = [f"|{hint}{chomp}"]
    lines.extend(pad + line if line else "" for line in body.split("\n"))
    lines.extend("" for _ in range(max(trailing - 1, 0)))
    return lines


def _is_literal(value: Any) -> bool:
    return (
        isinstance(value, str)
        and "\n" in value.strip("\n")
        and all(character.isprintable() or character in "\n\t" for character in value)
    )


def block(key: str, value: Any, indent: int = 0) -> list[str]:
    """The lines of ``key: value``."""
    head = " " * indent + scalar(key) + ":"
    if isinstance(value, dict) and value:
        return [head, *mapping(value, indent + 2)]
    if isinstance(value, list) and value:
        return [head, *sequence(value, indent + 2)]
    if isinstance(value, dict | list):
        return [head + (" {}" if isinstance(value, dict) else " []")]
    if _is_literal(value):
        first, *rest = _literal(value, indent)
        return [f"{head} {first}", *rest]
    return [f"{head} {scalar(value)}"]


def mapping(value: dict[str, Any], indent: int = 0) -> list[str]:
    """The lines of a mapping."""
    return [line for key, item in value.items() for line in block(key, item, indent)]


def sequence(value: list[Any], indent: int = 0) -> list[str]:
    """The lines of a list, each item after ``- ``."""
    pad = " " * indent
    lines: list[str] = []
    for item in value:
        if isinstance(item, dict) and item:
            inner = mapping(item, indent + 2)
        elif isinstance(item, list) and item:
            inner = sequence(item, indent + 2)
        elif isinstance(item, dict | list):
            inner = [pad + "  " + ("{}" if isinstance(item, dict) else "[]")]
        elif _is_literal(item):
            first, *rest = _literal(item, indent)
            inner = [pad + "  " + first, *rest]
        else:
            inner = [pad + "  " + scalar(item)]
        lines.append(pad + "- " + inner[0][indent + 2 :])
        lines.extend(inner[1:])
    return lines
