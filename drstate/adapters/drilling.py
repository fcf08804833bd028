"""Copies that a drill makes beside what is live: found by name, kept apart by tag, removed again.

An adapter says what its copy is (``Copy``); making and removing it are the same two actions for all
of them. A copy's name is worked out from the resource and the drill's id, so that a process that
knows neither the one that made it nor its journal finds it. What carries the name and not the
drill's tag is somebody else's: it is neither taken for the copy nor removed.
"""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.names import DRILL_TAG
from drstate.model.plan import ActionSpec, When

if TYPE_CHECKING:
    from drstate.adapters.quotas import Demand
    from drstate.aws.caller import AwsCaller

_HASH = 4
__all__ = [
    "DRILL_TAG",
    "Copy",
    "Found",
    "Make",
    "Remove",
    "copy_name",
    "missing_group",
    "pairs",
    "unpaired",
]

Found = Mapping[str, Any]


def copy_name(key: str, name: str, drill: str, limit: int) -> str:
    """The name of a resource's copy: letters, digits and single hyphens, ``limit`` at most.

    A name that is shortened or altered gets a part of its key's hash, so that no two are the same.
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
    room = limit - len(drill) - 1
    if plain == name and len(plain) <= room:
        return f"{plain}-{drill}"
    mark = hashlib.sha256(key.encode()).hexdigest()[:_HASH]
    return f"{plain[: room - _HASH - 1].rstrip('-')}-{mark}-{drill}"


def pairs(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Tags as most APIs take them."""
    return [{key: name, value: tags[name]} for name in sorted(tags)]


def unpaired(found: Sequence[Mapping[str, Any]], key: str = "Key", value: str = "Value") -> Found:
    """Tags as most APIs show them, as a mapping."""
    return {str(one[key]): str(one.get(value, "")) for one in found}


def missing_group(what: str, drill: str) -> OperationError:
    """The error of a copy for which the drill's stack made no security group."""
    return OperationError(
        f"{what} has no security group of drill {drill}",
        why="copies stand in a group that the drill's own stack declares, and it made none for "
        "this one",
        hint="the stack's error says why; mend it, then: drstate test",
    )


class Copy(ABC):
    """One thing that a drill makes of a resource. Building one makes no call."""

    #: part of the actions' ids; each copy of a resource has its own
    part: str = "copy"
    service: str
    #: operations that reading, making and removing it take
    reads: tuple[str, ...]
    makes: tuple[str, ...]
    removes: tuple[str, ...]
    seconds: int = 600
    deadline: int = 3600
    #: calls to other services: (service, operation)
    others: tuple[tuple[str, str], ...] = ()
    #: what the operator should know before it is made
    warning: str | None = None

    def __init__(self, entry: CatalogEntry, region: str, drill: str, name: str) -> None:
        self.entry = entry
        self.region = region
        self.drill = drill
        self.name = name
        self._security_group = ""

    def within(self, group: str) -> Self:
        """This copy, to be made in the drill's security group; ``group`` is its id, if there is."""
        self._security_group = group
        return self

    @property
    def groups(self) -> list[str]:
        """The security groups that it is made with: the drill's own, and no other.

        Raises OperationError where the drill's stack made none: it never falls back on others.
        """
        if not self._security_group:
            raise missing_group(f"{self.name} in {self.region}", self.drill)
        return [self._security_group]

    @property
    def tags(self) -> dict[str, str]:
        """What the copy carries, besides nothing: production's tags would have it protected."""
        scope = {"Customer": self.entry.resource.tags.customer}
        return {
            **scope,
            "Environment": self.entry.resource.tags.environment,
            DRILL_TAG: self.drill,
            "drstate:of": self.entry.resource.name[:256],
        }

    def owns(self, tags: Mapping[str, Any]) -> bool:
        """Whether tags are those of this drill."""
        return tags.get(DRILL_TAG) == self.drill

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is and what it is made of: completes "make …" and "remove …"."""

    @abstractmethod
    def find(self, at: At) -> Found | None:
        """The copy as AWS shows it, or None. Reads only."""

    @abstractmethod
    def mine(self, at: At, found: Found) -> bool:
        """Whether what was found carries this drill's tag. Reads only."""

    @abstractmethod
    def ready(self, found: Found) -> bool:
        """Whether it works."""

    @abstractmethod
    def make(self, at: At, run: RunContext) -> None:
        """Ask AWS for it; waiting is not its business."""

    @abstractmethod
    def remove(self, at: At, found: Found) -> None:
        """Ask AWS to delete it. Called again while it is there: it must bear that."""

    def obstacle(self, at: At) -> tuple[str, str] | None:  # noqa: ARG002 - the contract
        """Why it cannot be made now, and the remedy; None: nothing stands in the way."""
        return None

    def broken(self, found: Found) -> str | None:  # noqa: ARG002 - the contract
        """Why it will never work; None: it may yet."""
        return None

    def demand(self, at: At) -> tuple[Demand, ...]:  # noqa: ARG002 - the contract
        """What it takes of counted limits beside what is live. Reads only."""
        return ()

    def told(self, found: Found) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """What the journal is told of it besides its name."""
        return {}

    def at(self, aws: AwsCaller) -> At:
        """Where it is."""
        return At(aws, self.entry.resource.account, self.region)

    def spec(self, verb: str, operations: Sequence[str], *, seconds: int) -> ActionSpec:
        """The action that makes or removes it, as plans tell it."""
        other = [call for name, op in self.others for call in calls(name, self.region, op)]
        return ActionSpec(
            id=f"{self.entry.key}#{verb}-{self.part}",
            resource=self.entry.key,
            technology=self.entry.resource.technology,
            title=f"{verb} {self.title}",
            # the drill's own stack is made before the copies, and goes after them
            when=When.BEFORE if verb == "remove" else When.AFTER,
            calls=(*calls(self.service, self.region, *self.reads, *operations), *other),
            estimate_seconds=seconds,
            deadline_seconds=self.deadline,
            undoable=verb == "make",
            warning=self.warning if verb == "make" else None,
        )

    def foreign(self) -> OperationError:
        """The error of a name that somebody else's thing has."""
        return OperationError(
            f"{self.name} in {self.region} is not of drill {self.drill}",
            why=f"it carries the copy's name and not the tag {DRILL_TAG}={self.drill}",
            hint="look at it: whoever made it has to rename or delete it; drstate leaves it alone",
        )


class Make(Action):
    """Make a copy and wait until it works."""

    def __init__(self, copy: Copy) -> None:
        self.copy = copy
        self.spec = copy.spec("make", copy.makes, seconds=copy.seconds)

    def demand(self, aws: AwsCaller) -> tuple[Demand, ...]:
        """See ``Copy.demand``."""
        return self.copy.demand(self.copy.at(aws))

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when it works. Blocked where it cannot be made, or its name is taken."""
        copy, at = self.copy, self.copy.at(aws)
        found = copy.find(at)
        facts = {"copy": copy.name, "there": found is not None}
        if found is None:
            lacking = copy.obstacle(at)
            return Observation(False, facts, *(lacking or (None, "")))
        if not copy.mine(at, found):
            error = copy.foreign()
            return Observation(False, facts, error.why, error.hint)
        return Observation(copy.ready(found), facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Make it unless it is there, and wait. Raises OperationError where it does not work."""
        copy, at = self.copy, self.copy.at(aws)
        if copy.find(at) is None:
            copy.make(at, run)

        def works() -> Found | None:
            found = copy.find(at)
            if found is None:
                return None
            why = copy.broken(found)
            if why is not None:
                raise OperationError(
                    f"{copy.name} in {copy.region} was made and does not work",
                    why=why,
                    hint="the drill goes on and removes it; mend the cause, then: drstate test",
                )
            return found if copy.ready(found) else None

        found = run.wait(
            works,
            what=f"{copy.name} in {copy.region} to work",
            timeout_seconds=copy.deadline,
            hint="drstate test --cleanup removes what was made",
        )
        return {"made": copy.name, **copy.told(found)}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Remove it."""
        return Remove(self.copy).run(aws, run)


class Remove(Action):
    """Remove a copy and wait until it is gone."""

    def __init__(self, copy: Copy) -> None:
        self.copy = copy
        self.spec = copy.spec("remove", copy.removes, seconds=max(10, copy.seconds // 3))

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when nothing of the drill carries its name."""
        copy, at = self.copy, self.copy.at(aws)
        found = copy.find(at)
        facts = {"copy": copy.name, "there": found is not None}
        return Observation(found is None or not copy.mine(at, found), facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Delete it, as soon as its state allows that; raises where it is not the drill's."""
        copy, at = self.copy, self.copy.at(aws)

        def gone() -> bool | None:
            found = copy.find(at)
            if found is None:
                return True
            if not copy.mine(at, found):
                raise copy.foreign()
            copy.remove(at, found)
            return None

        run.wait(
            gone,
            what=f"{copy.name} in {copy.region} to be gone",
            timeout_seconds=copy.deadline,
            hint="drstate test --cleanup tries it again",
        )
        return {"removed": copy.name}
