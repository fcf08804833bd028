"""A stack whose last runner died: its lock is cleared, and what was under way is looked at.

A lock is cleared only if its holder ran on this machine and is provably gone; everything else is
a person's decision. A creation that was cut off may or may not have happened. Where the id can be
told from the inputs, the resource is put into the state under that id and read: if it exists it
is kept, and the next update completes it; if not, reading drops it. Other creations are taken out
of the list and done again by the next update. Where a creation was to take the place of something,
what was made takes it, and the old one is left for the next update to delete, as the engine would
have; never something that holds data. Running this twice is safe at any point.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from drstate.engine.failures import Holder, LockedError, failed_outcome
from drstate.engine.outcome import PROVIDER_TYPE
from drstate.engine.processes import is_dead
from drstate.engine.stacks import Deployment, Stacks
from drstate.engine.statefile import holders
from drstate.errors import UnknownNameError
from drstate.programs.registry import identity, stateful_types

#: type and inputs -> the id that the resource has if it exists
Identify = Callable[[str, Mapping[str, Any]], str | None]
Dead = Callable[[Holder], bool]
#: a state -> the same with ids of today, or None where they are; and URNs that must not be read
Rebind = Callable[[Deployment], tuple[Deployment | None, frozenset[str]]]


@dataclass(frozen=True)
class Recovery:
    """What was found and done."""

    #: holders whose lock was removed
    cleared: tuple[Holder, ...] = ()
    #: URNs of cut-off creations that had happened
    adopted: tuple[str, ...] = ()
    #: URNs of cut-off creations that had not happened, or cannot be told
    dropped: tuple[str, ...] = ()
    #: URNs of cut-off changes and deletions that were read again
    refreshed: tuple[str, ...] = ()
    #: whether every resource of the stack was read again
    whole: bool = False

    def __str__(self) -> str:
        parts = [
            *(f"lock of {holder} cleared" for holder in self.cleared),
            *(f"{_name(urn)} had been created" for urn in self.adopted),
            *(f"{_name(urn)} is to be created again" for urn in self.dropped),
            *(f"{_name(urn)} was read again" for urn in self.refreshed),
            *(("the stack was refreshed",) if self.whole else ()),
        ]
        return "; ".join(parts) or "nothing was left behind"


def recover(
    stacks: Stacks,
    stack: str,
    *,
    identify: Identify = identity,
    dead: Dead | None = None,
    refresh: bool = False,
    rebind: Rebind | None = None,
) -> Recovery:
    """Make the stack ready for its next update.

    ``refresh`` reads every resource of it, not only those with an unfinished operation: an update
    that was cancelled may have forgotten an operation whose outcome it did not see.

    ``rebind`` brings ids up to date before anything is read by them.

    Raises StateError (LockedError) where a lock's holder lives or ran elsewhere, EngineError where
    reading what was under way fails.
    """
    is_gone = dead or (lambda holder: is_dead(holder, host=socket.gethostname()))
    try:
        cleared = _clear(stacks, stack, is_gone)
        deployment = stacks.export(stack)
    except UnknownNameError:
        return Recovery()
    pending = deployment.get("pending_operations") or []
    adopted: list[str] = []
    dropped: list[str] = []
    touched: list[str] = []
    if pending:
        deployment, adopted, dropped, touched = settle(deployment, identify)
    current, spared = rebind(deployment) if rebind is not None else (None, frozenset[str]())
    if current is not None:
        deployment = current
    if pending or current is not None:
        stacks.import_state(stack, deployment)
    read = [urn for urn in (*adopted, *touched) if urn not in spared]
    if refresh and spared:
        read = readable(deployment, spared)
    everything = refresh and not spared and bool(deployment.get("resources"))
    if read or everything:
        outcome = stacks.refresh(
            stack,
            message="after an interrupted update",
            targets=() if everything else read,
        )
        if not outcome.ok:
            raise failed_outcome(outcome)
        here = {
            resource["urn"]
            for resource in stacks.export(stack).get("resources") or ()
            if not resource.get("delete")
        }
        dropped += [urn for urn in adopted if urn not in here]
        adopted = [urn for urn in adopted if urn in here]
    return Recovery(cleared, tuple(adopted), tuple(dropped), tuple(touched), everything)


def settle(
    deployment: Deployment, identify: Identify
) -> tuple[Deployment, list[str], list[str], list[str]]:
    """The state without pending operations: (state, to be looked up, dropped, to be read again)."""
    resources = list(deployment.get("resources") or ())
    places = {
        resource["urn"]: place
        for place, resource in enumerate(resources)
        if not resource.get("delete")
    }
    #: place -> what stands there from now on
    swapped: dict[int, list[Mapping[str, Any]]] = {}
    adopted: list[str] = []
    dropped: list[str] = []
    touched: list[str] = []
    for operation in deployment.get("pending_operations") or ():
        resource = operation["resource"]
        urn = resource["urn"]
        place = places.get(urn)
        if operation.get("type") != "creating":
            if place is not None and urn not in touched:
                touched.append(urn)
            continue
        if urn in adopted:
            continue
        made = identify(resource["type"], resource.get("inputs") or {})
        if place is None:
            if made is None:
                dropped.append(urn)
                continue
            resources.append(_made(resource, made))
            adopted.append(urn)
            continue
        stands = _instead(resources[place], resource, made)
        if stands:
            swapped[place] = stands
            adopted.append(urn)
        elif urn not in touched:  # it was created in the end
            touched.append(urn)
    stand = [one for place, old in enumerate(resources) for one in swapped.get(place, [old])]
    edited = {**deployment, "resources": stand, "pending_operations": []}
    return edited, adopted, dropped, [urn for urn in touched if urn not in adopted]


def _made(resource: Mapping[str, Any], made: str) -> dict[str, Any]:
    """A creation that was cut off, as it stands in a state until it is read."""
    outputs = dict(resource.get("outputs") or resource.get("inputs") or {})
    if made.startswith("arn:"):
        # some are read by it, not by the id, which may say less
        outputs.setdefault("arn", made)
    return {**resource, "id": made, "outputs": outputs}


def _instead(
    held: Mapping[str, Any], resource: Mapping[str, Any], made: str | None
) -> list[Mapping[str, Any]]:
    """What stands in the place of ``held``, which a creation was to replace.

    Empty: nothing is known to have been made but ``held`` itself.
    """
    if made is None:
        return []
    if held.get("pendingReplacement"):  # the old one was deleted before
        return [_made(resource, made)]
    kind = str(resource["type"])
    own = {held.get("id"), (held.get("outputs") or {}).get("arn")}
    # an id that follows from the inputs does not tell two of them apart
    told = identity(kind, resource.get("inputs") or {}) is not None
    if told or made in own or held.get("protect") or kind in stateful_types():
        return []
    return [_made(resource, made), {**held, "delete": True}]


def readable(state: Deployment, spared: Collection[str]) -> list[str]:
    """URNs of what AWS knows of a state, without those that are spared."""
    return [
        resource["urn"]
        for resource in state.get("resources") or ()
        if resource.get("custom")
        and not resource["type"].startswith(PROVIDER_TYPE)
        and resource["urn"] not in spared
    ]


def _clear(stacks: Stacks, stack: str, is_gone: Dead) -> tuple[Holder, ...]:
    found = holders(stacks.settings, stack, os.environ)
    if not found and stacks.settings.backend_folder(os.environ) is None:
        found = _holders_told(stacks, stack)
    if not found:
        return ()
    alive = tuple(holder for holder in found if not is_gone(holder))
    if alive:
        raise LockedError(stack, alive)
    stacks.cancel(stack)
    return found


def _holders_told(stacks: Stacks, stack: str) -> tuple[Holder, ...]:
    """Who locks a stack in a backend that is not a folder: the engine's refusal names them."""
    try:
        stacks.import_state(stack, stacks.export(stack))
    except LockedError as error:
        if error.holders:
            return error.holders
        raise
    return ()


def _name(urn: str) -> str:
    return urn.split("::", 3)[-1]
