"""Creations whose end a cancelled update did not see: they are kept as pending operations.

An engine that is cancelled in good order takes a failed creation out of the state, also where the
call had reached AWS and only its answer was cut off. The next update would create it again and be
told that it exists. So it is put back: under its id where the inputs tell it, else among the
unfinished operations (which the Pulumi CLI drops whenever a state is written back, so that with it
these are lost). Recovery reads the whole stack before anything else, and what does not exist goes
again. Only updates that were stopped are treated so: a creation that AWS refused did not happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi.automation.events import EngineEvent, OpType, StepEventMetadata

from drstate.engine.propertydiff import MASK
from drstate.programs.registry import identity

_CREATES = (OpType.CREATE, OpType.CREATE_REPLACEMENT)


class Creations:
    """Fed with every event of an update: creations that began, less those that succeeded."""

    def __init__(self) -> None:
        self._begun: dict[str, StepEventMetadata] = {}

    def feed(self, event: EngineEvent) -> None:
        """Take one event in."""
        if event.resource_pre_event:
            metadata = event.resource_pre_event.metadata
            if metadata.op in _CREATES and metadata.new is not None and metadata.new.custom:
                self._begun[metadata.urn] = metadata
        elif event.res_outputs_event:
            self._begun.pop(event.res_outputs_event.metadata.urn, None)

    def kept(self, deployment: Mapping[str, Any]) -> dict[str, Any] | None:
        """The state with every creation that has no end put back; None: there is none to add."""
        standing = {resource["urn"] for resource in deployment.get("resources") or ()}
        pending = list(deployment.get("pending_operations") or ())
        unfinished = {operation["resource"]["urn"] for operation in pending}
        # what was to take something's place is known under that one's URN
        left = [
            metadata
            for urn, metadata in self._begun.items()
            if urn not in unfinished
            and (urn not in standing or metadata.op == OpType.CREATE_REPLACEMENT)
        ]
        if not left:
            return None
        resources = list(deployment.get("resources") or ())
        for resource in map(_resource, left):
            made = identity(resource["type"], resource["inputs"])
            if made is None or resource["urn"] in standing:
                pending.append({"type": "creating", "resource": resource})
            else:
                resources.append({**resource, "id": made, "outputs": resource["inputs"]})
        return {**deployment, "resources": resources, "pending_operations": pending}


def _resource(metadata: StepEventMetadata) -> dict[str, Any]:
    new = metadata.new
    made: dict[str, Any] = {
        "urn": metadata.urn,
        "custom": True,
        "type": metadata.type,
        # what an event masks is read back from AWS, or written again by the next update
        "inputs": {key: value for key, value in _inputs(metadata).items() if not _masked(value)},
    }
    if new is not None and new.parent:
        made["parent"] = new.parent
    if metadata.provider:
        made["provider"] = metadata.provider
    if new is not None and new.protect:
        made["protect"] = True
    return made


def _inputs(metadata: StepEventMetadata) -> Mapping[str, Any]:
    return (metadata.new.inputs if metadata.new is not None else None) or {}


def _masked(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_masked(item) for item in value.values())
    if isinstance(value, list):
        return any(_masked(item) for item in value)
    return bool(value == MASK)
