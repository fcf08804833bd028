"""What people may call a resource: in ``dr:dependencies``, and where they name a target.

One rule for all of them: its key or ARN, which mean one resource for certain; or its name, the
last part of a longer name (``web`` of ``shop/web``), or technology and name (``ecs/shop/web``),
which may fit several.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable

from drstate.model.resource import Resource

#: how many similar names are offered, and how similar they have to be
_OFFERED, _SIMILAR = 3, 0.75


class Called:
    """The resources of a scope by everything that they may be called."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._exact: dict[str, str] = {}
        names: dict[str, set[str]] = defaultdict(set)
        for resource in resources:
            self._exact[resource.key] = resource.key
            self._exact[resource.arn] = resource.key
            for name in short_names(resource):
                names[name].add(resource.key)
        self._names = {name: tuple(sorted(keys)) for name, keys in names.items()}

    def keys(self, written: str) -> tuple[str, ...]:
        """Keys of the resources that are meant, sorted; none where nothing is called so."""
        exact = self._exact.get(written)
        return (exact,) if exact is not None else self._names.get(written, ())

    def similar(self, written: str) -> list[str]:
        """Names that may have been meant, best first."""
        best: dict[str, float] = {}
        for name, keys in self._names.items():
            likeness = difflib.SequenceMatcher(None, written.lower(), name.lower()).ratio()
            if written.lower() in name.lower():
                likeness = 1.0
            for key in keys:
                best[key] = max(best.get(key, 0.0), likeness)
        fitting = [key for key, likeness in best.items() if likeness >= _SIMILAR]
        return sorted(fitting, key=lambda key: (-best[key], key))[:_OFFERED]


def short_names(resource: Resource) -> tuple[str, ...]:
    """What the resource may be called besides its key and ARN."""
    name = resource.name
    return tuple(dict.fromkeys((name, name.rpartition("/")[2], f"{resource.technology}/{name}")))
