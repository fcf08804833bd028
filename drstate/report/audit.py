"""Who did what, when, with which parameters and result: rows over all executions. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from drstate.model import events as e
from drstate.model.actor import Actor
from drstate.model.base import Value
from drstate.model.events import PAYLOADS, Event
from drstate.model.scope import ScopeKey
from drstate.report.timeline import describe

#: what is told where nobody names kinds: people's doing, and how it ended
PEOPLE = (
    "execution_created",
    "execution_planned",
    "consent_recorded",
    "runner_attached",
    "gate_decided",
    "pause_requested",
    "cancel_requested",
    "wave_overridden",
    "rollback_started",
    "execution_paused",
    "execution_finished",
    "execution_hidden",
)
#: of a payload, what is too long for a row: it is in the journal, under its digest
_LONG = ("plan",)


class AuditRow(Value):
    """One event."""

    at: datetime
    execution: str
    scope: ScopeKey
    #: its number in the execution
    seq: int
    kind: str
    #: a user's name, or empty where no person is behind it
    by: str = ""
    #: the AWS identity, where it is known
    identity: str = ""
    what: str
    #: the event, without its plan
    payload: dict[str, Any]


class Audit(Value):
    """Rows, oldest first. ``drstate.audit/1``."""

    schema_: str = Field(default="drstate.audit/1", alias="schema")
    rows: tuple[AuditRow, ...]
    #: there are more than were asked for: the oldest are left out
    more: bool = False
    #: executions whose chain of hashes was walked, where it was asked for
    verified: tuple[str, ...] = ()
    #: execution -> what does not fit
    broken: dict[str, str] = Field(default_factory=dict)


def row_of(event: Event, scope: ScopeKey) -> AuditRow:
    """The row of one event."""
    payload = event.payload
    actor = getattr(payload, "actor", None)
    told = describe(payload)
    return AuditRow(
        at=event.at,
        execution=event.execution,
        scope=scope,
        seq=event.seq,
        kind=payload.type,
        by=_name(payload) or (actor.name if actor else ""),
        identity=actor.arn if actor else "",
        what=told[1] if told else payload.type.replace("_", " "),
        payload=PAYLOADS.dump_python(payload, mode="json", exclude=set(_LONG)),
    )


def _name(payload: e.Payload) -> str:
    for field in ("by", "operator", "requested_by"):
        found = getattr(payload, field, "")
        if found:
            return str(found)
    return ""


def is_by(wanted: str, name: str, actor: Actor | None) -> bool:
    """Whether ``wanted`` names them: ``kim``, ``kim@laptop``, an ARN, or its session or user."""
    known = {name, name.partition("@")[0]}
    if actor is not None:
        known |= {actor.name, actor.user, actor.arn, actor.arn.rpartition("/")[2]}
    return wanted.casefold() in {one.casefold() for one in known - {""}}
