"""What can carry tags says whose it is: customer, environment, and that drstate manages it.

Which types can is told by the owners of their properties, so that a resource without any tags is
seen. What a drill makes carries the drill's id as well; that is for the drill to keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from drstate.model.declared import UNKNOWN, Declared
from drstate.policy.rule import Rule
from drstate.programs.registry import taggable_types

REQUIRED = ("Customer", "Environment", "drstate:managed")


def _check(resource: Declared) -> Iterable[str]:
    carried = [resource.inputs.get(name) for name in ("tags", "tagsAll")]
    if UNKNOWN in carried or (resource.type not in taggable_types() and not any(carried)):
        return
    tags = {name: value for part in carried for name, value in _named(part).items()}
    missing = [name for name in REQUIRED if not tags.get(name)]
    if missing:
        yield f"lacks {'tags' if len(missing) > 1 else 'the tag'} {', '.join(missing)}"


def _named(tags: Any) -> dict[str, Any]:
    """Name -> value. An Auto Scaling group lists them, with what becomes of each."""
    if isinstance(tags, Mapping):
        return dict(tags)
    rows = tags if isinstance(tags, list) else []
    return {str(row.get("key")): row.get("value") for row in rows if isinstance(row, Mapping)}


RULE = Rule(
    id="tagged",
    title="what can carry tags says whose it is",
    why="bills, access rules and clean-ups go by tags",
    hint="declare it with tags=tags_of(entry) of drstate.programs.context",
    check=_check,
)
