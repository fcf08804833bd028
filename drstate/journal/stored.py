"""Reading what a store holds back into values. What this drstate does not understand is refused.

A newer drstate adds kinds of events and fields without a new schema, because old ones stay
readable. An older drstate that meets them must not guess: half an event is a wrong story.
"""

from __future__ import annotations

from pydantic import ValidationError

from drstate.errors import StateError
from drstate.model.catalog import Catalog
from drstate.model.events import PAYLOADS, Payload
from drstate.model.shard import ShardInput


def payload_of(execution: str, seq: int, text: str) -> Payload:
    """The event's payload. Raises StateError naming the event."""
    try:
        return PAYLOADS.validate_json(text)
    except ValidationError as error:
        raise _not_understood(f"event {seq} of execution {execution}", error) from error


def catalog_of(scope: str, text: str) -> Catalog:
    """The scope's catalog. Raises StateError."""
    try:
        return Catalog.model_validate_json(text)
    except ValidationError as error:
        raise _not_understood(f"the catalog of {scope}", error) from error


def shard_of(stack: str, text: str) -> ShardInput:
    """What was planned for the stack. Raises StateError."""
    try:
        return ShardInput.model_validate_json(text)
    except ValidationError as error:
        raise _not_understood(f"what was planned for stack {stack}", error) from error


def _not_understood(what: str, error: ValidationError) -> StateError:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return StateError(
        f"{what} is not understood by this drstate",
        why=f"{where}: {first['msg']}" if where else str(first["msg"]),
        hint="a newer drstate wrote it, or it was damaged: use the newer one (pip install "
        "--upgrade drstate), and 'drstate journal verify'; nothing was changed",
    )
