"""Who depends on whom in the state before the update.

Two questions: what a delete-before-replace takes along, and in which order things are deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from heapq import heappop, heappush

from .context import Context
from .state import State
from .urns import parse_ref
from .values import UNKNOWN, Properties


def taken_along(context: Context, root: State) -> list[tuple[State, tuple[str, ...]]]:
    """Resources that must be replaced because ``root`` goes before its replacement comes.

    In the state's order, each with the keys that force it. Whether a dependent has to be replaced
    is the provider's Diff with unknowns in place of what comes from the resources that go.
    """
    index = context.dependents
    going = {root.urn}
    out: list[tuple[State, tuple[str, ...]]] = []
    # dependents come later in the state than what they depend on, so one walk in order is enough
    waiting = sorted(set(index.get(root.urn, ())))
    seen = set(waiting)
    while waiting:
        state = context.base[heappop(waiting)]
        keys = _forced_by(context, state, going) if state is not root else None
        if keys is None:
            continue
        going.add(state.urn)
        out.append((state, keys))
        for place in index.get(state.urn, ()):
            if place not in seen:
                seen.add(place)
                heappush(waiting, place)
    return out


def _forced_by(context: Context, state: State, going: Collection[str]) -> tuple[str, ...] | None:
    """The keys that force a replacement when ``going`` go, or None."""
    if state.delete or state.external or state.urn in context.did.registered:
        return None
    if parse_ref(state.provider).urn in going:
        return ()
    inputs: Properties = {
        key: value if set(state.property_dependencies.get(key) or ()).isdisjoint(going) else UNKNOWN
        for key, value in state.inputs.items()
    }
    if UNKNOWN not in inputs.values() or not state.provider:
        return None
    diff = context.registry.get(state.provider).diff(state, inputs, state.urn, keep_unknowns=True)
    return diff.keys if diff.replaces else None


def levels(condemned: Collection[State]) -> list[list[State]]:
    """The resources in the order in which they may go: each level when the one before is gone.

    A resource's level is the length of the longest chain of dependencies below it, within what is
    condemned; the highest goes first. Within a level the order is kept.
    """
    by_urn: dict[str, list[State]] = {}
    for state in condemned:
        by_urn.setdefault(state.urn, []).append(state)
    needs = {
        id(state): [
            one for urn in state.depends_on() for one in by_urn.get(urn, ()) if one is not state
        ]
        for state in condemned
    }
    waiting = {key: len(below) for key, below in needs.items()}
    above: dict[int, list[State]] = {}
    for state in condemned:
        for one in needs[id(state)]:
            above.setdefault(id(one), []).append(state)
    out: list[list[State]] = []
    ready = [state for state in condemned if not waiting[id(state)]]
    while ready:
        out.append(ready)
        following: list[State] = []
        for state in ready:
            for one in above.get(id(state), ()):
                waiting[id(one)] -= 1
                if not waiting[id(one)]:
                    following.append(one)
        ready = following
    placed = sum(map(len, out))
    if placed < len(condemned):  # a cycle in a damaged state: those last in, first out
        seen = {id(state) for level in out for state in level}
        out.extend([state] for state in condemned if id(state) not in seen)
    out.reverse()
    return out


def without_dependencies(state: State, gone: Collection[str]) -> bool:
    """Take resources that are gone out of what a resource depends on; whether it changed.

    Also drops empty lists of property dependencies, as the CLI does when it rebuilds a state.
    """
    before = (state.dependencies, state.property_dependencies, state.parent, state.deleted_with)
    state.dependencies = [urn for urn in state.dependencies if urn not in gone]
    by_property = {
        key: [urn for urn in urns or () if urn not in gone]
        for key, urns in state.property_dependencies.items()
    }
    state.property_dependencies = {key: urns for key, urns in by_property.items() if urns}
    state.parent = "" if state.parent in gone else state.parent
    state.deleted_with = "" if state.deleted_with in gone else state.deleted_with
    after = (state.dependencies, state.property_dependencies, state.parent, state.deleted_with)
    return before != after


def dependents_of(base: Iterable[State], urns: Iterable[str]) -> set[str]:
    """URNs of all that depend, directly or not, on one of ``urns``. ``base`` in its order."""
    found = set(urns)
    for state in base:
        if state.urn not in found and not found.isdisjoint(state.depends_on()):
            found.add(state.urn)
    return found
