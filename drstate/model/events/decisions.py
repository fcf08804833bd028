"""Events of decisions: by people at gates and between them, and by conditions."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from drstate.model.actor import Actor
from drstate.model.base import Value
from drstate.model.health import Impaired, WaveHealth


class GateOpened(Value):
    """The execution waits for a person before the stage."""

    type: Literal["gate_opened"] = "gate_opened"
    stage: str
    reason: str
    checklist: tuple[str, ...] = ()
    #: what is not healthy in the stage before
    impaired: tuple[Impaired, ...] = ()
    #: how the wave before fared, and what comes next
    summary: tuple[str, ...] = ()
    #: sha256 of the token that decides this gate; the token itself is kept nowhere
    token_sha256: str = ""
    token_expires_at: datetime | None = None


class GateReminded(Value):
    """A gate has waited for long: people are alerted, and its token is replaced."""

    type: Literal["gate_reminded"] = "gate_reminded"
    stage: str
    waited_seconds: float
    token_sha256: str
    token_expires_at: datetime


class GateDecided(Value):
    """A person (or the policy) decided."""

    type: Literal["gate_decided"] = "gate_decided"
    stage: str
    approved: bool
    by: str
    comment: str = ""
    #: a rejection after which what was done is to be undone
    rollback: bool = False
    #: ``by`` with the AWS identity as far as it was known; None: it was not asked for
    actor: Actor | None = None


class WaveRevalidated(Value):
    """A wave was checked once more before the execution goes on after it had waited."""

    type: Literal["wave_revalidated"] = "wave_revalidated"
    stage: str
    health: WaveHealth
    duration_seconds: float


class PauseRequested(Value):
    """A person wants the execution to stop once the running wave has ended."""

    type: Literal["pause_requested"] = "pause_requested"
    by: str
    reason: str = ""
    actor: Actor | None = None


class CancelRequested(Value):
    """A person wants a living runner to end its steps and give the execution up."""

    type: Literal["cancel_requested"] = "cancel_requested"
    by: str
    reason: str = ""
    actor: Actor | None = None


class WaveOverridden(Value):
    """A person lets the execution go on although the wave is UNHEALTHY."""

    type: Literal["wave_overridden"] = "wave_overridden"
    stage: str
    by: str
    reason: str


class CleanupOwed(Value):
    """What CLEANUP could not clean up at the region. It blocks nothing, and is owed."""

    type: Literal["cleanup_owed"] = "cleanup_owed"
    region: str
    resources: tuple[str, ...]


class ConditionChecked(Value):
    """Whether a conditional wave is run, decided from earlier results just before it."""

    type: Literal["condition_checked"] = "condition_checked"
    stage: str
    expression: str
    #: whether the wave runs
    met: bool
    #: every value that the expression read; null: it is not known
    inputs: dict[str, str | int | float | bool | None] = {}
    reason: str = ""


class Escalated(Value):
    """In an emergency a critical service did not come up: incident response is called for."""

    type: Literal["escalated"] = "escalated"
    stage: str
    resources: tuple[str, ...]
    #: whom the scope file names
    contacts: tuple[str, ...] = ()
