"""The URNs under which a resource may have been known before.

Its own, those its aliases say, and those that follow from a parent that has another name now.
"""

from __future__ import annotations

from collections.abc import Iterator

from .context import Context
from .goal import Alias, Goal
from .urns import make_urn, name_of, plain_type


def old_names(context: Context, goal: Goal, urn: str) -> Iterator[str]:
    """Candidates, most likely first; the caller takes the first that the state has."""
    yield urn
    if urn in context.olds and not goal.aliases:
        return
    former_parents = _former(context, goal.parent)
    for alias in goal.aliases:
        yield from _spelled(context, goal, alias, former_parents)
    for parent in former_parents:
        yield context.urn(parent, goal.type, goal.name)
        # a child whose name carries its parent's
        now, before = name_of(goal.parent), name_of(parent)
        if goal.name.startswith(now):
            yield context.urn(parent, goal.type, before + goal.name[len(now) :])


def _former(context: Context, parent: str) -> list[str]:
    return [old for old, now in context.did.aliased.items() if parent and now == parent]


def _spelled(
    context: Context, goal: Goal, alias: Alias, former_parents: list[str]
) -> Iterator[str]:
    if alias.urn:
        yield alias.urn
        return
    if alias.no_parent:
        parents = [""]
    elif alias.parent:
        parents = [alias.parent, *_former(context, alias.parent)]
    else:
        parents = [goal.parent, *former_parents]
    for parent in parents:
        name = alias.name or goal.name
        if not alias.name and parent != goal.parent and parent:
            now, before = name_of(goal.parent), name_of(parent)
            if goal.name.startswith(now) and plain_type(parent) == plain_type(goal.parent):
                name = before + goal.name[len(now) :]
        yield make_urn(
            alias.stack or context.request.stack,
            alias.project or context.request.project,
            parent,
            alias.type or goal.type,
            name,
        )
