"""What a Diff says, and what the engine makes of it.

The provider's answer as plain data; replaceOnChanges applied to it; and the engine's own comparison
of inputs, for components and for providers that give no details. Decides nothing about steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pulumi.runtime.proto import provider_pb2 as pb

from . import paths
from .values import Properties, reveal, same

_KINDS = {
    pb.PropertyDiff.ADD: "add",
    pb.PropertyDiff.ADD_REPLACE: "add-replace",
    pb.PropertyDiff.DELETE: "delete",
    pb.PropertyDiff.DELETE_REPLACE: "delete-replace",
    pb.PropertyDiff.UPDATE: "update",
    pb.PropertyDiff.UPDATE_REPLACE: "update-replace",
}


@dataclass(frozen=True)
class Diff:
    """``changes``: True, False, or None where the provider does not know."""

    changes: bool | None
    keys: tuple[str, ...] = ()
    diffs: tuple[str, ...] = ()
    #: None where the provider gives no details; empty where there are none to give
    detailed: dict[str, dict[str, Any]] | None = None
    delete_before_replace: bool = False

    @property
    def replaces(self) -> bool:
        """Whether the resource has to be replaced."""
        return bool(self.keys) or any(
            entry["diffKind"].endswith("-replace") for entry in (self.detailed or {}).values()
        )


NO_DIFF = Diff(changes=False)


def from_response(response: pb.DiffResponse) -> Diff:
    """A provider's answer."""
    changes = {pb.DiffResponse.DIFF_NONE: False, pb.DiffResponse.DIFF_SOME: True}.get(
        response.changes
    )
    detailed = {
        path: {"diffKind": _KINDS[entry.kind], "inputDiff": entry.inputDiff}
        for path, entry in sorted(response.detailedDiff.items())
    }
    return Diff(
        changes=changes,
        keys=tuple(response.replaces),
        diffs=tuple(response.diffs),
        detailed=detailed if response.hasDetailedDiff or detailed else None,
        delete_before_replace=response.deleteBeforeReplace,
    )


def compare(old: Properties, new: Properties) -> Diff:
    """The engine's own look at inputs, by top-level property."""
    changed = tuple(
        key
        for key in sorted(set(old) | set(new))
        if (key in old) != (key in new) or not same(reveal(old[key]), reveal(new[key]))
    )
    return Diff(changes=bool(changed), diffs=changed)


def settle(diff: Diff, old: Properties, new: Properties) -> Diff:
    """The diff with an undecided answer decided by comparing inputs."""
    return replace(diff, changes=compare(old, new).changes) if diff.changes is None else diff


def replace_on_changes(diff: Diff, wanted: Iterable[str], failed_before: bool) -> Diff:
    """The diff with changes at the ``wanted`` paths turned into replacing ones.

    ``failed_before``: the resource did not become ready; ``*`` then replaces without a difference.
    """
    patterns = [paths.parse(path) for path in wanted]
    if not patterns:
        return diff
    if failed_before and diff.changes is False and any(p == ("*",) for p in patterns):
        return replace(diff, changes=True, keys=("#initerror",))
    keys = list(diff.keys)
    detailed = dict(diff.detailed or {})
    for path in detailed or diff.diffs:
        parsed = paths.parse(path)
        if not any(paths.covers(pattern, parsed) for pattern in patterns):
            continue
        if path in detailed and not detailed[path]["diffKind"].endswith("-replace"):
            kind = detailed[path]["diffKind"] + "-replace"
            detailed[path] = {**detailed[path], "diffKind": kind}
        key = str(parsed[0]) if parsed else path
        if key not in keys:
            keys.append(key)
    return replace(diff, keys=tuple(keys), detailed=detailed or diff.detailed)
