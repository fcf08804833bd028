"""What exists in the emulated AWS, apart from ids and times: states can be held side by side."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

#: what AWS makes up anew for every thing that is made
_MADE_UP = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|\b(?:[a-z]{1,12}-)[0-9a-f]{8,17}\b"
    r"|\b(?:db|cluster)-[A-Z0-9]{20,26}\b"
    r"|\b[0-9a-f]{16,64}\b"
    r"|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[0-9.:+Z]*"
    r"|\b1[6-9]\d{8}(?:\.\d+)?\b"
)


#: addresses and numbers that AWS gives out as it likes, and what is left of ended instances
_GIVEN_OUT = {
    "ami_launch_index",
    "mac_address",
    "private_ip_address",
    "private_ip_addresses",
    "_private_ips",
    "private_dns",
    "private_dns_name",
    "_subnet_ips",
    "_unused_ips",
    "_last_ip",
    "available_ip_addresses",
    "_reason",
}


def masked(digest: dict[str, Any], region: str | None = None) -> Counter[str]:
    """Every resource as one line, with ids and times taken out; how often each is there."""
    lines: Counter[str] = Counter()
    for name, content in digest["resources"].items():
        if (region is None or name.split("/")[1] == region) and not _ended(content):
            text = json.dumps(_without_nothing(content), sort_keys=True, default=str)
            lines[_MADE_UP.sub("…", f"{name} {text}")] += 1
    return lines


def _ended(content: Any) -> bool:
    state = content.get("_state") if isinstance(content, dict) else None
    return isinstance(state, dict) and state.get("name") == "terminated"


def differences(before: Counter[str], after: Counter[str]) -> list[str]:
    """What is in one of them only: whole resources by name, changed ones field by field."""
    gone = _by_name(before - after)
    new = _by_name(after - before)
    lines = []
    for name in sorted({*gone, *new}):
        pairs = zip(gone.get(name, []), new.get(name, []), strict=False)
        lines += [
            f"{name}: {change}" for old, fresh in pairs for change in _changes(old, fresh, "")
        ]
        many, few = len(gone.get(name, [])), len(new.get(name, []))
        lines += [f"{name}: is gone"] * (many - few) + [f"{name}: is new"] * (few - many)
    return lines


def _by_name(lines: Counter[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for line in sorted(lines.elements()):
        name, _, text = line.partition(" {") if " {" in line else line.partition(" ")
        found.setdefault(name, []).append(_loaded("{" + text if " {" in line else text))
    return found


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_nothing(item)
            for key, item in value.items()
            if item not in (None, [], {}, "") and key not in _GIVEN_OUT
        }
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    return value


def _changes(old: Any, new: Any, path: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _changes(old.get(key), new.get(key), f"{path}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _changes(one, other, f"{path}[{number}]")
    elif old != new:
        yield f"{path}: {_short(old)} -> {_short(new)}"


def _short(value: Any) -> str:
    return json.dumps(value, default=str)[:200]
