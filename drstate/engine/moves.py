"""A resource's state goes from one stack to another; nothing is deleted, nothing is created.

The order is copy, then remove: a crash in between leaves the resource in both states, never in
none, and the next run finishes the removal. Both stacks must be idle. What depends on a moved
resource and stays behind loses that dependency in the state; the next update writes it anew from
the program.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drstate.engine.failures import LockedError
from drstate.engine.outcome import PROVIDER_TYPE, ROOT_TYPE, urn_name
from drstate.engine.stacks import Deployment, Stacks
from drstate.engine.statefile import holders
from drstate.errors import StateError, UnknownNameError

Belongs = Callable[[str], bool]
_Resource = dict[str, Any]


@dataclass(frozen=True)
class StackMove:
    """One wish: what belongs to ``key`` goes from one stack to another."""

    key: str
    from_stack: str
    to_stack: str


@dataclass(frozen=True)
class MovedState:
    """What a move did. ``urns`` are those in the target, whether moved now or before."""

    urns: tuple[str, ...]
    copied: int
    removed: int


def belongs_to(key: str) -> Belongs:
    """Whether a URN's resource is part of the catalog's ``key``: programs name them after it."""

    def belongs(urn: str) -> bool:
        name = urn_name(urn)
        return name == key or name.startswith(f"{key}/")

    return belongs


def move_state(stacks: Stacks, move: StackMove) -> MovedState:
    """Carry the move out, or finish one that was interrupted.

    Raises StateError where a stack is locked, has unfinished operations, or the target already
    holds another resource under the same name.
    """
    for stack in (move.from_stack, move.to_stack):
        found = holders(stacks.settings, stack, os.environ)
        if found:
            raise LockedError(stack, found)
    source = _export(stacks, move.from_stack)
    target = _export(stacks, move.to_stack)
    split = plan_move(source, target, move)
    if split.copied:
        stacks.create(move.to_stack)
        stacks.import_state(move.to_stack, split.target)
    if split.removed:
        stacks.import_state(move.from_stack, split.source)
    return MovedState(split.urns, split.copied, split.removed)


def states_after(stacks: Stacks, moves: Iterable[StackMove]) -> dict[str, Deployment]:
    """The states of all stacks that the moves touch, as they will be. Nothing is changed."""
    states: dict[str, Deployment] = {}
    for move in moves:
        for stack in (move.from_stack, move.to_stack):
            if stack not in states:
                states[stack] = _export(stacks, stack)
        split = plan_move(states[move.from_stack], states[move.to_stack], move)
        states[move.from_stack], states[move.to_stack] = split.source, split.target
    return states


@dataclass(frozen=True)
class Split:
    """Both states after a move."""

    source: Deployment
    target: Deployment
    urns: tuple[str, ...]
    copied: int
    removed: int


def plan_move(source: Deployment, target: Deployment, move: StackMove) -> Split:
    """Both states after the move. Pure. Raises StateError where it is not possible."""
    for stack, state in ((move.from_stack, source), (move.to_stack, target)):
        if state.get("pending_operations"):
            raise StateError(
                f"stack {stack} has unfinished operations, so nothing can be moved",
                why="an update was interrupted there",
                hint="finish it first: drstate resume",
            )
    there: list[_Resource] = list(source.get("resources") or ())
    here: list[_Resource] = list(target.get("resources") or ())
    moving = _with_children(there, belongs_to(move.key))
    rewriter = _Rewriter(move, there, here, moving)
    known = {resource["urn"]: resource for resource in here}
    added: list[_Resource] = []
    copied: list[str] = []
    for resource in there:
        if resource["urn"] not in moving:
            continue
        rewritten = rewriter.resource(resource)
        other = known.get(rewritten["urn"])
        if other is None:
            copied.append(rewritten["urn"])
            added.append(rewritten)
        elif other.get("id") != rewritten.get("id"):
            raise StateError(
                f"stack {move.to_stack} already holds another {urn_name(rewritten['urn'])}",
                why=f"it has the id {other.get('id')}, the one to be moved {rewritten.get('id')}",
                hint=f"decide which one is right and take the other out: `pulumi state delete "
                f"--stack <stack> '{rewritten['urn']}'`",
            )
    merged = {**(target or _empty(source)), "resources": [*here, *rewriter.needed, *added]}
    rest = [_without(resource, moving) for resource in there if resource["urn"] not in moving]
    belongs = belongs_to(move.key)
    return Split(
        source={**source, "resources": rest} if moving else source,
        target=merged if copied else target,
        urns=tuple(
            resource["urn"]
            for resource in merged["resources"]
            if belongs(resource["urn"]) or resource["urn"] in copied
        ),
        copied=len(copied),
        removed=len(moving),
    )


class _Rewriter:
    """Turns resources of one stack into resources of another."""

    def __init__(
        self,
        move: StackMove,
        there: Sequence[_Resource],
        here: Sequence[_Resource],
        moving: set[str],
    ) -> None:
        self._from, self._to = move.from_stack, move.to_stack
        self._there = {resource["urn"]: resource for resource in there}
        self._here = {resource["urn"]: resource for resource in here}
        self._moving = moving
        #: the target's root and providers, where it has none of its own
        self.needed: list[_Resource] = []

    def resource(self, resource: _Resource) -> _Resource:
        """The resource as the target stack holds it."""
        changed = {**resource, "urn": self._urn(resource["urn"])}
        if parent := resource.get("parent"):
            changed["parent"] = self._parent(resource, parent)
        if provider := resource.get("provider"):
            changed["provider"] = self._provider(provider)
        kept = [self._urn(urn) for urn in resource.get("dependencies") or () if self._goes(urn)]
        _set(changed, "dependencies", kept)
        if by_property := resource.get("propertyDependencies"):
            changed["propertyDependencies"] = {
                name: [self._urn(urn) for urn in urns or () if self._goes(urn)]
                for name, urns in by_property.items()
            }
        for field in ("deletedWith", "viewOf"):
            if (urn := resource.get(field)) is not None:
                _set(changed, field, self._urn(urn) if self._goes(urn) else None)
        changed.pop("aliases", None)
        return changed

    def _goes(self, urn: str) -> bool:
        return urn in self._moving

    def _urn(self, urn: str) -> str:
        prefix = f"urn:pulumi:{self._from}::"
        if not urn.startswith(prefix):
            return urn
        moved = f"urn:pulumi:{self._to}::{urn.removeprefix(prefix)}"
        if f"::{ROOT_TYPE}::" in moved:  # the root is called <project>-<stack>
            moved = moved.removesuffix(self._from) + self._to
        return moved

    def _parent(self, resource: _Resource, parent: str) -> str:
        if parent in self._moving:
            return self._urn(parent)
        found = self._there.get(parent)
        if found is None or found.get("type") != ROOT_TYPE:
            raise StateError(
                f"{urn_name(resource['urn'])} cannot be moved without its parent",
                why=f"its parent {parent} does not belong to the same resource",
                hint="report this: drstate's own programs declare no such parents",
            )
        self._need(parent)
        return self._urn(parent)

    def _provider(self, reference: str) -> str:
        urn, _, instance = reference.rpartition("::")
        moved = self._urn(urn)
        if moved in self._here:
            return f"{moved}::{self._here[moved]['id']}"
        self._need(urn)
        return f"{moved}::{instance}"

    def _need(self, urn: str) -> None:
        moved = self._urn(urn)
        if moved in self._here:
            return
        original = self._there[urn]
        if parent := original.get("parent"):
            self._need(parent)
        copy = {**original, "urn": moved}
        if parent:
            copy["parent"] = self._urn(parent)
        if original.get("type") == ROOT_TYPE:
            copy.pop("outputs", None)  # they are the other stack's own
        copy.pop("dependencies", None)
        copy.pop("propertyDependencies", None)
        self._here[moved] = copy
        self.needed.append(copy)


def _with_children(resources: Sequence[_Resource], belongs: Belongs) -> set[str]:
    """URNs that belong, and everything below them. Parents stand before children in a state."""
    found: set[str] = set()
    for resource in resources:
        if resource.get("type") == ROOT_TYPE or resource["type"].startswith(PROVIDER_TYPE):
            continue
        if belongs(resource["urn"]) or resource.get("parent") in found:
            found.add(resource["urn"])
    return found


def _without(resource: _Resource, gone: set[str]) -> _Resource:
    """The resource without references to what is gone."""
    changed = dict(resource)
    if dependencies := resource.get("dependencies"):
        _set(changed, "dependencies", [urn for urn in dependencies if urn not in gone])
    if by_property := resource.get("propertyDependencies"):
        changed["propertyDependencies"] = {
            name: [urn for urn in urns or () if urn not in gone]
            for name, urns in by_property.items()
        }
    if resource.get("deletedWith") in gone:
        changed.pop("deletedWith")
    return changed


def _set(resource: _Resource, field: str, value: object) -> None:
    if value:
        resource[field] = value
    else:
        resource.pop(field, None)


def _empty(source: Mapping[str, Any]) -> Deployment:
    """A state without resources, of the same make as ``source``."""
    return {
        key: source[key] for key in ("manifest", "secrets_providers", "metadata") if key in source
    }


def _export(stacks: Stacks, stack: str) -> Deployment:
    try:
        return stacks.export(stack)
    except UnknownNameError:
        return {}
