"""Ids in a stack's state that point to what no longer carries the name, brought up to date.

Some technologies put a new physical resource in the place of the old one, under the same name
(``Program.rebound``). AWS knows both by ids that it makes up, so a stack that keeps the old id
would change the old one. Before such a stack is used, AWS is asked who carries the name today.
Nothing is guessed: where nobody carries it, that resource is neither read nor changed by its stack,
because its old id leads to what was put away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from drstate.errors import UnknownNameError
from drstate.model.shard import ShardInput
from drstate.programs import bubble
from drstate.programs.registry import identity, program_for

if TYPE_CHECKING:
    from drstate.adapters.base import Adapter
    from drstate.aws.caller import AwsCaller
    from drstate.engine.stacks import Deployment, Stacks

#: told before a state is written: URN -> (the id that it held, the id that it gets)
Tell = Callable[[Mapping[str, tuple[str, str]]], None]


@dataclass(frozen=True)
class Ready:
    """How an update of a stack has to be made (or previewed)."""

    #: whether everything has to be read first
    refresh: bool
    #: URNs that the update must not touch
    exclude: tuple[str, ...]


@dataclass(frozen=True)
class Rebound:
    """What a look found. Falsy: every id is the one that carries the name."""

    #: the state with today's ids
    state: Deployment = field(default_factory=dict)
    #: URN -> (id in the state, id in AWS)
    changed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    #: URNs whose name nothing carries at the moment
    away: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.changed)

    def ready(self, *, refresh: bool) -> Ready:
        """``refresh``: whether everything would have to be read first in any case."""
        wanted = (refresh or bool(self)) and not self.away
        return Ready(wanted, tuple(sorted(self.away)))


@dataclass(frozen=True)
class Lookup:
    """Asks the adapters of a shard which ids its resources have in AWS."""

    given: ShardInput
    adapter: Callable[[str], Adapter]
    aws: AwsCaller

    @property
    def technologies(self) -> tuple[str, ...]:
        """Technologies that the shard's stack declares."""
        if self.given.drill:
            return (bubble.TECHNOLOGY,)
        return tuple(sorted({entry.resource.technology for entry in self.given.resources}))

    def kinds(self) -> frozenset[str]:
        """Type tokens of the shard whose ids may have to be brought up to date."""
        found = (program_for(technology) for technology in self.technologies)
        return frozenset().union(*(one.rebound for one in found if one is not None))

    def created(self, kind: str, inputs: Mapping[str, Any]) -> str | None:
        """The id in AWS of what has these inputs, or None."""
        said = {**inputs, "region": inputs.get("region") or self.given.provider_region}
        for technology in self.technologies:
            adapter = self.adapter(technology)
            aws = self.aws.derived(transient_codes=adapter.transient_codes)
            found = adapter.created(kind, said, self.given.account.id, aws)
            if found is not None:
                return found
        return None

    def identify(self, kind: str, inputs: Mapping[str, Any]) -> str | None:
        """The id of a creation that was cut off: told by its inputs, or looked up in AWS."""
        told = identity(kind, inputs)
        return told if told is not None else self.created(kind, inputs)

    def of(self, state: Deployment) -> Rebound:
        """The state with the ids that carry its names today. Nothing is written."""
        kinds = self.kinds()
        changed: dict[str, tuple[str, str]] = {}
        away: set[str] = set()
        resources: list[dict[str, Any]] = []
        for resource in state.get("resources") or ():
            resources.append(resource)
            held = resource.get("id")
            if resource.get("type") not in kinds or not held or resource.get("delete"):
                continue
            found = self.created(resource["type"], resource.get("inputs") or {})
            if found is None:
                away.add(resource["urn"])
            elif found != held:
                changed[resource["urn"]] = (str(held), found)
                resources[-1] = _with_id(resource, str(held), found)
        return Rebound({**state, "resources": resources}, changed, frozenset(away))


def look(stacks: Stacks, lookup: Lookup, base: Deployment | None = None) -> Rebound:
    """What of the stack's state (or of ``base``) points to the wrong resource; reads only.

    A shard without such types costs nothing.
    """
    if not lookup.kinds():
        return Rebound()
    try:
        state = base if base is not None else stacks.export(lookup.given.stack)
    except UnknownNameError:
        return Rebound()
    return lookup.of(state)


def rebind(stacks: Stacks, lookup: Lookup, tell: Tell, *, refresh: bool = False) -> Ready:
    """Write today's ids into the stack's state; how its update has to be made then.

    ``refresh``: it has to read everything first in any case. Where something is away, all the rest
    is read here. Doing it twice is the same as once: the second time the ids agree. Raises
    StateError (LockedError) where someone else uses the stack, EngineError where reading fails.
    """
    from drstate.engine.failures import failed_outcome  # noqa: PLC0415 loaded when it is needed
    from drstate.engine.recovery import readable  # noqa: PLC0415 loaded when it is needed

    found = look(stacks, lookup)
    stack = lookup.given.stack
    if found:
        tell(found.changed)
        stacks.import_state(stack, found.state)
    ready = found.ready(refresh=refresh)
    targets = readable(found.state, found.away) if refresh or found else []
    if ready.exclude and targets:
        outcome = stacks.refresh(stack, message="what is not put away", targets=targets)
        if not outcome.ok:
            raise failed_outcome(outcome)
    return ready


def _with_id(resource: Mapping[str, Any], held: str, found: str) -> dict[str, Any]:
    """The resource under its new id, which some of its outputs repeat."""
    outputs = {
        name: found if value == held else value
        for name, value in (resource.get("outputs") or {}).items()
    }
    return {**resource, "id": found, "outputs": outputs}
