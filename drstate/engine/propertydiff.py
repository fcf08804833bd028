"""What changes to what, property by property, as one step of a preview tells it.

For people who review: values are short JSON, and nothing secret is among them. Only previews are
read in this way; what an update did is journaled without values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pulumi.automation.events import DiffKind, StepEventMetadata, StepEventStateMetadata

from drstate.model.declared import UNKNOWN
from drstate.model.stackops import PropertyChange

#: how the wire form marks a secret, and how events mask one
SIG_KEY = "4dabf18193072939515e22adb298388d"
SIG_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker, not a secret
MASK = "[secret]"
#: of one value
_MOST = 200
_STEP = re.compile(r'\.?([^.\[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]')
_REPLACING = frozenset({DiffKind.ADD_REPLACE, DiffKind.DELETE_REPLACE, DiffKind.UPDATE_REPLACE})
_MISSING = object()


def is_secret(value: Any) -> bool:
    """Whether the value itself is a secret, masked or marked."""
    return value == MASK or (isinstance(value, dict) and value.get(SIG_KEY) == SIG_SECRET)


def property_changes(metadata: StepEventMetadata) -> dict[str, PropertyChange]:
    """Path -> what becomes of it, for a step that updates or replaces."""
    forcing = {_first(key) for key in metadata.keys or ()}
    found: dict[str, PropertyChange] = {}
    detailed = metadata.detailed_diff or {}
    for path, diff in detailed.items():
        found[path] = PropertyChange(
            path=path,
            old=_shown(_old(metadata.old, path, inputs=diff.input_diff)),
            new=_shown(_at(_inputs(metadata.new), path)),
            replaces=diff.diff_kind in _REPLACING or _first(path) in forcing,
        )
    for path in metadata.diffs or () if not detailed else ():
        found[path] = PropertyChange(
            path=path,
            old=_shown(_old(metadata.old, path, inputs=True)),
            new=_shown(_at(_inputs(metadata.new), path)),
            replaces=_first(path) in forcing,
        )
    return found


def _first(path: str) -> str:
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _inputs(state: StepEventStateMetadata | None) -> Mapping[str, Any]:
    return (state.inputs if state else None) or {}


def _old(state: StepEventStateMetadata | None, path: str, *, inputs: bool) -> Any:
    """From the inputs, or from what the provider told, as the difference was made."""
    told = (state.outputs if state else None) or {}
    places = (_inputs(state), told) if inputs else (told, _inputs(state))
    seen = (_at(place, path) for place in places)
    return next((value for value in seen if value is not _MISSING), _MISSING)


def _at(place: Any, path: str) -> Any:
    """The value at a property path; a secret above it hides it."""
    value = place
    for name, index, quoted in _STEP.findall(path):
        if is_secret(value):
            return MASK
        if index and isinstance(value, list):
            value = value[int(index)] if int(index) < len(value) else _MISSING
        elif isinstance(value, Mapping):
            value = value.get(name or quoted or index, _MISSING)
        else:
            return _MISSING
    return value


def _shown(value: Any) -> str | None:
    if value is _MISSING or value is None:
        return None
    text = json.dumps(_public(value), ensure_ascii=False, sort_keys=True, default=str)
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"


def _public(value: Any) -> Any:
    if is_secret(value):
        return MASK
    if isinstance(value, dict):
        return {key: _public(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_public(item) for item in value]
    return "(known after the update)" if value == UNKNOWN else value
